"""`capto evaluate`: hold sensors against a reference, from plain files, without a database or a server.

    capto evaluate SENSOR.csv [SENSOR2.csv ...] REFERENCE.csv --pollutant pm25 --json OUT.json

The last file is the reference. Figures are sensor against reference, in the unit of the files. Nothing that
is noticed removes a pair: checks, lag and missing-value codes are reported beside the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

import calibration
from calibration import equivalence
from calibration.targets import TARGETS
from capto.validation.evaluation_text import FIGURES, as_text
from capto.validation.plain_files import MISSING_CODES, Column, UnreadableFile, read_column

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
JITTER: Final = 0.01  # a step within 1 % of an hour is an hour
HOURS_OF_A_DAY: Final = 18  # 75 % (calibration.md, section 3)
CURVE_POINTS: Final = 12
UNITS: Final = ("ug/m3", "mg/m3", "ppb", "ppm")


@dataclass(frozen=True)
class Side:
    """One file as hourly and daily means (NaN-free), with what it was made of."""

    column: Column
    hourly: pd.Series
    daily: pd.Series

    @property
    def name(self) -> str:
        """Name the side by its file."""
        return self.column.path.stem


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate files as the command line asks; return 0, or 2 with one sentence on what is wrong."""
    options = parser().parse_args(argv)
    try:
        report = evaluate(options)
    except (UnreadableFile, OSError) as error:
        print(f"capto evaluate: {error}", file=sys.stderr)
        return 2
    if options.json:
        text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        try:
            if options.json == "-":
                print(text, end="")
            else:
                Path(options.json).write_text(text, encoding="utf-8")
        except OSError as error:
            print(f"capto evaluate: {options.json} cannot be written: {error.strerror}.", file=sys.stderr)
            return 2
    if options.json != "-":
        print(as_text(report))
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    p = argparse.ArgumentParser(
        prog="capto evaluate",
        description="Hold sensors against a reference, from plain CSV files.",
        epilog="A file whose own step is one hour is taken as hourly means; finer ones are averaged where at least "
        "75 % of the hour is there (45 of 60 minutes); days need 18 hours. Columns: --time-column may be "
        "given twice (date, time). Filters: --reference-filter 'QC Code=0' keeps only such rows.",
    )
    p.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="sensor files, then the reference file"
    )
    p.add_argument("--pollutant", required=True, help="pm25, pm10, pm1, no2, o3, no, co, so2, ...")
    p.add_argument("--unit", default="ug/m3", choices=UNITS, help="unit of the files (default ug/m3)")
    p.add_argument(
        "--reference-unit", choices=UNITS, help="where it differs, the reference is converted to --unit"
    )
    for side in ("", "reference-"):
        p.add_argument(f"--{side}time-column", action="append", default=[], metavar="NAME")
        p.add_argument(f"--{side}value-column", default="", metavar="NAME")
        p.add_argument(
            f"--{side}timezone",
            default=None,
            metavar="ZONE",
            help="of times without one (default UTC): Europe/Paris, UTC-5, ...",
        )
        p.add_argument(
            f"--{side}hour-label",
            choices=("begin", "end"),
            default=None,
            help="whether hourly files label an hour by its begin (default) or its end",
        )
        p.add_argument(f"--{side}filter", action="append", default=[], metavar="COLUMN=VALUE[|VALUE]")
        p.add_argument(f"--{side}date-order", choices=("auto", "dmy", "mdy"), default=None)
    p.add_argument(
        "--missing",
        action="append",
        default=None,
        metavar="CODE",
        help="number that means no value (default -200, -999, -9999; 'none': no number does)",
    )
    p.add_argument(
        "--days",
        choices=("own", "paired"),
        default=None,
        help="build daily means from each side's own hours (default) or from the paired hours "
        "(default where both sides are columns of one file)",
    )
    p.add_argument(
        "--between-references",
        type=float,
        default=0.0,
        metavar="U",
        help="standard uncertainty u(bs,RM) of the reference (default 0)",
    )
    p.add_argument("--json", metavar="OUT", help="write the report as JSON ('-': to standard output)")
    return p


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Read the files and give the whole report; raises UnreadableFile."""
    if len(options.files) < 2:
        raise UnreadableFile("give at least one sensor file and, last, the reference file.")
    *sensor_files, reference_file = options.files
    reference = read_side(options, reference_file, reference=True)
    sensors = [read_side(options, path, reference=False) for path in sensor_files]
    found = [one_sensor(options, sensor, reference) for sensor in sensors]
    for entry, sensor in zip(found, sensors, strict=True):
        entry["name"] = (
            sensor.name if [s.name for s in sensors].count(sensor.name) == 1 else str(sensor.column.path)
        )
    report: dict[str, Any] = {
        "pollutant": options.pollutant,
        "unit": options.unit,
        "code_version": calibration.CODE_VERSION,
        "reference": described(reference),
        "sensors": found,
    }
    if len(found) == 1:
        report |= {"hourly": found[0]["hourly"], "daily": found[0]["daily"]}
    else:
        report["together"] = {
            period: together([getattr(s, period) for s in sensors], getattr(reference, period))
            for period in ("hourly", "daily")
        }
    finite: dict[str, Any] = _finite(report)
    return finite


def read_side(options: argparse.Namespace, path: Path, *, reference: bool) -> Side:
    """Read one file with its options, those of the reference falling back on the sensors'."""

    def option(name: str, default: Any = None) -> Any:
        own = getattr(options, f"reference_{name}") if reference else None
        return own or getattr(options, name) or default

    if options.missing is None:
        missing: list[float] = list(MISSING_CODES)
    else:
        try:
            missing = [float(code) for code in options.missing if code != "none"]
        except ValueError as error:
            raise UnreadableFile("--missing takes a number or 'none'.") from error
    filters = options.reference_filter if reference else options.filter
    column = read_column(
        path,
        time=option("time_column", []),
        value=option("value_column", ""),
        zone=option("timezone", "UTC"),
        filters=filters,
        date_order=option("date_order", "auto"),
        missing=missing,
        hint=options.pollutant.lower().replace(".", ""),
    )
    values = column.values.dropna()
    if reference and options.reference_unit and options.reference_unit != options.unit:
        values = values * unit_factor(options.pollutant, options.reference_unit, options.unit)
    hourly, daily = means(values, column.step, label=option("hour_label", "begin"))
    return Side(column, hourly, daily)


