"""Snap an exact position to the centre of a cell of one fixed grid, the same for ever and for everyone.

No random number: the same address gives the same cell, whoever borrows and whenever, so that nothing can be
averaged away. The grid is that of Insee and of INSPIRE: ETRS89-LAEA Europe, EPSG:3035, origin (0, 0).
"""

from __future__ import annotations

from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyproj import Transformer

DECIMALS = 5  # about a metre: enough for a cell's centre to fall back into its own cell


class Cell(NamedTuple):
    """The centre of a published cell: degrees (WGS 84) and the side of the cell in metres."""

    latitude: float
    longitude: float
    size_m: int


@lru_cache(maxsize=1)
def _to_grid() -> Transformer:
    from pyproj import Transformer  # 11 MB: only whoever places a sensor

    return Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)


def published_cell(latitude: float, longitude: float, *, size_m: int) -> Cell:
    """Give the cell of `size_m` metres in which a position (degrees, WGS 84) lies.

    Idempotent: the centre of a cell gives itself. Raises ValueError outside the area of EPSG:3035 (Europe) and
    for a size that is not positive.
    """
    if size_m <= 0:
        raise ValueError("the size of a published cell must be positive")
    east, north = square_of(latitude, longitude, size_m=size_m)
    centre_longitude, centre_latitude = _to_grid().transform(
        east + size_m / 2, north + size_m / 2, direction="INVERSE"
    )
    return Cell(round(centre_latitude, DECIMALS), round(centre_longitude, DECIMALS), size_m)


def square_of(latitude: float, longitude: float, *, size_m: int = 200) -> tuple[int, int]:
    """Give the western and southern edge (metres, EPSG:3035) of the square in which a position lies.

    Raises ValueError outside the area of EPSG:3035 (Europe).
    """
    if not (24.0 <= latitude <= 85.0 and -35.0 <= longitude <= 45.0):
        raise ValueError(f"the position {latitude}, {longitude} lies outside the grid EPSG:3035")
    east, north = _to_grid().transform(longitude, latitude)
    return floor(east / size_m) * size_m, floor(north / size_m) * size_m
