"""Episodes for everyone: a list, one decision with its dated words, and feeds for machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.readings.models import Threshold
from dashboards import words
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
            "thresholds": Threshold.objects.in_force(on=found.day).filter(
                pollutant=found.pollutant_id, kind__in=[Threshold.Kind.INFORMATION, Threshold.Kind.ALERT]
            ),
            "is_french": (get_language() or "fr").startswith("fr"),
            "stretch": Episode.objects.stretch(found),
            "readings": found.readings.select_related("organisation", "group").prefetch_related(
                "answers__organisation"
            ),
        },
    )


def thresholds(request: HttpRequest) -> HttpResponse:
    """List the thresholds in force and those to come, with the text that sets each."""
    today = timezone.now().astimezone(PARIS).date()
    names = {row.code: words.name_of(row) for row in ObservedProperty.objects.filter(is_pollutant=True)}

    def rows(found: Any) -> list[tuple[str, Threshold]]:
        return [(names.get(row.pollutant, row.pollutant.upper()), row) for row in found]

    return render(
        request,
        "episodes/thresholds.html",
        {
            "parts": [
                (_("En vigueur"), rows(Threshold.objects.in_force(on=today))),
                (
                    _("À venir"),
                    rows(Threshold.objects.to_come(after=today).order_by("valid_from", "pollutant")),
                ),
            ],
            "is_french": (get_language() or "fr").startswith("fr"),
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
