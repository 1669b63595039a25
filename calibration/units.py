"""Units of gases: EU convention, 20 °C and 101.325 kPa (calibration.md, section 2). PM is never converted."""

from __future__ import annotations

from typing import Final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

GAS_CONSTANT: Final = 8.314462618  # J/(mol·K), CODATA 2018
STANDARD_PRESSURE: Final = 101325.0  # Pa
EU_TEMPERATURE: Final = 293.15  # K, 20 °C: Directive 2008/50/EC
US_TEMPERATURE: Final = 298.15  # K, 25 °C: US EPA
MOLAR_MASS: Final[dict[str, float]] = {  # g/mol
    "no2": 46.0055,
    "o3": 47.9982,
    "no": 30.006,
    "so2": 64.066,
    "co": 28.010,
}


def molar_volume(*, temperature: float = EU_TEMPERATURE) -> float:
    """Give the molar volume of an ideal gas in L/mol at 101.325 kPa; temperature in K.

    >>> round(molar_volume(), 4)
    24.0551
    """
    return 1000.0 * GAS_CONSTANT * temperature / STANDARD_PRESSURE


def factor(gas: str, *, temperature: float = EU_TEMPERATURE) -> float:
    """Give µg/m³ per ppb (mg/m³ per ppm for CO); KeyError for a gas without molar mass.

    >>> [round(factor(gas), 4) for gas in ("no2", "o3", "no", "so2", "co")]
    [1.9125, 1.9953, 1.2474, 2.6633, 1.1644]
    """
    return MOLAR_MASS[gas] / molar_volume(temperature=temperature)


@overload
def to_mass(ppb: float, gas: str, *, temperature: float = ...) -> float: ...
@overload
def to_mass(ppb: ArrayLike, gas: str, *, temperature: float = ...) -> NDArray[np.float64] | float: ...
def to_mass(ppb: ArrayLike, gas: str, *, temperature: float = EU_TEMPERATURE) -> NDArray[np.float64] | float:
    """Convert ppb to µg/m³ (ppm of CO to mg/m³)."""
    return np.asarray(ppb, dtype=float)[()] * factor(gas, temperature=temperature)


@overload
def to_ppb(mass: float, gas: str, *, temperature: float = ...) -> float: ...
@overload
def to_ppb(mass: ArrayLike, gas: str, *, temperature: float = ...) -> NDArray[np.float64] | float: ...
def to_ppb(mass: ArrayLike, gas: str, *, temperature: float = EU_TEMPERATURE) -> NDArray[np.float64] | float:
    """Convert µg/m³ to ppb (mg/m³ of CO to ppm)."""
    return np.asarray(mass, dtype=float)[()] / factor(gas, temperature=temperature)


def nox_as_no2(no_ppb: ArrayLike, no2_ppb: ArrayLike) -> NDArray[np.float64] | float:
    """Give NOx in µg/m³ as NO2: 1.9125·(NO + NO2), both in ppb (Directive 2008/50/EC)."""
    total: NDArray[np.float64] | float = (
        np.asarray(no_ppb, dtype=float)[()] + np.asarray(no2_ppb, dtype=float)[()]
    )
    return total * factor("no2")
