"""Scatter of one figure against another: pairs, straight lines through them, residual panels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from capto.charts.axes import left_margin, value_axis
from capto.charts.scales import Frame, ticks, ticks_between
from capto.charts.svg import drawing, element, escaped, text

DOT = 2.4  # radius, in the units of the viewBox
MARKED = 4.2


@dataclass(frozen=True, slots=True)
class Dot:
    """One pair. With `reasons` it is drawn hollow and larger, the reasons as its title."""

    x: float
    y: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FitLine:
    """The straight line y = intercept + slope·x, with the name that stands at its end ('' for none).

    kind: `identity` thin and dark, `fit` in the accent, `second` dashed.
    """

    intercept: float
    slope: float
    name: str = ""
    kind: Literal["identity", "fit", "second"] = "fit"


def scatter_chart(
    dots: Sequence[Dot],
    *,
    x_label: str,
    y_label: str,
    title: str,
    description: str,
    ident: str,
    figure: Callable[[float], str],
    x_figure: Callable[[float], str] | None = None,
    lines: Sequence[FitLine] = (),
    x_from_zero: bool = True,
    y_from_zero: bool = True,
    height: int | None = None,
    narrow: bool = False,
) -> str:
    """Draw dots and lines as one SVG; labels name the quantity and its unit, once on each axis.

    `x_figure` writes the ticks below (those of `figure` when not given). With `x_from_zero` or `y_from_zero` the
    axis holds zero, as concentrations need; without, it spans what there is (humidity, temperature, days).
    Lines are cut at the frame. Without dots the frame is drawn empty.
    """
    width, tall = (360, height or 320) if narrow else (560, height or 400)
    xs = [dot.x for dot in dots] or [0.0, 1.0]
    ys = [dot.y for dot in dots] or [0.0, 1.0]
    y_steps = _steps(min(ys), max(ys), from_zero=y_from_zero, at_most=5)
    x_steps = _steps(min(xs), max(xs), from_zero=x_from_zero, at_most=4 if narrow else 6)
    frame = Frame(left_margin(y_steps, figure), 30.0, width - 14.0, tall - 46.0, y_steps[0], y_steps[-1])
    low, high = x_steps[0], x_steps[-1]

    def x(value: float) -> float:
        return frame.x((value - low) / (high - low))

    parts = value_axis(y_steps, frame, unit=y_label, figure=figure)
    written = x_figure or figure
    for step in x_steps:
        parts.append(element("path", d=f"M{x(step):g} {frame.top:g}V{frame.bottom:g}", class_="day"))
        parts.append(text(written(step), x=x(step), y=frame.bottom + 17, class_="tick", text_anchor="middle"))
    parts.append(text(x_label, x=frame.right, y=frame.bottom + 36, class_="unit", text_anchor="end"))
    parts += [_cut(line, frame, low, high, x) for line in lines if line.kind == "identity"]
    parts.append(_plain([dot for dot in dots if not dot.reasons], x, frame))
    parts += [_marked(dot, x, frame) for dot in dots if dot.reasons]
    parts += [_cut(line, frame, low, high, x) for line in lines if line.kind != "identity"]
    return drawing(
        "".join(parts), width=width, height=tall, title=title, description=description, ident=ident,
        class_=f"scatter {'for-phone' if narrow else 'for-desk'}",
    )  # fmt: skip


def _steps(low: float, high: float, *, from_zero: bool, at_most: int) -> list[float]:
    return ticks(low, high, at_most=at_most) if from_zero else ticks_between(low, high, at_most=at_most)


def _plain(dots: Sequence[Dot], x: Callable[[float], float], frame: Frame) -> str:
    """Draw all plain dots as one path: a year of hours stays a small drawing."""
    if not dots:
        return ""
    path = "".join(f"M{x(dot.x):g} {frame.y(dot.y):g}h0" for dot in dots)
    return element("path", d=path, class_="pair", stroke_width=2 * DOT)


def _marked(dot: Dot, x: Callable[[float], float], frame: Frame) -> str:
    reason = element("title", escaped(" ; ".join(dot.reasons)))
    return element("circle", reason, cx=x(dot.x), cy=frame.y(dot.y), r=MARKED, class_="flagged")


def _cut(line: FitLine, frame: Frame, low: float, high: float, x: Callable[[float], float]) -> str:
    """Draw the part of a line that lies inside the frame; '' where none does."""
    first, last = low, high
    if line.slope:
        at = sorted((edge - line.intercept) / line.slope for edge in (frame.low, frame.high))
        first, last = max(low, at[0]), min(high, at[1])
    elif not frame.low <= line.intercept <= frame.high:
        return ""
    if first >= last:
        return ""
    ends = [(x(at), frame.y(line.intercept + line.slope * at)) for at in (first, last)]
    path = element(
        "path",
        d=f"M{ends[0][0]:g} {ends[0][1]:g}L{ends[1][0]:g} {ends[1][1]:g}",
        class_=f"fit-line {line.kind}",
    )
    if not line.name:
        return path
    return path + text(
        line.name,
        x=ends[1][0] - 4,
        y=max(ends[1][1] - 6, frame.top + 12),
        class_="fit-name",
        text_anchor="end",
    )
