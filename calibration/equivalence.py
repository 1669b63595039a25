"""Regression and uncertainty of the Guide to the Demonstration of Equivalence (2010), as JRC's code has it.

calibration.md, section 11. x is the reference and y the sensor; relative uncertainties are divided by the
REFERENCE. The York implementation divides by the sensor (infinite at 0) and is kept here under its name
only to meet its published figures.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibration.metrics import ORTHOGONAL_GATE, paired
from calibration.objectives import Objective

SIGNIFICANT: Final = 2.0  # |b - 1| > 2u(b), |a| > 2u(a)
PARTICLE_PRECISION: Final = 2.5  # µg/m³, u(bs,s) of PM candidates in the GDE [M]
REFERENCE_PRECISION: Final = 2.0  # µg/m³, u(bs,RM) [M]


class Regression(NamedTuple):
    """A line y = intercept + slope·x with what the uncertainty needs from it."""

    kind: str
    n: int
    slope: float
    intercept: float
    slope_u: float
    intercept_u: float
    r2: float
    residual_variance: float  # RSS/(n - 2)
    lowest: float  # of the reference
    highest: float

    @property
    def slope_significant(self) -> bool:
        """Tell whether the slope differs from 1."""
        return abs(self.slope - 1.0) > SIGNIFICANT * self.slope_u

    @property
    def intercept_significant(self) -> bool:
        """Tell whether the intercept differs from 0."""
        return abs(self.intercept) > SIGNIFICANT * self.intercept_u


class NotMeaningful(ValueError):
    """An orthogonal fit where the two sides hardly correlate: it would follow the noise."""


def regression(
    reference: pd.Series | ArrayLike,
    sensor: pd.Series | ArrayLike,
    *,
    kind: str = "orthogonal",
    variance_ratio: float = 1.0,
    gate: float = ORTHOGONAL_GATE,
) -> Regression:
    """Fit y = a + b·x: "ols", "orthogonal", or "deming" with variance_ratio u²(sensor)/u²(reference).

    Pairs by index (Series) or position; at least three with a varying reference, else ValueError. Raises
    NotMeaningful for an orthogonal or Deming fit below R² `gate` (0.3; 0 to see it anyway).

    >>> regression([1, 2, 3, 4], [3, 5, 7, 9]).slope
    2.0
    """
    x, y = paired(reference, sensor)
    n = x.size
    dx, dy = (x - x.mean(), y - y.mean()) if n else (x, y)
    sxx, syy, sxy = float(np.sum(dx * dx)), float(np.sum(dy * dy)), float(np.sum(dx * dy))
    if n < 3 or sxx == 0.0 or syy == 0.0:
        raise ValueError(f"a regression needs three pairs that vary; there are {n}")
    r2 = sxy * sxy / (sxx * syy)
    if kind == "ols":
        slope = sxy / sxx
    elif kind in ("orthogonal", "deming"):
        if r2 < gate:
            raise NotMeaningful(f"R² is {r2:.2f}: below {gate} an orthogonal fit means nothing, use OLS")
        ratio = variance_ratio if kind == "deming" else 1.0
        apart = syy - ratio * sxx
        slope = (apart + float(np.sqrt(apart * apart + 4.0 * ratio * sxy * sxy))) / (2.0 * sxy)
    else:
        raise ValueError(f"kind is 'ols', 'orthogonal' or 'deming', not {kind!r}")
    intercept = float(y.mean()) - slope * float(x.mean())
    rest = y - intercept - slope * x
    slope_u2 = max(syy - sxy * sxy / sxx, 0.0) / ((n - 2) * sxx)  # rounding can leave a tiny negative
    return Regression(
        kind,
        n,
        slope,
        intercept,
        float(np.sqrt(slope_u2)),
        float(np.sqrt(slope_u2 * float(np.sum(x * x)) / n)),
        r2,
        float(np.sum(rest * rest)) / (n - 2),
        float(x.min()),
        float(x.max()),
    )


def relative_expanded_uncertainty(
    fitted: Regression, at: ArrayLike, *, between_references: float = 0.0, between_sensors: float = 0.0
) -> NDArray[np.float64]:
    """Give U_r(x) = 100·2·u/x in percent at reference values, u² = RSS/(n-2) - u²(bs,RM) + [a+(b-1)x]².

    between_references: u(bs,RM); a negative first difference counts as 0 (see residual_is_negative);
    between_sensors: u(bs,s), added where one unit stands for a type. nan at x <= 0.
    """
    x = np.asarray(at, dtype=float)
    noise = max(fitted.residual_variance - between_references**2, 0.0) + between_sensors**2
    bias = fitted.intercept + (fitted.slope - 1.0) * x
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(x > 0, 200.0 * np.sqrt(noise + bias * bias) / x, np.nan))


def residual_is_negative(fitted: Regression, *, between_references: float) -> bool:
    """Tell whether u(bs,RM) is too large to be true: it exceeds what sensor and reference differ by."""
    return fitted.residual_variance < between_references**2


def target_diagram(
    fitted: Regression, at: ArrayLike, *, between_references: float = 0.0, between_sensors: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split U_r for the modified target diagram: relative bias and random part, U_r = 100·√(bias² + random²)."""
    x = np.asarray(at, dtype=float)
    noise = max(fitted.residual_variance - between_references**2, 0.0) + between_sensors**2
    bias = 2.0 * (fitted.intercept / x + fitted.slope - 1.0)
    return bias, 2.0 * np.sqrt(noise) / x


