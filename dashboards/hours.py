"""The hours that a page shows of one quantity: those of a place, those of a station, and what lies between."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import asin, cos, inf, radians, sin, sqrt

from calibration.flags import FAILING, SUSPECT
from capto.charts import Point
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from dashboards.kept import kept_rows
from dashboards.models import PublishedHour
from dashboards.words import reasons_of

EARTH_RADIUS_KM = 6371.0  # mean radius, IUGG
WIND = ("wind_speed", "wind_direction")  # codes of the observed properties: m/s, degrees that it comes from
NEAR_KM = 30.0  # farther, a station says nothing of a place
_FAILING, _SPOKEN_AGAINST = int(FAILING), int(FAILING | SUSPECT)


@dataclass(frozen=True, slots=True)
class Hour:
    """One published hour [hour, hour + 1 h) of a lent sensor, in the unit of its quantity."""

    hour: datetime
    value: float | None
    uncertainty: float | None
    raw: float
    n: int
    coverage: float
    flags: int
    grade: str
    is_provisional: bool
    calibration_id: int | None
    variant: str
    channel: str

    @property
    def is_failed(self) -> bool:
        """Whether a check failed: the value, if any, is not drawn as a line."""
        return bool(self.flags & _FAILING)

    @property
    def output(self) -> tuple[tuple[str, str], ...]:
        """Which output of the sensor it is, as addresses name it."""
        return ("variant", self.variant), ("channel", self.channel)

    def point(self) -> Point:
        """Give what a chart draws of this hour."""
        reasons = reasons_of(self.flags & _SPOKEN_AGAINST) if self.flags else ()
        return Point(
            self.hour,
            None if self.is_failed else self.value,
            self.uncertainty,
            self.raw,
            set_aside=self.value if self.is_failed else None,
            is_provisional=self.is_provisional,
            reasons=reasons,
        )


def place_hours(public_id: str, *, quantity: str, start: datetime, end: datetime) -> list[Hour]:
    """Give the hours of a place in [start, end), one query; of several variants the one that is calibrated.

    Two channels or variants of one sensor are never blended: for each placement one series is shown.
    """
    rows = (
        PublishedHour.objects.of_place(public_id, quantity=quantity)
        .exclude(purpose="co_location")
        .between(start, end)
        .values_list(
            "placement_id", "series_id", "hour", "value", "expanded_uncertainty", "raw_mean", "n", "coverage",
            "flags", "grade", "is_provisional", "calibration_id", "variant", "channel",
        )
    )  # fmt: skip
    series: dict[int, dict[int, list[Hour]]] = defaultdict(lambda: defaultdict(list))
    for (
        placement,
        ident,
        hour,
        value,
        u,
        raw,
        n,
        coverage,
        flags,
        grade,
        early,
        calibration,
        variant,
        channel,
    ) in rows:
        series[placement][ident].append(
            Hour(hour, value, u, raw, n, coverage, flags, grade, early, calibration, variant, channel)
        )
    shown = [hour for choices in series.values() for hour in shown_series(choices.values())]
    return sorted(shown, key=lambda hour: hour.hour)


def shown_series(choices: Iterable[Sequence[Hour]]) -> Sequence[Hour]:
    """Choose the series to show: the most hours calibrated, then the most hours, then the first variant by name."""
    return min(
        choices,
        key=lambda hours: (
            -sum(hour.calibration_id is not None for hour in hours),
            -len(hours),
            hours[0].variant,
            hours[0].channel,
        ),
    )


@dataclass(frozen=True, slots=True)
class NearStation:
    """A station that measures a quantity, how far it is, and which of its analysers is read.

    `mast` is where the wind is known, speed and direction: at this station, or at the nearest that has a mast.
    """

    station: ReferenceStation
    series: ReferenceSeries
    kilometres: float
    mast: tuple[ReferenceSeries, ReferenceSeries] | None = None


def nearest_station(latitude: float, longitude: float, *, quantity: str) -> NearStation | None:
    """Give the nearest station with an analyser of a quantity, at most 30 km away; one query, or none if kept."""
    rows = kept_rows(
        f"analysers {quantity}",
        lambda: list(
            ReferenceSeries.objects.filter(property_id__in=(quantity, *WIND))
            .select_related("station")
            .order_by("discriminant")
        ),
    )
    found = [
        NearStation(series.station, series, away)
        for series in rows
        if series.property_id == quantity and (away := _away(series.station, latitude, longitude)) <= NEAR_KM
    ]
    nearest = min(found, key=lambda candidate: candidate.kilometres, default=None)
    if nearest is None:
        return None
    masts: dict[int, dict[str, ReferenceSeries]] = defaultdict(dict)
    for series in rows:
        if series.property_id in WIND:
            masts[series.station_id].setdefault(series.property_id, series)
    whole = [(mast[WIND[0]], mast[WIND[1]]) for mast in masts.values() if len(mast) == len(WIND)]
    near = min(whole, key=lambda mast: _away(mast[0].station, latitude, longitude), default=None)
    is_near = near is not None and _away(near[0].station, latitude, longitude) <= NEAR_KM
    return replace(nearest, mast=near) if is_near else nearest


def station_hours(series: ReferenceSeries, *, start: datetime, end: datetime) -> list[Point]:
    """Give the valid hours of an analyser in [start, end) as points; one query."""
    rows = (
        ReferenceValue.objects.filter(series=series, hour__gte=start, hour__lt=end, validity__gte=1)
        .order_by("hour")
        .values_list("hour", "value")
    )
    return [Point(hour, value) for hour, value in rows]


def kilometres_between(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Give the distance of two points (degrees, WGS 84) by the haversine formula.

    >>> round(kilometres_between(45.0, 5.0, 46.0, 5.0), 1)
    111.2
    """
    lat, other = radians(latitude), radians(other_latitude)
    half = sin((other - lat) / 2) ** 2
    half += cos(lat) * cos(other) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half))


def _away(station: ReferenceStation, latitude: float, longitude: float) -> float:
    """Give how far a station is in km; infinity where its position is not known."""
    if station.latitude is None or station.longitude is None:
        return inf
    return kilometres_between(latitude, longitude, station.latitude, station.longitude)
