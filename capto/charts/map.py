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


@dataclass(frozen=True, slots=True)
class MapFrame:
    """How positions lie on a drawing: north up, one scale (units of the viewBox a kilometre) in both directions."""

    width: int
    height: int
    scale: float
    centre_x: float  # kilometres east, at the middle latitude
    centre_y: float  # kilometres north
    shrink: float  # of a degree of longitude at the middle latitude

    @classmethod
    def of(cls, positions: Sequence[tuple[float, float]], *, width: int) -> "MapFrame":
        """Frame positions (degrees, WGS 84; at least one) with a margin around them."""
        margin = 36.0 if width <= 360 else 48.0
        shrink = cos(radians(sum(latitude for latitude, _ in positions) / len(positions)))
        east = [longitude * shrink * KILOMETRES_PER_DEGREE for _, longitude in positions]
        north = [latitude * KILOMETRES_PER_DEGREE for latitude, _ in positions]
        extent_x, extent_y = max(max(east) - min(east), 1.0), max(max(north) - min(north), 0.5)
        height = round(min(max((width - 2 * margin) * extent_y / extent_x + 2 * margin, 200), 520))
        scale = min((width - 2 * margin) / extent_x, (height - 2 * margin) / extent_y)
        centre_x, centre_y = (max(east) + min(east)) / 2, (max(north) + min(north)) / 2
        return cls(width, height, scale, centre_x, centre_y, shrink)

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Give where a position (degrees) lies on the drawing."""
        x = longitude * self.shrink * KILOMETRES_PER_DEGREE - self.centre_x
        y = latitude * KILOMETRES_PER_DEGREE - self.centre_y
        return round(self.width / 2 + x * self.scale, 1), round(self.height / 2 - y * self.scale, 1)

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Give the position (degrees) of a point of the drawing: the way back."""
        east = (x - self.width / 2) / self.scale + self.centre_x
        north = (self.height / 2 - y) / self.scale + self.centre_y
        return north / KILOMETRES_PER_DEGREE, east / KILOMETRES_PER_DEGREE / self.shrink


def spots_picture(spots: Sequence[Spot], *, frame: MapFrame) -> str:
    """Draw spots as a picture of its own: it stands in a page as an image, so it brings its colours along."""
    ink, accent, panel = "#1d2430", "#0b5c6b", "#efede6"
    parts = [element("rect", width=frame.width, height=frame.height, rx=4, fill=panel)]
    for spot in sorted(spots, key=lambda spot: spot.kind == "reference"):
        x, y = frame.place(spot.latitude, spot.longitude)
        if spot.kind == "reference":
            parts.append(element("rect", x=x - 7, y=y - 7, width=14, height=14, rx=2, fill=ink))
        else:
            parts.append(element("circle", cx=x, cy=y, r=5, fill="#ffffff", stroke=accent, stroke_width=2.5))
    size = f'width="{frame.width}" height="{frame.height}" viewBox="0 0 {frame.width} {frame.height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def spots_map(
    spots: Sequence[Spot], *, title: str, description: str, ident: str, narrow: bool = False
) -> str:
    """Draw spots north up at one scale in both directions; '' without any spot."""
    if not spots:
        return ""
    frame = MapFrame.of([(spot.latitude, spot.longitude) for spot in spots], width=360 if narrow else 760)
    width, height, scale = frame.width, frame.height, frame.scale
    places = [frame.place(spot.latitude, spot.longitude) for spot in spots]
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