class ClassOfLimit(NamedTuple):
    """The class that a device would have, indicative: only the standard's own procedure gives one."""

    uncertainty: float | None  # percent at the limit value
    limit_value: float | None
    extrapolated: bool  # the limit value lies outside the observed range
    number: int | None  # 1, 2, 3, or None: unclassified

    @property
    def french(self) -> str:
        """Word the class in French."""
        return f"classe {self.number}, à titre indicatif" if self.number else "non classé, à titre indicatif"

    @property
    def english(self) -> str:
        """Word the class in English."""
        return f"indicative class {self.number}" if self.number else "unclassified (indicative)"


def indicative_class(
    fitted: Regression, target: Objective, *, between_references: float = 0.0, between_sensors: float = 0.0
) -> ClassOfLimit:
    """Give U_r at the limit value and the class of CEN/TS 17660 that it would have (section 12.1)."""
    if target.limit_value is None:
        return ClassOfLimit(None, None, False, None)
    percent = float(
        relative_expanded_uncertainty(
            fitted, target.limit_value, between_references=between_references, between_sensors=between_sensors
        )
    )
    steps = enumerate((target.class_1, target.class_2, target.class_3), start=1)
    number = next((k for k, limit in steps if percent <= limit), None)
    return ClassOfLimit(
        percent, target.limit_value, not fitted.lowest <= target.limit_value <= fitted.highest, number
    )


def york_uncertainty(fitted: Regression, reference: float, sensor: float) -> float:
    """Give U_r of one pair in York's form (OLS, divided by the SENSOR value): an oracle's figure, not for use."""
    bias = fitted.intercept + (fitted.slope - 1.0) * reference
    return 200.0 * float(np.sqrt(fitted.residual_variance + bias * bias)) / sensor


def between_references(first: pd.Series | ArrayLike, second: pd.Series | ArrayLike) -> float:
    """Give u(bs,RM) of two references side by side: √(Σ(x₁ - x₂)²/(2n)); nan without pairs."""
    x, y = paired(first, second)
    return float(np.sqrt(np.sum((x - y) ** 2) / (2.0 * x.size))) if x.size else float("nan")


def between_sensors(units: pd.DataFrame) -> float:
    """Give u(bs,s) of M units side by side: √(ΣΣ(y_ij - ȳ_i)²/(n(M-1))), over rows where all are valid.

    units: one column a unit. nan below two units or without a complete row. Not the EPA's SD (N·M - 1).

    >>> between_sensors(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})) == 2.0 ** 0.5
    True
    """
    y = units.dropna().to_numpy(dtype=float)
    if y.shape[0] == 0 or y.shape[1] < 2:
        return float("nan")
    apart = y - y.mean(axis=1, keepdims=True)
    return float(np.sqrt(np.sum(apart * apart) / (y.shape[0] * (y.shape[1] - 1))))
