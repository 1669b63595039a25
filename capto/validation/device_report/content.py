"""Complete the figures of `capto evaluate` to the whole report (calibration.md, section 13), as one document.

The document is JSON and speaks no language: codes, numbers, names of files. `page` words it for people, and
`capto/static/device-report-1.schema.json` describes it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

import calibration
from calibration.targets import TARGETS
from capto.validation.device_report.corrected import corrections
from capto.validation.device_report.verdict import verdict
from capto.validation.evaluation.figures import paired, paired_means
from capto.validation.evaluation.sides import Side

SCHEMA: Final = "capto/device-report/1"
PROTOCOL: Final = "2026-1"  # version of the public protocol page that the report follows
FEWEST_UNITS: Final = 3
TRACE_HOURS: Final = 6  # the chart of a long record draws means of so many hours
PARAMETERS: Final = ("slope", "intercept", "r2", "rmse", "nrmse")


@dataclass(frozen=True)
class Examined:
    """The document, and the means that its figures are drawn from."""

    report: dict[str, Any]
    sensors: Sequence[Side]
    reference: Side


def complete(
    report: dict[str, Any], options: argparse.Namespace, sensors: Sequence[Side], reference: Side
) -> None:
    """Add everything to the document that the figures alone do not say."""
    for entry, sensor in zip(report["sensors"], sensors, strict=True):
        hours, days = paired(sensor, reference, days_from=entry["days_from"])
        entry["capture"] = capture(sensor, reference, hours, days)
        entry["intervals"] = {
            period: intervals(pairs, period=period) for period, pairs in (("hourly", hours), ("daily", days))
        }
        for period, pairs in (("hourly", hours), ("daily", days)):
            entry[period] |= calibration.agreement(pairs["reference"], pairs["sensor"])
        entry["components"] = calibration.components(
            hours["reference"], hours["sensor"], presence=entry["capture"]["sensor_share"] or 0.0
        )
        covariates = covariates_of(sensor, reference)
        entry["residuals"] = residuals(hours, covariates)
        entry["drift"] = drift(hours, covariates)
        entry["domain"] = domain(hours, covariates)
        entry["corrected"] = corrections(options, hours, sensor, covariates)
    report["identity"] = {
        name: getattr(options, name) for name in ("device", "maker", "firmware", "question", "payer")
    }
    report["site"] = {
        "name": options.site or reference.column.about.get("station_name", ""),
        "reference_instrument": options.reference_instrument or reference.column.about.get("instrument", ""),
        "u_bs_rm": options.between_references,
    }
    report["period"] = period_of_test(sensors, reference)
    report["between_units"] = between_units(report, sensors, reference, options)
    report["epa"] = epa_table(report, options)
    report["warnings"] = warnings(report)
    report["verdict"] = verdict(report)
    report["method"] = {
        "protocol": PROTOCOL,
        "code_version": calibration.CODE_VERSION,
        "options": stated(options),
    }


def period_of_test(sensors: Sequence[Side], reference: Side) -> dict[str, Any]:
    """Give the hours that some sensor and the reference could both have."""
    starts = [side.hourly.index for side in sensors if len(side.hourly)]
    if not starts or reference.hourly.empty:
        return {"begin": None, "end": None, "days": None}
    begin = max(min(index.min() for index in starts), reference.hourly.index.min())
    end = min(max(index.max() for index in starts), reference.hourly.index.max()) + pd.Timedelta(hours=1)
    if end <= begin:
        return {"begin": None, "end": None, "days": None}
    return {
        "begin": begin.isoformat(),
        "end": end.isoformat(),
        "days": (end - begin) / pd.Timedelta(days=1),
    }


def capture(sensor: Side, reference: Side, hours: pd.DataFrame, days: pd.DataFrame) -> dict[str, Any]:
    """Count hours of the common period that sensor, reference and both have, and their shares."""
    found: dict[str, Any] = {
        "expected_hours": None, "sensor_hours": None, "reference_hours": None, "paired_hours": len(hours),
        "paired_days": len(days), "sensor_share": None, "reference_share": None, "paired_share": None,
    }  # fmt: skip
    if sensor.hourly.empty or reference.hourly.empty:
        return found
    begin = max(sensor.hourly.index.min(), reference.hourly.index.min())
    end = min(sensor.hourly.index.max(), reference.hourly.index.max())
    expected = int((end - begin) // pd.Timedelta(hours=1)) + 1
    if expected < 1:
        return found
    counts = {
        name: int(((side.index >= begin) & (side.index <= end)).sum())
        for name, side in (("sensor", sensor.hourly), ("reference", reference.hourly))
    }
    return found | {
        "expected_hours": expected,
        "sensor_hours": counts["sensor"],
        "reference_hours": counts["reference"],
        "sensor_share": min(counts["sensor"] / expected, 1.0),
        "reference_share": min(counts["reference"] / expected, 1.0),
        "paired_share": min(len(hours) / expected, 1.0),
    }


def intervals(pairs: pd.DataFrame, *, period: str) -> dict[str, Any]:
    """Give the 95 % block-bootstrap intervals of both lines."""
    block = calibration.BLOCK if period == "hourly" else 3 * 86400
    return calibration.line_intervals(pairs["reference"], pairs["sensor"], block=block)._asdict()


def covariates_of(sensor: Side, reference: Side) -> dict[str, pd.Series]:
    """Give temperature and humidity by hour: those of the reference where it has them, else the sensor's own."""
    found: dict[str, pd.Series] = {}
    for what in ("temperature", "humidity"):
        for side in (reference, sensor):
            if what in side.beside and side.beside[what].notna().any():
                found[what] = side.beside[what].dropna()
                break
    return found


