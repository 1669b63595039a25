"""Charts of the report of a device: months of means, uncertainty against concentration, residuals in bins, limits.

Lines differ by dash as well as by colour, so that a print in grey still tells them apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Literal, TypeVar

from capto.charts.axes import left_margin, value_axis
from capto.charts.scales import Frame, midnights, ticks, ticks_between
from capto.charts.svg import drawing, element, polyline, text

T = TypeVar("T")
Figure = Callable[[float], str]
DAY_LABELS = 8  # at most so many days are written below a series


@dataclass(frozen=True, slots=True)
class Trace:
    """Means in the order of time, None where one is missing; `kind` says how it is drawn."""

    kind: Literal["reference", "unit"]
    points: Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Span:
    """The lowest and highest of several units at each time."""

    points: Sequence[tuple[datetime, float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through (x, y) with the name that stands at its end; `dash` 0 is solid, 1 to 3 are dashes."""

    name: str
    points: Sequence[tuple[float, float]]
    dash: int = 0


@dataclass(frozen=True, slots=True)
class Bin:
    """What is left over between two figures: its mean and its standard deviation."""

    low: float
    high: float
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A limit: where it stands and what it is called."""

    at: float
    name: str


def span_chart(
    traces: Sequence[Trace],
    *,
    span: Span | None,
    start: datetime,
    end: datetime,
    step: timedelta,
    unit: str,
    title: str,
    description: str,
    ident: str,
    day_label: Callable[[datetime], str],
    figure: Figure,
    since: Mark | None = None,
    since_at: datetime | None = None,
) -> str:
    """Draw weeks or months of means; a pale band holds the units where there are many; gaps stay gaps."""
    width, height = 760, 280
    values = [v for trace in traces for _, v in trace.points if v is not None]
    values += [v for point in (span.points if span else ()) for v in point[1:]]
    steps = ticks(min(values, default=0.0), max(values, default=1.0))
    frame = Frame(left_margin(steps, figure), 30.0, width - 8.0, height - 34.0, steps[0], steps[-1])
    whole = max((end - start).total_seconds(), 1.0)

    def x(at: datetime) -> float:
        return frame.x((at - start).total_seconds() / whole)

    parts = value_axis(steps, frame, unit=unit, figure=figure)
    turns = [m for m in midnights(start, end) if start < m < end]
    every = max(1, -(-len(turns) // DAY_LABELS))
    for number, turn in enumerate(turns):
        if number % every == 0:
            parts.append(element("path", d=f"M{x(turn):g} {frame.top:g}V{frame.bottom:g}", class_="day"))
            if x(turn) < frame.right - 30:
                label = day_label(turn)
                parts.append(text(label, x=x(turn), y=frame.bottom + 18, class_="tick", text_anchor="middle"))
    if span is not None:
        for run in _runs([(at, (low, high)) for at, low, high in span.points], step):
            there = [(x(at), frame.y(ends[1])) for at, ends in run]
            back = [(x(at), frame.y(ends[0])) for at, ends in reversed(run)]
            if len(run) > 1:
                parts.append(element("path", d=polyline(there + back) + "Z", class_="ribbon"))
    for trace in sorted(traces, key=lambda trace: trace.kind == "reference"):
        known = [(at, value) for at, value in trace.points if value is not None]
        for line in _runs(known, step):
            path = polyline([(x(at), frame.y(value)) for at, value in line])
            parts.append(element("path", d=path, class_=f"trace {trace.kind}"))
    if since is not None and since_at is not None and start < since_at < end:
        at = x(since_at)
        parts.append(element("path", d=f"M{at:g} {frame.top:g}V{frame.bottom:g}", class_="limit"))
        parts.append(text(since.name, x=at + 5, y=frame.top + 12, class_="note"))
    return drawing("".join(parts), width=width, height=height, title=title, description=description, ident=ident,
                   class_="report-series")  # fmt: skip


def _runs(points: Sequence[tuple[datetime, T]], step: timedelta) -> list[list[tuple[datetime, T]]]:
    found: list[list[tuple[datetime, T]]] = []
    for point in points:
        if not found or point[0] - found[-1][-1][0] > step * 1.5:
            found.append([])
        found[-1].append(point)
    return found


def curve_chart(
    curves: Sequence[Curve],
    *,
    limits: Sequence[Mark],
    at: Mark | None,
    x_label: str,
    y_label: str,
    title: str,
    description: str,
    ident: str,
    figure: Figure,
    highest: float,
) -> str:
    """Draw uncertainty against concentration up to `highest`, with the limits across and one value upright."""
    width, height = 620, 340
    xs = [p[0] for curve in curves for p in curve.points] + ([at.at] if at else [])
    shown = [p[1] for curve in curves for p in curve.points if isfinite(p[1])]
    top = min(max([*shown, *(limit.at * 1.1 for limit in limits)], default=1.0), highest)
    y_steps = ticks(0.0, top)
    x_steps = ticks(0.0, max(xs, default=1.0), at_most=6)
    frame = Frame(left_margin(y_steps, figure), 30.0, width - 14.0, height - 46.0, y_steps[0], y_steps[-1])

    def x(value: float) -> float:
        return frame.x((value - x_steps[0]) / (x_steps[-1] - x_steps[0]))

    parts = value_axis(y_steps, frame, unit=y_label, figure=figure)
    for step in x_steps:
        parts.append(text(figure(step), x=x(step), y=frame.bottom + 17, class_="tick", text_anchor="middle"))
    parts.append(text(x_label, x=frame.right, y=frame.bottom + 36, class_="unit", text_anchor="end"))
    for limit in limits:
        if limit.at <= frame.high:
            y = frame.y(limit.at)
            parts.append(element("path", d=f"M{frame.left:g} {y:g}H{frame.right:g}", class_="limit"))
            parts.append(text(limit.name, x=frame.right, y=y - 5, class_="note", text_anchor="end"))
    if at is not None:
        parts.append(element("path", d=f"M{x(at.at):g} {frame.top:g}V{frame.bottom:g}", class_="upright"))
        right = x(at.at) > (frame.left + frame.right) / 2
        parts.append(text(at.name, x=x(at.at) + (-5 if right else 5), y=frame.top + 12, class_="note",
                          text_anchor="end" if right else "start"))  # fmt: skip
    for curve in curves:
        inside = [(x(a), frame.y(b)) for a, b in curve.points if isfinite(b) and b <= frame.high]
        if inside:
            parts.append(element("path", d=polyline(inside), class_=f"curve dash-{curve.dash}"))
    return drawing("".join(parts), width=width, height=height, title=title, description=description, ident=ident,
                   class_="report-curve")  # fmt: skip


def bins_chart(
    bins: Sequence[Bin],
    *,
    x_label: str,
    y_label: str,
    title: str,
    description: str,
    ident: str,
    figure: Figure,
    extent: float,
) -> str:
    """Draw the mean left over in each bin with its standard deviation; all panels share ± extent."""
    width, height = 300, 200
    y_steps = ticks_between(-extent, extent, at_most=6)
    low = min((b.low for b in bins), default=0.0)
    high = max((b.high for b in bins), default=1.0)
    x_steps = [s for s in ticks_between(low, high, at_most=4) if low - 1e-9 <= s <= high + 1e-9]
    frame = Frame(left_margin(y_steps, figure), 30.0, width - 10.0, height - 40.0, y_steps[0], y_steps[-1])

    def x(value: float) -> float:
        return frame.x((value - low) / ((high - low) or 1.0))

    parts = value_axis(y_steps, frame, unit=y_label, figure=figure)
    for step in x_steps:
        parts.append(text(figure(step), x=x(step), y=frame.bottom + 15, class_="tick", text_anchor="middle"))
    parts.append(text(x_label, x=frame.right, y=frame.bottom + 32, class_="unit", text_anchor="end"))
    for one in bins:
        middle = x((one.low + one.high) / 2)
        ends = f"M{middle:g} {frame.y(one.mean - one.sd):g}V{frame.y(one.mean + one.sd):g}"
        parts.append(element("path", d=ends, class_="whisker"))
        parts.append(element("circle", cx=middle, cy=frame.y(one.mean), r=3.5, class_="mean"))
    return drawing("".join(parts), width=width, height=height, title=title, description=description, ident=ident,
                   class_="report-bins")  # fmt: skip


def limit_strip(
    values: Sequence[float],
    *,
    limits: Sequence[Mark],
    highest: float,
    title: str,
    description: str,
    ident: str,
    figure: Figure,
) -> str:
    """Draw each unit's figure as a mark on one axis, with the limits that it is held against."""
    width, height = 620, 96
    frame = Frame(26.0, 30.0, width - 90.0, height - 34.0, 0.0, 1.0)

    def x(value: float) -> float:
        return frame.x(min(value, highest) / highest)

    middle = (frame.top + frame.bottom) / 2
    parts = [element("path", d=f"M{frame.left:g} {middle:g}H{frame.right:g}", class_="axis-line")]
    for step in ticks(0.0, highest, at_most=4):
        if step <= highest:
            parts.append(text(figure(step), x=x(step), y=height - 8, class_="tick", text_anchor="middle"))
            parts.append(element("path", d=f"M{x(step):g} {frame.bottom:g}v4", class_="grid"))
    for limit in limits:
        parts.append(
            element("path", d=f"M{x(limit.at):g} {frame.top - 4:g}V{frame.bottom:g}", class_="limit")
        )
        parts.append(text(limit.name, x=x(limit.at) + 4, y=16, class_="note"))
    for value in values:
        at = x(value)
        if value > highest:
            tip = f"M{at - 9:g} {middle - 8:g}L{at + 5:g} {middle:g}L{at - 9:g} {middle + 8:g}Z"
            parts.append(element("path", d=tip, class_="mean"))
        else:
            parts.append(element("circle", cx=at, cy=middle, r=7, class_="mean"))
    return drawing("".join(parts), width=width, height=height, title=title, description=description, ident=ident,
                   class_="report-strip")  # fmt: skip
