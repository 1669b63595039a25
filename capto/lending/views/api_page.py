"""The page for who writes a program for the desk: how to sign in, the key of each act, examples to copy."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from capto.catalogue.models import KitModel, LendingPoint


def page(request: HttpRequest) -> HttpResponse:
    """Show how a program lends, with the names of kinds and points that exist here."""
    kind = KitModel.objects.filter(is_offered=True).order_by("name").first()
    point = LendingPoint.objects.filter(is_active=True).order_by("name").first()
    today = timezone.localdate()
    return render(
        request,
        "lending/api.html",
        {
            "site_url": settings.SITE_URL,
            "kind": kind.slug if kind else "KIND",
            "point": point.slug if point else "POINT",
            "starts_on": today + timedelta(days=7),
            "ends_on": today + timedelta(days=14),
        },
    )
