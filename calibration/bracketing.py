"""One loan between two co-locations: the drift is known, and each hour is corrected for its share of it.

calibration.md, section 8. With w = (t - t₀)/(t₁ - t₀), t₀ the end of the first stay at the bench and t₁
the start of the second, every coefficient is c(t) = (1-w)·c₀ + w·c₁ and its covariance
V(t) = (1-w)²·V₀ + w²·V₁.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.estimates import evaluate
from calibration.models import Model, instant
from calibration.terms import METHODS, TERMS, Array
from calibration.uncertainty import ELSEWHERE

WORKSHOP_DRIFT: Final = 0.30  # [P] section 8: beyond it the slope is not corrected, the sensor is repaired
SIGNIFICANT: Final = 2.0  # a drift counts where it exceeds this many times its standard uncertainty
DAYS_REPORTED: Final = 30.0
SECONDS_IN_A_DAY: Final = 86400.0


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """The calibration of one loan: a model before it, one after it once it is back, a step where one is known.

    Without `after` the loan is provisional. step_at (ISO 8601): a power cut or drop inside the loan; hours
    before it rest on `before` alone and hours from it on `after` alone. elsewhere: relative standard uncertainty
    of standing in other air than the bench's; by default that of the quantity (calibration.uncertainty.ELSEWHERE),
    0 for a sensor that stays beside the station. Raises ValueError where the two models are of different methods
    or in the wrong order.
    """

    before: Model
    after: Model | None = None
    step_at: str | None = None
    elsewhere: float | None = None

    def __post_init__(self) -> None:
        if self.elsewhere is None:
            object.__setattr__(self, "elsewhere", ELSEWHERE.get(self.before.quantity, 0.0))
        if self.after is None:
            return
        if self.after.method != self.before.method:
            raise ValueError(f"a {self.before.method} and a {self.after.method} cannot bracket a loan")
        if instant(self.after.starts_at) < instant(self.before.ends_at):
            raise ValueError("the second co-location starts before the first one ends")

    @property
    def provisional(self) -> bool:
        """Tell whether the second co-location is still missing or either fit is provisional itself."""
        return self.after is None or self.before.provisional or self.after.provisional

    def to_dict(self) -> dict[str, Any]:
        """Give the bracket as JSON types."""
        return {
            "before": self.before.to_dict(),
            "step_at": self.step_at,
            "elsewhere": self.elsewhere,
            "after": None if self.after is None else self.after.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Bracket:
        """Build a bracket from what to_dict gave."""
        after = data.get("after")
        return cls(
            before=Model.from_dict(data["before"]),
            step_at=data.get("step_at"),
            elsewhere=data.get("elsewhere"),
            after=None if after is None else Model.from_dict(after),
        )


class Line(NamedTuple):
    """A model as the line signal = intercept + slope·reference at fixed covariates, with uncertainties."""

    intercept: float
    slope: float
    intercept_u: float
    slope_u: float


class Drift(NamedTuple):
    """What changed between two co-locations; changes as second minus first, u their standard uncertainty."""

    intercept_change: float
    intercept_u: float
    slope_change: float
    slope_u: float
    relative_slope_change: float
    days: float

    @property
    def intercept_significant(self) -> bool:
        """Tell whether the intercept changed by more than twice its uncertainty."""
        return abs(self.intercept_change) > SIGNIFICANT * self.intercept_u

    @property
    def slope_significant(self) -> bool:
        """Tell whether the slope changed by more than twice its uncertainty."""
        return abs(self.slope_change) > SIGNIFICANT * self.slope_u

    @property
    def needs_workshop(self) -> bool:
        """Tell whether the slope drifted beyond what may be corrected (30 %)."""
        return abs(self.relative_slope_change) > WORKSHOP_DRIFT

    def per_30_days(self) -> tuple[float, float]:
        """Give the change of intercept and of slope per 30 days."""
        share = DAYS_REPORTED / self.days if self.days > 0 else float("nan")
        return self.intercept_change * share, self.slope_change * share


def line(model: Model, *, covariates: Mapping[str, float] | None = None) -> Line:
    """Read a model as a line at the middle of its domain, or at given covariates.

    A forward model x̂ = h + g·raw is turned around: slope 1/g, intercept -h/g, uncertainties to first order.
    """
    at = middle(model) | dict(covariates or {})
    columns = {name: np.array([at[name]]) for name in model.rule.needs if name != "raw"}
    columns["raw"] = np.zeros(1)
    v = np.array(model.covariance)
    if model.rule.direction == "inverse":
        z = np.array([TERMS[name].value(columns)[0] for name in model.rule.terms])
        c = np.array([model.coefficients[name] for name in model.rule.terms])
        return Line(
            float(z @ c),
            model.coefficients["slope"],
            float(np.sqrt(z @ v[:-1, :-1] @ z)),
            float(np.sqrt(v[-1, -1])),
        )
    c = np.array([model.coefficients[name] for name in model.names])
    z = np.array([TERMS[name].value(columns)[0] for name in model.names])
    dz = np.array([float(np.ravel(TERMS[name].gain(columns))[0]) for name in model.names])
    h, g = float(sum(z * c)), float(sum(dz * c))  # a plain sum: the same bits on every processor
    by_coefficient = -z / g + h * dz / (g * g)  # of -h/g
    return Line(
        -h / g,
        1.0 / g,
        float(np.sqrt(by_coefficient @ v @ by_coefficient)),
        float(np.sqrt(dz @ v @ dz)) / (g * g),
    )


def middle(model: Model) -> dict[str, float]:
    """Give the middle of the domain of each covariate of a model."""
    return {name: 0.5 * (low + high) for name, (low, high) in model.domain.items() if name != "value"}


def drift(before: Model, after: Model) -> Drift:
    """Compare two co-locations of one sensor, at the same covariates (the middle of the first domain).

    u(Δ)² = u₀² + u₁² (calibration.md, section 8); days from the end of the first to the start of the second.
    """
    first, second = line(before), line(after, covariates=middle(before))
    return Drift(
        intercept_change=second.intercept - first.intercept,
        intercept_u=float(np.hypot(first.intercept_u, second.intercept_u)),
        slope_change=second.slope - first.slope,
        slope_u=float(np.hypot(first.slope_u, second.slope_u)),
        relative_slope_change=second.slope / first.slope - 1.0,
        days=(instant(after.starts_at) - instant(before.ends_at)) / SECONDS_IN_A_DAY,
    )


def drift_history(drifts: Sequence[Drift]) -> float:
    """Give the typical relative drift per day of a sensor model from its past loans (ρ of section 9).

    The root mean square about zero, since the loans to come are not corrected by its mean; 0.0 of no loan.
    """
    rates = [d.relative_slope_change / d.days for d in drifts if d.days > 0]
    return float(np.sqrt(np.mean(np.square(rates)))) if rates else 0.0


def weights(bracket: Bracket, at: NDArray[np.int64]) -> Array:
    """Give w for each time (seconds since 1970): 0 up to the first stay's end, 1 from the second's start."""
    if bracket.after is None:
        return np.zeros(at.shape)
    if bracket.step_at is not None:
        return np.where(at >= instant(bracket.step_at), 1.0, 0.0)
    start, end = instant(bracket.before.ends_at), instant(bracket.after.starts_at)
    if end <= start:
        return np.where(at >= end, 1.0, 0.0)
    return np.minimum(np.maximum((at - start) / float(end - start), 0.0), 1.0)


def interpolate(bracket: Bracket, w: Array) -> dict[str, Array]:
    """Give each coefficient at the weights w."""
    assert bracket.after is not None
    first, second = bracket.before.coefficients, bracket.after.coefficients
    return {name: (1.0 - w) * first[name] + w * second[name] for name in bracket.before.names}


def end_values(bracket: Bracket, columns: Mapping[str, Array]) -> tuple[Array, Array]:
    """Give the values that each side alone would have given (x̂₀ and x̂₁ of section 9)."""
    assert bracket.after is not None
    rule = METHODS[bracket.before.method]
    return (
        evaluate(rule, bracket.before.coefficients, columns).value,
        evaluate(rule, bracket.after.coefficients, columns).value,
    )
