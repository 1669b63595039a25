"""Episodes for everyone: a list, one decision with its dated words, and feeds for machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from capto.charts.scales import PARIS
from dashboards.episodes import publishing
from dashboards.episodes.models import Episode

FEED_DAYS = timedelta(days=365)


def _rows() -> Any:
    return Episode.objects.select_related("zone", "pollutant", "level").prefetch_related("changes__level")


def episodes(request: HttpRequest) -> HttpResponse:
    """List the episodes to come and gone by, those of today first."""
    now = timezone.now()
    today = now.astimezone(PARIS).date()
    past = _rows().filter(day__lt=today, day__gte=today - FEED_DAYS).select_related("review")
    return render(
        request, "episodes/episodes.html", {"past": past.order_by("-day", "zone__name"), "today": today}
    )


def episode(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one decision, what was said of it and when, and the other readings attached to it."""
    found = get_object_or_404(_rows(), pk=pk)
    return render(
        request,
        "episodes/episode.html",
        {
            "episode": found,
            "changes": found.changes.all(),
            "stretch": Episode.objects.stretch(found),
            "readings": found.readings.select_related("organisation", "group").prefetch_related(
                "answers__organisation"
            ),
        },
    )


def as_json(request: HttpRequest) -> JsonResponse:
    """Give the episodes of the last year and those to come."""
    now = timezone.now()
    rows = (
        _rows().filter(day__gte=now.astimezone(PARIS).date() - FEED_DAYS).order_by("-day", "zone__code", "pk")
    )
    answer = JsonResponse(
        {"episodes": [publishing.as_row(row) for row in rows]}, json_dumps_params={"ensure_ascii": False}
    )
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def as_atom(request: HttpRequest) -> HttpResponse:
    """Give the fifty episodes changed last as an Atom feed."""
    rows = list(_rows().order_by("-changed_at")[:50])
    return HttpResponse(
        publishing.atom(rows, now=timezone.now()), content_type="application/atom+xml; charset=utf-8"
    )


def as_cap(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one episode as a CAP alert."""
    return HttpResponse(publishing.cap(get_object_or_404(_rows(), pk=pk)), content_type="application/cap+xml")
