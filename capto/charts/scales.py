"""From figures and hours to places on a drawing, and the ticks that people read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def step_of(extent: float, *, at_most: int = 5) -> float:
    """Give the round step (1, 2 or 5 times a power of ten) that cuts `extent` into at most so many parts.

    >>> step_of(37.0), step_of(5.0), step_of(0.8)
    (10.0, 1.0, 0.2)
    """
    if extent <= 0:
        return 1.0
    power = 10.0 ** floor(log10(extent / at_most))
    step = next(power * times for times in (1, 2, 5, 10) if extent / (power * times) <= at_most + 1e-9)
    return float(f"{step:.12g}")


def ticks(lowest: float, highest: float, *, at_most: int = 5) -> list[float]:
    """List round figures from zero, or the step under a negative lowest, to the first at or above the highest.

    >>> ticks(0.0, 37.0)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    >>> ticks(-1.5, 8.0)
    [-2.0, 0.0, 2.0, 4.0, 6.0, 8.0]
    >>> ticks(0.0, 0.0)
    [0.0, 1.0]
    """
    low, high = min(lowest, 0.0), max(highest, 0.0)
    if low == high:
        return [0.0, 1.0]
    step = step_of(high - low, at_most=at_most)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def ticks_between(lowest: float, highest: float, *, at_most: int = 5) -> list[float]:
    """List round figures from the last at or below the lowest to the first at or above the highest.

    >>> ticks_between(42.0, 97.0)
    [40.0, 60.0, 80.0, 100.0]
    >>> ticks_between(3.0, 3.0)
    [3.0, 4.0]
    """
    if highest <= lowest:
        return [lowest, lowest + 1.0]
    step = step_of(highest - lowest, at_most=at_most)
    first, last = floor(lowest / step + 1e-9), ceil(highest / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Frame:
    """The inner rectangle of a chart, in the units of its viewBox, and the figures at its edges."""

    left: float
    top: float
    right: float
    bottom: float
    low: float
    high: float

    def y(self, value: float) -> float:
        """Give the height of a value; values beyond the edges stay on the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.bottom - share * (self.bottom - self.top), 1)

    def x(self, share: float) -> float:
        """Give the abscissa of a share of the width, 0 left to 1 right."""
        return round(self.left + share * (self.right - self.left), 1)


def midnights(start: datetime, end: datetime, *, zone: ZoneInfo = PARIS) -> list[datetime]:
    """List the midnights of the zone in [start, end]: days of 23 and 25 hours included.

    >>> from datetime import UTC
    >>> [m.astimezone(UTC).hour for m in midnights(datetime(2026, 3, 28, 12, tzinfo=UTC),
    ...                                             datetime(2026, 3, 30, 12, tzinfo=UTC))]
    [23, 22]
    """
    day = start.astimezone(zone).date()
    found: list[datetime] = []
    while True:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        if midnight > end:
            return found
        if midnight >= start:
            found.append(midnight)
        day += timedelta(days=1)
