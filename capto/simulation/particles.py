"""How the simulated particles take up water and scatter light: laws that no correction of `calibration` contains.

Salt particles dissolve at one humidity and crystallise only at a much lower one, so that at 65 % the same air
scatters much or little according to where the humidity came from (hysteresis; Tang 1996). The growth of what is
wet follows Hänel's power of the distance to saturation, not kappa-Köhler. And the light per mass depends on the
size of the particles, so on their source: smoke is seen too well, exhaust too little, and smoke changes with time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from capto.simulation.randomness import Floats

HAENEL: Final = 0.42  # exponent of the growth of scattering of salt solutions (Hänel 1976: 0.3 to 0.6)
SATURATION: Final = 0.985  # humidity (0..1) at which growth is cut: droplets of fog are counted apart
FOG: Final = 98.0  # %, above which the counter sees droplets


class Relays(NamedTuple):
    """Shares of the salt particles that dissolve and crystallise together: % of humidity, a Preisach operator.

    Around the values of ammonium sulphate (dissolves at 80 %, crystallises at 37 %) and of its mixtures with
    nitrate and organic matter, which do both earlier and less sharply (Martin 2000).
    """

    dissolve: tuple[float, ...] = (68.0, 73.0, 78.0, 82.0)
    crystallise: tuple[float, ...] = (42.0, 48.0, 54.0, 60.0)


def deliquesced(humidity: Floats, relays: Relays) -> Floats:
    """Give the share (0..1) of the salts that are in solution along a course of humidity (%), in order of time.

    Each relay keeps its state between its two thresholds; the first state is dry below the middle of the two.
    """
    position = np.arange(humidity.size)
    share = np.zeros(humidity.size)
    for dissolve, crystallise in zip(relays.dissolve, relays.crystallise, strict=True):
        wet, dry = humidity >= dissolve, humidity <= crystallise
        wet[0], dry[0] = wet[0] or humidity[0] > (dissolve + crystallise) / 2.0, False
        last_wet = np.maximum.accumulate(np.where(wet, position, -1))
        last_dry = np.maximum.accumulate(np.where(dry, position, -1))
        share += last_wet > last_dry
    result: Floats = share / len(relays.dissolve)
    return result


def growth(humidity: Floats, wet: Floats) -> Floats:
    """Give how much more light salts scatter than when dry: 1 where dry, (1 - RH)^-0.42 where in solution.

    humidity: %; wet: share in solution (0..1). Source: Hänel 1976.
    """
    saturation = np.minimum(humidity / 100.0, SATURATION)
    result: Floats = 1.0 + wet * ((1.0 - saturation) ** -HAENEL - 1.0)
    return result


def fog(humidity: Floats) -> Floats:
    """Give what droplets of fog add to the signal of a counter, in µg/m³, from the humidity in %."""
    result: Floats = 3.0 * np.maximum(humidity - FOG, 0.0)
    return result
