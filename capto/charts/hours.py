"""The chart of hours: reference solid and dark, lent sensor with its 95 % band, gaps as gaps."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Final, Literal

from capto.charts.axes import left_margin, value_axis
from capto.charts.lines import Line, Point, Threshold, highest, lowest, unbroken
from capto.charts.scales import PARIS, Frame, midnights, ticks
from capto.charts.svg import drawing, element, escaped, polyline, text

HourLabel = Callable[[datetime], str]
# Drawn as lines alone: their intervals, raw means and marks stand in the table.
BESIDE: Final[tuple[Literal["second"], Literal["third"]]] = ("second", "third")


def hours_chart(
    lines: Sequence[Line],
    *,
    start: datetime,
    end: datetime,
    unit: str,
    title: str,
    description: str,
    ident: str,
    day_label: HourLabel,
    hour_label: HourLabel,
    figure: Callable[[float], str],
    thresholds: Sequence[Threshold] = (),
    narrow: bool = False,
) -> str:
    """Draw lines of hourly values over [start, end) as one SVG; time runs left to right in Europe/Paris.

    `day_label`, `hour_label` and `figure` write days, hours and ticks in the reader's language. `narrow` draws for
    a phone: the same content, larger letters.
    """
    width, height = (360, 280) if narrow else (760, 320)
    steps = ticks(lowest(lines), highest(lines, thresholds=thresholds), at_most=4 if narrow else 5)
    frame = Frame(left_margin(steps, figure), 30.0, width - 8.0, height - 44.0, steps[0], steps[-1])
    span = (end - start).total_seconds()

    def x(at: datetime) -> float:
        return frame.x((at - start).total_seconds() / span)

    parts = value_axis(steps, frame, unit=unit, figure=figure)
    parts += _days(start, end, x, frame, day_label=day_label, hour_label=hour_label, narrow=narrow)
    for threshold in thresholds:
        y = frame.y(threshold.value)
        parts.append(element("path", d=f"M{frame.left:g} {y:g}H{frame.right:g}", class_="threshold"))
        parts.append(text(threshold.name, x=frame.right, y=y - 5, class_="note", text_anchor="end"))
    above = sorted(lines, key=lambda line: line.kind == "lent")  # the place shown lies above
    for line in above:
        if line.kind not in BESIDE:
            parts += _ribbon(line.points, x, frame)
    for line in above:
        if line.kind in BESIDE:
            parts += _trace(line, x, frame)
        else:
            parts += _raw(line, x, frame) + _trace(line, x, frame) + _flagged(line.points, x, frame)
    return drawing(
        "".join(parts), width=width, height=height, title=title, description=description, ident=ident,
        class_="for-phone" if narrow else "for-desk",
    )  # fmt: skip


def _days(
    start: datetime,
    end: datetime,
    x: Callable[[datetime], float],
    frame: Frame,
    *,
    day_label: HourLabel,
    hour_label: HourLabel,
    narrow: bool,
) -> list[str]:
    """Separate the days faintly, and label days and the hours between them."""
    parts = []
    turns = midnights(start, end)
    for midnight in turns:
        if start < midnight < end:
            parts.append(element("path", d=f"M{x(midnight):g} {frame.top:g}V{frame.bottom:g}", class_="day"))
    hour_width = (frame.right - frame.left) / ((end - start) / timedelta(hours=1))
    every = next((hours for hours in (3, 6, 12) if hour_width * hours >= 40), None)
    hour = start.astimezone(PARIS).replace(minute=0, second=0, microsecond=0)
    while every and hour <= end:
        if hour >= start and hour.hour % every == 0 and hour_width * every >= 40:
            parts.append(
                text(hour_label(hour), x=x(hour), y=frame.bottom + 17, class_="tick", text_anchor="middle")
            )
        hour = _next(hour)
    edges = [start, *[m for m in turns if start < m < end], end]
    needed = 76 if narrow else 56
    each = max(1, ceil(needed / max(24 * hour_width, 1e-9)))  # a month of days has no room for every name
    for number, (first, last) in enumerate(pairwise(edges)):
        if each == 1:
            middle, room = (x(first) + x(last)) / 2, x(last) - x(first)
        else:
            middle, room = x(first), needed if number > 0 and (number - 1) % each == 0 else 0
            room = room if middle + needed / 2 <= frame.right else 0
        if room >= needed:
            y = frame.bottom + (36 if every else 20)
            label = day_label(first.astimezone(PARIS))
            parts.append(text(label, x=middle, y=y, class_="day-name", text_anchor="middle"))
    return parts


def _next(hour: datetime) -> datetime:
    """Give the next hour on the clock of the zone, also where the clock jumps."""
    return datetime.fromtimestamp(hour.timestamp() + 3600, tz=PARIS)


def _ribbon(points: Sequence[Point], x: Callable[[datetime], float], frame: Frame) -> list[str]:
    """Fill the 95 % interval of the hours that have one."""
    parts = []
    known = [p for p in points if p.value is None or p.uncertainty is not None]
    for run in unbroken(known):
        upper = [(x(p.hour), frame.y((p.value or 0.0) + (p.uncertainty or 0.0))) for p in run]
        lower = [(x(p.hour), frame.y((p.value or 0.0) - (p.uncertainty or 0.0))) for p in reversed(run)]
        if len(run) > 1:
            parts.append(element("path", d=polyline(upper + lower) + "Z", class_="ribbon"))
        else:
            parts.append(element("path", d=polyline([upper[0], lower[0]]), class_="whisker"))
    return parts


def _trace(line: Line, x: Callable[[datetime], float], frame: Frame) -> list[str]:
    """Draw the line, dashed where it is provisional; nothing bridges a gap."""
    parts = []
    for run in unbroken(line.points):
        stretch = [run[0]]
        for point in run[1:]:
            if len(stretch) > 1 and point.is_provisional != stretch[-1].is_provisional:
                parts.append(_stretch(line, stretch, x, frame))
                stretch = [stretch[-1]]
            stretch.append(point)
        parts.append(_stretch(line, stretch, x, frame))
    return parts


def _stretch(line: Line, points: Sequence[Point], x: Callable[[datetime], float], frame: Frame) -> str:
    places = [(x(p.hour), frame.y(p.value or 0.0)) for p in points]
    if len(points) == 1:
        return element("path", d=polyline(places), class_=f"line {line.kind} alone")
    provisional = " provisional" if points[-1].is_provisional and line.kind not in BESIDE else ""
    return element("path", d=polyline(places), class_=f"line {line.kind}{provisional}")


def _raw(line: Line, x: Callable[[datetime], float], frame: Frame) -> list[str]:
    """Dot the raw means; those above the axis are left to the table rather than squeezed onto its edge."""
    dots = [(p.hour, p.raw) for p in line.points if p.raw is not None and frame.low <= p.raw <= frame.high]
    if line.kind == "reference" or not dots:
        return []
    path = "".join(f"M{x(hour):g} {frame.y(raw):g}h0" for hour, raw in dots)
    return [element("path", d=path, class_="raw")]


def _flagged(points: Sequence[Point], x: Callable[[datetime], float], frame: Frame) -> list[str]:
    """Mark hollow the hours that something was said against, with the reason."""
    parts = []
    for point in points:
        drawn = next((v for v in (point.value, point.set_aside, point.raw) if v is not None), None)
        if point.reasons and drawn is not None:
            reason = element("title", escaped(" ; ".join(point.reasons)))
            parts.append(_mark(x(point.hour), drawn, reason, frame))
    return parts


def _mark(x: float, value: float, reason: str, frame: Frame) -> str:
    """Draw a hollow circle, or a hollow arrow at the top for what lies above the axis."""
    if value > frame.high:
        tip = f"M{x - 4.5:g} {frame.top + 8:g}L{x:g} {frame.top:g}L{x + 4.5:g} {frame.top + 8:g}Z"
        return element("path", reason, d=tip, class_="flagged")
    return element("circle", reason, cx=x, cy=frame.y(value), r=4, class_="flagged")
