"""Agreement of ranks, by numpy alone: importing scipy.stats costs a program's start more than its whole work."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spearman(x: Array, y: Array) -> float:
    """Give Spearman's ρ: Pearson's r of the ranks, ties by their mean rank.

    >>> round(spearman(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])), 12)
    0.8
    """
    of_x, of_y = (pd.Series(values).rank().to_numpy(dtype=float) for values in (x, y))
    return float(np.corrcoef(of_x, of_y)[0, 1])


def kendall(x: Array, y: Array) -> float:
    """Give Kendall's τ-b, with ties, in O(n log² n) (Knight 1966, J. Am. Stat. Assoc. 61, 436).

    >>> round(kendall(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])), 12)
    0.666666666667
    """
    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    pairs = x.size * (x.size - 1) // 2
    tied_x, tied_y = _tied(x), _tied(y)
    tied_both = _tied(x + 1j * y)
    discordant = inversions(np.unique(y, return_inverse=True)[1])
    agree = pairs - tied_x - tied_y + tied_both - 2 * discordant
    return float(agree / np.sqrt(float(pairs - tied_x)) / np.sqrt(float(pairs - tied_y)))


def _tied(values: NDArray[np.generic]) -> int:
    counts = np.unique(values, return_counts=True)[1].astype(np.int64)
    return int(np.sum(counts * (counts - 1) // 2))


def inversions(ranks: NDArray[np.int64]) -> int:
    """Count the pairs i < j with ranks[i] > ranks[j]; ranks are whole numbers from 0.

    Bit by bit from the highest: two ranks that differ first in a bit are out of order where the one comes before
    the zero, among those that were alike so far.

    >>> inversions(np.array([2, 0, 1, 1]))
    3
    """
    found = 0
    for bit in reversed(range(int(ranks.max(initial=0)).bit_length())):
        prefix = ranks >> (bit + 1)
        order = np.argsort(prefix, kind="stable")
        ones = (ranks[order] >> bit) & 1
        before = np.cumsum(ones) - ones  # ones so far
        starts = np.searchsorted(prefix[order], prefix[order])  # where the group of each begins
        found += int(np.sum((before - before[starts])[ones == 0]))
    return found
