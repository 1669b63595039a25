"""Compare the hours of a place with those of a station, and tell only what the uncertainty allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from statistics import fmean

from capto.charts import Point
from capto.charts.scales import PARIS
from dashboards.hours import Hour

LEAST_HOURS = 24  # fewer common hours compare nothing
LEAST_DAYS = 5  # an hour of the day needs so many days to have a mean
UNSURE_SHARE = (
    0.5  # directive 2024/2881, annex V: the widest relative uncertainty of an indicative measurement
)
EVENING = range(18, 23)  # hours of Europe/Paris, by their start
MORNING = range(7, 10)


class Verdict(Enum):
    """What may be said of two means."""

    MORE = "more"
    LESS = "less"
    SAME = "same"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The means of the hours that both have, in the unit of the quantity.

    `uncertainty` is the mean of the hourly expanded uncertainties: errors of a calibration last, so averaging
    does not shrink them; the station's own is not counted and taken as smaller.
    """

    n: int
    here: float
    there: float
    uncertainty: float

    @property
    def verdict(self) -> Verdict:
        """Say whether the difference exceeds the uncertainty, and nothing where the uncertainty is too large."""
        difference = self.here - self.there
        if abs(difference) <= self.uncertainty:
            too_large = self.uncertainty > UNSURE_SHARE * max(abs(self.here), abs(self.there))
            return Verdict.UNSURE if too_large else Verdict.SAME
        return Verdict.MORE if difference > 0 else Verdict.LESS


def compare(here: Sequence[Hour], there: Sequence[Point]) -> Comparison | None:
    """Compare over the hours that both have and that passed the checks; None under 24 common hours."""
    station = {point.hour: point.value for point in there if point.value is not None}
    common = [
        (hour.value, station[hour.hour], hour.uncertainty)
        for hour in sound(here)
        if hour.hour in station and hour.value is not None and hour.uncertainty is not None
    ]
    if len(common) < LEAST_HOURS:
        return None
    ours, theirs, uncertainties = zip(*common, strict=True)
    return Comparison(len(common), fmean(ours), fmean(theirs), fmean(uncertainties))


def sound(hours: Sequence[Hour]) -> list[Hour]:
    """Keep the hours with a value that no check has failed."""
    return [hour for hour in hours if hour.value is not None and not hour.is_failed]


def by_hour_of_day(
    points: Sequence[tuple[datetime, float | None]], *, least_days: int = LEAST_DAYS
) -> list[float | None]:
    """Give the 24 means by hour of the day in Europe/Paris; None where fewer than `least_days` have a value."""
    figures: list[list[float]] = [[] for _ in range(24)]
    for at, value in points:
        if value is not None:
            figures[at.astimezone(PARIS).hour].append(value)
    return [fmean(hour) if len(hour) >= least_days else None for hour in figures]


@dataclass(frozen=True, slots=True)
class Swing:
    """A part of the day that stands out from the rest: `times` the mean of the other hours."""

    part: str  # evening or morning
    times: float


def swing(hours: Sequence[Hour]) -> Swing | None:
    """Find whether evening or morning exceeds the rest of the day by half at least, and by the uncertainty.

    The error of a gain is the same at all hours and cancels in the ratio; the uncertainty of one hour still has to
    be exceeded, so that noise makes no sentence.
    """
    valid = sound(hours)
    uncertainties = [hour.uncertainty for hour in valid if hour.uncertainty is not None]
    if not uncertainties:
        return None
    found = []
    for part, its_hours in (("evening", EVENING), ("morning", MORNING)):
        inside = _mean([hour for hour in valid if _clock(hour) in its_hours])
        outside = _mean([hour for hour in valid if _clock(hour) not in its_hours])
        if inside is None or outside is None or outside <= 0:
            continue
        if inside / outside >= 1.5 and inside - outside > fmean(uncertainties):
            found.append(Swing(part, inside / outside))
    return max(found, key=lambda swing: swing.times, default=None)


def _mean(hours: Sequence[Hour]) -> float | None:
    figures = [hour.value for hour in hours if hour.value is not None]
    return fmean(figures) if len(figures) >= LEAST_HOURS / 2 else None


def _clock(hour: Hour) -> int:
    return hour.hour.astimezone(PARIS).hour
