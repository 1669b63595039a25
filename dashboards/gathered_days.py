"""What several lent sensors measured together, day by day and by hour of the day: a commune, a model, a campaign."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean, median
from typing import Any

from django.db import connection
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calibration.flags import FAILING
from capto.catalogue.models import ObservedProperty
from capto.charts.days import DayMark, days_chart
from capto.charts.profile import Profile
from capto.charts.scales import PARIS
from dashboards.chosen import midnight
from dashboards.days import LEAST_HOURS
from dashboards.figures import Drawings, ProfileFigure, profile_drawn
from dashboards.words import amount, day_of, figure, name_of, short_weekday, tick

LEAST_PLACES = 3  # fewer sensors are not summed up: one of them would show through
SOUND = "value IS NOT NULL AND grade IN ('B', 'C') AND flags & %(failing)s = 0"
DAYS_SQL = f"""
SELECT public_id, (hour AT TIME ZONE 'Europe/Paris')::date AS day, count(calibration_id) AS calibrated,
       count(*) AS n, avg(value), avg(expanded_uncertainty)
FROM dashboards_published_hour
WHERE series_id = ANY(%(series)s) AND hour >= %(start)s AND hour < %(end)s AND {SOUND}
GROUP BY public_id, series_id, day
ORDER BY public_id, day, calibrated DESC, n DESC, series_id
"""
PROFILE_SQL = f"""
SELECT extract(hour FROM hour AT TIME ZONE 'Europe/Paris')::int, count(DISTINCT public_id), avg(value),
       avg(expanded_uncertainty)
FROM dashboards_published_hour
WHERE series_id = ANY(%(series)s) AND hour >= %(start)s AND hour < %(end)s AND calibration_id IS NOT NULL AND {SOUND}
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class PlaceDay:
    """The mean of the sound hours of a day at one place (18 at least)."""

    public_id: str
    day: date
    mean: float
    uncertainty: float | None


@dataclass(frozen=True, slots=True)
class DayTogether:
    """One day of several places: the middle of their means, the usual uncertainty of one, how many; the station's."""

    day: date
    middle: float | None
    uncertainty: float | None
    n: int

    @property
    def at(self) -> datetime:
        """Noon of the day, for its words."""
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=PARIS)


def place_days(series: Collection[int], *, first: date, last: date) -> list[PlaceDay]:
    """Give the daily means of the places of some series; one query. Of several variants of a place, never a blend."""
    if not series:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            DAYS_SQL,
            _sound_hours(series, start=midnight(first), end=midnight(last + timedelta(days=1))),
        )
        rows: Sequence[tuple[str, date, int, int, float, float | None]] = cursor.fetchall()
    found: dict[tuple[str, date], PlaceDay | None] = {}
    for public_id, day, _calibrated, n, mean, spread in rows:
        if (public_id, day) not in found:
            found[public_id, day] = PlaceDay(public_id, day, mean, spread) if n >= LEAST_HOURS else None
    return [one for one in found.values() if one is not None]


def days_together(found: Sequence[PlaceDay], *, first: date, last: date) -> list[DayTogether]:
    """Sum up each day in [first, last]; without a middle where fewer than three places have a mean."""
    by_day: dict[date, list[PlaceDay]] = {}
    for one in found:
        by_day.setdefault(one.day, []).append(one)
    days = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        its = by_day.get(day, [])
        spreads = [one.uncertainty for one in its if one.uncertainty is not None]
        enough = len(its) >= LEAST_PLACES
        days.append(
            DayTogether(
                day,
                median(one.mean for one in its) if enough else None,
                median(spreads) if enough and spreads else None,
                len(its),
            )
        )
    return days


def days_drawn(
    days: Sequence[DayTogether], *, name: str, quantity: ObservedProperty, ident: str
) -> Drawings | None:
    """Draw days of several places; None where no day has a middle."""
    known = [day for day in days if day.middle is not None]
    if not known:
        return None
    by_day = {day.day: day for day in days}
    unit = quantity.unit_label

    def words(mark: DayMark) -> str:
        said = f"{day_of(by_day[mark.day].at)} : {amount(mark.value, unit)}"
        return f"{said} ± {figure(mark.uncertainty)}"

    def draw(narrow: bool) -> str:
        return days_chart(
            [DayMark(day.day, day.middle, day.uncertainty) for day in days],
            unit=unit,
            title=_("%(quantity)s jour par jour : %(place)s")
            % {"quantity": name_of(quantity), "place": name},
            description=ngettext(
                "%(n)d jour a une moyenne ; le tableau dit la même chose.",
                "%(n)d jours ont une moyenne ; le tableau dit la même chose.",
                len(known),
            )
            % {"n": len(known)},
            ident=f"{ident}-etroit" if narrow else ident,
            day_label=lambda day: short_weekday(by_day[day].at),
            day_text=words,
            figure=tick,
            narrow=narrow,
        )

    return Drawings(mark_safe(draw(False)), mark_safe(draw(True)))


def profile_together(
    series: Collection[int], *, first: date, last: date, name: str, quantity: ObservedProperty
) -> ProfileFigure | None:
    """Draw the mean of each hour of the day over all calibrated hours of the places; None with fewer than three."""
    means, spreads = hours_of_day_together(
        series, start=midnight(first), end=midnight(last + timedelta(days=1))
    )
    if sum(mean is not None for mean in means) < 12:
        return None
    return profile_drawn([Profile("lent", means, spreads)], means, [None] * 24, name=name, quantity=quantity)


def hours_of_day_together(
    series: Collection[int], *, start: datetime, end: datetime
) -> tuple[list[float | None], list[float | None]]:
    """Give the 24 means and usual uncertainties by hour of the day over [start, end), None under three places."""
    means: list[float | None] = [None] * 24
    spreads: list[float | None] = [None] * 24
    if not series:
        return means, spreads
    with connection.cursor() as cursor:
        cursor.execute(PROFILE_SQL, _sound_hours(series, start=start, end=end))
        rows: Sequence[tuple[int, int, float, float | None]] = cursor.fetchall()
    for hour, places, mean, spread in rows:
        if places >= LEAST_PLACES:
            means[hour], spreads[hour] = mean, spread
    return means, spreads


def mean_by_place(found: Sequence[PlaceDay]) -> dict[str, tuple[float, float | None, int]]:
    """Give each place's mean of its daily means, its usual uncertainty, and the number of days."""
    places: dict[str, list[PlaceDay]] = {}
    for one in found:
        places.setdefault(one.public_id, []).append(one)
    result = {}
    for public_id, days in places.items():
        spreads = [day.uncertainty for day in days if day.uncertainty is not None]
        result[public_id] = (fmean(day.mean for day in days), fmean(spreads) if spreads else None, len(days))
    return result


def _sound_hours(series: Collection[int], *, start: datetime, end: datetime) -> dict[str, Any]:
    """Give the parameters that both questions have: the hours [start, end) that no check failed."""
    return {"series": list(series), "start": start, "end": end, "failing": int(FAILING)}
