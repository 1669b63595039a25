"""The personal report after a loan: what the sensor saw, beside the nearest station and the other lent sensors."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from statistics import fmean, median
from typing import NamedTuple

from django.db import connection
from django.utils.formats import number_format

from capto.catalogue.models import ObservedProperty
from capto.charts import Point
from capto.lending.curve import HOUR, Curve, Hour, draw, hours_of
from capto.lending.days import PARIS
from capto.lending.models import Loan
from capto.lending.placements import placements_of
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from capto.readings.models.placement import Placement

NEAR_KM = 30.0  # beyond, a station says little about a street; as on the public pages
EARTH_RADIUS_KM = 6371.0
LEAST_OTHERS = 5  # fewer sensors could be told apart (reference/privacy.md, section 7)
LEAST_HOURS_OF_DAY = 3  # days on which an hour of the day was measured, before a mean of it is told


class Station(NamedTuple):
    """The nearest station that measures a quantity."""

    station: ReferenceStation
    series: ReferenceSeries
    kilometres: float

    @property
    def words(self) -> str:
        """How far it is (km), as people read it: below ten with a decimal."""
        return number_format(self.kilometres, 1 if self.kilometres < 10 else 0)


class Beside(NamedTuple):
    """The hours that the sensor and the station both measured (in the unit of the quantity)."""

    station: Station
    hours: int
    mean_here: float
    mean_there: float
    within: float | None  # share of the hours in which the station lies inside the sensor's 95 % interval

    @property
    def difference(self) -> float:
        """How much more the sensor saw than the station."""
        return self.mean_here - self.mean_there


class Quantity(NamedTuple):
    """What the loan's sensors saw of one quantity."""

    quantity: ObservedProperty
    hours: int
    expected: int
    mean: float
    uncertainty: float | None  # median of the hours' expanded uncertainties (95 %)
    highest: Hour
    peak_hour: int | None  # hour of the day (Paris) with the highest mean
    grades: list[tuple[str, int]]
    is_provisional: bool
    is_corrected: bool
    beside: Beside | None
    others: float | None  # median hour of the other lent sensors over the same period
    curve: Curve

    @property
    def coverage(self) -> float:
        """The share (%) of the loan's hours that were measured."""
        return min(100.0, 100.0 * self.hours / max(self.expected, 1))


def report(loan: Loan, *, now: datetime) -> list[Quantity]:
    """Say what a loan measured, one entry per quantity; where a station is far or silent, nothing is compared."""
    start, end = loan.lent_at, min(loan.returned_at or loan.closed_at or now, now)
    placements = placements_of(loan)
    notes = list(loan.notes.values_list("starts_at", "text"))
    found = []
    for quantity, hours in hours_of(loan, start=start, end=end):
        known = [hour for hour in hours if hour.value is not None]
        if not known:
            continue
        near = nearest_station(placements, quantity)
        station = station_hours(near, start=start, end=end) if near else []
        uncertain = [hour.uncertainty for hour in known if hour.uncertainty is not None]
        found.append(
            Quantity(
                quantity=quantity,
                hours=len(known),
                expected=max(1, round((end - start) / HOUR)),
                mean=fmean(hour.value or 0.0 for hour in known),
                uncertainty=median(uncertain) if uncertain else None,
                highest=max(known, key=lambda hour: hour.value or 0.0),
                peak_hour=peak_hour(known),
                grades=sorted(Counter(hour.grade for hour in known if hour.grade).items()),
                is_provisional=any(hour.is_provisional for hour in known),
                is_corrected=any(hour.is_corrected for hour in known),
                beside=compared(known, station, near) if near else None,
                others=median_of_others(placements, quantity, start=start, end=end),
                curve=draw(
                    quantity,
                    hours,
                    start=start,
                    end=end,
                    notes=notes,
                    station=station,
                    station_name=near.station.name if near else "",
                ),
            )
        )
    return found


def compared(hours: Sequence[Hour], station: Sequence[Point], near: Station) -> Beside | None:
    """Compare corrected hours with the station's same hours; None where they share none."""
    there = {point.hour: point.value for point in station if point.value is not None}
    pairs = [(hour, there[hour.hour]) for hour in hours if hour.hour in there]
    if not pairs:
        return None
    told = [abs((hour.value or 0.0) - value) <= hour.uncertainty for hour, value in pairs if hour.uncertainty]
    return Beside(
        station=near,
        hours=len(pairs),
        mean_here=fmean(hour.value or 0.0 for hour, _ in pairs),
        mean_there=fmean(value for _, value in pairs),
        within=100.0 * sum(told) / len(told) if told else None,
    )


def peak_hour(hours: Sequence[Hour]) -> int | None:
    """Give the hour of the day (Paris) with the highest mean, of those measured on enough days."""
    days: dict[int, list[float]] = {}
    for hour in hours:
        days.setdefault(hour.hour.astimezone(PARIS).hour, []).append(hour.value or 0.0)
    means = {clock: fmean(values) for clock, values in days.items() if len(values) >= LEAST_HOURS_OF_DAY}
    return max(means, key=lambda clock: (means[clock], -clock)) if len(means) >= 12 else None


def nearest_station(placements: Sequence[Placement], quantity: ObservedProperty) -> Station | None:
    """Give the nearest station with an analyser of the quantity, by the published cell; None beyond `NEAR_KM`."""
    if not placements:
        return None
    place = placements[-1].place
    found = [
        Station(
            series.station,
            series,
            kilometres(
                place.cell_latitude, place.cell_longitude, series.station.latitude, series.station.longitude
            ),
        )
        for series in ReferenceSeries.objects.filter(
            property=quantity, station__latitude__isnull=False, station__longitude__isnull=False
        )
        .select_related("station")
        .order_by("discriminant", "pk")
    ]
    near = min(found, key=lambda one: one.kilometres, default=None)
    return near if near is not None and near.kilometres <= NEAR_KM else None


def station_hours(near: Station, *, start: datetime, end: datetime) -> list[Point]:
    """Give the valid hours of the station in [start, end)."""
    rows = ReferenceValue.objects.filter(
        series=near.series, hour__gt=start - HOUR, hour__lt=end, validity__gte=1
    )
    return [Point(hour, value) for hour, value in rows.order_by("hour").values_list("hour", "value")]


def kilometres(
    latitude: float, longitude: float, other_latitude: float | None, other_longitude: float | None
) -> float:
    """Give the distance of two points (degrees, WGS 84) by the haversine formula."""
    lat, other = radians(latitude), radians(other_latitude or 0.0)
    half = sin((other - lat) / 2) ** 2
    half += cos(lat) * cos(other) * sin(radians((other_longitude or 0.0) - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half))


def median_of_others(
    placements: Sequence[Placement], quantity: ObservedProperty, *, start: datetime, end: datetime
) -> float | None:
    """Give the median corrected hour of the other outdoor sensors on loan; None with fewer than `LEAST_OTHERS`."""
    own = [placement.pk for placement in placements]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.value), count(DISTINCT p.sensor_id)
            FROM readings_hourly_value h
            JOIN readings_series s ON s.id = h.series_id
            JOIN readings_placement p ON p.id = s.placement_id
            JOIN readings_place o ON o.id = p.place_id
            WHERE h.hour >= %s AND h.hour < %s AND h.value IS NOT NULL AND s.property_id = %s
              AND p.purpose = 'loan' AND NOT o.is_indoor AND NOT p.id = ANY(%s)
            """,
            [start, end, quantity.pk, own],
        )
        value, sensors = cursor.fetchone()
    return float(value) if value is not None and sensors >= LEAST_OTHERS else None
