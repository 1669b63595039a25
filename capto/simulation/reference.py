"""What the analysers of the simulated stations publish for an hour: nearly the truth, with gaps."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from capto.simulation.city import Period
from capto.simulation.randomness import (
    Floats,
    Instants,
    chance,
    key_of,
    normal,
    passing,
    uniform,
    wandering,
)
from capto.simulation.town import Station
from capto.simulation.weather import DAY, HOUR, weather


class Analyser(NamedTuple):
    """The standard uncertainty of an hour of an analyser: absolute in µg/m³, and as a share of the value."""

    absolute: float
    relative: float


# Of the order of what networks declare for hours: 0.5 to 1 µg/m³ for PM, 2 to 3 % for gases.
ANALYSERS: Final = {
    "pm25": Analyser(0.5, 0.02),
    "pm10": Analyser(0.6, 0.02),
    "no2": Analyser(0.6, 0.02),
    "o3": Analyser(1.0, 0.02),
}
WIND_SPEED, WIND_DIRECTION = "wind_speed", "wind_direction"  # codes of the observed properties
MAINTENANCE: Final = 27 * DAY  # between two visits of the technician
VISIT: Final = 3 * HOUR


def published(
    period: Period, station: Station, hours: Instants
) -> dict[str, tuple[Floats, NDArray[np.bool_]]]:
    """Give by quantity the hourly values in µg/m³ that a station publishes, and which hours it has.

    hours: starts of hours inside the period, seconds since 1970 (UTC).
    """
    truth = period.hourly(station.spot, hours)
    seed = period.city.seed
    found = {}
    for quantity, analyser in ANALYSERS.items():
        key = key_of(seed, station.code, quantity)
        level = truth[quantity]
        # part of the error stays for weeks (its calibration), part is new every hour
        lasting = wandering(key + 1, hours, scale_s=25 * DAY)
        error = 0.6 * lasting + 0.8 * normal(key, hours)
        value = level + error * np.hypot(analyser.absolute, analyser.relative * level)
        phase = int(chance(seed, station.code, quantity, "visit") * MAINTENANCE)
        visited = (hours + phase) % MAINTENANCE < VISIT
        found[quantity] = (np.round(value, 4), ~visited & (uniform(key + 2, hours) > 0.008))
    return found


def wind(period: Period, station: Station, hours: Instants) -> dict[str, tuple[Floats, NDArray[np.bool_]]]:
    """Give the hourly wind of the mast of the background station: m/s, and degrees that it comes from.

    hours: starts of hours, seconds since 1970 (UTC). Another station has no mast and gives nothing. The direction
    wanders about the south-west with the passing fronts; it imitates no place.
    """
    if station.influence != "fond":
        return {}
    seed = period.city.seed
    speed = weather(seed, hours + HOUR // 2, episode=period.city.episode).wind
    veer = passing(key_of(seed, "veer"), hours, scales_s=(DAY, 3 * DAY))
    direction = (235.0 + 65.0 * veer) % 360.0
    present = np.ones(hours.size, dtype=np.bool_)
    return {WIND_SPEED: (np.round(speed, 1), present), WIND_DIRECTION: (np.round(direction), present)}
