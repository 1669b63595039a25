"""One file of `capto evaluate` as hourly and daily means, with what stands beside them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

import calibration
from capto.validation.plain.cells import MISSING_CODES, UnreadableFile
from capto.validation.plain.files import Column, read_column

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
JITTER: Final = 0.01  # a step within 1 % of an hour is an hour
HOURS_OF_A_DAY: Final = 18  # 75 % (calibration.md, section 3)
DELIMITERS: Final = {"auto": "", "comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
DECIMALS: Final = {"auto": "", "point": ".", "comma": ","}
BESIDE: Final = ("humidity", "temperature", "corrected")


@dataclass(frozen=True)
class Side:
    """One file as hourly and daily means (NaN-free), with what it was made of."""

    column: Column
    hourly: pd.Series
    daily: pd.Series
    beside: dict[str, pd.Series] = field(
        default_factory=dict
    )  # hourly means: humidity %, temperature °C, corrected

    @property
    def name(self) -> str:
        """Name the side by its file."""
        return self.column.path.stem


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
        others={
            what: getattr(options, f"{'reference_' if reference else ''}{what}_column", "") or ""
            for what in BESIDE
        },
        delimiter=DELIMITERS[getattr(options, f"{'reference_' if reference else ''}delimiter")],
        decimal=DECIMALS[getattr(options, f"{'reference_' if reference else ''}decimal")],
    )
    values = column.values.dropna()
    _refuse_unit(column, options, reference=reference)
    if reference and options.reference_unit and options.reference_unit != options.unit:
        values = values * unit_factor(options.pollutant, options.reference_unit, options.unit)
    label = option("hour_label", "begin")
    hourly, daily = means(values, column.step, label=label)
    beside = {
        what: means(series.dropna(), column.step, label=label)[0] for what, series in column.others.items()
    }
    return Side(column, hourly, daily, beside)


def _refuse_unit(column: Column, options: argparse.Namespace, *, reference: bool) -> None:
    """Refuse a file of a known form whose own unit is not the one that was said: nothing is converted unasked."""
    said = (options.reference_unit if reference else None) or options.unit
    if column.form == "plain" or column.unit is None or column.unit == said:
        return
    name = "--reference-unit" if reference else "--unit"
    raise UnreadableFile(
        f"{column.path.name} states {column.unit} and {name} is {said}: nothing is converted unasked; "
        f"say {name} {column.unit}" + (" to convert the reference to --unit." if reference else ".")
    )


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
