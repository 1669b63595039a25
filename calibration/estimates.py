"""Evaluate a linear correction and the variance that its coefficients give it, in elementwise arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from calibration.terms import TERMS, Array, Columns, Method


class Estimate(NamedTuple):
    """Arrays over hours: the value, its design (for the covariance), and how it moves with raw."""

    value: Array
    design: tuple[Array, ...]
    divisor: Array | float  # what zᵀVz is divided by: slope², or 1 for a forward method
    gain: Array


def evaluate(rule: Method, coefficients: Mapping[str, float | Array], columns: Columns) -> Estimate:
    """Compute corrected values; a coefficient may be one number or one for each hour.

    Forward: x̂ = Σ cₖ·zₖ. Inverse: x̂ = (signal - Σ cₖ·zₖ)/slope; its design ends with x̂ itself, since
    ∂x̂/∂slope = -x̂/slope (calibration.md, section 9).
    """
    design = [TERMS[name].value(columns) for name in rule.terms]
    total: Array = np.zeros_like(columns["raw"])
    gain: Array = np.zeros_like(total)
    for name, column in zip(rule.terms, design, strict=True):
        total = total + coefficients[name] * column
        gain = gain + coefficients[name] * TERMS[name].gain(columns)
    if rule.direction == "forward":
        return Estimate(total, tuple(design), 1.0, gain)
    slope = coefficients["slope"]
    signal = TERMS[rule.signal]
    value: Array = (signal.value(columns) - total) / slope
    return Estimate(value, (*design, value), slope * slope, (signal.gain(columns) - gain) / slope)


def parameter_variance(estimate: Estimate, covariance: tuple[tuple[float, ...], ...]) -> Array:
    """Give zᵀVz over the divisor for each hour, term by term in a fixed order (no matrix product)."""
    design = estimate.design
    total: Array = np.zeros_like(estimate.value)
    for i, first in enumerate(design):
        total = total + covariance[i][i] * (first * first)
        for j in range(i):
            total = total + (2.0 * covariance[i][j]) * (first * design[j])
    result: Array = np.maximum(total, 0.0) / estimate.divisor
    return result
