"""Two forms of reference files known by their names of columns: the French E2 file and AirNow's long file.

E2: french-air-quality.md, section 1 (columns by name, `valeur brute` before `valeur`, validity >= 1, UTC). AirNow:
one row a parameter and hour, `QC Code` 0 valid; its temperature and humidity come along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from capto.validation.plain.cells import MISSING_CODES, UnreadableFile, parse_numbers, parse_times

E2_NAMES: Final = frozenset({"date de début", "polluant", "valeur", "validité"})
AIRNOW_NAMES: Final = frozenset({"param", "value", "unit", "date (utc)", "time (utc)"})
E2_POLLUTANTS: Final = {
    "pm25": "PM2.5", "pm10": "PM10", "no2": "NO2", "no": "NO", "nox": "NOX as NO2", "o3": "O3", "so2": "SO2",
    "co": "CO", "benzene": "C6H6",
}  # fmt: skip
UNITS: Final = {
    "ugm3": "ug/m3", "mgm3": "mg/m3", "ppb": "ppb", "ppm": "ppm", "microgramspercubicmeter": "ug/m3",
    "partsperbillion": "ppb", "partspermillion": "ppm",
}  # fmt: skip
WRITTEN_UNIT: Final = re.compile(
    r"(µg|μg|ug|mg)\s*[/ .·-]?\s*m\s*(?:\^?3|³|-3|⁻³)|\b(ppb|ppm)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Form:
    """The rows of one series of a known form and where its time and value stand."""

    rows: pd.DataFrame
    time: list[str]
    value: str
    name: str = "plain"
    zone: str = ""
    unit: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, pd.DataFrame] = field(
        default_factory=dict
    )  # temperature, humidity: rows of the same form

    def others(self, zone: str) -> dict[str, pd.Series]:
        """Read the series beside as values by UTC time."""
        found = {}
        for what, rows in self.beside.items():
            texts = rows[self.time[0]].str.strip() + " " + rows[self.time[1]].str.strip()
            at, _ = parse_times(
                texts, zone=zone, date_order="auto", places=[], path=Path(what), name=self.time[0]
            )
            values = parse_numbers(
                rows[self.value], missing=MISSING_CODES, notes={}, places=[], path=Path(what), name=self.value
            )
            series = pd.Series(values.to_numpy(), index=pd.DatetimeIndex(at))
            found[what] = series[pd.notna(series.index)].sort_index()
        return found


def known_form(table: pd.DataFrame, *, hint: str, filters: Sequence[str], path: Path) -> Form | None:
    """Give the form of a table, or None where its names of columns are of no known one."""
    names = {" ".join(str(name).lower().split()): str(name) for name in table.columns}
    if set(names) >= E2_NAMES:
        return _e2(table, names, hint, filters, path)
    if set(names) >= AIRNOW_NAMES and not filters:
        return _airnow(table, names, hint, path)
    return None


def unit_in(text: str) -> str | None:
    """Find a unit of concentration in a name of column or a cell.

    >>> unit_in("PM2,5 (µg/m³)"), unit_in("NO2 ppb"), unit_in("µg-m3"), unit_in("value")
    ('ug/m3', 'ppb', 'ug/m3', None)
    """
    found = WRITTEN_UNIT.search(text)
    if found is None:
        return None
    if found.group(2):
        return found.group(2).lower()
    return "mg/m3" if found.group(1).lower() == "mg" else "ug/m3"


def _e2(table: pd.DataFrame, names: dict[str, str], hint: str, filters: Sequence[str], path: Path) -> Form:
    wanted = E2_POLLUTANTS.get(hint, hint.upper())
    rows = table[table[names["polluant"]].str.strip().str.upper() == wanted.upper()]
    if rows.empty:
        there = ", ".join(sorted(set(table[names["polluant"]].str.strip())))
        raise UnreadableFile(f"{path.name}: no row is of {wanted}; there are {there}.")
    for one in filters:
        column, _, accepted = one.partition("=")
        if column.strip() in rows.columns:
            rows = rows[rows[column.strip()].str.strip().isin([a.strip() for a in accepted.split("|")])]
    keys = [names[key] for key in ("code site", "discriminant") if key in names]
    series = sorted(set(map(tuple, rows[keys].to_numpy().tolist()))) if keys else []
    if len(series) > 1:
        sites = sorted({one[0] for one in series})
        shown = ", ".join(sites[:6]) + (", ..." if len(sites) > 6 else "")
        raise UnreadableFile(
            f"{path.name}: {len(series)} stations or analysers measure {wanted} ({shown}): choose one with "
            f"--reference-filter '{keys[0]}={series[0][0]}'"
            + (f" and --reference-filter '{keys[-1]}={series[0][-1]}'." if len(sites) == 1 else ".")
        )
    validity = pd.to_numeric(rows[names["validité"]].str.strip(), errors="coerce")
    codes = {
        str(code): int(n) for code, n in validity.dropna().astype(int).value_counts().sort_index().items()
    }
    units = {unit_in(text) or text for text in rows[names["unité de mesure"]].str.strip() if text} if (
        "unité de mesure" in names
    ) else set()  # fmt: skip
    if len(units) > 1 or units - {"ug/m3", "mg/m3"}:
        raise UnreadableFile(
            f"{path.name}, line {rows.index[0]}: unit {', '.join(sorted(units))!r} of {wanted}."
        )
    value = names.get("valeur brute", names["valeur"])
    about = {"validity": codes, "rows_not_valid": int((~(validity >= 1)).sum())}
    for key, column in (
        ("station", "code site"), ("station_name", "nom site"), ("operator", "organisme"),
        ("instrument", "procédure de mesure"), ("value_type", "type de valeur"),
    ):  # fmt: skip
        if column in names:
            about[key] = ", ".join(sorted(set(rows[names[column]].str.strip())))
    kept = rows[validity >= 1]
    if kept.empty:
        raise UnreadableFile(f"{path.name}: no value of {wanted} is valid (validity codes {codes}).")
    return Form(kept, [names["date de début"]], value, "e2", "UTC", next(iter(units), None), about)


def _airnow(table: pd.DataFrame, names: dict[str, str], hint: str, path: Path) -> Form:
    params = table[names["param"]].str.strip()
    plain = params.str.lower().str.replace(r"[^a-z0-9-]", "", regex=True).str.split("-").str[0]
    rows = table[plain == hint]
    if rows.empty:
        raise UnreadableFile(f"{path.name}: no row is of {hint}; there are {', '.join(sorted(set(params)))}.")
    time = [names["date (utc)"], names["time (utc)"]]
    quality = names.get("qc code")

    def valid(of: pd.DataFrame) -> pd.DataFrame:
        return of if quality is None else of[of[quality].str.strip() == "0"]

    kept = valid(rows)
    units = {unit_in(text) or UNITS.get(re.sub(r"[^a-z0-9]", "", text.lower()), text) for text in
             rows[names["unit"]].str.strip() if text}  # fmt: skip
    if len(units) > 1:
        raise UnreadableFile(f"{path.name}: {hint} is written in several units: {', '.join(sorted(units))}.")
    about: dict[str, Any] = {"rows_not_valid": len(rows) - len(kept)}
    if quality is not None:
        about["validity"] = {
            k: int(v) for k, v in rows[quality].str.strip().value_counts().sort_index().items()
        }
    for key, column in (
        ("station", "site aqs"),
        ("station_name", "site"),
        ("operator", "agency"),
        ("instrument", "method"),
    ):
        if column in names:
            about[key] = ", ".join(sorted(set(rows[names[column]].str.strip())))
    if "instrument" in about:
        about["instrument"] = (
            f"AQS method {about['instrument']} ({', '.join(sorted(set(params[rows.index])))})"
        )
    beside = {
        what: valid(table[plain == code])
        for what, code in (("temperature", "temp"), ("humidity", "rhum"))
        if (plain == code).any()
    }
    return Form(kept, time, names["value"], "airnow", "UTC", next(iter(units), None), about, beside)
