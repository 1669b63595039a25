"""Pages of words: method, accessibility, privacy."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def method(request: HttpRequest) -> HttpResponse:
    """Explain each step from the raw message to the published value."""
    return render(request, "dashboards/method.html")
