"""The chart of days: a mean a day at a place and its station, thresholds with their law, levels in a strip below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from capto.charts.axes import left_margin, value_axis
from capto.charts.lines import Threshold
from capto.charts.scales import Frame, ticks
from capto.charts.svg import drawing, element, escaped, polyline, text

THRESHOLD_ROOM = (
    2.5  # a threshold farther above the values is told in words: it would flatten what was measured
)


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a scale: its number on the scale, its name, its colour (#rrggbb)."""

    number: int
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class DayMark:
    """One day: the mean here with the half-width of its interval, the mean at the station, the level here."""

    day: date
    value: float | None
    uncertainty: float | None = None
    station: float | None = None
    level: Level | None = None


def fitting(thresholds: Sequence[Threshold], marks: Sequence[DayMark]) -> list[Threshold]:
    """Keep the thresholds that lie near enough to the values to be drawn with them.

    >>> day = DayMark(date(2026, 11, 20), 12.0, 3.0)
    >>> [t.name for t in fitting([Threshold(15.0, "near"), Threshold(50.0, "far")], [day])]
    ['near']
    """
    room = THRESHOLD_ROOM * _highest(marks)
    return [threshold for threshold in thresholds if threshold.value <= room]


def days_chart(
    marks: Sequence[DayMark],
    *,
    unit: str,
    title: str,
    description: str,
    ident: str,
    day_label: Callable[[date], str],
    day_text: Callable[[DayMark], str],
    figure: Callable[[float], str],
    thresholds: Sequence[Threshold] = (),
    narrow: bool = False,
) -> str:
    """Draw one mark a day over the axis from zero; `day_text` says a day in words, for who points at it."""
    has_levels = any(mark.level for mark in marks)
    width, height = (360, 280) if narrow else (760, 300)
    shown = fitting(thresholds, marks)
    top = max([_highest(marks), *[threshold.value for threshold in shown]])
    steps = ticks(0.0, top, at_most=4)
    below = 30.0 + (26.0 if has_levels else 0.0)
    frame = Frame(left_margin(steps, figure), 30.0, width - 10.0, height - below, steps[0], steps[-1])
    parts = value_axis(steps, frame, unit=unit, figure=figure)
    room = (frame.right - frame.left) / max(len(marks), 1)
    places = [frame.left + (number + 0.5) * room for number in range(len(marks))]
    for threshold in shown:
        y = frame.y(threshold.value)
        parts.append(element("path", d=f"M{frame.left:g} {y:g}H{frame.right:g}", class_="threshold"))
        parts.append(text(threshold.name, x=frame.right, y=y - 5, class_="note", text_anchor="end"))
    parts += _station(marks, places, frame)
    half = min(max(room * 0.16, 4.0), 9.0)
    every = max(1, -int(-(56.0 if narrow else 60.0) // room))
    for number, (mark, x) in enumerate(zip(marks, places, strict=True)):
        words = element("title", escaped(day_text(mark)))
        if mark.value is not None:
            spread = mark.uncertainty or 0.0
            high, low = frame.y(mark.value + spread), frame.y(max(mark.value - spread, frame.low))
            bar = element(
                "rect",
                words,
                x=x - half,
                y=high,
                width=2 * half,
                height=max(low - high, 1.0),
                rx=2,
                class_="ribbon",
            )
            parts.append(bar)
            parts.append(element("circle", words, cx=x, cy=frame.y(mark.value), r=4.5, class_="day-mean"))
        if number % every == 0:
            parts.append(
                text(day_label(mark.day), x=x, y=frame.bottom + 18, class_="tick", text_anchor="middle")
            )
        if mark.level:
            parts += _level(mark.level, x, frame.bottom + 28, min(room - 3.0, 40.0))
    return drawing(
        "".join(parts), width=width, height=height, title=title, description=description, ident=ident,
        class_="for-phone" if narrow else "for-desk",
    )  # fmt: skip


def _highest(marks: Sequence[DayMark]) -> float:
    here = [mark.value + (mark.uncertainty or 0.0) for mark in marks if mark.value is not None]
    return max([*here, *[mark.station for mark in marks if mark.station is not None]], default=0.0)


def _station(marks: Sequence[DayMark], places: Sequence[float], frame: Frame) -> list[str]:
    """Join the days of the station by a solid line; a day without a mean is a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for mark, x in zip(marks, places, strict=True):
        if mark.station is None:
            runs.append([])
        else:
            runs[-1].append((x, frame.y(mark.station)))
    parts = [element("path", d=polyline(run), class_="line reference") for run in runs if len(run) > 1]
    for run in runs:
        parts += [element("rect", x=x - 3, y=y - 3, width=6, height=6, class_="day-station") for x, y in run]
    return parts


def _level(level: Level, x: float, y: float, width: float) -> list[str]:
    """Draw a swatch of a level with its number beside it: the colour never says it alone."""
    box = element(
        "rect",
        element("title", escaped(level.name)),
        x=x - width / 2,
        y=y,
        width=width,
        height=7,
        rx=1.5,
        fill=level.colour,
        class_="swatch",
    )
    return [box, text(str(level.number), x=x, y=y + 21, class_="tick", text_anchor="middle")]
