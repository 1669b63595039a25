"""The public pages: one read, one answer each; no account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    """Say what this is and how the air is now."""
    return render(request, "dashboards/home.html", {})
