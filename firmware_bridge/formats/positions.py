"""Check the positions that mobile devices state."""

from __future__ import annotations

from .numbers import NotANumber, NoValue, number

Position = tuple[float, float, float | None]


def position(latitude: object, longitude: object, altitude: object = None) -> Position | None:
    """Make (latitude, longitude, altitude) in degrees and metres; None where it is no place or no fix (0, 0).

    Devices without a fix send 0, 0 or numbers outside the globe.
    """
    try:
        north, east = number(latitude), number(longitude)
    except (NotANumber, NoValue):
        return None
    if not (-90.0 <= north <= 90.0 and -180.0 <= east <= 180.0) or (north == 0.0 and east == 0.0):
        return None
    try:
        height = number(altitude)
    except (NotANumber, NoValue):
        height = None
    return north, east, height
