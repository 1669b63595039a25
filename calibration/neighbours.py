"""Checks against what stands around: other sensors, and the reference station nearby.

calibration.md, section 4: FILTER (Hassani 2025) compares with what is expected at the distance; CrowdQC+
(Fenner) compares with the median of at least five buddies within 3 km; the EPA tool marks by Cook's
distance. Thresholds for PM are ours [P]. Marked values are never removed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.metrics import paired
from calibration.robust import MAD_TO_SD

RADIUS: Final = 3000.0  # m: buddies of CrowdQC+ m5
FEWEST_BUDDIES: Final = 5  # CrowdQC+ m5
HEIGHT: Final = 100.0  # m: largest difference of height, CrowdQC+ m5
BUDDY_FACTOR: Final = 4.0  # [P] robust standard deviations of the buddies
BUDDY_FLOOR: Final = 10.0  # µg/m³ [P]: smaller differences are never contradictions
CORRELATION: Final = 0.9  # monthly, with the median of the network: CrowdQC+ m4
EARTH_RADIUS: Final = 6_371_000.0  # m
REPRESENTATIVE: Final[dict[str, float]] = {  # m: what a station stands for, by season (Hassani 2025 [A])
    "DJF": 11_500.0,
    "MAM": 12_700.0,
    "JJA": 20_000.0,
    "SON": 17_000.0,
}


def distances(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the great-circle distances between places in metres (haversine); degrees in, square matrix out.

    >>> round(distances(np.array([48.0, 49.0]), np.array([2.0, 2.0]))[0, 1] / 1000)
    111
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    a = (
        np.sin((phi[:, None] - phi) / 2.0) ** 2
        + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2.0) ** 2
    )
    return np.asarray(2.0 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(a, 1.0))))


def disagree_with_buddies(
    hours: pd.DataFrame,
    *,
    latitude: pd.Series,
    longitude: pd.Series,
    height: pd.Series | None = None,
    radius: float = RADIUS,
    fewest: int = FEWEST_BUDDIES,
    factor: float = BUDDY_FACTOR,
    floor: float = BUDDY_FLOOR,
) -> pd.DataFrame:
    """Mark hours where a unit is far from the median of its neighbours; a frame of the same shape.

    hours: one row an hour, one column a unit; latitude, longitude (degrees), height (m): by unit. A unit
    with fewer than `fewest` neighbours that have a value in the hour is not judged. Far: by more than
    `factor` robust standard deviations of the neighbours and more than `floor` in the unit of the value.
    """
    units = list(hours.columns)
    apart = distances(latitude[units].to_numpy(dtype=float), longitude[units].to_numpy(dtype=float))
    near = apart <= radius
    if height is not None:
        h = height[units].to_numpy(dtype=float)
        near &= np.abs(h[:, None] - h) < HEIGHT
    np.fill_diagonal(near, False)
    values = hours.to_numpy(dtype=float)
    marked = np.zeros(values.shape, dtype=bool)
    for k in range(len(units)):
        around = values[:, near[k]]
        judged = np.isfinite(around).sum(axis=1) >= fewest
        if not judged.any():
            continue
        rows = around[judged]
        middle = np.nanmedian(rows, axis=1)
        spread = MAD_TO_SD * np.nanmedian(np.abs(rows - middle[:, None]), axis=1)
        off = np.abs(values[judged, k] - middle)
        marked[np.flatnonzero(judged), k] = (off > factor * spread) & (off > floor)
    return pd.DataFrame(marked, index=hours.index, columns=hours.columns)


def out_of_step(hours: pd.DataFrame, *, lowest: float = CORRELATION) -> pd.Series:
    """Tell for each unit whether it correlates with the median of the others below `lowest` over the rows.

    hours: one row an hour (a month of them), one column a unit. A unit with fewer than 24 hours beside two
    others, or that never varies, is not judged (False).
    """
    result = {}
    for unit in hours.columns:
        others = hours.drop(columns=unit)
        middle = others.median(axis=1).where(others.notna().sum(axis=1) >= 2)
        x, y = paired(middle, hours[unit])
        judged = x.size >= 24 and np.ptp(x) > 0 and np.ptp(y) > 0
        result[unit] = bool(judged and np.corrcoef(x, y)[0, 1] < lowest)
    return pd.Series(result)


def disagree_with_reference(reference: pd.Series, sensor: pd.Series) -> pd.Series:
    """Mark pairs that contradict the reference: Cook's D > 4/n AND far off in both units and percent.

    Far: absolute and percent differences each above their median + 2 standard deviations. Source: US EPA
    sensortoolkit [V]. Indexed like the pairs that both sides have; marked, never removed from figures.
    """
    both = pd.concat([reference.rename("x"), sensor.rename("y")], axis=1, join="inner").dropna()
    x, y = both["x"].to_numpy(dtype=float), both["y"].to_numpy(dtype=float)
    n = x.size
    if n < 4 or np.ptp(x) == 0:
        return pd.Series(np.zeros(n, dtype=bool), index=both.index)
    dx = x - x.mean()
    slope = float(np.sum(dx * (y - y.mean())) / np.sum(dx * dx))
    rest = y - y.mean() - slope * dx
    leverage = 1.0 / n + dx * dx / np.sum(dx * dx)
    variance = np.sum(rest * rest) / (n - 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        cook = rest * rest * leverage / (2.0 * variance * (1.0 - leverage) ** 2)
        percent = 100.0 * np.abs(y - x) / np.abs(0.5 * (x + y))
    absolute = np.abs(y - x)
    far = (absolute > np.median(absolute) + 2.0 * absolute.std(ddof=1)) & (
        percent > np.nanmedian(percent) + 2.0 * np.nanstd(percent, ddof=1)
    )
    return pd.Series((cook > 4.0 / n) & far, index=both.index)