def means(values: pd.Series, step: float, *, label: str) -> tuple[pd.Series, pd.Series]:
    """Give the hourly and daily means of a file by its own step in seconds."""
    if np.isnan(step) or step > DAY * (1 - JITTER):  # a single row, or daily means
        days = values.groupby(pd.DatetimeIndex(values.index).floor("D")).mean()
        return values.iloc[:0], days
    if step >= HOUR * (1 - JITTER):
        starts = pd.DatetimeIndex(calibration.to_hour_starts(values, label=label).index)
        hours = values.groupby(starts.floor("h")).mean()
    else:
        table = calibration.hourly_means(values, expected=HOUR / step)
        hours = table["mean"][table["coverage"] >= calibration.COVERAGE_NEEDED]
    return hours, calibration.daily_means(hours, needed=HOURS_OF_A_DAY)["mean"].dropna()


def unit_factor(pollutant: str, given: str, wanted: str) -> float:
    """Give the factor between two units of a gas, at 20 °C; raises UnreadableFile where there is none."""
    in_micrograms = {"ug/m3": 1.0, "mg/m3": 1000.0}
    try:
        mass = calibration.to_mass(1.0, pollutant) * (
            1000.0 if pollutant == "co" else 1.0
        )  # µg/m³ of 1 ppb; CO: 1 ppm
    except KeyError as error:
        raise UnreadableFile(f"{pollutant} cannot be converted from {given} to {wanted}.") from error
    per_ppb = mass / 1000.0 if pollutant == "co" else mass
    in_micrograms |= {"ppb": per_ppb, "ppm": 1000.0 * per_ppb}
    return in_micrograms[given] / in_micrograms[wanted]


def one_sensor(options: argparse.Namespace, sensor: Side, reference: Side) -> dict[str, Any]:
    """Give everything about one sensor against the reference."""
    same = sensor.column.path.resolve() == reference.column.path.resolve()
    days_from = options.days or ("paired" if same else "own")
    hours = _paired(reference.hourly, sensor.hourly)
    if days_from == "paired":
        days = pd.DataFrame(
            {
                side: calibration.daily_means(hours[side], needed=HOURS_OF_A_DAY)["mean"]
                for side in ("reference", "sensor")
            }
        ).dropna()
    else:
        days = _paired(reference.daily, sensor.daily)
    if hours.empty and days.empty:
        raise UnreadableFile(
            f"{sensor.column.path.name} and {reference.column.path.name} have no hour in common: "
            f"{_period(sensor.column)} and {_period(reference.column)}."
        )
    return {
        "name": sensor.name,
        **described(sensor),
        "days_from": days_from,
        "hourly": figures(options, hours, averaging="1h"),
        "daily": figures(options, days, averaging="24h"),
        "beside": beside(options, sensor, reference),
    }


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
    limit = calibration.indicative_class(fitted, target, between_references=u)
    return {
        "regression": fitted.kind,
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
    return found


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
    }


def _paired(reference: pd.Series, sensor: pd.Series) -> pd.DataFrame:
    both = pd.concat([reference.rename("reference"), sensor.rename("sensor")], axis=1, join="inner")
    return both.dropna().sort_index()


def _period(column: Column) -> str:
    ends = (column.values.index[0], column.values.index[-1])
    return " .. ".join(end.strftime("%Y-%m-%d %H:%M") for end in ends) + " UTC"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


if __name__ == "__main__":
    sys.exit(main())
