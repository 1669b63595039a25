"""Corrections that need no co-location: priors from physics and from other people's networks.

calibration.md, section 6. A value with only one of these is graded C at best (basis "generic" of
calibration.grade). Marks: [V] checked, [A] from the abstract, [M] from memory: the coefficients marked [M]
are to be compared with the paper before anything official rests on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from calibration.terms import KAPPA, Array, growth


class Correction(NamedTuple):
    """A published correction under its own name: what it reads, what it is for, and where it comes from."""

    name: str
    needs: tuple[str, ...]
    scope: str
    source: str
    mark: str
    value: Callable[..., Array]


def kappa_koehler(raw: Array, humidity: Array, *, kappa: float = KAPPA) -> Array:
    """Give the dry particle mass PM/C(RH), C = 1 + (kappa/1.65)/(100/RH - 1); RH in %, clipped at 95.

    Source: Crilley et al. 2018 (AMT 11, 709); Di Antonio et al. 2018.

    >>> kappa_koehler(np.array([20.0]), np.array([50.0])).round(4).tolist()
    [16.0976]
    """
    return raw / growth(humidity, kappa=kappa)


def nilson_2(raw: Array, humidity: Array) -> Array:
    """Give PM/(1 + 0.24/(100/RH - 1)), RH in % clipped to 30..70.

    Source: Nilson et al. 2022 (AMT 15, 3315), model 2 [A].

    >>> nilson_2(np.array([12.4]), np.array([50.0])).round(6).tolist()
    [10.0]
    """
    rh = np.minimum(np.maximum(humidity, 30.0), 70.0)
    return raw / (1.0 + 0.24 * (rh / (100.0 - rh)))


def barkjohn(raw: Array, humidity: Array) -> Array:
    """Give 0.524·PM - 0.0862·RH + 5.75, PM2.5 in the cf_1 field, mean of both channels, RH in %.

    Source: Barkjohn et al. 2021 (AMT 14, 4617), the paper's own coefficients. 24-h US data; not for the atm
    field nor for other sensors; in France a prior, never a calibration.

    >>> barkjohn(np.array([20.0]), np.array([50.0])).round(4).tolist()
    [11.92]
    """
    return 0.524 * raw - 0.0862 * humidity + 5.75


def barkjohn_circulating(raw: Array, humidity: Array) -> Array:
    """Give 0.524·PM - 0.0852·RH + 5.72, the set that circulates in tools (sensortoolkit 1.1.0) [V].

    NOT the paper's: kept under its own name so that a figure made with it can be recognised.

    >>> barkjohn_circulating(np.array([20.0]), np.array([50.0])).round(4).tolist()
    [11.94]
    """
    return 0.524 * raw - 0.0852 * humidity + 5.72


def barkjohn_smoke(raw: Array, humidity: Array) -> Array:
    """Give the form of the US fire and smoke map [M]: linear below 50, 0.786·PM - 0.086·RH + 5.75 up to 210.

    Blended over 30..50 and, into 0.69·PM + 8.84e-4·PM² + 2.97, over 210..260 µg/m³ of cf_1. Source: US EPA,
    AirNow Fire and Smoke Map, from memory [M].

    >>> barkjohn_smoke(np.array([20.0, 100.0, 300.0]), np.array([50.0] * 3)).round(2).tolist()
    [11.92, 80.04, 289.53]
    """

    def blend(low: float, high: float) -> Array:
        return np.minimum(np.maximum((raw - low) / (high - low), 0.0), 1.0)

    slope = 0.524 * (1.0 - blend(30.0, 50.0)) + 0.786 * blend(30.0, 50.0)
    linear = slope * raw - 0.0862 * humidity + 5.75
    quadratic = 0.69 * raw + 8.84e-4 * raw * raw + 2.97
    far = blend(210.0, 260.0)
    return linear * (1.0 - far) + quadratic * far


def malings(raw: Array, humidity: Array, temperature: Array) -> Array:
    """Give Malings' empirical form for PurpleAir [M]: two linear models with RH, T and dew point, split at 20.

    Source: Malings et al. 2020 (Aerosol Sci. Technol. 54, 160): below 20 µg/m³ 75 + 0.60·PM - 2.5·T
    - 0.82·RH + 2.9·DP, above 21 + 0.43·PM - 0.58·T - 0.22·RH + 0.73·DP. FROM MEMORY [M]: the form is the
    paper's, the coefficients are to be compared with it. T and dew point in °C, RH in %.

    >>> malings(np.array([30.0]), np.array([50.0]), np.array([20.0])).round(1).tolist()
    [18.1]
    """
    dew = dew_point(humidity, temperature)
    low = 75.0 + 0.60 * raw - 2.5 * temperature - 0.82 * humidity + 2.9 * dew
    high = 21.0 + 0.43 * raw - 0.58 * temperature - 0.22 * humidity + 0.73 * dew
    return np.where(raw > 20.0, high, low)


def dew_point(humidity: Array, temperature: Array) -> Array:
    """Give the dew point in °C from relative humidity (%) and temperature (°C); Magnus, a = 17.62, b = 243.12 °C.

    >>> dew_point(np.array([100.0]), np.array([12.0])).round(6).tolist()
    [12.0]
    """
    gamma = np.log(np.maximum(humidity, 0.1) / 100.0) + 17.62 * temperature / (243.12 + temperature)
    return np.asarray(243.12 * gamma / (17.62 - gamma))


def absolute_humidity(humidity: Array, temperature: Array) -> Array:
    """Give the water in the air in g/m³ from relative humidity (%) and temperature (°C); Magnus and ideal gas.

    >>> absolute_humidity(np.array([50.0]), np.array([20.0])).round(2).tolist()
    [8.62]
    """
    vapour = 611.2 * np.exp(17.62 * temperature / (243.12 + temperature)) * humidity / 100.0  # Pa
    return np.asarray(1000.0 * vapour / (461.5 * (temperature + 273.15)))  # 461.5 J/(kg·K), water vapour


CORRECTIONS: Final[dict[str, Correction]] = {
    one.name: one
    for one in (
        Correction(
            "kappa_koehler",
            ("raw", "humidity"),
            "optical PM, any size",
            "Crilley 2018; Di Antonio 2018",
            "V",
            kappa_koehler,
        ),
        Correction("nilson_2", ("raw", "humidity"), "PurpleAir PM2.5", "Nilson 2022, model 2", "A", nilson_2),
        Correction(
            "barkjohn_2021", ("raw", "humidity"), "PurpleAir PM2.5, cf_1", "Barkjohn 2021", "A", barkjohn
        ),
        Correction(
            "barkjohn_circulating",
            ("raw", "humidity"),
            "PurpleAir PM2.5, cf_1",
            "sensortoolkit 1.1.0; not the paper's coefficients",
            "V",
            barkjohn_circulating,
        ),
        Correction(
            "barkjohn_smoke",
            ("raw", "humidity"),
            "PurpleAir PM2.5, cf_1, smoke",
            "AirNow Fire and Smoke Map",
            "M",
            barkjohn_smoke,
        ),
        Correction(
            "malings_2020",
            ("raw", "humidity", "temperature"),
            "PurpleAir PM2.5",
            "Malings 2020",
            "M",
            malings,
        ),
    )
}


def correct(hours: pd.DataFrame, *, name: str) -> pd.Series:
    """Apply a published correction by name; hours as for calibration.apply, KeyError for an unknown name.

    The humidity is the sensor's own. A missing input gives a missing value. RH above 95 % is clipped where
    the formula diverges; such hours carry flag HUMIDITY (calibration.saturated).
    """
    rule = CORRECTIONS[name]
    columns = [hours[column].to_numpy(dtype=float) for column in rule.needs]
    return pd.Series(rule.value(*columns), index=hours.index, name="value")


def regional_ratio(
    sensors: pd.DataFrame, stations: pd.DataFrame, *, fewest: int = 3, lowest: float = 2.0
) -> pd.Series:
    """Give the hourly ratio of the stations' median to the sensors' median, to multiply sensors by.

    One row an hour; columns are units and stations. nan with fewer than `fewest` sensors or a median of
    theirs below `lowest` µg/m³. Rests on the assumption that regional PM is smooth; unreliable in fog.
    Source: RIVM, Samen Meten [A].
    """
    middle = sensors.median(axis=1).where(sensors.notna().sum(axis=1) >= fewest)
    return stations.median(axis=1) / middle.where(middle >= lowest)


def detection_limit(reference: pd.Series, value: pd.Series) -> float:
    """Give the detection limit of a sensor: 3 standard deviations of its residuals in the cleanest tenth [P].

    reference, value: paired hours; the residuals where the reference is below its 10th percentile. nan with
    fewer than ten such hours. Values below it keep their number, carry flag BELOW_DETECTION and are shown
    as "< LD" in ratios (calibration.md, section 5).
    """
    both = pd.concat([reference.rename("x"), value.rename("y")], axis=1, join="inner").dropna()
    clean = both[both["x"] <= both["x"].quantile(0.10)]
    return 3.0 * float((clean["y"] - clean["x"]).std()) if len(clean) >= 10 else float("nan")
