"""Let methods compete on the same pairs, scored alike, and keep the simplest that is as good as the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pandas as pd

from calibration.colocation import Refused, fit
from calibration.models import Model
from calibration.terms import METHODS

FOR_PARTICLES: Final = ("linear", "dry_linear", "mlr_humidity", "mlr_humidity_temperature")
FOR_GASES: Final = ("linear", "mlr_humidity_temperature", "cell")  # growth by humidity is of particles alone
WITH_CROSS_GAS: Final = {"no2": ("no2_cell",), "o3": ("ox_cell",)}  # the cell answers to the other gas too


def methods_for(quantity: str) -> tuple[str, ...]:
    """Name the methods that compete for a quantity, the simplest first (calibration.md, section 7).

    >>> methods_for("no2")
    ('linear', 'mlr_humidity_temperature', 'cell', 'no2_cell')
    >>> methods_for("pm10") == FOR_PARTICLES
    True
    """
    if quantity.startswith("pm"):
        return FOR_PARTICLES
    return FOR_GASES + WITH_CROSS_GAS.get(quantity, ())


class Candidate(NamedTuple):
    """A method that was tried: its model, or the reason why there is none."""

    method: str
    model: Model | None
    refused: str

    @property
    def rmse(self) -> float:
        """Give the RMSE in forward blocks; infinite where there is no model."""
        found = None if self.model is None else self.model.scores["rmse"]
        return float("inf") if found is None else found


def compare(pairs: pd.DataFrame, *, methods: Sequence[str], **options: Any) -> list[Candidate]:
    """Fit each method on the same pairs, in the order given (simplest first).

    pairs, options: as for calibration.fit. A method whose column is absent or that is refused is listed
    with the reason. All are scored on the same hours: those where every column of every method is present.
    """
    known = [name for name in methods if set(METHODS[name].needs) <= set(pairs.columns)]
    needed = {column for name in known for column in METHODS[name].needs}
    common = pairs.dropna(subset=["reference", *sorted(needed)])
    found = []
    for name in methods:
        if name not in known:
            absent = ", ".join(c for c in METHODS[name].needs if c not in pairs.columns)
            found.append(Candidate(name, None, f"no column {absent}"))
            continue
        try:
            found.append(Candidate(name, fit(common, method=name, **options), ""))
        except Refused as refusal:
            found.append(Candidate(name, None, refusal.english))
    return found


def choose(candidates: Sequence[Candidate]) -> Candidate:
    """Keep the first (simplest) candidate whose error is within one standard error of the best.

    The error is the mean square in forward blocks, its standard error taken over blocks (calibration.md,
    section 7). Raises ValueError where no candidate has a model.
    """
    best = min(candidates, key=lambda c: c.rmse, default=None)
    if best is None or best.model is None:
        raise ValueError("no candidate could be fitted: " + "; ".join(c.refused for c in candidates))
    limit = best.rmse**2 + (best.model.scores["mse_se"] or 0.0)
    return next(c for c in candidates if c.rmse**2 <= limit)
