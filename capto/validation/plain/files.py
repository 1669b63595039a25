"""Read one column of a plain file as a series of values in UTC, whatever dialect it is written in.

Byte-order marks, lines before the header, comma, semicolon, tab or bar, decimal commas, ISO, epoch and
slashed times, times in two columns, missing-value codes; Parquet; the national E2 file and AirNow's long
reference file by their own names of columns (`plain.forms`). No Django, no database.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from capto.validation.plain.cells import (
    MISSING_CODES,
    UnreadableFile,
    is_number,
    parse_numbers,
    parse_times,
    time_zone,
)
from capto.validation.plain.forms import Form, known_form, unit_in

DELIMITERS: Final = (",", ";", "\t", "|")
LINES_BEFORE_HEADER: Final = 80
LINES_LOOKED_AT: Final = 50  # below the names, for rows that have more columns than the names
MOST_REPEATED: Final = 0.2  # beyond it the rows are of several places or quantities, not repeated readings
TIME_NAMES: Final = ("time", "date", "datetime", "timestamp", "date/time", "observed_at", "hour")
PARQUET: Final = b"PAR1"


@dataclass(frozen=True)
class Column:
    """Values of one column by UTC time (sorted, NaN where missing), and what was noticed on the way."""

    path: Path
    name: str
    values: pd.Series
    step: float  # seconds between readings, the median
    notes: dict[str, int] = field(default_factory=dict)
    others: dict[str, pd.Series] = field(default_factory=dict)  # temperature, humidity, corrected: same times
    places: list[dict[str, Any]] = field(default_factory=list)  # cells that could not be read
    form: str = "plain"
    unit: str | None = None  # as the file states it
    about: dict[str, Any] = field(default_factory=dict)  # station, instrument, validity codes
    sha256: str = ""
    size: int = 0


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
    others: Mapping[str, str] | None = None,
    delimiter: str = "",
    decimal: str = "",
) -> Column:
    """Read one column; raises UnreadableFile with the reason, the line and the column.

    time: the column or columns (date and time) that hold it, empty to look for a usual name; value: the
    column of values, empty to look for one that names `hint` or the only numeric one; zone: of times that
    state none; filters: "column=value" or "column=value|other", rows that do not match are left out;
    date_order: "dmy", "mdy" or "auto"; missing: numbers that mean no value; others: more columns to read at the
    same times, by what they hold; delimiter: between columns, decimal: "," or ".", both found where they are
    empty. Without time, value and filters a file of a known form is read as its form says.
    """
    time_zone(zone)  # also where the file states its own: a wrong option is always an error
    data = _bytes(path)
    wanted_texts = [*time, *(_parts(one)[0] for one in filters)]
    wanted = [*wanted_texts, *([value] if value else [])]
    numeric = {value, *(others or {}).values()} - {"", *wanted_texts}
    table = _table(
        path, data, wanted, numeric=() if decimal == "," else numeric,
        delimiters=(delimiter,) if delimiter else DELIMITERS,
    )  # fmt: skip
    form = None if time or value else known_form(table, hint=hint, filters=filters, path=path)
    if form is not None:
        table, time, value, zone = form.rows, form.time, form.value, form.zone or zone
    for one in filters:
        column, accepted = _parts(one)
        texts = _column(table, column, path).astype(str).str.strip()
        table = table[texts.map(lambda text, accepted=accepted: any(_same(text, a) for a in accepted))]
    if table.empty:
        raise UnreadableFile(f"{path.name}: no row is left" + (" after the filters." if filters else "."))
    times = list(time) or [_guess(table, TIME_NAMES, path, "time")]
    name = value or _value_name(table, hint, path, times)
    texts = _column(table, times[0], path)
    for other in times[1:]:
        texts = texts.str.strip() + " " + _column(table, other, path).str.strip()
    places: list[dict[str, Any]] = []
    at, notes = parse_times(
        texts, zone=zone, date_order=date_order, places=places, path=path, name=" + ".join(times)
    )
    read = {"": _column(table, name, path)}
    read |= {what: _column(table, column, path) for what, column in (others or {}).items() if column}
    frame = pd.DataFrame(
        {
            what: parse_numbers(
                texts,
                missing=missing,
                notes=notes if not what else {},
                places=places,
                path=path,
                name=str(texts.name),
                decimal=decimal,
            ).to_numpy()
            for what, texts in read.items()
        },
        index=pd.DatetimeIndex(at),
    )
    frame = frame[pd.notna(frame.index)].sort_index(kind="stable")
    series = frame[""].rename(None)
    _refuse_repeated(series, notes, path)
    if series.notna().sum() == 0:
        raise UnreadableFile(f"{path.name}: column {name!r} holds no number.")
    extra = form or Form(table, [], "")
    return Column(
        path, name, series, _step(series), notes,
        {what: frame[what] for what in frame.columns if what} | extra.others(zone),
        places, extra.name, extra.unit or unit_in(name), extra.about, hashlib.sha256(data).hexdigest(), len(data),
    )  # fmt: skip


def _refuse_repeated(series: pd.Series, notes: dict[str, int], path: Path) -> None:
    twice = int(series.index.duplicated().sum())
    if twice:
        notes["times that occur more than once"] = twice
        if twice > MOST_REPEATED * len(series) and series.groupby(level=0).nunique().max() > 1:
            raise UnreadableFile(
                f"{path.name}: {twice} of {len(series)} rows repeat a time with another value; choose "
                "the rows with a filter (--filter or --reference-filter 'COLUMN=VALUE')."
            )


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UnreadableFile(f"{path}: there is no such file.")
    return path.read_bytes()


def _table(
    path: Path,
    data: bytes,
    wanted: Sequence[str],
    *,
    numeric: Collection[str] = (),
    delimiters: Sequence[str] = DELIMITERS,
) -> pd.DataFrame:
    """Read all cells as text (Parquet: as typed), indexed by the line of the file.

    numeric: columns that are wanted as numbers; where every cell of one is a number or empty it is read as such, in
    a third of the time and to the same values, else as text.
    """
    if data[:4] == PARQUET:
        return _parquet(path, data)
    lines = _decode(data).splitlines()
    found = _header(lines, wanted, delimiters)
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
    _refuse_wider_rows(path, lines, number, delimiter)
    table = _cells(path, lines[number:], delimiter, numeric)
    table.columns = [str(name).strip() for name in table.columns]
    if len(table) == len(lines) - number - 1:
        table.index = pd.RangeIndex(number + 2, number + 2 + len(table))
    else:  # lines were skipped, or a cell holds a line break: count the lines as the parser saw them
        table.index = pd.Index(_line_numbers(lines, number, delimiter, len(table)))
    if _is_empty(table.iloc[:, 0]).any():
        table = table[~table.apply(_is_empty).all(axis=1)]
    if table.empty:
        raise UnreadableFile(f"{path.name}: there is no row below the column names of line {number + 1}.")
    return table


def _cells(path: Path, lines: Sequence[str], delimiter: str, numeric: Collection[str]) -> pd.DataFrame:
    def read(numbers: Collection[str]) -> pd.DataFrame:
        kinds: dict[str, type] = defaultdict(lambda: str, dict.fromkeys(numbers, float))
        return pd.read_csv(
            io.StringIO("\n".join(lines)),
            sep=delimiter,
            dtype=kinds,
            index_col=False,
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
            skipinitialspace=True,
            skip_blank_lines=False,
            on_bad_lines="skip",
        )

    try:
        try:
            table = read(numeric)
        except (ValueError, OverflowError):  # a cell of these columns is no number: they are read as texts
            table = read(())
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise UnreadableFile(f"{path.name}: {' '.join(str(error).split())}.") from error
    texts = [name for name in table.columns if not pd.api.types.is_float_dtype(table[name].dtype)]
    table[texts] = table[texts].fillna("")
    return table


def _is_empty(cells: pd.Series) -> pd.Series:
    return cells.isna() if pd.api.types.is_float_dtype(cells.dtype) else cells.str.strip() == ""


def _refuse_wider_rows(path: Path, lines: Sequence[str], number: int, delimiter: str) -> None:
    """Refuse rows with more columns than names: most often decimal commas between commas."""
    names = len(next(csv.reader([lines[number]], delimiter=delimiter)))
    looked = [
        (number + 2 + k, line)
        for k, line in enumerate(lines[number + 1 : number + 1 + LINES_LOOKED_AT])
        if line.strip()
    ]
    wider = []
    for at, line in looked:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        while cells and not cells[-1].strip():
            cells.pop()
        if len(cells) > names:
            wider.append((at, len(cells)))
    if len(wider) > len(looked) / 2:
        at, cells_there = wider[0]
        why = (
            " Decimal commas need another separator between columns, such as ';'." if delimiter == "," else ""
        )
        raise UnreadableFile(
            f"{path.name}, line {at}: {cells_there} columns where line {number + 1} names {names}.{why}"
        )


def _line_numbers(lines: Sequence[str], number: int, delimiter: str, rows: int) -> list[int]:
    names = len(next(csv.reader([lines[number]], delimiter=delimiter)))
    reader = csv.reader(iter(f"{line}\n" for line in lines[number + 1 :]), delimiter=delimiter)
    found, before = [], 0
    for cells in reader:
        if len([*cells]) <= names + 1:
            found.append(number + 2 + before)
        before = reader.line_num
    return found[:rows] if len(found) >= rows else list(range(number + 2, number + 2 + rows))


def _parquet(path: Path, data: bytes) -> pd.DataFrame:
    try:
        table = pd.read_parquet(io.BytesIO(data))
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise UnreadableFile(f"{path.name}: not a readable Parquet file: {str(error)[:120]}.") from error
    if isinstance(table.index, pd.DatetimeIndex):
        table = table.reset_index(names=table.index.name or "time")
    table.columns = [str(name).strip() for name in table.columns]
    if table.empty:
        raise UnreadableFile(f"{path.name}: the file is empty.")
    table.index = pd.RangeIndex(1, 1 + len(table))
    return table


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _header(lines: Sequence[str], wanted: Sequence[str], delimiters: Sequence[str]) -> tuple[int, str] | None:
    """Find the line of column names: the one with all wanted names, else the first that the next lines resemble."""
    best: tuple[int, int, str] | None = None
    filled = [(number, line) for number, line in enumerate(lines[:LINES_BEFORE_HEADER]) if line.strip()]
    for delimiter in delimiters:
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
                    and set(following) <= {len(cells), len(cells) + 1}
                    and (bool(following) or k == 0)
                    and not any(is_number(c) for c in cells)
                )
            if fits:
                if best is None or len(cells) > best[0]:
                    best = (len(cells), number, delimiter)
                break
    return None if best is None else best[1:]


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


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
    numeric = [
        c
        for c in table.columns
        if c not in times and table[c].astype(str).map(str.strip).map(is_number).any()
    ]
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
        is_number(text)
        and is_number(accepted)
        and (float(text.replace(",", ".")) == float(accepted.replace(",", ".")))
    )


def _step(values: pd.Series) -> float:
    apart = np.diff(pd.DatetimeIndex(values.index).unique().as_unit("ms").asi8) / 1000.0
    return float(np.median(apart)) if apart.size else float("nan")
