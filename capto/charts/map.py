"""The map without a background: where sensors and stations stand to one another, with a scale and commune names.

It stands on the page before any script runs, and on paper; the interactive map takes its place where it can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Literal

from capto.charts.scales import step_of
from capto.charts.svg import drawing, element, text

KILOMETRES_PER_DEGREE = 111.2  # of latitude, on a sphere of 6371 km
NUMBERED = 80  # more points are drawn without their figures


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of the map: degrees (WGS 84), what stands there, its commune, its figure ('' where none)."""

    latitude: float
    longitude: float
    kind: Literal["reference", "lent", "foreign"]
    name: str
    commune: str = ""
    figure: str = ""


def spots_map(
    spots: Sequence[Spot], *, title: str, description: str, ident: str, narrow: bool = False
) -> str:
    """Draw spots north up at one scale in both directions; '' without any spot."""
    if not spots:
        return ""
    width = 360 if narrow else 760
    margin = 36.0 if narrow else 48.0
    middle = radians(sum(spot.latitude for spot in spots) / len(spots))
    east = [spot.longitude * cos(middle) * KILOMETRES_PER_DEGREE for spot in spots]
    north = [spot.latitude * KILOMETRES_PER_DEGREE for spot in spots]
    extent_x, extent_y = max(max(east) - min(east), 1.0), max(max(north) - min(north), 0.5)
    height = round(min(max((width - 2 * margin) * extent_y / extent_x + 2 * margin, 200), 520))
    scale = min((width - 2 * margin) / extent_x, (height - 2 * margin) / extent_y)
    centre_x, centre_y = (max(east) + min(east)) / 2, (max(north) + min(north)) / 2

    def place(x: float, y: float) -> tuple[float, float]:
        return round(width / 2 + (x - centre_x) * scale, 1), round(height / 2 - (y - centre_y) * scale, 1)

    places = [place(x, y) for x, y in zip(east, north, strict=True)]
    parts = [element("rect", width=width, height=height, class_="ground", rx=4)]
    parts += _communes(spots, places)
    numbered = len(spots) <= NUMBERED and not narrow
    stations = [y for spot, (_, y) in zip(spots, places, strict=True) if spot.kind == "reference"]
    middle_y = sum(stations) / len(stations) if stations else 0.0
    for spot, (x, y) in sorted(zip(spots, places, strict=True), key=_drawn_last):
        parts.append(_mark(spot, x, y, numbered=numbered, name_above=y <= middle_y))
    parts.append(_scale_bar(scale, width=width, height=height))
    return drawing(
        "".join(parts), width=width, height=height, title=title, description=description, ident=ident,
        class_=f"map-drawing {'for-phone' if narrow else 'for-desk'}",
    )  # fmt: skip


def _drawn_last(pair: tuple[Spot, tuple[float, float]]) -> int:
    """Sort what matters most on top: other networks, lent sensors, stations."""
    return ("foreign", "lent", "reference").index(pair[0].kind)


def _mark(spot: Spot, x: float, y: float, *, numbered: bool, name_above: bool) -> str:
    """Draw a square for a station, a disc for a lent sensor, a triangle for one of another network.

    What has no figure is hollow; colour never tells alone.

    The name of a station stands on its outer side, so that two stations do not write over each other.
    """
    if not numbered:
        if spot.kind == "reference":
            return element("rect", x=x - 6, y=y - 6, width=12, height=12, class_="spot reference")
        if spot.kind == "foreign":
            return _triangle(x, y, 6)
        return element("circle", cx=x, cy=y, r=5, class_="spot lent" if spot.figure else "spot lent empty")
    if spot.kind == "reference":
        box = element("rect", x=x - 18, y=y - 13, width=36, height=26, rx=3, class_="spot reference")
        return (
            box
            + text(spot.figure or "–", x=x, y=y + 5, class_="spot-figure on-dark", text_anchor="middle")
            + text(
                spot.name, x=x, y=y - 19 if name_above else y + 28, class_="spot-name", text_anchor="middle"
            )
        )
    if spot.kind == "foreign":
        figure = text(spot.figure or "–", x=x, y=y + 9, class_="spot-figure on-dark", text_anchor="middle")
        return _triangle(x, y, 17) + figure
    disc = element("circle", cx=x, cy=y, r=15, class_="spot lent" if spot.figure else "spot lent empty")
    return disc + text(spot.figure or "–", x=x, y=y + 5, class_="spot-figure", text_anchor="middle")


def _triangle(x: float, y: float, reach: float) -> str:
    top, base, half = round(y - reach, 1), round(y + 0.75 * reach, 1), round(x - reach, 1)
    return element(
        "path", d=f"M{x:g} {top:g}L{round(x + reach, 1):g} {base:g}H{half:g}Z", class_="spot foreign"
    )


def _communes(spots: Sequence[Spot], places: Sequence[tuple[float, float]]) -> list[str]:
    """Name each commune of several spots at their middle."""
    gathered: dict[str, list[tuple[float, float]]] = {}
    for spot, at in zip(spots, places, strict=True):
        if spot.commune:
            gathered.setdefault(spot.commune, []).append(at)
    parts = []
    for commune, its in sorted(gathered.items()):
        x = sum(at[0] for at in its) / len(its)
        y = min(at[1] for at in its)
        parts.append(text(commune, x=round(x, 1), y=round(y - 26, 1), class_="commune", text_anchor="middle"))
    return parts


def _scale_bar(scale: float, *, width: int, height: int) -> str:
    """Draw a bar of a round number of kilometres, about a sixth of the width."""
    kilometres = step_of(width / scale, at_most=6)
    length = kilometres * scale
    label = f"{kilometres:g} km" if kilometres >= 1 else f"{kilometres * 1000:g} m"
    left, y = 16.0, height - 16.0
    bar = element("path", d=f"M{left:g} {y - 5:g}V{y:g}H{left + length:g}V{y - 5:g}", class_="scale")
    return bar + text(label, x=left + 6, y=y - 6, class_="tick")
