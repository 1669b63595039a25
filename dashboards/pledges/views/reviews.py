"""The pages after episodes."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from dashboards.episodes.models import Episode
from dashboards.pledges import words
from dashboards.pledges.counters import day_counts
from dashboards.pledges.models import Call, EpisodeReview


def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was announced, measured, pledged and done."""
    found = get_object_or_404(
        EpisodeReview.objects.select_related("episode__zone", "episode__pollutant", "episode__level"), pk=pk
    )
    stretch = Episode.objects.stretch(found.episode)
    calls = (
        Call.objects.filter(episode__in=[one.pk for one in stretch])
        .select_related("campaign__action", "episode")
        .prefetch_related("effects__factor_set", "counts", "keepings__promise")
        .order_by("campaign__action__effect", "campaign__slug", "day")
    )
    pollutant = found.episode.pollutant_id
    first = "wood" if found.episode.is_of_particles else "car"
    rows = [
        {
            "call": call,
            "counts": day_counts(call, k=call.campaign.smallest_count),
            "layers": [(one, words.lines(one.results, pollutant=pollutant)) for one in call.effects.all()],
            "observed": list(call.counts.all()),
            "keepings": list(call.keepings.all()),
        }
        for call in sorted(calls, key=lambda call: call.campaign.action.effect != first)
        if call.cancelled_at is None
    ]
    measured = found.measured
    days = measured.get("days", [])
    return render(
        request,
        "pledges/review.html",
        {
            "review": found,
            "episode": found.episode,
            "stretch": [(one, list(one.changes.select_related("level"))) for one in stretch],
            "days": [date.fromisoformat(day) for day in days],
            "stations": measured.get("stations", []),
            "lent": measured.get("lent", []),
            "has_lent": any(measured.get("lent", [])),
            "unit": measured.get("unit", ""),
            "rows": rows,
        },
    )
