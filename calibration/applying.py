"""Apply a calibration to hours: the published value, its expanded uncertainty and the flags, nothing else.

A pure function of numbers that JSON carries exactly; see calibration.terms for why it is the same to the
last bit everywhere, and calibration.uncertainty for what the interval is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.bracketing import Bracket, drift, end_values, interpolate, weights
from calibration.estimates import Estimate, evaluate, parameter_variance
from calibration.flags import Flag
from calibration.models import Model, instant
from calibration.student import quantiles, widening
from calibration.terms import HUMIDITY_CLIP, Array, Columns

COVERAGE_FACTOR: Final = 2.0  # k of U = k·u, about 95 % (GUM 6.2)
SECONDS_IN_A_DAY: Final = 86400.0
DOMAIN_MARGIN: Final = 0.05  # share of the range of each covariate beyond which a fit no longer holds
OF_THE_MEAN: Final = ("sd", "n", "coverage")


PARTS: Final = ("residual", "parameters", "regime", "reference", "drift", "units", "averaging")


class Parts(NamedTuple):
    """Arrays over hours: the value and the SQUARES of the expanded parts of its uncertainty, and flags."""

    value: Array
    residual: Array
    parameters: Array
    regime: Array
    reference: Array
    drift: Array
    units: Array
    averaging: Array
    flags: NDArray[np.int32]

    def expanded(self) -> Array:
        """Join the parts in quadrature."""
        total: Array = (
            self.residual
            + self.parameters
            + self.regime
            + self.reference
            + self.drift
            + self.units
            + self.averaging
        )
        return np.sqrt(total)


def apply(calibration: Model | Bracket, hours: pd.DataFrame) -> pd.DataFrame:
    """Correct hourly means; returns columns value, expanded_uncertainty, flags.

    calibration: a model of one co-location, or the bracket of a loan. hours: UTC DatetimeIndex of hour
    starts; column raw (hourly mean of the signal) and those that the method needs (humidity in %,
    temperature in °C, ...); optional columns sd and n (of the readings in the hour) and coverage (0..1) add
    the uncertainty of an incomplete average. Rows keep their order. value is NaN, with flag NO_COVARIATE,
    where an input is missing; KeyError where a needed column is absent. The uncertainty is expanded
    (about 95 %). Source: calibration.md, sections 8 and 9.
    """
    found = dissect(calibration, seconds(hours.index), inputs(calibration, hours))
    return pd.DataFrame(
        {"value": found.value, "expanded_uncertainty": found.expanded(), "flags": found.flags},
        index=hours.index,
    )


def explain(calibration: Model | Bracket, hours: pd.DataFrame) -> pd.DataFrame:
    """Give what apply gives and, beside it, each expanded part of the uncertainty.

    Columns value, expanded_uncertainty, flags, residual, parameters, regime, reference, drift,
    units, averaging.
    """
    found = dissect(calibration, seconds(hours.index), inputs(calibration, hours))
    sizes = {name: np.sqrt(getattr(found, name)) for name in PARTS}
    return apply(calibration, hours).assign(**sizes)


def inputs(calibration: Model | Bracket, hours: pd.DataFrame) -> dict[str, Array]:
    """Take the columns that a calibration reads as arrays of floats."""
    wanted = [*first(calibration).rule.needs, *(name for name in OF_THE_MEAN if name in hours.columns)]
    return {name: hours[name].to_numpy(dtype=float) for name in wanted}


def first(calibration: Model | Bracket) -> Model:
    """Give the model itself, or the one before the loan."""
    return calibration.before if isinstance(calibration, Bracket) else calibration


def dissect(calibration: Model | Bracket, at: NDArray[np.int64], columns: Columns) -> Parts:
    """Do the work of apply on arrays: at in seconds since 1970 (UTC), columns by name."""
    if isinstance(calibration, Bracket) and calibration.after is not None:
        return _between(calibration, calibration.after, at, columns)
    model = first(calibration)
    estimate = evaluate(model.rule, model.coefficients, columns)
    away = days_outside(at, model.starts_at, model.ends_at)
    drifted = COVERAGE_FACTOR * (estimate.value * (model.drift_per_day * away))
    return Parts(
        estimate.value,
        residual(model, estimate.value),
        parameters(model, estimate),
        regime(model, columns, estimate.value) + elsewhere(calibration, away > 0.0, estimate.value),
        reference(model, estimate.value),
        drifted * drifted,
        between_units(model, estimate),
        averaging(estimate, columns),
        qualifiers(model.rule.needs, model.domain, columns, estimate.value),
    )


def _between(bracket: Bracket, after: Model, at: NDArray[np.int64], columns: Columns) -> Parts:
    before = bracket.before
    broken = drift(before, after).needs_workshop
    w = np.zeros(at.shape) if broken else weights(bracket, at)
    estimate = evaluate(before.rule, interpolate(bracket, w), columns)
    x0, x1 = end_values(bracket, columns)
    rest = 1.0 - w
    if broken:
        share: Array = np.full(at.shape, 1.0 / 3.0)  # not corrected: the whole difference, rectangular
    else:
        share = w * rest / 3.0
    steady = COVERAGE_FACTOR * COVERAGE_FACTOR * ((x0 - x1) * (x0 - x1)) * share
    away = days_outside(at, before.starts_at, after.ends_at)
    if bracket.step_at is not None:
        away = np.where(
            w == 0.0,
            days_outside(at, before.starts_at, before.ends_at),
            days_outside(at, after.starts_at, after.ends_at),
        )
    lone = COVERAGE_FACTOR * (estimate.value * (max(before.drift_per_day, after.drift_per_day) * away))
    domain = {
        name: (min(low, after.domain[name][0]), max(high, after.domain[name][1]))
        for name, (low, high) in before.domain.items()
    }
    flags = qualifiers(before.rule.needs, domain, columns, estimate.value)
    loan = (at >= instant(before.ends_at)) & (at < instant(after.starts_at)) | (away > 0.0)
    if broken:
        flags |= np.where(loan, np.int32(Flag.DRIFT), np.int32(0))
    value = estimate.value
    (r0, p0), (r1, p1) = narrower(before, after), narrower(after, before)
    return Parts(
        value,
        rest * r0 * residual(before, value) + w * r1 * residual(after, value),
        rest * rest * p0 * parameters(before, estimate) + w * w * p1 * parameters(after, estimate),
        rest * regime(before, columns, x0) + w * regime(after, columns, x1) + elsewhere(bracket, loan, value),
        rest * reference(before, value) + w * reference(after, value),
        steady + lone * lone,
        rest * between_units(before, estimate) + w * between_units(after, estimate),
        averaging(estimate, columns),
        flags,
    )


def narrower(model: Model, other: Model) -> tuple[float, float]:
    """Give by how much the squares of residual and parameters shrink where another stay's spells count too."""
    own, both = model.spread.spells, model.spread.spells + other.spread.spells
    if model.spread.spells == 0.0 or other.spread.spells == 0.0:
        return 1.0, 1.0
    residuals, coefficients = (
        widening(both) / widening(own),
        quantiles(both)[0] / model.spread.parameter_factor,
    )
    return residuals * residuals, coefficients * coefficients


