"""Checks of hourly means: each returns True where the value is wrong (calibration.md, section 4).

Every check takes a Series with a UTC DatetimeIndex of hours and, where several units are stacked, the
label of each row's unit; rows are sorted by unit and then by hour. Nothing is changed in place.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.robust import MAD_TO_SD

PLAUSIBLE: Final[dict[str, tuple[float, float]]] = {
    # anchor values of calibration.md, section 4, line 2; µg/m³ but CO in mg/m³, °C and %
    "pm1": (0.0, 1000.0),
    "pm25": (0.0, 1000.0),
    "pm10": (0.0, 1000.0),
    "no2": (-20.0, 1000.0),
    "o3": (-20.0, 1000.0),
    "co": (-0.5, 100.0),
    "temperature": (-40.0, 60.0),
    "humidity": (0.0, 105.0),
}
STUCK_HOURS: Final = 4  # [P] calibration.md, section 4: PM above 1 µg/m³; the EPA tool uses 3
STUCK_HOURS_CLIMATE: Final = 24  # [P] temperature and relative humidity
STUCK_ABOVE: Final = 1.0  # µg/m³: clean air repeats its last digit
SPIKE_FACTOR: Final = 3.0  # Hampel: |x - median| > 3·1.4826·MAD (calibration.md, section 4)
SPIKE_WINDOW: Final = 7  # hours, centred [P]
SPIKE_FLOOR: Final = 5.0  # in the unit of the value [P]: smaller ones are noise, and MAD is 0 in still air
FEWEST_AROUND: Final = 5  # values in the window
WARM_UP_HOURS: Final[dict[str, int]] = {  # [P] calibration.md, section 4
    "pm1": 24,
    "pm25": 24,
    "pm10": 24,
    "no2": 72,
    "no": 72,
    "o3": 72,
    "co": 72,
    "so2": 72,
}
POWER_CUT_HOURS: Final = 6  # warm-up after a power cut longer than one hour [P]
FOG: Final = 95.0  # % relative humidity
HUMIDITY_STEP: Final = 20.0  # % in an hour [P]: transients of electrochemical cells
TEMPERATURE_STEP: Final = 5.0  # °C in an hour [P]
SIZE_TOLERANCE: Final = 1.0  # µg/m³ [P]: a smaller size may exceed a larger one by its noise
CHANNELS_APART: Final = 5.0  # µg/m³, two channels A and B (Barkjohn 2021 [M])
CHANNELS_APART_RELATIVE: Final = 0.61  # Barkjohn 2021 [M]; the EPA tool uses 0.70 [V]


def outside_range(values: pd.Series, *, low: float, high: float) -> pd.Series:
    """Mark values outside [low, high]; a missing value is not marked.

    >>> outside_range(pd.Series([-1.0, 0.0, 1000.0, 1001.0, float("nan")]), low=0, high=1000).tolist()
    [True, False, False, True, False]
    """
    return (values < low) | (values > high)


def stuck(
    values: pd.Series,
    *,
    unit: pd.Series | None = None,
    hours: int = STUCK_HOURS,
    above: float = STUCK_ABOVE,
    within: pd.Series | None = None,
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


def spike(
    values: pd.Series,
    *,
    unit: pd.Series | None = None,
    window: int = SPIKE_WINDOW,
    factor: float = SPIKE_FACTOR,
    floor: float = SPIKE_FLOOR,
) -> pd.Series:
    """Mark isolated spikes by Hampel's rule: |x - median| > factor·1.4826·MAD in a centred window of hours.

    floor: deviations up to it are never spikes, in the unit of the value. Windows with fewer than five
    values are not judged. An episode that lasts for hours moves the median and is not a spike.
    Source: Hampel 1974; calibration.md, section 4.

    >>> at = pd.date_range("2026-01-01", periods=9, freq="h", tz="UTC")
    >>> spike(pd.Series([9.0, 10, 9, 11, 90, 10, 9, 11, 10], index=at)).tolist().index(True)
    4
    """
    v = values.to_numpy(dtype=float)
    at = pd.DatetimeIndex(values.index).as_unit("s").asi8 // 3600
    codes = np.zeros(v.size, dtype=np.int64) if unit is None else pd.factorize(unit)[0]
    half = window // 2
    reach = range(max(-half, 1 - v.size), min(half, v.size - 1) + 1)
    same, apart = {}, np.zeros(v.size, dtype=np.int8)
    for k in reach:  # rows within `half` hours are within `half` rows
        here, there = _sides(k, v.size)
        same[k] = (codes[here] == codes[there]) & (np.abs(at[there] - at[here]) <= half)
        apart[here] += same[k] & (np.abs(v[there] - v[here]) > floor)
    # a value farther than `floor` from the median of five or more is so from two of them: look at no others
    rows = np.flatnonzero(apart >= FEWEST_AROUND // 2)
    near = np.full((2 * half + 1, rows.size), np.nan)
    for k in reach:
        here, there = _sides(k, v.size)
        whole = np.full(v.size, np.nan)
        whole[here] = np.where(same[k], v[there], np.nan)
        near[k + half] = whole[rows]
    middle, known = _medians(near)
    mad, _ = _medians(np.abs(near - middle))
    off = np.abs(v[rows] - middle)
    marked = np.zeros(v.size, dtype=bool)
    marked[rows] = (known >= FEWEST_AROUND) & (off > factor * MAD_TO_SD * mad) & (off > floor)
    return pd.Series(marked, index=values.index)


def _sides(k: int, size: int) -> tuple[slice, slice]:
    """Give the rows that have a row `k` further on, and those rows."""
    return slice(max(-k, 0), size - max(k, 0)), slice(max(k, 0), size - max(-k, 0))


def _medians(columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the median of each column without its NaN, and how many values it has."""
    ordered = np.sort(columns, axis=0)  # NaN last
    known = np.isfinite(ordered).sum(axis=0)
    low, high = np.maximum((known - 1) // 2, 0), known // 2
    place = np.arange(columns.shape[1])
    return 0.5 * (ordered[low, place] + ordered[np.minimum(high, len(columns) - 1), place]), known


def warming_up(
    times: pd.DatetimeIndex, *, started: pd.DatetimeIndex, hours: int, gap_hours: int = POWER_CUT_HOURS
) -> pd.Series:
    """Mark the hours of one unit after its first start (`hours`) and after later power-ups (`gap_hours`).

    times: its hours, sorted; started: when it was powered up, sorted, the first entry the first start;
    cuts of an hour or less are left out by the caller. See WARM_UP_HOURS for `hours` by quantity.

    >>> at = pd.date_range("2026-01-01", periods=4, freq="h", tz="UTC")
    >>> warming_up(at, started=at[[0, 3]], hours=2, gap_hours=1).tolist()
    [True, True, False, True]
    """
    result = np.zeros(len(times), dtype=bool)
    for number, start in enumerate(started):
        length = pd.Timedelta(hours=hours if number == 0 else gap_hours)
        result |= np.asarray((times >= start.floor("h")) & (times < start + length))
    return pd.Series(result, index=times)


def saturated(humidity: pd.Series, *, above: float = FOG) -> pd.Series:
    """Mark hours of saturated air or fog, where an optical PM value is suspect: relative humidity above 95 %."""
    return humidity > above


def step(values: pd.Series, *, larger_than: float, unit: pd.Series | None = None) -> pd.Series:
    """Mark an hour that differs from the hour before by more than `larger_than`, up or down.

    For humidity (HUMIDITY_STEP) and temperature (TEMPERATURE_STEP) beside electrochemical cells; the first
    hour and an hour after a gap are not judged.

    >>> at = pd.date_range("2026-01-01", periods=3, freq="h", tz="UTC")
    >>> step(pd.Series([40.0, 65.0, 60.0], index=at), larger_than=HUMIDITY_STEP).tolist()
    [False, True, False]
    """
    v = values.to_numpy(dtype=float)
    result = np.zeros(v.size, dtype=bool)
    if v.size:
        result[1:] = (np.abs(np.diff(v)) > larger_than) & consecutive(values.index, unit)
    return pd.Series(result, index=values.index)


def sizes_out_of_order(
    *,
    pm1: pd.Series | None = None,
    pm25: pd.Series | None = None,
    pm10: pd.Series | None = None,
    tolerance: float = SIZE_TOLERANCE,
) -> pd.Series:
    """Mark hours where a finer fraction exceeds a coarser one: PM1 <= PM2.5 <= PM10, within a tolerance.

    Two or three Series with the same index, µg/m³; a missing side is not judged. Raises ValueError for one.

    >>> sizes_out_of_order(pm25=pd.Series([9.0, 12.0]), pm10=pd.Series([10.0, 10.0])).tolist()
    [False, True]
    """
    given = [one for one in (pm1, pm25, pm10) if one is not None]
    if len(given) < 2:
        raise ValueError("at least two of pm1, pm25 and pm10 are needed")
    result = pd.Series(False, index=given[0].index)
    for i, fine in enumerate(given):
        for coarse in given[i + 1 :]:
            result |= fine > coarse + tolerance
    return result


def channels_disagree(
    first: pd.Series,
    second: pd.Series,
    *,
    apart: float = CHANNELS_APART,
    relative: float = CHANNELS_APART_RELATIVE,
) -> pd.Series:
    """Mark hours where two channels differ by `apart` or more AND by `relative` or more of their mean.

    Source: Barkjohn et al. 2021 (5 µg/m³ and 61 % [M]; the EPA tool uses 70 %).
    """
    off = (first - second).abs()
    return (off >= apart) & (off >= relative * 0.5 * (first + second))


def nitrogen_disagrees(no: pd.Series, no2: pd.Series, nox: pd.Series, *, tolerance: float = 5.0) -> pd.Series:
    """Mark hours where NO + NO2 is not about NOx, all in ppb, by more than `tolerance` and 10 % of NOx [P]."""
    off = (no + no2 - nox).abs()
    return (off > tolerance) & (off > 0.1 * nox.abs())


def bad_times(times: pd.DatetimeIndex, *, now: pd.Timestamp, unit: pd.Series | None = None) -> pd.Series:
    """Mark readings in the future, at the same instant as an earlier row, or before the one in front of them.

    times: as they arrived (not sorted); now: the present instant (an argument: this library has no clock).

    >>> at = pd.DatetimeIndex(["2026-01-01T00Z", "2026-01-01T00Z", "2026-01-01T01Z", "2026-01-01T00:30Z"])
    >>> bad_times(at, now=pd.Timestamp("2026-01-01T00:45Z")).tolist()
    [False, True, True, True]
    """
    frame = pd.DataFrame({"at": times, "unit": 0 if unit is None else unit.to_numpy()})
    backwards = frame["at"] < frame.groupby("unit")["at"].cummax()
    result = frame.duplicated(["unit", "at"]) | (frame["at"] > now) | backwards
    return pd.Series(result.to_numpy(), index=times)


def consecutive(index: pd.Index, unit: pd.Series | None) -> NDArray[np.bool_]:
    """Tell for each row but the first whether it is the next hour of the same unit (n - 1 values)."""
    at = pd.DatetimeIndex(index).as_unit("s").asi8
    result = np.diff(at) == 3600
    if unit is not None:
        codes = pd.factorize(unit)[0]
        result &= codes[1:] == codes[:-1]
    return np.asarray(result, dtype=bool)
