"""Watch for drift between rendezvous: a sensor against a proxy in moving windows; reported, never applied.

calibration.md, section 10; Miskell et al. 2018 and Weissert et al. 2018 (ACS Sensors 3, 832 [A]). The proxy is
the nearest reference of the same land use, or the median of the network. In each window of 72 h two tests are
made: Kolmogorov-Smirnov on the distributions, and mean-variance, â₁ = sd(proxy)/sd(sensor),
â₀ = mean(proxy) - â₁·mean(sensor), which sees a change of slope that leaves the mean alone. On raw signals of a
stable PM sensor KS alone fires in most windows: run it on CALIBRATED values, and only a finding that persists
for days is an alarm (`alarms`). Thresholds [M].
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

WINDOW_HOURS: Final = 72
STEP_HOURS: Final = 6  # the papers move by one hour; every sixth is enough where 5 days must agree [P]
WINDOW_NEEDED: Final = 0.75  # share of the window's hours that both sides must have
SMALLEST_P: Final = 0.05
SLOPE_BAND: Final = (0.7, 1.3)
LARGEST_OFFSET: Final = 5.0  # in the unit of the values; stated in ppb [M]
PERSISTENCE_HOURS: Final = 120  # 5 days


class Alarm(NamedTuple):
    """A finding that persisted: since when, until when, and the medians of its windows."""

    begin: pd.Timestamp
    end: pd.Timestamp
    slope: float
    offset: float
    reasons: tuple[str, ...]


def watch(
    proxy: pd.Series,
    sensor: pd.Series,
    *,
    window: int = WINDOW_HOURS,
    step: int = STEP_HOURS,
    slope_band: tuple[float, float] = SLOPE_BAND,
    largest_offset: float = LARGEST_OFFSET,
) -> pd.DataFrame:
    """Compare a sensor's calibrated hours with a proxy in moving windows.

    proxy, sensor: UTC DatetimeIndex of hours, same unit. Returns one row a window, indexed by its END, where
    75 % of it has both sides: p (KS), slope (â₁), offset (â₀), n, and the findings distribution, slope_off,
    offset_off (True where the window speaks of drift).
    """
    both = pd.concat([proxy.rename("x"), sensor.rename("y")], axis=1, join="inner").dropna().sort_index()
    rows = []
    if len(both):
        from scipy import stats  # half a second of a program's start, for this test alone

        at = pd.DatetimeIndex(both.index)
        x, y = both["x"].to_numpy(dtype=float), both["y"].to_numpy(dtype=float)
        ends = pd.date_range(
            at[0] + pd.Timedelta(hours=window), at[-1] + pd.Timedelta(hours=1), freq=f"{step}h"
        )
        begins = at.searchsorted(ends - pd.Timedelta(hours=window))
        for end, low, high in zip(ends, begins, at.searchsorted(ends), strict=True):
            if high - low < WINDOW_NEEDED * window:
                continue
            a, b = x[low:high], y[low:high]
            spread = float(b.std(ddof=1))
            slope = float(a.std(ddof=1)) / spread if spread > 0 else float("nan")
            rows.append(
                (
                    end,
                    float(stats.ks_2samp(a, b).pvalue),
                    slope,
                    float(a.mean()) - slope * float(b.mean()),
                    int(high - low),
                )
            )
    found = pd.DataFrame(rows, columns=["end", "p", "slope", "offset", "n"]).set_index("end")
    return found.assign(
        distribution=found["p"] < SMALLEST_P,
        slope_off=~found["slope"].between(*slope_band),
        offset_off=~(found["offset"].abs() <= largest_offset),
    )


def alarms(windows: pd.DataFrame, *, persistence: int = PERSISTENCE_HOURS) -> list[Alarm]:
    """Give the findings of `watch` that persist for at least `persistence` hours without a window in between.

    A window counts where its slope or offset is out of band AND the distributions differ: KS alone fires on
    any two instruments, and slope alone on still air.
    """
    loud = (windows["slope_off"] | windows["offset_off"]) & windows["distribution"]
    result = []
    for _, run in windows[loud].groupby((~loud).cumsum()[loud]):
        begin, end = pd.Timestamp(run.index[0]), pd.Timestamp(run.index[-1])
        if end - begin >= pd.Timedelta(hours=persistence):
            reasons = tuple(
                name for name in ("distribution", "slope_off", "offset_off") if run[name].mean() > 0.5
            )
            result.append(
                Alarm(begin, end, float(run["slope"].median()), float(run["offset"].median()), reasons)
            )
    return result


class Trend(NamedTuple):
    """The slope of residuals against time, per 30 days, with its 95 % interval."""

    per_30_days: float
    low: float
    high: float


def residual_trend(residuals: pd.Series) -> Trend:
    """Give the drift of residuals (value minus reference) per 30 days and its 95 % interval, from daily means.

    residuals: UTC DatetimeIndex. The line goes through daily means, so that hours are not taken for independent;
    nan with fewer than three days. Source: calibration.md, section 10.

    >>> at = pd.date_range("2026-01-01", periods=60 * 24, freq="h", tz="UTC")
    >>> round(residual_trend(pd.Series(range(at.size), index=at) / 720.0).per_30_days, 6)
    1.0
    """
    valid = residuals.dropna()
    daily = valid.groupby(pd.DatetimeIndex(valid.index).floor("D")).mean()
    if len(daily) < 3:
        return Trend(float("nan"), float("nan"), float("nan"))
    days = (pd.DatetimeIndex(daily.index) - daily.index[0]).total_seconds().to_numpy() / 86400.0
    x, y = days - days.mean(), daily.to_numpy(dtype=float) - float(daily.mean())
    free = len(daily) - 2
    slope = float(x @ y) / float(x @ x)
    missed = y - slope * x
    half = float(special.stdtrit(free, 0.975)) * float(np.sqrt((missed @ missed) / free / (x @ x)))
    return Trend(30.0 * slope, 30.0 * (slope - half), 30.0 * (slope + half))
