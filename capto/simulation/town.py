"""The map of the simulated town: how much of each source reaches a point, from its position alone.

A ring road, a boulevard, an avenue and a canal, in metres from the centre (x east, y north). Any position has an
air of its own, so that a kit lent at the desk to any address measures something sensible.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from capto.simulation.randomness import drawn
from capto.simulation.weather import LATITUDE, LONGITUDE

METRES_PER_DEGREE: Final = 111_195.0  # along a meridian, sphere of 6,371 km
RING_ROAD: Final = 2_300.0  # metres from the centre
BOULEVARD: Final = 300.0  # metres east of the centre, running north
AVENUE: Final = -250.0  # metres north of the centre, running east
REACH_OF_A_STREET: Final = 65.0  # metres within which what a street emits falls to 1/e
NEIGHBOURHOOD: Final = 250.0  # metres: neighbours heat alike


class Spot(NamedTuple):
    """A position in degrees (WGS 84), outdoors or in a home."""

    latitude: float
    longitude: float
    is_indoor: bool = False


class Exposure(NamedTuple):
    """What a spot receives of each source, 1 being the mean of the town."""

    traffic: float
    smoke: float
    dust: float


def spot(x: float, y: float, *, is_indoor: bool = False) -> Spot:
    """Give the spot at x metres east and y metres north of the centre."""
    longitude = LONGITUDE + x / (METRES_PER_DEGREE * float(np.cos(np.radians(LATITUDE))))
    return Spot(round(LATITUDE + y / METRES_PER_DEGREE, 6), round(longitude, 6), is_indoor)


def metres(where: Spot) -> tuple[float, float]:
    """Give (x, y) in metres east and north of the centre."""
    x = (where.longitude - LONGITUDE) * METRES_PER_DEGREE * float(np.cos(np.radians(LATITUDE)))
    return x, (where.latitude - LATITUDE) * METRES_PER_DEGREE


def exposure(seed: int, where: Spot) -> Exposure:
    """Give what a spot receives of traffic, wood smoke and dust."""
    x, y = metres(where)
    radius = float(np.hypot(x, y))
    streets = [abs(radius - RING_ROAD)]
    if abs(y) < 3_000.0:
        streets.append(abs(x - BOULEVARD))
    if abs(x) < 3_000.0:
        streets.append(abs(y - AVENUE))
    near = sum(float(np.exp(-distance / REACH_OF_A_STREET)) for distance in streets)
    everywhere = 0.35 + 0.5 * float(np.exp(-((radius / 3_000.0) ** 2)))
    # detached houses burn wood; blocks of flats in the centre do not
    houses = 0.55 + 0.75 * float(np.exp(-(((radius - 2_000.0) / 1_100.0) ** 2)))
    block = (round(x / NEIGHBOURHOOD), round(y / NEIGHBOURHOOD))
    habits = float(np.exp(0.18 * drawn(seed, "neighbourhood", *block)))
    return Exposure(traffic=everywhere + 1.5 * near, smoke=houses * habits, dust=0.85 + 0.5 * near)


class Station(NamedTuple):
    """A simulated reference station: its code, what pages call it, where and under which influence."""

    code: str
    name: str
    siting: str
    influence: str
    spot: Spot


STATIONS: Final = (
    Station("SIM001", "Jardin botanique (simulé)", "urbaine", "fond", spot(-620.0, 480.0)),
    Station("SIM002", "Boulevard des Tilleuls (simulé)", "urbaine", "trafic", spot(312.0, 760.0)),
)
