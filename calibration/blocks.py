"""Blocks of time: forward folds to score a fit on, and the moving-block bootstrap of its coefficients."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.terms import Array

HOUR: Final = 3600
DAY: Final = 24 * HOUR
FULL_SPAN: Final = 14 * DAY  # [P] calibration.md, section 7; a shorter stay is provisional
SHORT_BLOCK, SHORT_GAP = DAY, 6 * HOUR  # of a provisional stay
LONG_BLOCK, LONG_GAP = 7 * DAY, DAY  # of a full one
FEWEST_FOLDS: Final = 3  # of a provisional stay
SHORT_TRAINING: Final = 2 * DAY  # fitted on at least this before the first scored block, see uncertainty
LONG_TRAINING: Final = 14 * DAY
FEWEST_SCORED: Final = 6  # hours in a scored block
FEWEST_FITTED: Final = 12  # hours before it
BOOTSTRAP_BLOCK: Final = DAY  # moving blocks of 24-72 h (calibration.md, section 7)
BOOTSTRAP_DRAWS: Final = 999


class Fold(NamedTuple):
    """Rows to fit on, and later rows to score on."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def forward_folds(at: NDArray[np.int64]) -> list[Fold]:
    """Cut a stay into forward folds: fit on all blocks before, score on the next one after a gap.

    at: seconds since 1970 of the pairs, sorted. Under 14 days: blocks of one day (a quarter of a stay
    shorter than four days, so that three folds remain), a gap of 6 h, and the first folds left out that
    would be fitted on less than two days, as long as three remain. From 14 days: blocks of 7 days, a gap
    of 24 h, fitted on 14 days at least where later blocks remain.
    """
    span = int(at[-1] + HOUR - at[0])
    full = span >= FULL_SPAN
    block = LONG_BLOCK if full else min(SHORT_BLOCK, span // (FEWEST_FOLDS + 1))
    gap = LONG_GAP if full else SHORT_GAP
    number = (at - at[0]) // block
    folds: list[Fold] = []
    for k in range(1, int(number[-1]) + 1):
        test = np.flatnonzero(number == k)
        train = np.flatnonzero(at < at[0] + k * block - gap)
        if test.size >= FEWEST_SCORED and train.size >= FEWEST_FITTED:
            folds.append(Fold(train, test))
    enough = LONG_TRAINING if full else SHORT_TRAINING
    fewest = 1 if full else FEWEST_FOLDS
    late = [fold for fold in folds if at[fold.test[0]] - at[0] >= enough]
    return late if len(late) >= fewest else folds[-fewest:]


def bootstrap(
    design: Array,
    target: Array,
    weights: Array,
    at: NDArray[np.int64],
    *,
    seed: int,
    draws: int = BOOTSTRAP_DRAWS,
    block: int = BOOTSTRAP_BLOCK,
) -> Array:
    """Draw coefficients by a moving-block bootstrap over time (Künsch 1989): draws by columns.

    design, target: the rows of a linear system in the order of `at` (seconds since 1970); weights: those of
    its robust fit. Blocks overlap and are `block` seconds long; as many are drawn as fill the stay; each
    draw is solved from the sums of its blocks. Naive errors of hourly fits are far too small.
    """
    width = design.shape[1]
    scale = np.sqrt(np.mean(design * design, axis=0))
    rows = np.column_stack([design / scale, target]) * np.sqrt(weights)[:, None]
    cross = np.einsum("ni,nj->nij", rows, rows)
    running = np.concatenate([np.zeros((1, width + 1, width + 1)), np.cumsum(cross, axis=0)])
    begins = np.arange(at.size)
    ends = np.searchsorted(at, at + block, side="left")
    inside = at + block <= at[-1] + HOUR
    inside[0] = True
    sums = (running[ends] - running[begins])[inside]
    count = max(round((at[-1] + HOUR - at[0]) / block), 2)
    rng = np.random.default_rng(seed)
    drawn = sums[rng.integers(0, len(sums), size=(draws, count))].sum(axis=1)
    normal = drawn[:, :width, :width]
    ridge = 1e-9 * np.trace(normal, axis1=1, axis2=2) / width  # a draw of one flat day has no solution
    normal = normal + ridge[:, None, None] * np.eye(width)
    found: Array = np.linalg.solve(normal, drawn[:, :width, width:])[:, :, 0] / scale
    return found


def covariance(draws: Array) -> tuple[tuple[float, ...], ...]:
    """Give the covariance of bootstrap draws, without the draws that no day could determine.

    Draws farther from the median than ten times the median absolute deviation come from near-singular
    systems and are left out.
    """
    off = draws - np.median(draws, axis=0)
    limit = 10.0 * np.median(np.abs(off), axis=0) + 1e-300
    kept = off[(np.abs(off) <= limit).all(axis=1)]
    found = np.atleast_2d(kept.T @ kept / max(len(kept) - 1, 1))
    found = 0.5 * (found + found.T)
    return tuple(tuple(float(v) for v in row) for row in found)
