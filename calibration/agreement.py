"""Further figures of agreement, and what is left over against temperature, humidity, level, hour and week.

calibration.md, sections 12.3 and 12.4. The components after the Sensor Evaluation Toolbox (Fishbain et al. 2017,
Sci. Total Environ. 575, 639) are shown one by one; the scaling of the published index is not public [M], so that
their mean is named "after SET" and never stands alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.ranks import kendall, spearman

CLASSES: Final = 5  # of equal count in the reference, for the share of means in the same class
LOW_FREQUENCY_HOURS: Final = 24  # variations slower than a day
FEWEST: Final = 12
BINS: Final = 8
FEWEST_IN_A_BIN: Final = 5


def agreement(reference: pd.Series, sensor: pd.Series) -> dict[str, float | None]:
    """Give nmsd, fac2, index_of_agreement and the Bland-Altman limits of paired means; None where undefined.

    nmsd = (σ_y - σ_x)/σ_x; fac2: share with 0.5 <= y/x <= 2 where x > 0; index_of_agreement: Willmott 1981;
    limits: mean difference ± 1.96 SD of differences.

    >>> found = agreement(pd.Series([1.0, 2.0, 3.0]), pd.Series([2.0, 3.0, 4.0]))
    >>> found["nmsd"], found["limit_low"], found["limit_high"]
    (0.0, 1.0, 1.0)
    """
    both = pd.concat([reference.rename("x"), sensor.rename("y")], axis=1, join="inner").dropna()
    names = ("nmsd", "fac2", "index_of_agreement", "limit_low", "limit_high")
    found: dict[str, float | None] = dict.fromkeys(names)
    x, y = both["x"].to_numpy(dtype=float), both["y"].to_numpy(dtype=float)
    if x.size < 3:
        return found
    apart = y - x
    half = 1.96 * float(apart.std(ddof=1))
    found |= {"limit_low": float(apart.mean()) - half, "limit_high": float(apart.mean()) + half}
    positive = x > 0
    if positive.any():
        ratio = y[positive] / x[positive]
        found["fac2"] = float(np.mean((ratio >= 0.5) & (ratio <= 2.0)))
    sd = float(x.std(ddof=1))
    if sd > 0:
        found["nmsd"] = (float(y.std(ddof=1)) - sd) / sd
    potential = float(np.sum((np.abs(y - x.mean()) + np.abs(x - x.mean())) ** 2))
    if potential > 0:
        found["index_of_agreement"] = 1.0 - float(np.sum(apart * apart)) / potential
    return found


def components(reference: pd.Series, sensor: pd.Series, *, presence: float) -> dict[str, float | None]:
    """Give the components after SET of hourly means, each 0 (nothing) to 1 (perfect), and their mean.

    presence: share of expected hours that the sensor has. pearson, spearman and kendall below 0 count as 0;
    one_minus_nrmse likewise; same_class: share of hours in the same of five classes of equal count in the
    reference; low_frequency: share of the sensor's variance that is slower than a day.
    """
    names = (
        "pearson", "spearman", "kendall", "presence", "same_class", "one_minus_nrmse", "low_frequency", "mean",
    )  # fmt: skip
    found: dict[str, float | None] = dict.fromkeys(names)
    found["presence"] = min(max(presence, 0.0), 1.0)
    both = pd.concat([reference.rename("x"), sensor.rename("y")], axis=1, join="inner").dropna().sort_index()
    x, y = both["x"].to_numpy(dtype=float), both["y"].to_numpy(dtype=float)
    if x.size < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return found
    found["pearson"] = max(float(np.corrcoef(x, y)[0, 1]), 0.0)
    found["spearman"] = max(spearman(x, y), 0.0)
    found["kendall"] = max(kendall(x, y), 0.0)
    edges = np.quantile(x, np.linspace(0, 1, CLASSES + 1)[1:-1])
    found["same_class"] = float(np.mean(np.digitize(x, edges) == np.digitize(y, edges)))
    if x.mean() > 0:
        error = float(np.sqrt(np.mean((y - x) ** 2)))
        found["one_minus_nrmse"] = max(1.0 - error / float(x.mean()), 0.0)
    regular = both["y"].asfreq("h") if not both.index.has_duplicates else both["y"]
    slow = regular.rolling(LOW_FREQUENCY_HOURS, min_periods=LOW_FREQUENCY_HOURS // 2, center=True).mean()
    variance = float(np.var(y))
    found["low_frequency"] = min(float(np.nanvar(slow.to_numpy(dtype=float))) / variance, 1.0)
    known = [value for name, value in found.items() if name != "mean" and value is not None]
    found["mean"] = float(np.mean(known))
    return found


def binned(residual: pd.Series, against: pd.Series, *, bins: int = BINS) -> list[dict[str, float]]:
    """Cut residuals by what they stand against, into bins of equal count: low, high, n, mean, sd.

    residual, against: paired by index. Bins with fewer than five residuals are left out; [] where `against` does
    not vary.
    """
    both = pd.concat([residual.rename("r"), against.rename("v")], axis=1, join="inner").dropna()
    v = both["v"].to_numpy(dtype=float)
    if v.size < 2 * FEWEST_IN_A_BIN or np.ptp(v) == 0:
        return []
    edges = np.unique(np.quantile(v, np.linspace(0, 1, min(bins, v.size // FEWEST_IN_A_BIN) + 1)))
    where = np.clip(np.searchsorted(edges, v, side="right") - 1, 0, edges.size - 2)
    ends = [(float(edges[k]), float(edges[k + 1])) for k in range(edges.size - 1)]
    return _rows(both["r"].to_numpy(dtype=float), where, ends)


def by_hour(residual: pd.Series) -> list[dict[str, float]]:
    """Cut residuals by hour of the day (UTC): rows as of `binned`, low = the hour."""
    hour = pd.DatetimeIndex(residual.index).hour.to_numpy()
    return _rows(residual.to_numpy(dtype=float), hour, [(float(h), float(h + 1)) for h in range(24)])


def by_week(residual: pd.Series) -> list[dict[str, float]]:
    """Cut residuals by week since their beginning: rows as of `binned`, low = the number of the week from 0."""
    if residual.empty:
        return []
    at = pd.DatetimeIndex(residual.index)
    week = ((at - at.min().floor("D")) // pd.Timedelta(days=7)).to_numpy()
    return _rows(
        residual.to_numpy(dtype=float), week, [(float(w), float(w + 1)) for w in range(int(week.max()) + 1)]
    )


def _rows(
    residual: NDArray[np.float64], where: NDArray[np.int64], ends: list[tuple[float, float]]
) -> list[dict[str, float]]:
    found = []
    for k, (low, high) in enumerate(ends):
        part = residual[where == k]
        if part.size >= FEWEST_IN_A_BIN:
            found.append(
                {
                    "low": low,
                    "high": high,
                    "n": int(part.size),
                    "mean": float(part.mean()),
                    "sd": float(part.std(ddof=1)),
                }
            )
    return found
