"""Bring a sensor and a reference onto the same hours, and check that they are the same hours."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd

LAGS: Final = (-2, -1, 0, 1, 2)  # hours tried (calibration.md, section 2)
LAG_GAIN: Final = 0.8  # a lag counts where 1 - r falls to this share of what it is without lag, not by noise
LAG_CORRELATION: Final = 0.5  # below it no lag can be told


class Lag(NamedTuple):
    """The best lag in hours (positive: the reference is labelled that much later than the sensor)."""

    hours: int
    correlation: float
    correlation_at_zero: float

    @property
    def wrong(self) -> bool:
        """Tell whether the hour labels of the two sides disagree beyond noise."""
        return (
            self.hours != 0
            and self.correlation >= LAG_CORRELATION
            and not 1.0 - self.correlation > LAG_GAIN * (1.0 - self.correlation_at_zero)
        )


def to_hour_starts(series: pd.Series, *, label: str) -> pd.Series:
    """Relabel hourly values by the start of their hour; label: "begin" or "end", as the file labels them.

    >>> hour = pd.Series([1.0], index=pd.DatetimeIndex(["2026-01-01T01:00Z"]))
    >>> to_hour_starts(hour, label="end").index[0].isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    if label not in ("begin", "end"):
        raise ValueError(f"label is 'begin' or 'end', not {label!r}")
    return series if label == "begin" else series.set_axis(shifted(series.index, -1))


def lag(reference: pd.Series, sensor: pd.Series) -> Lag:
    """Find the lag of -2..+2 h at which hourly series correlate best, in absolute value.

    Both with a UTC DatetimeIndex of hours; at least 24 pairs, or the lag is 0 with a correlation of nan.
    A lag other than 0 means that one side labels hours by their end, or is in another time zone.

    >>> at = pd.date_range("2026-01-01", periods=72, freq="h", tz="UTC")
    >>> truth = pd.Series(np.sin(np.arange(72.0)), index=at)
    >>> lag(truth.set_axis(at + pd.Timedelta(hours=1)), truth).hours
    1
    """
    found: dict[int, float] = {}
    for hours in LAGS:
        moved = sensor.set_axis(shifted(sensor.index, hours))
        both = pd.concat([reference, moved], axis=1, join="inner").dropna()
        if len(both) >= 24:
            x, y = (both.iloc[:, i].to_numpy(dtype=float) for i in (0, 1))
            if np.ptp(x) > 0 and np.ptp(y) > 0:
                found[hours] = abs(float(np.corrcoef(x, y)[0, 1]))
    if not found:
        return Lag(0, float("nan"), float("nan"))
    best = max(found, key=lambda h: (found[h], -abs(h)))
    return Lag(best, found[best], found.get(0, float("nan")))


def shifted(index: pd.Index, hours: int) -> pd.DatetimeIndex:
    """Give an index of times moved by whole hours."""
    return pd.DatetimeIndex(pd.DatetimeIndex(index) + pd.Timedelta(hours=hours))
