"""The figures of `capto evaluate`: sensor against reference, uncertainty, checks beside, units together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

import calibration
from calibration import equivalence
from calibration.targets import TARGETS
from capto.validation.evaluation.sides import HOURS_OF_A_DAY, Side, unit_factor
from capto.validation.evaluation.text import FIGURES
from capto.validation.plain.cells import UnreadableFile
from capto.validation.plain.files import Column

CURVE_POINTS: Final = 12
UNIT_RATIO_NEAR: Final = 0.06  # slope this near a factor between units, with the R² below: the units differ
UNIT_RATIO_R2: Final = 0.8


def one_sensor(options: argparse.Namespace, sensor: Side, reference: Side) -> dict[str, Any]:
    """Give everything about one sensor against the reference."""
    same = sensor.column.path.resolve() == reference.column.path.resolve()
    days_from = options.days or ("paired" if same else "own")
    hours, days = paired(sensor, reference, days_from=days_from)
    if hours.empty and days.empty:
        raise UnreadableFile(
            f"{sensor.column.path.name} and {reference.column.path.name} have no hour in common: "
            f"{period_of(sensor.column)} and {period_of(reference.column)}."
        )
    return {
        "name": sensor.name,
        **described(sensor),
        "days_from": days_from,
        "hourly": figures(options, hours, averaging="1h"),
        "daily": figures(options, days, averaging="24h"),
        "beside": beside(options, sensor, reference),
    }


def paired(sensor: Side, reference: Side, *, days_from: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pair the hours and the days of a sensor and the reference; days from each side's own hours or paired ones."""
    hours = paired_means(reference.hourly, sensor.hourly)
    if days_from != "paired":
        return hours, paired_means(reference.daily, sensor.daily)
    days = {
        side: calibration.daily_means(hours[side], needed=HOURS_OF_A_DAY)["mean"]
        for side in ("reference", "sensor")
    }
    return hours, pd.DataFrame(days).dropna()


