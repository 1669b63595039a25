"""Corrected values kept apart from raw ones, and scored only on hours that the correction has not seen.

Two kinds: the library's own corrections (the simplest that is as good as the best), fitted on earlier blocks and
scored on later ones; and the maker's own corrected column, scored only where the moment is stated from which the
maker had no reference.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

import pandas as pd

import calibration

PARTICLES: Final = ("pm1", "pm25", "pm10")
SCORED: Final = ("n", "r2", "slope", "intercept", "rmse", "nrmse", "mbe", "mae")
GAP: Final = pd.Timedelta(hours=24)  # between what a correction saw and what it is scored on


def corrections(
    options: argparse.Namespace, hours: pd.DataFrame, sensor: Any, covariates: dict[str, pd.Series]
) -> dict[str, Any]:
    """Give the library's correction and the maker's, each with its figures and the raw ones on the same hours."""
    since = moment(options.scoring_from)
    pairs = hours.rename(columns={"sensor": "raw"}).join(pd.DataFrame(covariates), how="left")
    found: dict[str, Any] = {
        "scoring_from": since.isoformat() if since is not None else None,
        "library": library(options, pairs, since),
        "maker": None,
    }
    if "corrected" in sensor.beside:
        found["maker"] = makers_own(options, hours, sensor.beside["corrected"], since)
    return found


def moment(text: str | None) -> pd.Timestamp | None:
    """Read the moment from which corrections are scored; raises UnreadableFile."""
    from capto.validation.plain.cells import UnreadableFile

    if not text:
        return None
    try:
        at = pd.Timestamp(text)
    except ValueError as error:
        raise UnreadableFile(
            f"--scoring-from: {text!r} is no date (2026-11-20 or 2026-11-20T00:00Z)."
        ) from error
    return at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC")


def library(options: argparse.Namespace, pairs: pd.DataFrame, since: pd.Timestamp | None) -> dict[str, Any]:
    """Let the library's corrections compete on the pairs, and score the one chosen on later hours."""
    methods = ["linear"]
    if "humidity" in pairs:
        methods += ["dry_linear", "mlr_humidity"] if options.pollutant in PARTICLES else ["mlr_humidity"]
        if "temperature" in pairs:
            methods.append("mlr_humidity_temperature")
    seen = pairs if since is None else pairs[pairs.index < since - GAP]
    try:
        best = calibration.choose(calibration.compare(seen, methods=methods, check_lag=False))
    except ValueError as refusal:
        return {"refused": str(refusal).removeprefix("no candidate could be fitted: ")}
    model = best.model
    assert model is not None
    if since is None:
        scored = calibration.forward_residuals(seen, method=best.method)
        values = scored["predicted"]
    else:
        after = pairs[pairs.index >= since].dropna(subset=["reference", *model.rule.needs])
        if after.empty:
            return {"refused": "no pair lies after --scoring-from"}
        values = calibration.apply(model, after)["value"]
    return {
        "refused": None,
        "method": best.method,
        "coefficients": dict(model.coefficients),
        "domain": {name: list(ends) for name, ends in model.domain.items()},
        "provisional": model.provisional,
        "fitted_hours": model.n,
        "checksum": model.checksum,
        **compared(options, pairs, values),
    }


def makers_own(
    options: argparse.Namespace, hours: pd.DataFrame, corrected: pd.Series, since: pd.Timestamp | None
) -> dict[str, Any]:
    """Score the maker's corrected values from the stated moment on; without one they are not scored."""
    if since is None:
        return {"refused": "not scored: --scoring-from does not say from when the maker had no reference"}
    after = corrected[corrected.index >= since].dropna()
    after = after[after.index.isin(hours.index)]
    if len(after) < 3:
        return {"refused": "fewer than three corrected hours lie after --scoring-from"}
    return {"refused": None, **compared(options, hours.rename(columns={"sensor": "raw"}), after)}


def compared(options: argparse.Namespace, pairs: pd.DataFrame, values: pd.Series) -> dict[str, Any]:
    """Give the figures of corrected values and of the raw ones on exactly the same hours."""
    from capto.validation.evaluation.figures import uncertainty

    at = pairs.loc[values.index]
    figures = calibration.metrics(at["reference"], values)
    raw = calibration.metrics(at["reference"], at["raw"])
    return {
        "scored_hours": len(values),
        "scored_begin": values.index.min().isoformat(),
        "scored_end": values.index.max().isoformat(),
        "figures": {name: figures[name] for name in SCORED},
        "raw_on_the_same_hours": {name: raw[name] for name in SCORED},
        "uncertainty": uncertainty(options, at["reference"], values, averaging="1h"),
    }
