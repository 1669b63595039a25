"""Pages of words: method, accessibility, privacy."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from capto.catalogue.models import LendingPoint


def method(request: HttpRequest) -> HttpResponse:
    """Explain each step from the raw message to the published value."""
    return render(request, "dashboards/method.html")


def accessibility(request: HttpRequest) -> HttpResponse:
    """State how accessible the site is, as the law asks."""
    return render(request, "dashboards/accessibility.html")


def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is published of a place and what is not."""
    return render(request, "dashboards/privacy.html")


def contact(request: HttpRequest) -> HttpResponse:
    """Say how to reach the people behind the sensors; one query."""
    address = settings.SITE_CONTACT
    reached = {
        "contact_mail": address if "@" in address and "/" not in address else "",
        "contact_url": address if address.startswith("https://") else "",
        "lending_points": LendingPoint.objects.filter(is_active=True)
        .select_related("organisation")
        .order_by("organisation__name", "name"),
    }
    return render(request, "dashboards/contact.html", reached)