def figures(options: argparse.Namespace, pairs: pd.DataFrame, *, averaging: str) -> dict[str, Any]:
    """Give the figures of paired means; a refused figure is None."""
    x, y = pairs["reference"], pairs["sensor"]
    found: dict[str, Any] = dict.fromkeys(FIGURES) | calibration.metrics(x, y)
    step = pd.Timedelta(hours=1 if averaging == "1h" else 24)
    if len(pairs):
        found["coverage"] = len(pairs) / ((pairs.index[-1] - pairs.index[0]) // step + 1)
    found["uncertainty"] = uncertainty(options, x, y, averaging=averaging)
    target = TARGETS.get(options.pollutant)
    if target and options.unit == target.unit:
        found["epa_targets"] = calibration.meets(
            target, **{name: found[name] for name in ("slope", "intercept", "r2", "rmse", "nrmse")}
        )
    return found


def uncertainty(
    options: argparse.Namespace, x: pd.Series, y: pd.Series, *, averaging: str
) -> dict[str, Any] | None:
    """Give the relative expanded uncertainty in percent over the observed range and at the limit value."""
    try:
        fitted = calibration.regression(x, y, kind="orthogonal")
    except calibration.NotMeaningful:
        fitted = calibration.regression(x, y, kind="ols")
    except ValueError:
        return None
    target = calibration.objective(options.pollutant, averaging=averaging)
    if target.limit_value is not None:
        own = "mg/m3" if options.pollutant == "co" else "ug/m3"
        try:
            share = 1.0 if own == options.unit else unit_factor(options.pollutant, own, options.unit)
            target = target._replace(limit_value=target.limit_value * share)
        except UnreadableFile:
            target = target._replace(limit_value=None)
    u = options.between_references
    at = np.linspace(max(fitted.lowest, fitted.highest / CURVE_POINTS), fitted.highest, CURVE_POINTS)
    curve = calibration.relative_expanded_uncertainty(fitted, at, between_references=u)
    high = float(np.quantile(x, 0.9))
    limit = calibration.indicative_class(fitted, target, between_references=u)
    return {
        "regression": fitted.kind,
        "at_p90": [
            high,
            float(calibration.relative_expanded_uncertainty(fitted, high, between_references=u)),
        ],
        "curve": [[float(a), float(c)] for a, c in zip(at, curve, strict=True)],
        "limit_value": limit.limit_value,
        "limit_value_averaging": target.averaging or None,
        "at_limit_value": limit.uncertainty,
        "extrapolated": limit.extrapolated,
        "class": limit.number,
        "class_wording": limit.english if limit.uncertainty is not None else None,
        "slope_u": fitted.slope_u,
        "intercept_u": fitted.intercept_u,
        "residual_variance": fitted.residual_variance,
        "between_references_too_large": equivalence.residual_is_negative(fitted, between_references=u),
    }


def beside(options: argparse.Namespace, sensor: Side, reference: Side) -> dict[str, Any]:
    """Report lag and checks of the hourly means; none of them removes a pair."""
    hours = sensor.hourly
    lag = calibration.lag(reference.hourly, hours)
    found: dict[str, Any] = {
        "lag_hours": lag.hours,
        "lag_correlation": lag.correlation,
        "correlation_without_lag": lag.correlation_at_zero,
        "labels_disagree": lag.wrong,
        "negative_hours": int((hours < 0).sum()),
        "stuck_hours": int(calibration.stuck(hours).sum()),
        "spikes": int(calibration.spike(hours).sum()),
        "pairs_far_from_reference": int(calibration.disagree_with_reference(reference.hourly, hours).sum()),
    }
    if options.unit == "ug/m3" and options.pollutant in calibration.PLAUSIBLE and options.pollutant != "co":
        low, high = calibration.PLAUSIBLE[options.pollutant]
        found["hours_out_of_range"] = int(calibration.outside_range(hours, low=low, high=high).sum())
    found["unit_suspected"] = suspected_unit(options, paired_means(reference.hourly, hours))
    stated = {side.column.unit for side in (sensor,) if side.column.unit} - {options.unit}
    found["unit_stated"] = next(iter(stated), None)
    return found


def suspected_unit(options: argparse.Namespace, pairs: pd.DataFrame) -> str | None:
    """Say which two units the sides seem to be in where they agree but for the factor between units, else None."""
    fitted = calibration.metrics(pairs["reference"], pairs["sensor"])
    slope, r2, n = fitted["slope"], fitted["r2"], fitted["n"] or 0
    if slope is None or r2 is None or r2 < UNIT_RATIO_R2 or slope <= 0 or n < 24:
        return None
    candidates = {"a factor of 1000 (mg and µg, or ppm and ppb)": 1000.0}
    if options.pollutant in ("no2", "o3", "no", "so2", "co"):
        per_ppb = unit_factor(options.pollutant, "ppb", "ug/m3")
        candidates = {"ppb and µg/m³": per_ppb} | candidates
    for what, factor in candidates.items():
        for ratio in (factor, 1.0 / factor):
            if abs(slope / ratio - 1.0) <= UNIT_RATIO_NEAR:
                return what
    return None


def together(sensors: Sequence[pd.Series], reference: pd.Series) -> dict[str, Any]:
    """Give the agreement between the units and of all of them with the reference."""
    units = pd.concat([s.rename(str(k)) for k, s in enumerate(sensors)], axis=1)
    spread, error = calibration.precision(units), calibration.fleet_error(units, reference)
    return {
        "units": len(sensors),
        "n_all_units": spread.n,
        "sd": spread.sd,
        "cv": spread.cv,
        "mean": spread.mean,
        "between_sensors": calibration.between_sensors(units),
        "n_with_reference": error.n,
        "rmse": error.rmse,
        "nrmse": error.nrmse,
    }


def described(side: Side) -> dict[str, Any]:
    """Say what a file held."""
    column = side.column
    return {
        "file": str(column.path),
        "column": column.name,
        "step_s": column.step,
        "begin": column.values.index[0].isoformat(),
        "end": column.values.index[-1].isoformat(),
        "rows": len(column.values),
        "values": int(column.values.notna().sum()),
        "hours": len(side.hourly),
        "days": len(side.daily),
        "noticed": column.notes,
        "noticed_at": column.places,
        "form": column.form,
        "unit_stated": column.unit,
        "about": column.about,
        "sha256": column.sha256,
        "bytes": column.size,
    }


def paired_means(reference: pd.Series, sensor: pd.Series) -> pd.DataFrame:
    """Pair two series of means by their time; drop what only one side has."""
    both = pd.concat([reference.rename("reference"), sensor.rename("sensor")], axis=1, join="inner")
    return both.dropna().sort_index()


def period_of(column: Column) -> str:
    """Say from when until when a column has rows."""
    ends = (column.values.index[0], column.values.index[-1])
    return " .. ".join(end.strftime("%Y-%m-%d %H:%M") for end in ends) + " UTC"


def finite(value: Any) -> Any:
    """Give the same document with None in the place of numbers that are none."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
