"""The value axis, the same on every chart: faint lines, figures at the left, the unit once at the top."""

from collections.abc import Callable, Sequence

from capto.charts.scales import Frame
from capto.charts.svg import element, text

FIGURE_WIDTH = 8.0  # of one figure of a tick, in the units of the viewBox


def left_margin(steps: Sequence[float], figure: Callable[[float], str]) -> float:
    """Give the room that the longest figure needs at the left."""
    return 12.0 + FIGURE_WIDTH * max(len(figure(step)) for step in steps)


def value_axis(
    steps: Sequence[float], frame: Frame, *, unit: str, figure: Callable[[float], str]
) -> list[str]:
    """Draw the axis for round figures; zero is the one firm line."""
    parts = [text(unit, x=0, y=14, class_="unit")]
    for step in steps:
        y = frame.y(step)
        kind = "zero" if step == 0 else "grid"
        parts.append(element("path", d=f"M{frame.left:g} {y:g}H{frame.right:g}", class_=kind))
        parts.append(text(figure(step), x=frame.left - 8, y=y + 4.5, class_="tick", text_anchor="end"))
    return parts
