"""What a chart of hours draws, whoever made it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Point:
    """One hour: the value to draw, its expanded uncertainty, the raw mean, and what was said against it.

    A value of None is a gap. `reasons` are sentences: a point with any is drawn hollow, at `set_aside` where a
    check took the value out of the line, else at the value, else at the raw mean.
    """

    hour: datetime
    value: float | None
    uncertainty: float | None = None
    raw: float | None = None
    set_aside: float | None = None
    is_provisional: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """The hours of one station or of one lent sensor, in the order of time."""

    name: str
    kind: Literal["reference", "lent", "second", "third"]  # the last two: other places beside the one shown
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A horizontal line with its name, which says the law and the date."""

    value: float
    name: str


def unbroken(points: Sequence[Point], *, step: timedelta = HOUR) -> Iterator[list[Point]]:
    """Split points into runs that may be joined: none is missing inside a run.

    >>> from datetime import UTC
    >>> at = [datetime(2026, 3, 1, h, tzinfo=UTC) for h in range(5)]
    >>> [[p.hour.hour for p in run] for run in unbroken([Point(at[0], 1.0), Point(at[1], 2.0),
    ...     Point(at[2], None), Point(at[4], 3.0)])]
    [[0, 1], [4]]
    """
    run: list[Point] = []
    for point in points:
        if run and (point.value is None or point.hour - run[-1].hour > step):
            yield run
            run = []
        if point.value is not None:
            run.append(point)
    if run:
        yield run


RAW_ROOM = 1.25  # how far raw dots may stretch the axis beyond what the lines need


def highest(lines: Sequence[Line], *, thresholds: Sequence[Threshold] = ()) -> float:
    """Give the highest figure that the axis must hold: values, upper ends of intervals, thresholds, raw dots.

    Raw dots stretch the axis at most by a quarter, so that one wild dot does not flatten the lines.
    """
    figures = [t.value for t in thresholds]
    points = [point for line in lines for point in line.points]
    figures += [p.value + (p.uncertainty or 0.0) for p in points if p.value is not None]
    raw = max((p.raw for p in points if p.raw is not None), default=0.0)
    needed = max(figures, default=0.0)
    return max(needed, min(raw, RAW_ROOM * needed)) if figures else raw


def lowest(lines: Sequence[Line]) -> float:
    """Give the lowest value of the lines, 0 where none is negative."""
    return min((p.value for line in lines for p in line.points if p.value is not None), default=0.0)
