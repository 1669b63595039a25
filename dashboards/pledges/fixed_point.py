"""Who is bound: the largest set of pledges in which everyone's condition is met by the others.

Pure: plain integers in, plain values out. The rule is that of threshold sets: with m the largest integer such that
at least m pledges ask for at most m - 1 others, the held ones are exactly those that ask for at most m - 1 others.
It is unique, so that the order of arrival changes nothing, and one more pledge never frees someone already held.
"""

from bisect import bisect_right
from collections.abc import Sequence
from operator import index

import numpy as np
from numpy.typing import NDArray


def held(required_others: Sequence[int]) -> list[bool]:
    """Say for each pledge whether it is bound, in the order given.

    `required_others[i]` is how many others must be bound for pledge i to be; zero or less asks for nobody. Any size
    of number is exact. Raises TypeError for what is no whole number. Time and memory grow with the number of
    pledges alone: the numbers are counted, not compared.

    >>> held([0, 1, 2, 5])
    [True, True, True, False]
    >>> held([3, 3, 3])
    [False, False, False]
    >>> held([3, 3, 3, 3])
    [True, True, True, True]
    >>> held([2, -7, 2])
    [True, True, True]
    >>> held([10**30, 0])
    [False, True]
    >>> held([])
    []
    """
    asked = _within_reach(required_others)
    return [bool(one) for one in (asked < _size(_at_most(asked))).tolist()]


def missing(required_others: Sequence[int], *, threshold: int) -> int:
    """Count the further pledges of condition `threshold` after which all of that condition are held; 0 when they are.

    With a such pledges more, m are held where F(m - 1) + a >= m for some m > threshold, F(x) being how many of
    today's pledges ask for at most x others: the answer is the least of m - F(m - 1).

    >>> missing([], threshold=3)
    4
    >>> missing([3, 3, 3], threshold=3)
    1
    >>> missing([0, 0, 3], threshold=3)
    1
    >>> missing([3, 3, 3, 3], threshold=3)
    0
    >>> missing([9] * 9, threshold=3)
    1
    """
    first = max(index(threshold), 0)
    numbers = sorted(map(index, required_others))
    needed = first + 1 - bisect_right(numbers, first)
    for place, number in enumerate(
        numbers, 1
    ):  # F grows only at these numbers: the least stands at one of them
        if number > first:
            needed = min(needed, number + 1 - place)
    return max(0, needed)


def _within_reach(required_others: Sequence[int]) -> NDArray[np.int64]:
    """Bring every number into [0, n]: less than zero asks for nobody, n and more can never be met."""
    numbers = list(map(index, required_others))
    n = len(numbers)
    try:
        return np.clip(np.array(numbers, dtype=np.int64), 0, n)
    except OverflowError:
        return np.array([n if x > n else 0 if x < 0 else x for x in numbers], dtype=np.int64)


def _at_most(asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count for each x in [0, n] the pledges that ask for at most x others."""
    counted: NDArray[np.int64] = np.cumsum(np.bincount(asked, minlength=len(asked) + 1))
    return counted


def _size(at_most: NDArray[np.int64]) -> int:
    """Give m, the largest integer with F(m - 1) >= m; 0 where there is none."""
    sizes = np.arange(1, len(at_most))
    met = sizes[at_most[:-1] >= sizes]
    return int(met[-1]) if met.size else 0
