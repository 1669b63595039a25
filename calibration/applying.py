"""Apply a model to hours: the published value, its expanded uncertainty and the flags, and nothing else.

A pure function of numbers that JSON carries exactly; see calibration.terms for why it is the same to the
last bit everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.flags import Flag
from calibration.models import Model
from calibration.terms import HUMIDITY_CLIP, TERMS, Array, Columns

COVERAGE_FACTOR: Final = 2.0  # k of U = k·u, about 95 % (GUM 6.2)
SECONDS_IN_A_DAY: Final = 86400.0
DOMAIN_MARGIN: Final = 0.05  # share of the range of each covariate within which a fit still holds


class Estimate(NamedTuple):
    """Arrays of one model over hours: value, the parts of its uncertainty and how it moves with raw."""

    value: Array
    parameters: Array  # variance from the coefficients
    gain: Array  # d value / d raw


def apply(model: Model, hours: pd.DataFrame) -> pd.DataFrame:
    """Correct hourly means with a model; returns columns value, expanded_uncertainty, flags.

    hours: UTC DatetimeIndex of hour starts; column raw (hourly mean of the signal) and those that the
    method needs (humidity in %, temperature in °C, ...); optional columns sd and n (of the readings in the
    hour) and coverage (0..1) add the uncertainty of an incomplete average. Rows keep their order and may
    belong to several units that share the model. value is NaN, with flag NO_COVARIATE, where an input is
    missing; KeyError where a needed column is absent. The uncertainty is expanded (k = 2, about 95 %).
    Source: calibration.md, section 9.
    """
    columns = {name: hours[name].to_numpy(dtype=float) for name in hours.columns
               if name in WANTED or name in model.rule.needs}
    value, expanded, flags = apply_arrays(model, seconds(hours.index), columns)
    return pd.DataFrame({"value": value, "expanded_uncertainty": expanded, "flags": flags},
                        index=hours.index)


WANTED: Final = ("sd", "n", "coverage")


def apply_arrays(
    model: Model, at: NDArray[np.int64], columns: Columns
) -> tuple[Array, Array, NDArray[np.int32]]:
    """Do what apply does on arrays: at in seconds since 1970 (UTC), columns by name."""
    estimate = evaluate(model, columns)
    days = (at - instant(model.ends_at)) / SECONDS_IN_A_DAY
    early = (instant(model.starts_at) - at) / SECONDS_IN_A_DAY
    away = np.maximum(np.maximum(days, early), 0.0)
    drift = estimate.value * (model.drift_per_day * away)
    variance = parts(model, estimate) + drift * drift + averaging(estimate, columns)
    return estimate.value, expanded(model, estimate.value, variance), qualifiers(model, columns, estimate)


def evaluate(model: Model, columns: Columns) -> Estimate:
    """Compute the corrected value, the variance that the coefficients give it, and its gain on raw."""
    rule, coefficients = model.rule, model.coefficients
    design = [TERMS[name].value(columns) for name in rule.terms]
    total: Array = np.zeros_like(columns["raw"])
    gain: Array = np.zeros_like(total)
    for name, column in zip(rule.terms, design, strict=True):
        total = total + coefficients[name] * column
        gain = gain + coefficients[name] * TERMS[name].gain(columns)
    if rule.direction == "forward":
        return Estimate(total, quadratic(model.covariance, design), gain)
    slope = coefficients["slope"]
    signal = TERMS[rule.signal]
    value = (signal.value(columns) - total) / slope
    parameters = quadratic(model.covariance, [*design, value]) / (slope * slope)
    return Estimate(value, parameters, (signal.gain(columns) - gain) / slope)


def quadratic(covariance: tuple[tuple[float, ...], ...], design: list[Array]) -> Array:
    """Give zᵀVz for each row, term by term in a fixed order (no matrix product)."""
    total = np.zeros_like(design[0])
    for i, first in enumerate(design):
        total = total + covariance[i][i] * (first * first)
        for j in range(i):
            total = total + (2.0 * covariance[i][j]) * (first * design[j])
    return np.maximum(total, 0.0)


def parts(model: Model, estimate: Estimate) -> Array:
    """Sum the variances of coefficients and reference."""
    absolute, relative = model.reference_uncertainty
    reference: Array = np.maximum(absolute, relative * np.abs(estimate.value))
    return estimate.parameters + reference * reference


def averaging(estimate: Estimate, columns: Columns) -> Array:
    """Give the variance of an hourly mean that some readings of the hour are missing from.

    sd²/n·(1 - coverage), the finite-population form: 0 for a complete hour, whose own noise the residuals
    of the fit already hold.
    """
    if not {"sd", "n", "coverage"} <= set(columns):
        return np.zeros_like(estimate.value)
    n = np.maximum(columns["n"], 1.0)
    spread = np.where(np.isnan(columns["sd"]), 0.0, columns["sd"]) * estimate.gain
    return (spread * spread) / n * np.maximum(1.0 - columns["coverage"], 0.0)


def expanded(model: Model, value: Array, variance: Array) -> Array:
    """Join the half-width of the residuals with twice the square root of the other variances."""
    spread = model.spread
    residual = spread.factor * (spread.absolute + spread.relative * np.maximum(value, 0.0))
    factor = COVERAGE_FACTOR * COVERAGE_FACTOR
    return np.sqrt(residual * residual + factor * variance)


def qualifiers(model: Model, columns: Columns, estimate: Estimate) -> NDArray[np.int32]:
    """Flag hours outside the domain of the fit, in saturated air, or without a needed input."""
    flags = np.zeros(estimate.value.shape, dtype=np.int32)
    for name, (low, high) in model.domain.items():
        covariate = estimate.value if name == "value" else columns[name]
        margin = DOMAIN_MARGIN * (high - low)
        outside = (covariate < low - margin) | (covariate > high + margin)
        flags |= np.where(outside, np.int32(Flag.EXTRAPOLATED), np.int32(0))
    for name in model.rule.needs:
        if name != "raw":
            flags |= np.where(np.isnan(columns[name]), np.int32(Flag.NO_COVARIATE), np.int32(0))
    if "humidity" in model.rule.needs:
        flags |= np.where(columns["humidity"] > HUMIDITY_CLIP, np.int32(Flag.HUMIDITY), np.int32(0))
    return flags


def instant(text: str) -> int:
    """Read an ISO 8601 time as seconds since 1970 (UTC where it says no zone)."""
    found = pd.Timestamp(text)
    return int((found.tz_localize("UTC") if found.tzinfo is None else found).timestamp())


def seconds(index: pd.Index) -> NDArray[np.int64]:
    """Give the seconds since 1970 of a DatetimeIndex (UTC where it has no zone)."""
    at: NDArray[np.int64] = pd.DatetimeIndex(index).as_unit("s").asi8
    return at


def apply_each(
    models: Mapping[int, Model], hours: pd.DataFrame, *, by: str = "calibration_id"
) -> pd.DataFrame:
    """Apply to each row the model that its column `by` names; rows without one get NaN and UNCALIBRATED.

    models: by identifier; hours: as for apply, with the column `by` (missing where there is none) and any
    number of units. The work is one pass of arrays for each model, not for each row.
    """
    size = len(hours)
    keys = pd.to_numeric(hours[by]).fillna(-1).to_numpy(dtype=np.int64)
    at = seconds(hours.index)
    value, uncertainty = np.full(size, np.nan), np.full(size, np.nan)
    flags = np.full(size, int(Flag.UNCALIBRATED), dtype=np.int32)
    arrays = {name: hours[name].to_numpy(dtype=float) for name in hours.columns if name != by
              and hours[name].dtype.kind in "fiu"}
    order = np.argsort(keys, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1) if size else []:
        model = models.get(int(keys[rows[0]]))
        if model is None:
            continue
        wanted = {name for name in (*model.rule.needs, *WANTED) if name in arrays}
        columns = {name: arrays[name][rows] for name in wanted}
        value[rows], uncertainty[rows], flags[rows] = apply_arrays(model, at[rows], columns)
    return pd.DataFrame({"value": value, "expanded_uncertainty": uncertainty, "flags": flags},
                        index=hours.index)