def residual(model: Model, value: Array) -> Array:
    """Give the squared half-width of what the fit left over (calibration.uncertainty)."""
    spread = model.spread
    width: Array = spread.factor * (spread.absolute + spread.relative * np.maximum(value, 0.0))
    return width * width


def parameters(model: Model, estimate: Estimate) -> Array:
    """Give the squared expanded uncertainty from the coefficients."""
    k = model.spread.parameter_factor
    return k * k * parameter_variance(estimate, model.covariance)


def regime(model: Model, columns: Columns, value: Array) -> Array:
    """Give the squared expanded uncertainty from a change of regime: the fit turned the other way round.

    The true line lies between the two regressions (Frisch 1934) and where depends on how much the air
    varies; rectangular between them, seen from the one that is used: 2·|difference|/√3.
    """
    if not model.companion:
        return np.zeros_like(value)
    away = evaluate(model.rule, model.companion, columns).value - value
    result: Array = (COVERAGE_FACTOR * COVERAGE_FACTOR / 3.0) * (away * away)
    return result


def elsewhere(calibration: Model | Bracket, away: NDArray[np.bool_], value: Array) -> Array:
    """Give the squared expanded uncertainty of standing in other air than the bench's: on loan, where `away`."""
    if not isinstance(calibration, Bracket):
        return np.zeros_like(value)
    u: Array = COVERAGE_FACTOR * (calibration.elsewhere or 0.0) * np.where(away, value, 0.0)
    return u * u


def reference(model: Model, value: Array) -> Array:
    """Give the squared expanded uncertainty of the reference: the larger of absolute and relative."""
    absolute, relative = model.reference_uncertainty
    u: Array = COVERAGE_FACTOR * np.maximum(absolute, relative * np.abs(value))
    return u * u