def residuals(hours: pd.DataFrame, covariates: dict[str, pd.Series]) -> dict[str, Any]:
    """Cut sensor minus reference by temperature, humidity, concentration, hour of the day (UTC) and week."""
    residual = hours["sensor"] - hours["reference"]
    return {
        "temperature": calibration.binned(residual, covariates["temperature"])
        if "temperature" in covariates
        else None,
        "humidity": calibration.binned(residual, covariates["humidity"])
        if "humidity" in covariates
        else None,
        "concentration": calibration.binned(residual, hours["reference"]),
        "hour": calibration.by_hour(residual) if len(hours) else [],
        "week": calibration.by_week(residual),
    }


def drift(hours: pd.DataFrame, covariates: dict[str, pd.Series]) -> dict[str, Any]:
    """Give the drift per 30 days with its 95 % interval, in the unit of the files, and whether it is significant."""
    trend = calibration.drift_interval(hours["reference"], hours["sensor"], beside=covariates)
    known = bool(np.isfinite(trend.low) and np.isfinite(trend.high))
    return trend._asdict() | {"significant": (trend.low > 0 or trend.high < 0) if known else None}


def domain(hours: pd.DataFrame, covariates: dict[str, pd.Series]) -> dict[str, list[float] | None]:
    """Give what the comparison covered: lowest and highest reference, temperature and humidity of its pairs."""
    found: dict[str, list[float] | None] = {"reference": None, "temperature": None, "humidity": None}
    if len(hours):
        found["reference"] = [float(hours["reference"].min()), float(hours["reference"].max())]
    for what, series in covariates.items():
        there = series[series.index.isin(hours.index)]
        if len(there):
            found[what] = [float(there.min()), float(there.max())]
    return found


def between_units(
    report: dict[str, Any], sensors: Sequence[Side], reference: Side, options: argparse.Namespace
) -> dict[str, Any]:
    """Give the agreement between units; with fewer than three it is not assessable."""
    found: dict[str, Any] = {"units": len(sensors), "assessable": len(sensors) >= FEWEST_UNITS}
    for period in ("hourly", "daily"):
        row = report.get("together", {}).get(period, {})
        keep = found["assessable"] and row.get("n_all_units")
        found[period] = {
            name: row.get(name) if keep else None for name in ("n_all_units", "sd", "cv", "between_sensors")
        }
    return found


