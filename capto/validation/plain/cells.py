"""Read texts of a plain file as numbers and as times in UTC, and say on which line one cannot be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

MISSING_TEXTS: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "nd", "missing"})
MISSING_CODES: Final = (-200.0, -999.0, -9999.0)  # calibration.md, section 2: never a concentration
DOUBTFUL_CODES: Final = (999.9, 65535.0)  # saturation of SDS011 and Plantower: reported, kept as values
SLASHED: Final = (
    r"^(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<y>\d{4}|\d{2})"
    r"(?:[ T]+(?P<h>\d{1,2})[:.hH](?P<m>\d{2})(?:[:.](?P<s>\d{2}(?:[.,]\d+)?))?\s*(?P<p>[AaPp][Mm])?)?$"
)
ISO: Final = re.compile(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}")
REGULAR: Final = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?(Z|\+00:00)?"
THOUSANDS: Final = r"[-+]?\d{1,3}(\.\d{3})+(,\d+)?"
PLACES_KEPT: Final = 5  # unreadable cells named for each column; the others are counted


class UnreadableFile(ValueError):
    """A file or option that cannot be understood; the message is one sentence for the person who gave it."""


def is_number(text: str) -> bool:
    """Tell whether a text is one number, with a decimal point or comma."""
    return re.fullmatch(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?", text) is not None


def place(texts: pd.Series, wrong: pd.Series, *, column: str) -> list[dict[str, Any]]:
    """Name the first cells that cannot be read: line of the file (the index of texts), column, text."""
    bad = texts[wrong]
    return [
        {"line": int(line), "column": column, "text": str(text)[:80]}
        for line, text in zip(bad.index[:PLACES_KEPT], bad.iloc[:PLACES_KEPT], strict=True)
    ]


def parse_numbers(
    texts: pd.Series,
    *,
    missing: Sequence[float],
    notes: dict[str, int],
    places: list[dict[str, Any]],
    path: Path,
    name: str,
    decimal: str = "",
) -> pd.Series:
    """Read numbers; missing texts and codes become NaN and are counted in notes.

    decimal: "," or ".", either where it is empty.
    texts: indexed by the line of the file. Cells that are no number are named in places.
    """
    if pd.api.types.is_numeric_dtype(texts.dtype):
        numbers = texts
    else:
        numbers = _numbers(texts, notes=notes, places=places, path=path, name=name, decimal=decimal)
    numbers = numbers.replace([np.inf, -np.inf], np.nan).astype(float)
    for code in missing:
        if count := int((numbers == code).sum()):
            notes[f"missing-value code {code:g}, left out"] = count
    for code in DOUBTFUL_CODES:
        if count := int((numbers == code).sum()):
            notes[f"doubtful value {code:g}, kept"] = count
    return numbers.where(~numbers.isin(list(missing)))


def _numbers(
    texts: pd.Series,
    *,
    notes: dict[str, int],
    places: list[dict[str, Any]],
    path: Path,
    name: str,
    decimal: str,
) -> pd.Series:
    quick = pd.to_numeric(texts, errors="coerce")
    if decimal != "," and bool(quick.notna().all()):
        return quick
    plain = texts.str.strip().str.replace("\u202f", "", regex=False).str.replace("\u2212", "-", regex=False)
    read = plain
    if decimal == ",":  # a point is then no decimal sign: 1.234,5 has thousands, 12.5 cannot be read
        read = plain.where(~plain.str.contains(".", regex=False) | plain.str.fullmatch(THOUSANDS), "?")
        read = read.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    elif decimal != ".":
        commas = plain.str.fullmatch(r"[-+]?\d*,\d+")
        read = plain.where(~commas, plain.str.replace(",", ".", regex=False))
    empty = plain.str.lower().isin(MISSING_TEXTS)
    numbers = pd.to_numeric(read.where(~empty), errors="coerce")
    unreadable = numbers.isna() & ~empty
    if unreadable.any():
        if unreadable.sum() > 0.5 * len(texts):
            raise UnreadableFile(
                f"{path.name}, line {plain[unreadable].index[0]}: column {name!r} does not hold numbers: "
                f"{plain[unreadable].iloc[0]!r}."
            )
        places += place(plain, unreadable, column=name)
        notes["values that are no number"] = int(unreadable.sum())
    return numbers


def parse_times(
    texts: pd.Series, *, zone: str, date_order: str, places: list[dict[str, Any]], path: Path, name: str
) -> tuple[pd.Series, dict[str, int]]:
    """Read times as UTC: ISO 8601, seconds or milliseconds since 1970, day/month/year or month/day/year.

    texts: indexed by the line of the file, or times already (Parquet). Those that cannot be read are NaT and
    named in places.
    """
    if isinstance(texts.dtype, pd.DatetimeTZDtype):
        return texts.dt.tz_convert("UTC"), {}
    if pd.api.types.is_datetime64_dtype(texts.dtype):
        found: dict[str, int] = {}
        return _localise(texts, zone, found), found
    plain = texts.astype(str).str.strip()
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
        tidy = plain
        if not re.fullmatch(REGULAR, sample) or plain.str.contains(r"[/.]").any():
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
        bad = plain[at.isna() & (plain != "")]
        raise UnreadableFile(
            f"{path.name}, line {bad.index[0]}: column {name!r}: the time {bad.iloc[0]!r} cannot be read."
        )
    if lost:
        places += place(plain, at.isna() & (plain != ""), column=name)
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
