"""Which evenings were the worst: the hours 18 to 23 of the last two weeks, at the lent sensors and at a station."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import fmean, median

from django.db import connection

from calibration.flags import FAILING
from capto.charts.scales import PARIS
from capto.readings.models import ReferenceSeries
from dashboards.chosen import midnight
from dashboards.comparison import EVENING
from dashboards.hours import station_hours

DAYS = 14
LEAST_EVENING_HOURS = 4  # of the five, for a place's evening to count
LEAST_PLACES = 3  # fewer sensors are not summed up
# The mean of the sound evening hours of each series by day of Europe/Paris.
SQL = """
SELECT public_id, series_id, (hour AT TIME ZONE 'Europe/Paris')::date AS day,
       count(calibration_id) AS calibrated, count(*) AS n, avg(value), avg(expanded_uncertainty)
FROM dashboards_published_hour
WHERE property_id = %(quantity)s AND hour >= %(start)s AND hour < %(end)s AND purpose <> 'co_location'
      AND value IS NOT NULL AND grade IN ('B', 'C') AND flags & %(failing)s = 0
      AND extract(hour FROM hour AT TIME ZONE 'Europe/Paris') BETWEEN %(first)s AND %(last)s
GROUP BY public_id, series_id, day
ORDER BY public_id, day, calibrated DESC, n DESC, series_id
"""


@dataclass(frozen=True, slots=True)
class Evening:
    """One evening: the middle of the lent sensors (n of them) with their usual uncertainty, and the station's mean."""

    day: date
    middle: float | None
    uncertainty: float | None
    n: int
    station: float | None

    @property
    def worst_of(self) -> float:
        """What evenings are ranked by: the sensors' middle, the station's where there are too few sensors."""
        return self.middle if self.middle is not None else self.station or 0.0

    @property
    def at(self) -> datetime:
        """The evening as a time, for the words of a day."""
        return datetime(self.day.year, self.day.month, self.day.day, 20, tzinfo=PARIS)


def evenings_over(*, now: datetime) -> tuple[datetime, datetime]:
    """Give the bounds of the last two weeks of evenings that are over."""
    at = now.astimezone(PARIS)
    last = at.date() - timedelta(days=0 if at.hour >= EVENING.stop else 1)
    return midnight(last - timedelta(days=DAYS - 1)), midnight(last + timedelta(days=1))


def evenings_of(
    quantity: str, *, analyser: ReferenceSeries | None, start: datetime, end: datetime
) -> list[Evening]:
    """Give the evenings of the days [start, end) in the order of time, those of a station beside; two queries.

    A mean of a place needs four of the five hours; places are summed up from three on.
    """
    theirs = evenings_of_station(analyser, start=start, end=end) if analyser else {}
    found = []
    for one in evenings_of_sensors(quantity, start=start, end=end):
        station = theirs[one.day][0] if one.day in theirs else None
        if one.middle is not None or station is not None:
            found.append(replace(one, station=station))
    return found


def evenings_of_sensors(quantity: str, *, start: datetime, end: datetime) -> list[Evening]:
    """Sum up the lent sensors' evenings of the days [start, end), without a middle under three places; one query."""
    lent = _lent(quantity, start=start, end=end)
    found = []
    for number in range((end.date() - start.date()).days):
        day = start.date() + timedelta(days=number)
        values = [value for value, _ in lent.get(day, [])]
        spreads = [spread for _, spread in lent.get(day, []) if spread is not None]
        enough = len(values) >= LEAST_PLACES
        found.append(
            Evening(
                day,
                median(values) if enough else None,
                median(spreads) if enough and spreads else None,
                len(values),
                None,
            )
        )
    return found


def _lent(quantity: str, *, start: datetime, end: datetime) -> dict[date, list[tuple[float, float | None]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            SQL,
            {
                "quantity": quantity,
                "start": start,
                "end": end,
                "failing": int(FAILING),
                "first": EVENING.start,
                "last": EVENING.stop - 1,
            },
        )
        rows: Sequence[tuple[str, int, date, int, int, float, float | None]] = cursor.fetchall()
    found: dict[date, list[tuple[float, float | None]]] = {}
    seen: set[tuple[str, date]] = set()
    for public_id, _, day, _, n, mean, spread in rows:
        if (
            public_id,
            day,
        ) not in seen:  # of several variants the one with the most calibrated hours, never a blend
            seen.add((public_id, day))
            if n >= LEAST_EVENING_HOURS:
                found.setdefault(day, []).append((mean, spread))
    return found


def evenings_of_station(
    analyser: ReferenceSeries, *, start: datetime, end: datetime
) -> dict[date, tuple[float, int]]:
    """Give the mean of each evening of an analyser and of how many hours it is, four of five at least; one query."""
    hours: dict[date, list[float]] = {}
    for point in station_hours(analyser, start=start, end=end):
        at = point.hour.astimezone(PARIS)
        if at.hour in EVENING and point.value is not None:
            hours.setdefault(at.date(), []).append(point.value)
    return {
        day: (fmean(values), len(values))
        for day, values in hours.items()
        if len(values) >= LEAST_EVENING_HOURS
    }
