"""Checks of hourly means: each returns True where the value is wrong (calibration.md, section 4).

Every check takes a Series with a UTC DatetimeIndex of hours and, where several units are stacked, the
label of each row's unit; rows are sorted by unit and then by hour. Nothing is changed in place.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PLAUSIBLE: Final[dict[str, tuple[float, float]]] = {
    # anchor values of calibration.md, section 4, line 2; µg/m³ but CO in mg/m³, °C and %
    "pm1": (0.0, 1000.0), "pm25": (0.0, 1000.0), "pm10": (0.0, 1000.0),
    "no2": (-20.0, 1000.0), "o3": (-20.0, 1000.0), "co": (-0.5, 100.0),
    "temperature": (-40.0, 60.0), "humidity": (0.0, 105.0),
}
STUCK_HOURS: Final = 4  # [P] calibration.md, section 4: PM above 1 µg/m³; the EPA tool uses 3
STUCK_HOURS_CLIMATE: Final = 24  # [P] temperature and relative humidity
STUCK_ABOVE: Final = 1.0  # µg/m³: clean air repeats its last digit


def outside_range(values: pd.Series, *, low: float, high: float) -> pd.Series:
    """Mark values outside [low, high]; a missing value is not marked.

    >>> outside_range(pd.Series([-1.0, 0.0, 1000.0, 1001.0, float("nan")]), low=0, high=1000).tolist()
    [True, False, False, True, False]
    """
    return (values < low) | (values > high)


def stuck(
    values: pd.Series, *, unit: pd.Series | None = None, hours: int = STUCK_HOURS,
    above: float = STUCK_ABOVE, within: pd.Series | None = None,
) -> pd.Series:
    """Mark every hour of a run of at least `hours` equal, consecutive hourly values above `above`.

    within: standard deviation of the readings inside each hour; where it is above zero the sensor moved
    during the hour and the run is broken (use it for sensors that print integers). A gap of an hour or a
    missing value ends a run.

    >>> at = pd.date_range("2026-01-01", periods=6, freq="h", tz="UTC")
    >>> stuck(pd.Series([7.0, 5.0, 5.0, 5.0, 5.0, 8.0], index=at)).tolist()
    [False, True, True, True, True, False]
    """
    v = values.to_numpy(dtype=float)
    if v.size == 0:
        return pd.Series(np.zeros(0, dtype=bool), index=values.index)
    still = (v[1:] == v[:-1]) & (v[1:] > above) & consecutive(values.index, unit)
    if within is not None:
        flat = ~(within.to_numpy(dtype=float) > 0.0)
        still &= flat[1:] & flat[:-1]
    run = np.concatenate([[0], np.cumsum(~still)])
    length = np.bincount(run)[run]
    return pd.Series(length >= hours, index=values.index)


def consecutive(index: pd.Index, unit: pd.Series | None) -> NDArray[np.bool_]:
    """Tell for each row but the first whether it is the next hour of the same unit (n - 1 values)."""
    at = pd.DatetimeIndex(index).as_unit("s").asi8
    result = np.diff(at) == 3600
    if unit is not None:
        codes = pd.factorize(unit)[0]
        result &= codes[1:] == codes[:-1]
    return np.asarray(result, dtype=bool)
