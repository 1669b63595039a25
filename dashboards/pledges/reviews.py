"""The page after an episode: it appears by itself once the answers are counted, within seven days of the last day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from statistics import fmean, median
from typing import Any

from django.db import transaction
from django.utils import timezone

from capto.charts.scales import PARIS
from capto.readings.models import ReferenceValue
from dashboards.episodes.models import Episode
from dashboards.models import PublishedHour
from dashboards.pledges.models import EpisodeReview

APPEARS_AFTER = timedelta(days=4)  # the answers of the last day are counted on the fourth day
AT_THE_LATEST = timedelta(days=7)
LOOKS_BACK = timedelta(days=30)  # of a worker that was down
LEAST_HOURS = 18  # of a day for a daily mean (75 %)
LEAST_PLACES = 3


def publish_reviews_now() -> None:
    """Publish the reviews that are due (the scheduled task)."""
    publish_reviews(now=timezone.now())


def publish_reviews(*, now: datetime) -> list[EpisodeReview]:
    """Publish a review of every stretch of episode days that ended four days ago; again publishes nothing more."""
    today = now.astimezone(PARIS).date()
    ended = Episode.objects.filter(day__gte=today - LOOKS_BACK, day__lte=today - APPEARS_AFTER)
    made = []
    seen: set[int] = set()
    for episode in ended.select_related("zone", "pollutant", "level").order_by("day", "pk"):
        if episode.pk in seen:
            continue
        stretch = Episode.objects.stretch(episode)
        seen.update(one.pk for one in stretch)
        if stretch[-1].day > today - APPEARS_AFTER or not any(took_place(one) for one in stretch):
            continue
        review = publish(stretch, now=now)
        if review is not None:
            made.append(review)
    return made


def took_place(episode: Episode) -> bool:
    """Whether its day began before the authority lifted it, if it did."""
    return episode.stands or episode.changed_at >= day_start(episode.day)


@transaction.atomic
def publish(stretch: Sequence[Episode], *, now: datetime) -> EpisodeReview | None:
    """Publish the review of a stretch with what was measured, frozen; None where one of its days has a review."""
    if EpisodeReview.objects.filter(episode__in=[one.pk for one in stretch]).exists():
        return None
    return EpisodeReview.objects.create(
        episode=stretch[0],
        first_day=stretch[0].day,
        last_day=stretch[-1].day,
        published_at=now,
        measured=measured(stretch),
        is_simulated=any(one.is_simulated for one in stretch),
    )


def day_start(day: date) -> datetime:
    """Give the first instant of a calendar day of Europe/Paris."""
    return datetime.combine(day, time(0), tzinfo=PARIS)


def measured(stretch: Sequence[Episode]) -> dict[str, Any]:
    """Give the daily means of stations and of lent sensors in the zone; three queries.

    A day counts with 75 % of its hours; the lent sensors' line is the middle one of at least three places, with the
    usual expanded uncertainty of an hour of one of them, which averaging is not taken to shrink.
    """
    first = stretch[0]
    days = [one.day for one in stretch]
    start, end = day_start(days[0]), day_start(days[-1] + timedelta(days=1))
    communes = dict(first.zone.communes.values_list("pk", "insee_code"))
    values = ReferenceValue.objects.filter(
        series__property_id=first.pollutant_id, hour__gte=start, hour__lt=end, validity__gte=1
    )
    hours = PublishedHour.objects.between(start, end).filter(
        property_id=first.pollutant_id, value__isnull=False, grade__in=["B", "C"]
    )
    if communes:
        values = values.filter(series__station__territory__in=list(communes))
        codes = [code for code in communes.values() if code]
        hours = hours.filter(insee_code__in=codes) if codes else hours
    stations: dict[str, dict[date, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, hour, value in values.values_list("series__station__name", "hour", "value"):
        stations[name][hour.astimezone(PARIS).date()].append(value)
    places: dict[date, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for public_id, hour, lent, uncertainty in (
        hours.exclude(purpose="co_location")
        .exclude(calibration_id=None)
        .values_list("public_id", "hour", "value", "expanded_uncertainty")
    ):
        places[hour.astimezone(PARIS).date()][public_id].append((lent or 0.0, uncertainty or 0.0))
    return {
        "unit": first.pollutant.unit_label,
        "stations": [
            {"name": name, "days": [_mean(by_day.get(day, [])) for day in days]}
            for name, by_day in sorted(stations.items())
        ],
        "lent": [_together(places.get(day, {})) for day in days],
        "days": [f"{day}" for day in days],
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 2) if len(values) >= LEAST_HOURS else None


def _together(places: dict[str, list[tuple[float, float]]]) -> dict[str, float] | None:
    days = [hours for hours in places.values() if len(hours) >= LEAST_HOURS]
    if len(days) < LEAST_PLACES:
        return None
    return {
        "n": len(days),
        "value": round(median(fmean(v for v, _ in hours) for hours in days), 2),
        "uncertainty": round(median(fmean(u for _, u in hours) for hours in days), 2),
    }
