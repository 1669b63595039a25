"""Daily means of a place, as the calendar of a year and the feed show them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Avg, Count, F, Max
from django.db.models.functions import TruncDate

from calibration.flags import FAILING
from capto.charts.scales import PARIS
from capto.readings.models import ReferenceSeries, ReferenceValue
from dashboards.models import PublishedHour

LEAST_HOURS = 18  # three quarters of a day, as for the daily mean of a station (from memory; to be checked)


@dataclass(frozen=True, slots=True)
class Day:
    """The mean of the sound hours of one day of Europe/Paris, in the unit of the quantity.

    `uncertainty` is the mean of the hourly expanded ones: errors of a calibration last, averaging does not shrink
    them.
    """

    day: date
    mean: float
    uncertainty: float | None
    n: int
    computed_at: datetime


def days_of_place(
    public_id: str,
    *,
    quantity: str,
    first: date,
    last: date,
    variant: str | None = None,
    channel: str | None = None,
) -> list[Day]:
    """Give the days in [first, last] with at least 18 sound hours, in order; one query.

    Of several variants or channels the one with the most calibrated hours is shown, and never two are blended;
    `variant` and `channel` ask for one of them.
    """
    outputs = {"variant": variant, "channel": channel}
    start = datetime(first.year, first.month, first.day, tzinfo=PARIS)
    after = last + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=PARIS)
    rows = (
        PublishedHour.objects.filter(public_id=public_id, property_id=quantity, value__isnull=False)
        .filter(**{name: wanted for name, wanted in outputs.items() if wanted is not None})
        .exclude(purpose="co_location")
        .between(start, end)
        .alias(failing=F("flags").bitand(FAILING))
        .filter(failing=0)
        .annotate(day=TruncDate("hour", tzinfo=PARIS))
        .values("placement_id", "series_id", "variant", "channel", "day")
        .annotate(
            mean=Avg("value"),
            u=Avg("expanded_uncertainty"),
            hours=Count("hour"),
            calibrated=Count("calibration_id"),
            at=Max("computed_at"),
        )
        .order_by("day")
    )
    found = list(rows)
    chosen = _shown(
        [(r["placement_id"], r["series_id"], r["calibrated"], r["hours"], r["variant"]) for r in found]
    )
    return [
        Day(r["day"], r["mean"], r["u"] or 0.0, r["hours"], r["at"])
        for r in found
        if r["series_id"] in chosen and r["hours"] >= LEAST_HOURS
    ]


def days_of_station(series: ReferenceSeries, *, first: date, last: date) -> list[Day]:
    """Give the days in [first, last] with at least 18 valid hours at an analyser, in order; one query."""
    after = last + timedelta(days=1)
    rows = (
        ReferenceValue.objects.filter(
            series=series,
            validity__gte=1,
            hour__gte=datetime(first.year, first.month, first.day, tzinfo=PARIS),
            hour__lt=datetime(after.year, after.month, after.day, tzinfo=PARIS),
        )
        .annotate(day=TruncDate("hour", tzinfo=PARIS))
        .values("day")
        .annotate(mean=Avg("value"), hours=Count("hour"), at=Max("imported_at"))
        .order_by("day")
    )
    return [
        Day(row["day"], row["mean"], None, row["hours"], row["at"])
        for row in rows
        if row["hours"] >= LEAST_HOURS
    ]


def _shown(rows: list[tuple[int, int, int, int, str]]) -> set[int]:
    """Choose one series of each placement: the most hours calibrated, then the most hours, then the first variant."""
    counts: dict[tuple[int, int, str], tuple[int, int]] = {}
    for placement, series, calibrated, hours, variant in rows:
        before = counts.get((placement, series, variant), (0, 0))
        counts[placement, series, variant] = (before[0] + calibrated, before[1] + hours)
    best: dict[int, tuple[tuple[int, int, str], int]] = {}
    for (placement, series, variant), (calibrated, hours) in counts.items():
        rank = (-calibrated, -hours, variant)
        if placement not in best or rank < best[placement][0]:
            best[placement] = (rank, series)
    return {series for _, series in best.values()}
