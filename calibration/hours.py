"""From readings to hours, days and running means, with their coverage.

Averages are over [start, end) labelled by their start, in UTC (calibration.md, sections 1 and 3).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from calibration.coverage import COVERAGE_NEEDED as COVERAGE_NEEDED

HOURS_IN_A_DAY: Final = 24
HOURS_IN_A_RUNNING_MEAN: Final = 8  # ozone and CO targets are daily maxima of the 8-h running mean


def hour_sums(readings: pd.Series, *, unit: pd.Series | None = None) -> pd.DataFrame:
    """Sum readings up by hour: n, total, total_of_squares, minimum, maximum.

    readings: values with a UTC DatetimeIndex, in any order; NaN does not count. unit: label of the unit
    of each reading, same index; the result is then indexed by (unit, hour), else by hour. The sums are
    mergeable over chunks: add n and totals, take the extremes.

    >>> at = pd.to_datetime(["2026-01-01T00:10Z", "2026-01-01T00:50Z", "2026-01-01T01:00Z"])
    >>> hour_sums(pd.Series([1.0, 3.0, 5.0], index=at))["total"].tolist()
    [4.0, 5.0]
    """
    frame = pd.DataFrame({"value": readings.to_numpy(dtype=float)}, index=readings.index).rename_axis("hour")
    frame.index = pd.DatetimeIndex(frame.index).floor("h")
    if unit is not None:
        frame["unit"] = unit.to_numpy()
    frame = frame[frame["value"].notna()]
    frame["square"] = frame["value"] * frame["value"]
    keys = ["hour"] if unit is None else ["unit", "hour"]
    grouped = frame.groupby(keys, sort=True)
    return pd.DataFrame(
        {
            "n": grouped["value"].size(),
            "total": grouped["value"].sum(),
            "total_of_squares": grouped["square"].sum(),
            "minimum": grouped["value"].min(),
            "maximum": grouped["value"].max(),
        }
    )


def means_from_sums(sums: pd.DataFrame, *, expected: float | pd.Series) -> pd.DataFrame:
    """Give mean, standard deviation and coverage of hours from their sums.

    sums: columns n, total, total_of_squares (minimum and maximum are not needed). expected: readings that
    the sensor would send in a full hour (60 for one a minute), one number or one for each row. Returns
    columns mean, sd (NaN below two readings), n, coverage (0..1, readings beyond the expected do not
    count twice). The mean is kept below the needed coverage; compare `coverage` with COVERAGE_NEEDED.

    >>> sums = pd.DataFrame({"n": [3], "total": [6.0], "total_of_squares": [14.0]})
    >>> means_from_sums(sums, expected=4).iloc[0].tolist()
    [2.0, 1.0, 3.0, 0.75]
    """
    n = sums["n"].to_numpy(dtype=float)
    total = sums["total"].to_numpy(dtype=float)
    squares = sums["total_of_squares"].to_numpy(dtype=float)
    wanted = expected.to_numpy(dtype=float) if isinstance(expected, pd.Series) else float(expected)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, total / n, np.nan)
        scatter = np.maximum(squares - total * mean, 0.0)  # rounding can leave a tiny negative
        sd = np.where(n > 1, np.sqrt(scatter / (n - 1.0)), np.nan)
        coverage = np.minimum(n / wanted, 1.0)
    return pd.DataFrame(
        {"mean": mean, "sd": sd, "n": sums["n"].to_numpy(), "coverage": coverage}, index=sums.index
    )


def hourly_means(readings: pd.Series, *, expected: float, unit: pd.Series | None = None) -> pd.DataFrame:
    """Average readings by hour: columns mean, sd, n, coverage, minimum, maximum.

    readings, unit: as for hour_sums; expected: readings in a full hour. Hours without readings are absent.
    """
    sums = hour_sums(readings, unit=unit)
    means = means_from_sums(sums, expected=expected)
    return means.assign(minimum=sums["minimum"], maximum=sums["maximum"])


def daily_means(hours: pd.Series, *, needed: int = 18) -> pd.DataFrame:
    """Average hourly means by UTC day: columns mean, n, coverage; the mean is NaN under `needed` hours.

    hours: hourly means with a UTC DatetimeIndex; NaN hours do not count. needed: 18 of 24 hours (75 %).
    To use local standard days shift the index first.

    >>> hours = pd.Series(range(42), index=pd.date_range("2026-01-01", periods=42, freq="h", tz="UTC"))
    >>> daily_means(hours.astype(float))["mean"].tolist()
    [11.5, 32.5]
    """
    valid = hours.dropna()
    days = valid.groupby(pd.DatetimeIndex(valid.index).floor("D").rename("day"))
    n = days.size()
    return pd.DataFrame(
        {
            "mean": days.mean().where(n >= needed),
            "n": n,
            "coverage": (n / HOURS_IN_A_DAY).clip(upper=1.0),
        }
    )


def running_means(hours: pd.Series, *, width: int = HOURS_IN_A_RUNNING_MEAN, needed: int = 6) -> pd.Series:
    """Average the `width` hours that END with each hour; NaN where fewer than `needed` are valid.

    hours: hourly means with a UTC DatetimeIndex (start of the hour). The result is labelled by the start
    of the last hour, on every hour between the first and the last one given.

    >>> hours = pd.Series([8.0] * 6, index=pd.date_range("2026-01-01", periods=6, freq="h", tz="UTC"))
    >>> running_means(hours).tolist()
    [nan, nan, nan, nan, nan, 8.0]
    """
    regular = hours.asfreq("h") if len(hours) else hours
    result: pd.Series = regular.rolling(width, min_periods=needed).mean()
    return result