def between_units(model: Model, estimate: Estimate) -> Array:
    """Give the squared expanded uncertainty of a unit that was not fitted itself: u(bs,s)²/b², section 9."""
    u: Array = COVERAGE_FACTOR * model.between_units * estimate.gain
    return u * u


def averaging(estimate: Estimate, columns: Columns) -> Array:
    """Give the squared expanded uncertainty of an hourly mean that some readings are missing from.

    sd²/n·(1 - coverage), the finite-population form: 0 for a complete hour, whose own noise the residuals
    of the fit already hold.
    """
    if not set(OF_THE_MEAN) <= set(columns):
        return np.zeros_like(estimate.value)
    n = np.maximum(columns["n"], 1.0)
    u = COVERAGE_FACTOR * np.where(np.isnan(columns["sd"]), 0.0, columns["sd"]) * estimate.gain
    result: Array = (u * u) / n * np.maximum(1.0 - columns["coverage"], 0.0)
    return result


def qualifiers(
    needs: tuple[str, ...], domain: Mapping[str, tuple[float, float]], columns: Columns, value: Array
) -> NDArray[np.int32]:
    """Flag hours outside the domain of the fit, in saturated air, or without a needed input."""
    flags = np.zeros(value.shape, dtype=np.int32)
    for name, (low, high) in domain.items():
        covariate = value if name == "value" else columns[name]
        margin = DOMAIN_MARGIN * (high - low)
        outside = (covariate < low - margin) | (covariate > high + margin)
        flags[outside] |= np.int32(Flag.EXTRAPOLATED)
    for name in needs:
        if name != "raw":
            flags[np.isnan(columns[name])] |= np.int32(Flag.NO_COVARIATE)
    if "humidity" in needs:
        flags[columns["humidity"] > HUMIDITY_CLIP] |= np.int32(Flag.HUMIDITY)
    return flags


def days_outside(at: NDArray[np.int64], starts_at: str, ends_at: str) -> Array:
    """Give the days since the end of a period or, before it, until its start; 0 inside."""
    late = (at - instant(ends_at)) / SECONDS_IN_A_DAY
    early = (instant(starts_at) - at) / SECONDS_IN_A_DAY
    return np.maximum(np.maximum(late, early), 0.0)


def seconds(index: pd.Index) -> NDArray[np.int64]:
    """Give the seconds since 1970 of a DatetimeIndex (UTC where it has no zone)."""
    at: NDArray[np.int64] = pd.DatetimeIndex(index).as_unit("s").asi8
    return at


def apply_each(
    calibrations: Mapping[int, Model | Bracket], hours: pd.DataFrame, *, by: str = "calibration_id"
) -> pd.DataFrame:
    """Apply to each row the calibration that its column `by` names; rows without one are UNCALIBRATED.

    calibrations: by identifier; hours: as for apply, with the column `by` (missing where there is none) and
    any number of units. A calibration whose covariate no row carries gives NaN and NO_COVARIATE. The work
    is one pass of arrays for each calibration, never for each row: under 1 µs a row on long series.
    """
    size = len(hours)
    keys = pd.to_numeric(hours[by]).fillna(-1).to_numpy(dtype=np.int64)
    at = seconds(hours.index)
    value, uncertainty = np.full(size, np.nan), np.full(size, np.nan)
    flags = np.full(size, int(Flag.UNCALIBRATED), dtype=np.int32)
    arrays: dict[str, Array] = {}
    sorted_already = bool((keys[1:] >= keys[:-1]).all())
    order = np.arange(size) if sorted_already else np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    for begin, end in zip([0, *edges], [*edges, size], strict=True):
        if begin == end:
            continue
        rows: slice | NDArray[np.int64] = slice(begin, end) if sorted_already else order[begin:end]
        calibration = calibrations.get(int(keys[order[begin]]))
        if calibration is None:
            continue
        columns = {}
        for name in (*first(calibration).rule.needs, *OF_THE_MEAN):
            if name not in arrays:
                if name not in hours.columns and name != "raw":
                    if name not in OF_THE_MEAN:
                        columns[name] = np.full(end - begin, np.nan)
                    continue
                arrays[name] = hours[name].to_numpy(dtype=float)
            columns[name] = arrays[name][rows]
        found = dissect(calibration, at[rows], columns)
        value[rows], uncertainty[rows], flags[rows] = found.value, found.expanded(), found.flags
    return pd.DataFrame(
        {"value": value, "expanded_uncertainty": uncertainty, "flags": flags}, index=hours.index
    )
