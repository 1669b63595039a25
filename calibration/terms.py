"""What a correction can be made of: the signals, the terms and the named methods built from them.

Applying a method uses only +, -, *, / and comparisons, which every machine that follows IEEE 754 rounds
alike, and no matrix product, whose order of summation differs between processors: the same inputs give
the same published number to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = Mapping[str, Array]

KAPPA: Final = 0.4  # hygroscopicity, dimensionless: default of calibration.md, section 6 (Crilley 2018)
DRY_DENSITY: Final = 1.65  # g/cm³, assumed density of dry particles (Crilley 2018; Di Antonio 2018)
HUMIDITY_CLIP: Final = 95.0  # %: the growth factor diverges at 100 %; flagged above
TEMPERATURE_OFFSET: Final = 20.0  # °C, centre of the temperature term


def growth(humidity: Array, *, kappa: float = KAPPA) -> Array:
    """Give the kappa-Köhler growth of an optical PM signal, 1 + (kappa/1.65)/(100/RH - 1).

    humidity: %, clipped to 0..95. Source: Crilley et al. 2018; Di Antonio et al. 2018.

    >>> round(growth(np.array([50.0])).item(), 6)
    1.242424
    """
    rh = np.minimum(np.maximum(humidity, 0.0), HUMIDITY_CLIP)
    # RH/(100 - RH) is 1/(100/RH - 1) without the division by a humidity of zero
    return 1.0 + (kappa / DRY_DENSITY) * (rh / (100.0 - rh))


class TermRule(NamedTuple):
    """A column of a linear model: what it needs, its value, and how it moves with the raw signal."""

    needs: tuple[str, ...]
    value: Callable[[Columns], Array]
    gain: Callable[[Columns], Array | float]


def _plain(name: str) -> TermRule:
    return TermRule((name,), lambda c: c[name], lambda c: 0.0)


TERMS: Final[dict[str, TermRule]] = {
    "intercept": TermRule((), lambda c: np.ones_like(c["raw"]), lambda c: 0.0),
    "raw": TermRule(("raw",), lambda c: c["raw"], lambda c: 1.0),
    "dry": TermRule(
        ("raw", "humidity"), lambda c: c["raw"] / growth(c["humidity"]), lambda c: 1.0 / growth(c["humidity"])
    ),
    "raw_humidity": TermRule(
        ("raw", "humidity"), lambda c: c["raw"] * (c["humidity"] / 100.0), lambda c: c["humidity"] / 100.0
    ),
    **{
        name: _plain(name)
        for name in (
            "humidity",
            "temperature",
            "absolute_humidity",
            "auxiliary",
            "ox",
            "o3",
            "no2",
            "no",
            "co",
        )
    },
}


class Method(NamedTuple):
    """A named way to correct: forward (reference ~ terms) or inverse (signal ~ reference + terms)."""

    name: str
    direction: str
    signal: str
    terms: tuple[str, ...]
    robust: bool
    french: str
    english: str
    source: str

    @property
    def needs(self) -> tuple[str, ...]:
        """List the columns of hours that the method reads, `raw` first."""
        wanted = ["raw"]
        for term in (*self.terms, *([self.signal] if self.direction == "inverse" else [])):
            wanted += [column for column in TERMS[term].needs if column not in wanted]
        return tuple(wanted)


METHODS: Final[dict[str, Method]] = {
    method.name: method
    for method in (
        Method(
            "linear",
            "inverse",
            "raw",
            ("intercept",),
            True,
            "Droite ajustée puis inversée",
            "Straight line, inverted",
            "calibration.md section 7, candidate 1",
        ),
        Method(
            "dry_linear",
            "inverse",
            "dry",
            ("intercept",),
            True,
            "Croissance hygroscopique (κ-Köhler) puis droite inversée",
            "Hygroscopic growth (kappa-Köhler), then an inverted straight line",
            "Crilley et al. 2018; Di Antonio et al. 2018; calibration.md section 7, candidate 2",
        ),
        Method(
            "mlr_humidity",
            "forward",
            "raw",
            ("intercept", "raw", "humidity"),
            True,
            "Régression multilinéaire avec l'humidité",
            "Multilinear regression with humidity",
            "calibration.md section 7, candidate 3",
        ),
        Method(
            "mlr_humidity_temperature",
            "forward",
            "raw",
            ("intercept", "raw", "humidity", "temperature"),
            True,
            "Régression multilinéaire avec l'humidité et la température",
            "Multilinear regression with humidity and temperature",
            "calibration.md section 7, candidate 3",
        ),
        Method(
            "cell",
            "forward",
            "raw",
            ("intercept", "raw", "auxiliary", "temperature"),
            True,
            "Cellule électrochimique : électrodes de travail et auxiliaire, température",
            "Electrochemical cell: working and auxiliary electrodes, temperature",
            "calibration.md section 7, candidate 3 (WE in raw and AE in auxiliary, mV or nA)",
        ),
        Method(
            "no2_cell",
            "forward",
            "raw",
            ("intercept", "raw", "auxiliary", "temperature", "o3"),
            True,
            "Cellule NO2, corrigée de l'ozone",
            "NO2 cell, with its cross-sensitivity to ozone",
            "calibration.md section 7, candidate 3",
        ),
        Method(
            "ox_cell",
            "forward",
            "raw",
            ("intercept", "raw", "auxiliary", "temperature", "no2"),
            True,
            "Cellule OX, corrigée du NO2",
            "OX cell, with its cross-sensitivity to NO2",
            "calibration.md section 7, candidate 3",
        ),
        Method(
            "cell_inverse",
            "inverse",
            "raw",
            ("intercept", "temperature", "ox", "absolute_humidity"),
            True,
            "Signal de la cellule NO2 selon le NO2, la température, le signal OX et l'eau, puis inversé",
            "Signal of the NO2 cell on NO2, temperature, the OX signal and water in the air, then inverted",
            "JRC airsenseur-calibration, model of NO2-B43F (the slope is negative)",
        ),
    )
}
