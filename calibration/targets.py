"""Several units beside one reference, and the performance targets of the US EPA.

calibration.md, section 12.2; EPA/600/R-20/279 (O3) and /280 (PM2.5), 2021, supplements of 2024. SD and CV
divide by N·M - 1, which is not the n(M-1) of the European u(bs,s): different names, never mixed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd


class Target(NamedTuple):
    """One row of the EPA's table; None where it states no limit."""

    unit: str
    slope: float  # |slope - 1| at most
    intercept: float  # |intercept| at most
    r2: float
    rmse: float
    nrmse: float | None  # percent, an alternative to rmse
    sd: float
    cv: float  # percent, an alternative to sd
    averaging: str


TARGETS: Final[dict[str, Target]] = {
    "pm25": Target("ug/m3", 0.35, 5.0, 0.70, 7.0, 30.0, 5.0, 30.0, "24h"),
    "pm10": Target("ug/m3", 0.35, 10.0, 0.70, 14.0, 30.0, 5.0, 30.0, "24h"),
    "o3": Target("ppb", 0.20, 5.0, 0.80, 5.0, None, 5.0, 30.0, "1h"),
    "no2": Target("ppb", 0.35, 5.0, 0.70, 15.0, None, 5.0, 30.0, "1h"),
    "so2": Target("ppb", 0.35, 5.0, 0.70, 15.0, None, 5.0, 30.0, "1h"),
    "co": Target("ppm", 0.20, 0.05, 0.80, 0.15, None, 0.02, 30.0, "1h"),
}


class Precision(NamedTuple):
    """Agreement between units: intervals where all are valid, SD, CV in percent, mean."""

    n: int
    sd: float
    cv: float
    mean: float


def precision(units: pd.DataFrame) -> Precision:
    """Give the EPA's precision of M units: SD = √(ΣΣ(y_ij - ȳ_i)²/(N·M - 1)), CV = 100·SD/ȳ.

    units: one column a unit, one row an interval; only rows where ALL units are valid count. nan below two
    units or without such a row.

    >>> round(precision(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})).sd, 6)
    1.154701
    """
    y = units.dropna().to_numpy(dtype=float)
    if y.shape[0] == 0 or y.shape[1] < 2:
        return Precision(y.shape[0], float("nan"), float("nan"), float("nan"))
    apart = y - y.mean(axis=1, keepdims=True)
    sd = float(np.sqrt(np.sum(apart * apart) / (y.size - 1)))
    mean = float(y.mean())
    return Precision(y.shape[0], sd, 100.0 * sd / mean if mean > 0 else float("nan"), mean)


class FleetError(NamedTuple):
    """Error of all units together: intervals with all units AND the reference, RMSE, NRMSE in percent."""

    n: int
    rmse: float
    nrmse: float


def fleet_error(units: pd.DataFrame, reference: pd.Series) -> FleetError:
    """Give RMSE = √(ΣΣ(y_ij - x_i)²/(N·M)) over intervals with all units and the reference.

    sensortoolkit 1.1.0 counts N before it drops intervals without reference, so that its figure is too
    low; this one does not (calibration.md, section 12.2).

    >>> at = pd.RangeIndex(3)
    >>> units = pd.DataFrame({"a": [1.0, 2.0, 9.0], "b": [3.0, 4.0, 9.0]}, index=at)
    >>> fleet_error(units, pd.Series([2.0, 3.0, float("nan")], index=at)).rmse
    1.0
    """
    both = units.join(reference.rename("reference"), how="inner").dropna()
    n = len(both)
    if n == 0 or units.shape[1] == 0:
        return FleetError(0, float("nan"), float("nan"))
    x = both["reference"].to_numpy(dtype=float)
    y = both.drop(columns="reference").to_numpy(dtype=float)
    rmse = float(np.sqrt(np.mean((y - x[:, None]) ** 2)))
    mean = float(x.mean())
    return FleetError(n, rmse, 100.0 * rmse / mean if mean > 0 else float("nan"))


def meets(
    target: Target,
    *,
    slope: float | None = None,
    intercept: float | None = None,
    r2: float | None = None,
    rmse: float | None = None,
    nrmse: float | None = None,
    sd: float | None = None,
    cv: float | None = None,
) -> dict[str, bool | None]:
    """Hold figures against a target: True, False, or None where the figure is missing.

    rmse passes by either RMSE or NRMSE where the target states both; precision by either SD or CV.

    >>> meets(TARGETS["pm25"], slope=1.2, r2=0.6, rmse=9.0, nrmse=20.0)["rmse"]
    True
    """

    def either(first: bool | None, second: bool | None) -> bool | None:
        known = [found for found in (first, second) if found is not None]
        return any(known) if known else None

    return {
        "slope": None if slope is None else abs(slope - 1.0) <= target.slope,
        "intercept": None if intercept is None else abs(intercept) <= target.intercept,
        "r2": None if r2 is None else r2 >= target.r2,
        "rmse": either(
            None if rmse is None else rmse <= target.rmse,
            None if nrmse is None or target.nrmse is None else nrmse <= target.nrmse,
        ),
        "precision": either(None if sd is None else sd <= target.sd, None if cv is None else cv <= target.cv),
    }
