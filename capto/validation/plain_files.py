"""Read one column of a plain CSV file as a series of values in UTC, whatever dialect it is written in.

Byte-order marks, lines before the header, comma, semicolon, tab or bar, decimal commas, ISO, epoch and
slashed times, times in two columns, missing-value codes. No Django, no database.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

DELIMITERS: Final = (",", ";", "\t", "|")
LINES_BEFORE_HEADER: Final = 80
MISSING_TEXTS: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "nd", "missing"})
MISSING_CODES: Final = (-200.0, -999.0, -9999.0)  # calibration.md, section 2: never a concentration
DOUBTFUL_CODES: Final = (999.9, 65535.0)  # saturation of SDS011 and Plantower: reported, kept as values
MOST_REPEATED: Final = 0.2  # beyond it the rows are of several places or quantities, not repeated readings
TIME_NAMES: Final = ("time", "date", "datetime", "timestamp", "date/time", "observed_at", "hour")
SLASHED: Final = (
    r"^(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<y>\d{4}|\d{2})"
    r"(?:[ T]+(?P<h>\d{1,2})[:.hH](?P<m>\d{2})(?:[:.](?P<s>\d{2}(?:[.,]\d+)?))?\s*(?P<p>[AaPp][Mm])?)?$"
)
ISO: Final = re.compile(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}")


class UnreadableFile(ValueError):
    """A file or option that cannot be understood; the message is one sentence for the person who gave it."""


@dataclass(frozen=True)
class Column:
    """Values of one column by UTC time (sorted, NaN where missing), and what was noticed on the way."""

    path: Path
    name: str
    values: pd.Series
    step: float  # seconds between readings, the median
    notes: dict[str, int] = field(default_factory=dict)


def read_column(
    path: Path,
    *,
    time: Sequence[str],
    value: str,
    zone: str = "UTC",
    filters: Sequence[str] = (),
    date_order: str = "auto",
    missing: Sequence[float] = MISSING_CODES,
    hint: str = "",
) -> Column:
    """Read one column; raises UnreadableFile with the reason.

    time: the column or columns (date and time) that hold it, empty to look for a usual name; value: the
    column of values, empty to look for one that names `hint` or the only numeric one; zone: of times that
    state none; filters: "column=value" or "column=value|other", rows that do not match are left out;
    date_order: "dmy", "mdy" or "auto"; missing: numbers that mean no value.
    """
    time_zone(zone)  # also where the file states its own: a wrong option is always an error
    wanted = [*time, *([value] if value else []), *(_parts(one)[0] for one in filters)]
    table = _table(path, wanted)
    for one in filters:
        column, accepted = _parts(one)
        texts = _column(table, column, path).str.strip()
        table = table[texts.map(lambda text, accepted=accepted: any(_same(text, a) for a in accepted))]
    if table.empty:
        raise UnreadableFile(f"{path.name}: no row is left" + (" after the filters." if filters else "."))
    times = list(time) or [_guess(table, TIME_NAMES, path, "time")]
    name = value or _value_name(table, hint, path, times)
    texts = _column(table, times[0], path)
    for other in times[1:]:
        texts = texts.str.strip() + " " + _column(table, other, path).str.strip()
    at, notes = parse_times(texts, zone=zone, date_order=date_order, path=path)
    values = parse_numbers(_column(table, name, path), missing=missing, notes=notes, path=path, name=name)
    series = pd.Series(values.to_numpy(), index=pd.DatetimeIndex(at))
    series = series[pd.notna(series.index)].sort_index(kind="stable")
    twice = int(series.index.duplicated().sum())
    if twice:
        notes["times that occur more than once"] = twice
        if twice > MOST_REPEATED * len(series) and series.groupby(level=0).nunique().max() > 1:
            raise UnreadableFile(
                f"{path.name}: {twice} of {len(series)} rows repeat a time with another value; choose "
                "the rows with a filter (--filter or --reference-filter 'COLUMN=VALUE')."
            )
    if series.notna().sum() == 0:
        raise UnreadableFile(f"{path.name}: column {name!r} holds no number.")
    return Column(path, name, series, _step(series), notes)


def _table(path: Path, wanted: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        raise UnreadableFile(f"{path}: there is no such file.")
    text = _decode(path.read_bytes())
    lines = text.splitlines()
    found = _header(lines, wanted)
    if found is None:
        if not any(line.strip() for line in lines):
            raise UnreadableFile(f"{path.name}: the file is empty.")
        raise UnreadableFile(
            f"{path.name}: no line of column names was found"
            + (
                f" with {', '.join(repr(w) for w in wanted)}; the file begins with {lines[0][:80]!r}."
                if wanted
                else "."
            )
        )
    number, delimiter = found
    try:
        table = pd.read_csv(
            io.StringIO("\n".join(lines[number:])),
            sep=delimiter,
            dtype=str,
            index_col=False,
            keep_default_na=False,
            skipinitialspace=True,
            on_bad_lines="skip",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise UnreadableFile(f"{path.name}: {' '.join(str(error).split())}.") from error
    table.columns = [str(name).strip() for name in table.columns]
    empty = (table.fillna("").map(str.strip) == "").all(axis=1)
    return table[~empty].fillna("")


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _header(lines: Sequence[str], wanted: Sequence[str]) -> tuple[int, str] | None:
    """Find the line of column names: the one with all wanted names, else the first that the next lines resemble."""
    best: tuple[int, int, str] | None = None
    filled = [(number, line) for number, line in enumerate(lines[:LINES_BEFORE_HEADER]) if line.strip()]
    for delimiter in DELIMITERS:
        rows = [
            (number, [c.strip() for c in next(csv.reader([line], delimiter=delimiter))])
            for number, line in filled
        ]
        for k, (number, cells) in enumerate(rows):
            if wanted:
                fits = {_plain(w) for w in wanted} <= {_plain(c) for c in cells}
            else:
                following = [len(other) for _, other in rows[k + 1 : k + 4]]
                fits = (
                    len(cells) > 1
                    and bool(following)
                    and set(following) == {len(cells)}
                    and not any(_is_number(c) for c in cells)
                )
            if fits:
                if best is None or len(cells) > best[0]:
                    best = (len(cells), number, delimiter)
                break
    return None if best is None else best[1:]


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?", text) is not None


def _column(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    if name in table.columns:
        return table[name]
    alike = [column for column in table.columns if _plain(column) == _plain(name)]
    if len(alike) == 1:
        return table[alike[0]]
    raise UnreadableFile(
        f"{path.name}: there is no column {name!r}; there are {', '.join(repr(c) for c in table.columns)}."
    )


def _guess(table: pd.DataFrame, names: Sequence[str], path: Path, what: str) -> str:
    for name in names:
        for column in table.columns:
            if _plain(column) == name:
                return str(column)
    raise UnreadableFile(
        f"{path.name}: say which column holds the {what} (--{what}-column); there are "
        f"{', '.join(repr(c) for c in table.columns)}."
    )


def _value_name(table: pd.DataFrame, hint: str, path: Path, times: Sequence[str]) -> str:
    for column in table.columns:
        if _plain(column) == "value":
            return str(column)
    named = [c for c in table.columns if hint and re.sub(r"[^a-z0-9]", "", _plain(c)).startswith(hint)]
    if len(named) == 1:
        return str(named[0])
    numeric = [c for c in table.columns if c not in times and table[c].map(str.strip).map(_is_number).any()]
    if len(numeric) == 1:
        return str(numeric[0])
    return _guess(table, (), path, "value")


def _parts(one: str) -> tuple[str, list[str]]:
    name, sign, accepted = one.partition("=")
    if not sign:
        raise UnreadableFile(f"A filter is written COLUMN=VALUE, not {one!r}.")
    return name.strip(), [a.strip() for a in accepted.split("|")]


def _same(text: str, accepted: str) -> bool:
    if text == accepted:
        return True
    return (
        _is_number(text)
        and _is_number(accepted)
        and (float(text.replace(",", ".")) == float(accepted.replace(",", ".")))
    )


def parse_numbers(
    texts: pd.Series, *, missing: Sequence[float], notes: dict[str, int], path: Path, name: str
) -> pd.Series:
    """Read numbers with a decimal point or comma; missing texts and codes become NaN and are counted in notes."""
    plain = texts.str.strip().str.replace("\u202f", "", regex=False).str.replace("\u2212", "-", regex=False)
    commas = plain.str.fullmatch(r"[-+]?\d*,\d+")
    if commas.any():
        plain = plain.where(~commas, plain.str.replace(",", ".", regex=False))
    empty = plain.str.lower().isin(MISSING_TEXTS)
    numbers = pd.to_numeric(plain.where(~empty), errors="coerce")
    unreadable = numbers.isna() & ~empty
    if unreadable.any():
        if unreadable.sum() > 0.5 * len(texts):
            raise UnreadableFile(
                f"{path.name}: column {name!r} does not hold numbers: {plain[unreadable].iloc[0]!r}."
            )
        notes["values that are no number"] = int(unreadable.sum())
    numbers = numbers.replace([np.inf, -np.inf], np.nan).astype(float)
    for code in missing:
        if count := int((numbers == code).sum()):
            notes[f"missing-value code {code:g}, left out"] = count
    for code in DOUBTFUL_CODES:
        if count := int((numbers == code).sum()):
            notes[f"doubtful value {code:g}, kept"] = count
    return numbers.where(~numbers.isin(list(missing)))


def parse_times(
    texts: pd.Series, *, zone: str, date_order: str, path: Path
) -> tuple[pd.Series, dict[str, int]]:
    """Read times as UTC: ISO 8601, seconds or milliseconds since 1970, day/month/year or month/day/year."""
    plain = texts.str.strip()
    filled = plain[plain != ""]
    if filled.empty:
        raise UnreadableFile(f"{path.name}: the column of times is empty.")
    notes: dict[str, int] = {}
    sample = filled.iloc[0]
    if re.fullmatch(r"\d{9,17}(\.\d*)?", sample) and not re.fullmatch(r"(19|20)\d{10}(\d{2})?", sample):
        seconds = pd.to_numeric(plain, errors="coerce")
        size = float(seconds.abs().max())
        at = pd.to_datetime(
            seconds * (1000.0 if size < 1e11 else 1.0 if size < 1e14 else 1e-3), unit="ms", utc=True
        )
    elif re.fullmatch(r"(19|20)\d{6}(\d{4}(\d{2})?)?", sample):
        shape = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}[len(sample)]
        at = _localise(pd.to_datetime(plain, format=shape, errors="coerce"), zone, notes)
    elif ISO.match(sample):
        tidy = plain.str.replace("/", "-", regex=False).str.replace(
            r"(\d{1,2})\.(\d{2})\.(\d{2})$", r"\1:\2:\3", regex=True
        )
        if bool(
            filled.str.contains(r"(?:[zZ]|[+-]\d{2}:?\d{2})$").mean() > 0.5 and filled.str.contains(":").any()
        ):
            at = pd.to_datetime(tidy, format="ISO8601", utc=True, errors="coerce")
        else:
            at = _localise(pd.to_datetime(tidy, format="ISO8601", errors="coerce"), zone, notes)
    else:
        at = _localise(_slashed(plain, date_order, path), zone, notes)
    lost = int((at.isna() & (plain != "")).sum())
    if lost > 0.5 * len(filled):
        bad = plain[at.isna() & (plain != "")].iloc[0]
        raise UnreadableFile(f"{path.name}: the time {bad!r} cannot be read.")
    if lost:
        notes["times that cannot be read, left out"] = lost - notes.get(
            "local times that occur twice or never", 0
        )
        notes = {key: count for key, count in notes.items() if count}
    return at, notes


def _slashed(plain: pd.Series, order: str, path: Path) -> pd.Series:
    cells = plain.str.extract(SLASHED)
    first, second = (pd.to_numeric(cells[c], errors="coerce") for c in ("a", "b"))
    if order == "auto":
        if first.max() > 12 and second.max() > 12:
            raise UnreadableFile(f"{path.name}: dates are written both day first and month first.")
        order = "mdy" if second.max() > 12 else "dmy"
    if order not in ("dmy", "mdy"):
        raise UnreadableFile(f"--date-order is dmy, mdy or auto, not {order!r}.")
    day, month = (first, second) if order == "dmy" else (second, first)
    year = pd.to_numeric(cells["y"], errors="coerce")
    hour = pd.to_numeric(cells["h"], errors="coerce").fillna(0)
    half = cells["p"].str.lower()
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "pm"))
    parts = {"year": year.where(year >= 100, year + 2000), "month": month, "day": day}
    date = pd.to_datetime(pd.DataFrame(parts), errors="coerce")
    minute = pd.to_numeric(cells["m"], errors="coerce").fillna(0)
    second_ = pd.to_numeric(cells["s"].str.replace(",", ".", regex=False), errors="coerce").fillna(0)
    result: pd.Series = date + pd.to_timedelta(hour * 3600 + minute * 60 + second_, unit="s")
    return result


def _localise(naive: pd.Series, zone: str, notes: dict[str, int]) -> pd.Series:
    where = time_zone(zone)
    local = naive.dt.tz_localize(where, ambiguous="NaT", nonexistent="NaT")
    lost = int((local.isna() & naive.notna()).sum())
    if lost:
        notes["local times that occur twice or never"] = lost
    result: pd.Series = local.dt.tz_convert("UTC")
    return result


def time_zone(name: str) -> tzinfo:
    """Give a time zone by IANA name, or as UTC+1, UTC-05:00, +02:00; raises UnreadableFile."""
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", name.strip())
    if found:
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-offset if sign == "-" else offset)
    if name.strip().upper() in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableFile(f"There is no time zone {name!r}; write UTC, Europe/Paris or UTC+1.") from error


def _step(values: pd.Series) -> float:
    apart = np.diff(pd.DatetimeIndex(values.index).unique().as_unit("ms").asi8) / 1000.0
    return float(np.median(apart)) if apart.size else float("nan")
