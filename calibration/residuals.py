"""What a fit leaves over on hours it has not seen: to look at against humidity, temperature, level and time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from calibration.applying import dissect, seconds
from calibration.blocks import forward_folds
from calibration.bracketing import line
from calibration.colocation import complete, out_of_block
from calibration.equivalence import ClassOfLimit
from calibration.models import Model
from calibration.objectives import objective
from calibration.terms import METHODS, growth


def forward_residuals(pairs: pd.DataFrame, *, method: str) -> pd.DataFrame:
    """Give the prediction of each hour by a fit on the blocks before its own.

    pairs: as for calibration.fit. Columns reference, predicted, residual (reference minus predicted), block and
    the inputs of the method; the hours of the first blocks, which only fit, are absent.
    """
    rule = METHODS[method]
    clean = complete(pairs, rule)
    columns = {name: clean[name].to_numpy(dtype=float) for name in rule.needs}
    reference = clean["reference"].to_numpy(dtype=float)
    rows, predicted, blocks = out_of_block(rule, columns, reference, forward_folds(seconds(clean.index)))
    found = clean.iloc[rows]
    return found.assign(predicted=predicted, residual=reference[rows] - predicted, block=blocks)


def breusch_pagan(residual: ArrayLike, level: ArrayLike) -> float:
    """Give the p-value that residuals scatter alike at all levels (Breusch and Pagan 1979, Koenker's form).

    Under 0.05 the spread depends on the level, as is usual for PM: calibration.Spread always lets it. nan where
    the level does not vary.
    """
    r, x = np.asarray(residual, dtype=float), np.asarray(level, dtype=float)
    if r.size < 3 or np.ptp(x) == 0 or np.ptp(r) == 0:
        return float("nan")
    r2 = float(np.corrcoef(r * r, x)[0, 1]) ** 2
    return float(special.chdtrc(1, r.size * r2))


def at_limit_value(model: Model, *, averaging: str = "") -> ClassOfLimit:
    """Give the relative expanded uncertainty of a corrected hour at the limit value, and its indicative class.

    At the middle of the covariates' domain, without drift and with a complete hour. extrapolated where the limit
    value lies outside the values of the fit. Never a certified class: a field co-location alone gives none.
    """
    target = objective(model.quantity, averaging=averaging)
    if target.limit_value is None:
        return ClassOfLimit(None, None, False, None)
    read = line(model)
    columns = {
        name: np.array([0.5 * (low + high)]) for name, (low, high) in model.domain.items() if name != "value"
    }
    signal = read.intercept + read.slope * target.limit_value
    if model.rule.signal == "dry":
        signal *= float(growth(columns["humidity"])[0])
    columns["raw"] = np.array([signal])
    found = dissect(model, seconds(pd.DatetimeIndex([model.ends_at])), columns)
    percent = 100.0 * float(found.expanded()[0]) / target.limit_value
    low, high = model.domain["value"]
    steps = enumerate((target.class_1, target.class_2, target.class_3), start=1)
    return ClassOfLimit(
        percent,
        target.limit_value,
        not low <= target.limit_value <= high,
        next((k for k, limit in steps if percent <= limit), None),
    )
