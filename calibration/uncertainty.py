"""The interval of a published hour: how it is built, stated before it is judged.

A two-sigma interval from the residuals of the fit itself holds too little of the next week: neighbouring
hours are alike, so a week is a handful of independent days and not 168 independent hours, and the next
week's air is not this week's. The half-width of an hour is therefore, in quadrature,

    U² = r² + t²·zᵀVz + 4·(u_regime² + u_reference² + u_drift² + u_averaging²)

r      what the fit leaves over, from residuals in FORWARD blocks only: each block is predicted by a fit on
       the blocks before it, with a gap (calibration.colocation). Their absolute size is taken as
       absolute + relative·max(x̂, 0); the slope with the level is a robust line through the absolute
       residuals, drawn halfway back to a constant, since few blocks cannot tell a slope from one bad day.
       The scaled residuals' 90 % quantile, which a few blocks do show, is carried to 95 % of a NEW block
       by Student's t: × t(0.975, K)/t(0.95, K)·√(1 + 1/K), K the independent spells of weather in the
       stay: its days over 2.5, since the synoptic weather of mid-latitudes takes about five days to come
       round. This is split conformal prediction with the spell, not the hour, as the exchangeable unit,
       and t in place of the order statistic that K < 39 spells cannot give.
zᵀVz   the coefficients, V from a moving-block bootstrap of days and z the hour's own inputs: it grows by
       itself where humidity, temperature or level leave the range of the fit (change of regime). Its
       coverage factor is t(0.975, K), not 2, since V too was learnt from few spells.
       Between two stays the spells of both are counted together: K = K₀ + K₁.
u_regime  a change of regime: the slope of a regression depends on how much the air varied in its days.
       With noise on both sides the true line lies between the regression used and the one turned round
       (Frisch's bounds); in another regime it may be anywhere between: rectangular, |x̂ - x̂'|/√3. And a
       loan (a Bracket, not a bare Model) stands in other air than the bench, with other particles: ELSEWHERE,
       a share of the value, for the hours outside the stays [P]; 0 where a sensor never leaves the station.
u_reference, u_drift, u_averaging   calibration.md, section 9; see calibration.applying and .bracketing.

A day's mean keeps whole what its hours share: coefficients, regime, reference, drift, and the part of r that a
block has in common (`shared`); only the rest is divided by the number of hours.

The numbers that theory leaves open (halfway, 90 %, two days before the first scored block, spells of 2.5
days) were set on QUANT (two PM2.5 sensors, one NO2 analyser), AirQualityUCI (three gases) and the EPA
sample (PM2.5, O3), on the weeks before and after windows of 5, 7 and 9 days: the narrowest intervals, by
interval score, of which nine weeks in ten hold at least 90 % of their hours. The JRC units and the
simulated city serve as the test.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.models import Spread
from calibration.robust import solve
from calibration.student import quantiles, widening
from calibration.terms import Array

LEVEL_SHRINKAGE: Final = 0.5  # see above: halfway between a constant and the line through |residual|
SEEN_QUANTILE: Final = 0.90  # what a few blocks can show of the residuals
SPELL: Final = 2.5  # days: half the period of synoptic weather, see above
SMALLEST_SHARE: Final = 0.25  # of the mean |residual|: a floor, so that no level is given a width of zero
DAY: Final = 86400
# Relative standard uncertainty of other air than the bench's: particles of other kinds scatter otherwise, and
# coarse ones, which a small counter hardly sees, differ most between places; other interfering gases [P]
ELSEWHERE: Final[dict[str, float]] = {
    "pm1": 0.05,
    "pm25": 0.05,
    "pm10": 0.10,
    "no2": 0.05,
    "no": 0.05,
    "o3": 0.05,
    "co": 0.05,
    "so2": 0.05,
}
WHOLE: Final = (
    "parameters",
    "regime",
    "reference",
    "drift",
    "units",
)  # what the hours of a day share entirely


def spread(residual: Array, predicted: Array, at: NDArray[np.int64], *, days: float) -> Spread:
    """Describe residuals of forward blocks as a Spread, by the construction stated above.

    residual: reference minus prediction; predicted: x̂; at: seconds since 1970, all of the same length;
    days: length of the whole stay.
    """
    absolute, relative = by_level(np.abs(residual), np.maximum(predicted, 0.0))
    scaled = np.abs(residual) / (absolute + relative * np.maximum(predicted, 0.0))
    spells = max(days / SPELL, 1.0)
    factor = float(np.quantile(scaled, SEEN_QUANTILE)) * widening(spells)
    return Spread(
        absolute=absolute,
        relative=relative,
        factor=factor,
        spells=spells,
        parameter_factor=quantiles(spells)[0],
        shared=shared_part(residual, at),
    )


def by_level(size: Array, level: Array) -> tuple[float, float]:
    """Draw the line absolute + relative·level through absolute residuals, halfway back to a constant."""
    mean = max(float(np.mean(size)), 1e-9)
    if float(np.ptp(level)) <= 1e-9 * (float(np.max(level)) + 1e-300):
        return mean, 0.0
    line, _ = solve(np.column_stack([np.ones_like(level), level]), size)
    relative = min(max(LEVEL_SHRINKAGE * float(line[1]), 0.0), 1.0)
    absolute = max(mean - relative * float(np.mean(level)), SMALLEST_SHARE * mean)
    return absolute, relative


def shared_part(residual: Array, at: NDArray[np.int64]) -> float:
    """Give the share (0..1) of the residual variance that the hours of one day have in common.

    The mean of a day's residuals, squared, over the mean of their squares, weighted by hours.
    """
    day = np.unique(at // DAY, return_inverse=True)[1]
    n = np.bincount(day)
    total = float(np.sum(residual * residual))
    return float(np.sum(np.bincount(day, weights=residual) ** 2 / n)) / total if total > 0 else 1.0


def daily_uncertainty(parts: pd.DataFrame, *, shared: float) -> pd.DataFrame:
    """Give the daily means and their expanded uncertainty from the parts of hourly ones.

    parts: UTC DatetimeIndex of hours, the columns of calibration.explain: value, residual (half-width),
    parameters, regime, reference, drift, units and averaging (each already expanded). shared: Spread.shared. Returns
    columns value, expanded_uncertainty, n; NaN under 18 hours. The common part of the residuals,
    coefficients, reference and drift are averaged whole; the rest is divided by √n, never all of it.

    >>> at = pd.date_range("2026-01-01", periods=24, freq="h", tz="UTC")
    >>> hours = pd.DataFrame({"value": 10.0, "residual": 6.0, "parameters": 1.0, "regime": 0.0,
    ...                       "reference": 1.0, "drift": 1.0, "units": 0.0, "averaging": 0.0}, index=at)
    >>> daily_uncertainty(hours, shared=0.25)["expanded_uncertainty"].round(6).tolist()
    [3.622844]
    """
    valid = parts.dropna(subset=["value", "residual"])
    day = pd.DatetimeIndex(valid.index).floor("D").rename("day")
    n = valid["value"].groupby(day).size()
    whole = valid[["residual", *WHOLE]].groupby(day).mean()
    apart = (1.0 - shared) * valid["residual"] ** 2 + valid["averaging"] ** 2
    square = (
        shared * whole["residual"] ** 2
        + (whole[list(WHOLE)] ** 2).sum(axis=1)
        + apart.groupby(day).sum() / (n * n)
    )
    enough = n >= 18
    return pd.DataFrame(
        {
            "value": valid["value"].groupby(day).mean().where(enough),
            "expanded_uncertainty": square.pow(0.5).where(enough),
            "n": n,
        }
    )
