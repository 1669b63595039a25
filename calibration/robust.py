"""Least squares that a few bad hours cannot bend: Huber's weights by iteration (IRLS)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

HUBER_K: Final = 1.345  # 95 % efficiency for normal errors (Huber 1964; Holland and Welsch 1977)
MAD_TO_SD: Final = 1.4826  # 1 / Φ⁻¹(3/4): median absolute deviation to standard deviation
ITERATIONS: Final = 50

Array = NDArray[np.float64]


def solve(design: Array, target: Array, *, robust: bool = True) -> tuple[Array, Array]:
    """Solve a linear system by least squares, with Huber's weights where robust; (coefficients, weights).

    design: rows by columns; target: rows. The scale of the residuals is 1.4826 times their median absolute
    value. Raises numpy.linalg.LinAlgError where the columns do not vary independently.

    >>> x = np.arange(40.0)
    >>> y = 1.0 + 2.0 * x + np.where(x % 2, 0.1, -0.1)
    >>> y[39] = 1000.0
    >>> solve(np.column_stack([np.ones(40), x]), y)[0].round(1).tolist()
    [1.0, 2.0]
    """
    scale = np.sqrt(np.mean(design * design, axis=0))
    if np.any(scale == 0.0) or np.linalg.matrix_rank(design / scale) < design.shape[1]:
        raise np.linalg.LinAlgError("the columns of the fit do not vary independently")
    weights = np.ones(len(target))
    found = np.linalg.lstsq(design / scale, target, rcond=None)[0]
    if robust:
        for _ in range(ITERATIONS):
            residual = np.abs(target - design @ (found / scale))
            spread = MAD_TO_SD * float(np.median(residual))
            if spread <= 1e-12 * (float(np.mean(np.abs(target))) + 1e-300):
                break
            weights = np.minimum(1.0, HUBER_K * spread / np.maximum(residual, 1e-300))
            root = np.sqrt(weights)
            previous = found
            found = np.linalg.lstsq(design / scale * root[:, None], target * root, rcond=None)[0]
            if np.allclose(found, previous, rtol=1e-8, atol=1e-10):
                break
    return found / scale, weights
