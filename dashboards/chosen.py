"""What a reader chose to see on the page of a place or a station: which days, and which other places beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import cos, radians
from urllib.parse import urlencode

from django.db.models import ExpressionWrapper, F, FloatField, Q
from django.http import QueryDict

from capto.charts.scales import PARIS
from dashboards.hours import NEAR_KM, Hour, kilometres_between, place_hours
from dashboards.models import PublishedSeries

TWO_DAYS = timedelta(hours=48)
WEEK = timedelta(days=7)
MOST_OTHERS = 2  # beside the place itself and its station: four lines on one chart at most
MOST_OFFERED = 6
BOX_DEGREES = 0.3  # of latitude; about 33 km, the reach of « near »
ROWS_READ = 8 * MOST_OFFERED  # a place may have several series of a quantity


@dataclass(frozen=True, slots=True)
class Span:
    """The hours [start, end) that the chart shows, and how they were chosen: latest, day or week."""

    kind: str
    start: datetime
    end: datetime
    day: date  # the last day that it shows
    before: date | None = None  # a day to step back to, and one to step on to
    after: date | None = None


def span_of(asked: QueryDict, *, since: datetime, until: datetime) -> Span:
    """Read which hours are asked for: `jour` (2026-11-20) or `periode=semaine`; the last 48 hours otherwise.

    `since` and `until` bound what is published. What cannot be read or lies outside is the default.
    """
    last = (until - timedelta(microseconds=1)).astimezone(PARIS).date()
    first = since.astimezone(PARIS).date()
    try:
        day = date.fromisoformat(asked.get("jour", ""))
    except ValueError:
        day = None
    if day is not None and first <= day <= last:
        return Span(
            "day",
            midnight(day),
            midnight(day + timedelta(days=1)),
            day,
            day - timedelta(days=1) if day > first else None,
            day + timedelta(days=1) if day < last else None,
        )
    before = last - timedelta(days=1) if last > first else None
    if asked.get("periode") == "semaine":
        return Span("week", until - WEEK, until, last, before)
    return Span("latest", until - TWO_DAYS, until, last, before)


def midnight(day: date) -> datetime:
    """Give the start of a day of Europe/Paris."""
    return datetime(day.year, day.month, day.day, tzinfo=PARIS)


@dataclass(frozen=True, slots=True)
class Other:
    """A place that can stand beside the one shown: how far it is (km), and whether it is asked for."""

    public_id: str
    label: str
    kilometres: float
    is_asked: bool


def others_near(place: PublishedSeries, *, quantity: str, asked: Sequence[str], now: datetime) -> list[Other]:
    """Give the nearest places with a standing sensor of the quantity, those asked for first; one query."""
    north = F("latitude") - place.latitude
    east = (F("longitude") - place.longitude) * cos(radians(place.latitude))
    near = (
        PublishedSeries.objects.standing(now=now)
        .filter(
            property_id=quantity,
            latitude__range=(place.latitude - BOX_DEGREES, place.latitude + BOX_DEGREES),
            longitude__range=(place.longitude - 2 * BOX_DEGREES, place.longitude + 2 * BOX_DEGREES),
        )
        .exclude(public_id=place.public_id)
        .annotate(
            not_asked=~Q(public_id__in=asked),
            square=ExpressionWrapper(north * north + east * east, output_field=FloatField()),
        )
        .values_list("public_id", "label", "latitude", "longitude", "not_asked", "square")
        .distinct()
        .order_by("not_asked", "square", "public_id")[:ROWS_READ]
    )
    found = []
    seen = {place.public_id}
    for public_id, label, latitude, longitude, *_ in near:
        away = kilometres_between(place.latitude, place.longitude, latitude, longitude)
        if away <= NEAR_KM and public_id not in seen:
            seen.add(public_id)
            found.append(Other(public_id, label, away, public_id in asked))
    found.sort(key=lambda other: (not other.is_asked, other.kilometres, other.public_id))
    asked_for = [other for other in found if other.is_asked][:MOST_OTHERS]
    rest = [other for other in found if not other.is_asked]
    return [*asked_for, *rest][:MOST_OFFERED]


def hours_of_others(
    others: Sequence[Other], *, quantity: str, start: datetime, end: datetime
) -> list[tuple[Other, list[Hour]]]:
    """Give the hours of the places asked for; one query each, two at most."""
    return [
        (other, place_hours(other.public_id, quantity=quantity, start=start, end=end))
        for other in others
        if other.is_asked
    ]


def kept_choices(span: Span, others: Sequence[Other]) -> str:
    """Write what was chosen as the query of an address, '' for the default."""
    asked: list[tuple[str, str]] = []
    if span.kind == "day":
        asked.append(("jour", span.day.isoformat()))
    if span.kind == "week":
        asked.append(("periode", "semaine"))
    asked += [("avec", other.public_id) for other in others if other.is_asked]
    return f"?{urlencode(asked)}" if asked else ""