def epa_table(report: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Hold each unit and the set against the US EPA's targets: rows with the target, the figure and met or not."""
    target = TARGETS.get(options.pollutant)
    if target is None:
        return {"applicable": False, "reason": "no_target", "rows": []}
    if target.unit != options.unit:
        return {"applicable": False, "reason": "other_unit", "unit": target.unit, "rows": []}
    rows: list[dict[str, Any]] = []
    period = "daily" if target.averaging == "24h" else "hourly"
    for entry in report["sensors"]:
        figures = entry[period]
        met = calibration.meets(target, **{name: figures.get(name) for name in PARAMETERS})
        limits: dict[str, tuple[float | None, float | None]] = {
            "slope": (1.0 - target.slope, 1.0 + target.slope),
            "intercept": (-target.intercept, target.intercept),
            "r2": (target.r2, None),
            "rmse": (None, target.rmse),
        }
        for name, (low, high) in limits.items():
            row = {
                "unit_name": entry["name"], "parameter": name, "value": figures.get(name), "low": low,
                "high": high, "averaging": target.averaging, "met": met[name], "unit":
                target.unit if name in ("intercept", "rmse") else "1",
            }  # fmt: skip
            if name == "rmse" and target.nrmse is not None:
                row |= {"or_nrmse": figures.get("nrmse"), "or_nrmse_high": target.nrmse}
            rows.append(row)
    spread = report["between_units"][period]
    met = calibration.meets(target, sd=spread["sd"], cv=spread["cv"])
    rows.append(
        {
            "unit_name": None,
            "parameter": "sd",
            "value": spread["sd"],
            "low": None,
            "high": target.sd,
            "averaging": target.averaging,
            "met": met["precision"],
            "unit": target.unit,
            "or_cv": spread["cv"],
            "or_cv_high": target.cv,
        }
    )
    return {"applicable": True, "reason": None, "rows": rows}


def warnings(report: dict[str, Any]) -> list[dict[str, Any]]:
    """List what a reader must know before the figures: codes, with the unit and the number that say it."""
    found: list[dict[str, Any]] = []

    def warn(code: str, sensor: str | None, detail: Any = None) -> None:
        found.append({"code": code, "sensor": sensor, "detail": detail})

    for entry in report["sensors"]:
        name, beside, hourly = entry["name"], entry["beside"], entry["hourly"]
        if beside["labels_disagree"]:
            warn("hour_labels", name, beside["lag_hours"])
        if beside["unit_suspected"]:
            warn("unit_suspected", name, beside["unit_suspected"])
        if beside["unit_stated"]:
            warn("unit_stated", name, beside["unit_stated"])
        if max(hourly["n"] or 0, entry["daily"]["n"] or 0) < 3:
            warn("few_pairs", name, hourly["n"])
        elif hourly["n"] and hourly["slope"] is None:
            warn("constant_reference", name)
        elif hourly["n"] and hourly["r2"] is None:
            warn("constant_sensor", name)
        elif hourly["r2"] is not None and hourly["orthogonal_slope"] is None:
            warn("orthogonal_refused", name, hourly["r2"])
        if hourly["slope"] is not None and hourly["slope"] < 0:
            warn("negative_slope", name, hourly["slope"])
        capture = entry["capture"]["sensor_share"]
        if capture is not None and capture < calibration.COVERAGE_NEEDED:
            warn("low_capture", name, capture)
        if entry["noticed_at"]:
            warn("unreadable_cells", name, entry["noticed_at"])
        uncertainty = entry["daily"]["uncertainty"] or hourly["uncertainty"]
        if uncertainty and uncertainty["between_references_too_large"]:
            warn("u_bs_rm_too_large", name)
    if report["reference"]["unit_stated"] and report["reference"]["unit_stated"] != report["unit"]:
        warn("unit_stated", None, report["reference"]["unit_stated"])
    if not report["between_units"]["assessable"]:
        warn("few_units", None, report["between_units"]["units"])
    return found


def stated(options: argparse.Namespace) -> dict[str, Any]:
    """Give the options that the figures depend on, as they were said."""
    kept = (
        "pollutant", "unit", "reference_unit", "time_column", "value_column", "timezone", "hour_label", "filter",
        "date_order", "reference_time_column", "reference_value_column", "reference_timezone",
        "reference_hour_label", "reference_filter", "delimiter", "decimal", "reference_delimiter", "reference_decimal",
        "missing", "days", "between_references", "humidity_column",
        "temperature_column", "corrected_column", "scoring_from",
    )  # fmt: skip
    return {name: value for name in kept if (value := getattr(options, name, None)) and value != "auto"}


def traces(examined: Examined) -> pd.DataFrame:
    """Give the reference and each unit by hour, paired or not, for the chart of the series."""
    sides = {"reference": examined.reference.hourly} | {
        entry["name"]: side.hourly
        for entry, side in zip(examined.report["sensors"], examined.sensors, strict=True)
    }
    return pd.concat(sides, axis=1).sort_index()


def pairs_of(examined: Examined, number: int, *, period: str) -> pd.DataFrame:
    """Give the pairs that the figures of one unit were made of."""
    entry, sensor = examined.report["sensors"][number], examined.sensors[number]
    hours, days = paired(sensor, examined.reference, days_from=entry["days_from"])
    return hours if period == "hourly" else days


__all__ = ["PROTOCOL", "SCHEMA", "Examined", "complete", "paired_means", "pairs_of", "traces"]
