"""Compute a published hour again from what is published: raw sums, method and coefficients.

For people outside: `pip install` numpy, pandas, scipy and this package, download the hourly raw sums and the
calibration's JSON, and get the same value and uncertainty to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from calibration.applying import apply
from calibration.bracketing import Bracket
from calibration.hours import means_from_sums
from calibration.models import Model


def from_document(document: Mapping[str, Any]) -> Model | Bracket:
    """Read a published calibration: the JSON of a Model, or of the Bracket of a loan."""
    return Bracket.from_dict(document) if "before" in document else Model.from_dict(document)


def hours_from_sums(sums: Mapping[str, pd.DataFrame], *, expected: float | pd.Series) -> pd.DataFrame:
    """Join the raw hourly sums of a signal and its covariates into the columns that apply reads.

    sums: by column ("raw" and, for instance, "humidity"): frames indexed by hour with n, total and, for raw,
    total_of_squares. expected: readings of the signal in a full hour. A covariate's mean is total/n; an hour
    without it gets NaN. Returns raw, sd, n, coverage and the covariates, on the hours of raw.
    """
    means = means_from_sums(sums["raw"], expected=expected).rename(columns={"mean": "raw"})
    for name, other in sums.items():
        if name != "raw":
            means[name] = (other["total"] / other["n"]).reindex(means.index)
    return means


def recompute(
    document: Mapping[str, Any], sums: Mapping[str, pd.DataFrame], *, expected: float | pd.Series
) -> pd.DataFrame:
    """Give value, expanded_uncertainty and flags of hours from their raw sums and a calibration's JSON.

    A pure function: the same inputs give the same bits on every machine (calibration.terms says why). flags are
    those of the correction; the checks of the hour itself are added by whoever publishes.
    """
    return apply(from_document(document), hours_from_sums(sums, expected=expected))
