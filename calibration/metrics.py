"""Agreement of a sensor with a reference (calibration.md, sections 11 and 12.4; EPA/600/R-20/280)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

ORTHOGONAL_GATE: Final = 0.3  # R² below which an orthogonal fit means nothing (calibration.md, section 11)


def metrics(reference: pd.Series | ArrayLike, sensor: pd.Series | ArrayLike) -> dict[str, float | None]:
    """Describe the agreement of paired values, sensor (y) against reference (x), OLS y = a + b·x.

    Two Series are paired by index, two arrays by position; pairs with a missing side are dropped. Keys:
    n, r2, slope, intercept, rmse, nrmse (percent of the reference mean), mbe (sensor minus reference),
    mae, orthogonal_slope, orthogonal_intercept, and their companions crmse, sd_ratio, mean_reference,
    mean_sensor. A figure that the data cannot give is None: the regression below three pairs or on a
    constant reference, the orthogonal fit below R² 0.3, nrmse of a reference mean that is not positive.

    >>> found = metrics([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0])
    >>> found["slope"], found["intercept"], found["mbe"], found["rmse"] == 7.5 ** 0.5
    (2.0, 0.0, 2.5, True)
    """
    x, y = paired(reference, sensor)
    n = x.size
    result: dict[str, float | None] = dict.fromkeys(KEYS)
    result["n"] = n
    if n == 0:
        return result
    error = y - x
    mean_x, mean_y = float(x.mean()), float(y.mean())
    rmse, mbe = float(np.sqrt(np.mean(error * error))), float(error.mean())
    result |= {
        "rmse": rmse,
        "mbe": mbe,
        "mae": float(np.abs(error).mean()),
        "nrmse": 100.0 * rmse / mean_x if mean_x > 0 else None,
        "crmse": float(np.sqrt(max(rmse * rmse - mbe * mbe, 0.0))),
        "mean_reference": mean_x,
        "mean_sensor": mean_y,
    }
    sxx, syy, sxy = (
        float(np.sum(p * q))
        for p, q in ((x - mean_x, x - mean_x), (y - mean_y, y - mean_y), (x - mean_x, y - mean_y))
    )
    if n < 3 or sxx == 0.0:
        return result
    slope = sxy / sxx
    result |= {"slope": slope, "intercept": mean_y - slope * mean_x, "sd_ratio": float(np.sqrt(syy / sxx))}
    if syy == 0.0:
        return result
    r2 = sxy * sxy / (sxx * syy)
    result["r2"] = r2
    if r2 >= ORTHOGONAL_GATE:
        orthogonal = (syy - sxx + float(np.sqrt((syy - sxx) ** 2 + 4.0 * sxy * sxy))) / (2.0 * sxy)
        result |= {"orthogonal_slope": orthogonal, "orthogonal_intercept": mean_y - orthogonal * mean_x}
    return result


KEYS: Final = (
    "n",
    "r2",
    "slope",
    "intercept",
    "rmse",
    "nrmse",
    "mbe",
    "mae",
    "orthogonal_slope",
    "orthogonal_intercept",
    "crmse",
    "sd_ratio",
    "mean_reference",
    "mean_sensor",
)


def paired(
    reference: pd.Series | ArrayLike, sensor: pd.Series | ArrayLike
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Pair two Series by index, or two arrays by position; drop pairs with a side missing or infinite."""
    if isinstance(reference, pd.Series) and isinstance(sensor, pd.Series):
        both = pd.concat([reference.rename("x"), sensor.rename("y")], axis=1, join="inner")
        x, y = both["x"].to_numpy(dtype=float), both["y"].to_numpy(dtype=float)
    else:
        x, y = np.asarray(reference, dtype=float).ravel(), np.asarray(sensor, dtype=float).ravel()
        if x.size != y.size:
            raise ValueError(f"reference has {x.size} values and sensor {y.size}: they cannot be paired")
    keep = np.isfinite(x) & np.isfinite(y)
    return x[keep], y[keep]
