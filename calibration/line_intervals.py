"""Intervals of OLS and orthogonal lines by a moving-block bootstrap: neighbours in time are not independent.

Künsch 1989; calibration.md, section 7: naive intervals on hourly data are far too narrow. Both fits are closed
forms of six sums (section 11), so that a draw is a sum of the sums of its blocks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from calibration.applying import seconds
from calibration.blocks import BOOTSTRAP_DRAWS, DAY, HOUR, bootstrap
from calibration.drift_watch import Trend
from calibration.metrics import ORTHOGONAL_GATE

BLOCK: Final = 2 * DAY  # hours come in blocks of 24-72 h
FEWEST_BLOCKS: Final = 4  # below it the interval would be a matter of luck
LEVEL: Final = (0.025, 0.975)

Interval = tuple[float, float]


class LineIntervals(NamedTuple):
    """95 % intervals of both lines; None where the data cannot give them."""

    slope: Interval | None
    intercept: Interval | None
    orthogonal_slope: Interval | None
    orthogonal_intercept: Interval | None
    block_hours: float
    draws: int


def line_intervals(
    reference: pd.Series,
    sensor: pd.Series,
    *,
    block: int = BLOCK,
    draws: int = BOOTSTRAP_DRAWS,
    seed: int = 0,
) -> LineIntervals:
    """Give the 95 % intervals of sensor = a + b·reference by moving blocks of `block` seconds.

    reference, sensor: paired by a UTC DatetimeIndex of hours or days. None for all below four blocks or where the
    reference does not vary, for the orthogonal line also below R² 0.3.
    """
    both = pd.concat([reference.rename("x"), sensor.rename("y")], axis=1, join="inner").dropna().sort_index()
    nothing = LineIntervals(None, None, None, None, block / HOUR, draws)
    if len(both) < 3:
        return nothing
    at = seconds(both.index)
    step = int(np.median(np.diff(at)))
    span = int(at[-1] - at[0]) + step
    if span < FEWEST_BLOCKS * block:
        return nothing
    middle = both.mean()
    x = both["x"].to_numpy(dtype=float) - float(middle["x"])  # centred: sums of squares keep their digits
    y = both["y"].to_numpy(dtype=float) - float(middle["y"])
    rows = np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    running = np.vstack([np.zeros(6), np.cumsum(rows, axis=0)])
    ends = np.searchsorted(at, at + block, side="left")
    inside = at + block <= at[-1] + step
    sums = (running[ends] - running[np.arange(at.size)])[inside]
    count = max(round(span / block), 2)
    rng = np.random.default_rng(seed)
    n, sx, sy, sxx, syy, sxy = sums[rng.integers(0, len(sums), size=(draws, count))].sum(axis=1).T
    mx, my = sx / n, sy / n
    vx, vy, vxy = sxx - n * mx * mx, syy - n * my * my, sxy - n * mx * my
    kept = vx > 1e-12 * max(float(np.max(vx)), 1e-300)
    if not kept.any() or float(np.max(vx)) == 0.0:
        return nothing
    mx, my, vx, vy, vxy = (part[kept] for part in (mx, my, vx, vy, vxy))
    x0, y0 = float(middle["x"]), float(middle["y"])
    slope = vxy / vx
    intercept = (my + y0) - slope * (mx + x0)
    whole_x, whole_y = x - x.mean(), y - y.mean()
    top = float(np.sum(whole_x * whole_y)) ** 2
    bottom = float(np.sum(whole_x * whole_x) * np.sum(whole_y * whole_y))
    wider = widened(span / block, parameters=2)
    across: tuple[Interval | None, Interval | None] = (None, None)
    if bottom > 0 and top / bottom >= ORTHOGONAL_GATE:
        with np.errstate(divide="ignore", invalid="ignore"):
            steep = (vy - vx + np.sqrt((vy - vx) ** 2 + 4.0 * vxy * vxy)) / (2.0 * vxy)
        start = (my + y0) - steep * (mx + x0)
        across = (_ends(steep, wider), _ends(start, wider))
    return LineIntervals(_ends(slope, wider), _ends(intercept, wider), *across, block / HOUR, draws)


def widened(blocks: float, *, parameters: int) -> float:
    """Give the factor that a percentile interval of few blocks lacks: √(m/(m - p)) · t₀.₉₇₅(m - p)/1.96.

    A month holds only some fifteen blocks of two days: the draws scatter as if no parameter had been fitted and as if
    their spread were known.

    >>> round(widened(15, parameters=2), 3)
    1.184
    """
    free = max(blocks - parameters, 1.0)
    return float(np.sqrt(blocks / free) * special.stdtrit(free, LEVEL[1]) / special.ndtri(LEVEL[1]))


def _ends(values: NDArray[np.float64], wider: float) -> Interval | None:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return None
    low, middle, high = np.quantile(finite, (LEVEL[0], 0.5, LEVEL[1]))
    return float(middle - wider * (middle - low)), float(middle + wider * (high - middle))


def drift_interval(
    reference: pd.Series, sensor: pd.Series, *, beside: dict[str, pd.Series] | None = None, seed: int = 0
) -> Trend:
    """Give the drift of a sensor per 30 days beside a reference, with its 95 % interval.

    The coefficient of time in sensor = a + b·reference + c·time (+ humidity, its product with the reference,
    temperature, where `beside` has them), so that neither a change of the air nor of the weather is taken for
    drift; the interval by moving blocks of two days. In the sensor's unit; nan below four blocks. reference, sensor,
    beside: UTC DatetimeIndex of hours.
    """
    nothing = Trend(float("nan"), float("nan"), float("nan"))
    both = pd.concat(
        [reference.rename("x"), sensor.rename("y"), *(s.rename(name) for name, s in (beside or {}).items())],
        axis=1,
        join="inner",
    )
    both = both.dropna().sort_index()
    if len(both) < 3:
        return nothing
    at = seconds(both.index)
    if int(at[-1] - at[0]) + HOUR < FEWEST_BLOCKS * BLOCK:
        return nothing
    x = both["x"].to_numpy(dtype=float)
    if np.ptp(x) == 0:
        return nothing
    columns = [np.ones_like(x), (at - at.mean()) / (30.0 * DAY), x]
    if "humidity" in both:
        humidity = both["humidity"].to_numpy(dtype=float) / 100.0
        columns += [humidity, humidity * x]
    if "temperature" in both:
        columns.append(both["temperature"].to_numpy(dtype=float))
    design = np.column_stack([c for k, c in enumerate(columns) if k == 0 or np.ptp(c) > 0])
    y = both["y"].to_numpy(dtype=float)
    drawn = bootstrap(design, y, np.ones_like(y), at, seed=seed, block=BLOCK)[:, 1]
    ends = _ends(drawn, widened((at[-1] - at[0] + HOUR) / BLOCK, parameters=design.shape[1]))
    if ends is None:
        return nothing
    return Trend(float(np.linalg.lstsq(design, y, rcond=None)[0][1]), *ends)
