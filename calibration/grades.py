"""The grade of a published value, A to D, and what it is good for (calibration.md, section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.coverage import COVERAGE_NEEDED
from calibration.flags import FAILING, SUSPECT, Flag
from calibration.objectives import objective

if TYPE_CHECKING:
    import pandas as pd

SINGLE_VALID_MONTHS: Final = 6  # [P] section 9: one co-location at most 6 months old
CLASS_3_PERCENT: Final = 200.0  # CEN/TS 17660-1, class 3: beyond it a value is unclassified
PURPOSES: Final[dict[str, tuple[str, ...]]] = {
    "A": ("awareness", "study", "regulatory"),
    "B": ("awareness", "study"),
    "C": ("awareness",),
    "D": (),
}
BASES: Final = ("reference", "bracketed", "single", "generic", "none")


def grade(
    value: ArrayLike,
    *,
    expanded_uncertainty: ArrayLike,
    flags: ArrayLike,
    coverage: ArrayLike,
    quantity: str,
    basis: str | NDArray[np.str_],
    hour: pd.DatetimeIndex | None = None,
    calibrated_until: pd.Timestamp | None = None,
    averaging: str = "",
) -> NDArray[np.str_]:
    """Grade values A to D: the worst rule that applies; arrays in, array of one-letter strings out.

    basis: on what the value rests, one word or one for each value: "reference" (a station's own valid
    value), "bracketed" (two approved co-locations), "single" (one approved co-location), "generic" (a
    correction without co-location of this unit), "none" (none, unapproved or expired). calibrated_until:
    end of the validity of the calibration; hours (start) from then on count as "none", and a "single" one
    ends by itself when the caller gives the end of its co-location plus six months. The relative
    uncertainty is taken at the value, or at the limit value of the quantity where the value is smaller.
    Source: calibration.md, section 9 [P]; class limits of CEN/TS 17660 through calibration.objectives.

    >>> grade([12.0, 12.0], expanded_uncertainty=[6.0, 90.0], flags=[0, 0], coverage=[1.0, 1.0],
    ...       quantity="pm25", basis="bracketed").tolist()
    ['B', 'D']
    """
    x = np.asarray(value, dtype=float)
    shape = x.shape
    bits = np.broadcast_to(np.asarray(flags, dtype=np.int64), shape)
    covered = np.broadcast_to(np.asarray(coverage, dtype=float), shape)
    rests_on = np.broadcast_to(np.asarray(basis, dtype=np.str_), shape)
    if unknown := set(np.unique(rests_on)) - set(BASES):
        raise ValueError(f"unknown basis {', '.join(sorted(unknown))}; known: {', '.join(BASES)}")
    target = objective(quantity, averaging=averaging)
    reference = rests_on == "reference"
    percent = relative_uncertainty(x, expanded_uncertainty, limit_value=target.limit_value)
    bad = np.isnan(x) | ((bits & FAILING) != 0) | (rests_on == "none") | ~(covered >= COVERAGE_NEEDED)
    if calibrated_until is not None and hour is not None:
        bad |= ~reference & np.asarray(hour >= calibrated_until)
    bad |= ~(percent <= CLASS_3_PERCENT)
    fair = (rests_on == "generic") | ((bits & (SUSPECT | Flag.EXTRAPOLATED)) != 0)
    fair |= ~(percent <= target.class_2)
    letters = np.where(bad, "D", np.where(fair, "C", "B"))
    valid = ~np.isnan(x) & ((bits & FAILING) == 0)
    return np.asarray(np.where(reference, np.where(valid, "A", "D"), letters), dtype="<U1")


def relative_uncertainty(
    value: ArrayLike, expanded_uncertainty: ArrayLike, *, limit_value: float | None = None
) -> NDArray[np.float64]:
    """Give 100·U/x in percent, with the limit value in place of a smaller x (nan without either)."""
    x = np.asarray(value, dtype=float)
    floor = np.nan if limit_value is None else limit_value
    base = np.fmax(x, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            np.where(base > 0, 100.0 * np.asarray(expanded_uncertainty, dtype=float) / base, np.nan)
        )


def purposes(letter: str) -> tuple[str, ...]:
    """Name what a grade is good for; nothing for D.

    >>> purposes("B")
    ('awareness', 'study')
    """
    return PURPOSES[letter]
