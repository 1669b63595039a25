"""Pages of words: method, accessibility, privacy."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def method(request: HttpRequest) -> HttpResponse:
    """Explain each step from the raw message to the published value."""
    return render(request, "dashboards/method.html")


def accessibility(request: HttpRequest) -> HttpResponse:
    """State how accessible the site is, as the law asks."""
    return render(request, "dashboards/accessibility.html")


def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is published of a place and what is not."""
    return render(request, "dashboards/privacy.html")
