"""Read the hourly values of regulatory stations: the LCSQA "flux E2" file of a day and the Geod'air export.

Both are `;` files whose columns are found by name. Times are UTC (metropolitan France). Pure: bytes in, hours and
bad lines out. The format is described in the data dictionary of data.gouv.fr dataset 5b98b648634f415309d52a50.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import NamedTuple

from capto.readings.reference_hour import BadLine, NotAReferenceFile, ReferenceHour, Station

NEEDED = ("Date de début", "code site", "Polluant", "valeur", "unité de mesure", "validité")
QUANTITIES = {
    "NO": "no",
    "NO2": "no2",
    "NOX as NO2": "nox",
    "O3": "o3",
    "PM10": "pm10",
    "PM2.5": "pm25",
    "SO2": "so2",
    "CO": "co",
    "C6H6": "c6h6",
}
MICROGRAMS = {
    "µg-m3": 1.0,
    "ug-m3": 1.0,
    "µg/m3": 1.0,
    "ug/m3": 1.0,
    "mg-m3": 1000.0,
    "mg/m3": 1000.0,
}  # µg/m³
CANONICAL_MICROGRAMS = {"co": 1000.0}  # carbon monoxide is stored in mg/m³, everything else in µg/m³
# EIONET vocabulary aq/observationvalidity. Code 4 is valid ozone by the cross-section CCQM.O3.2019.
VALID, NOT_VALID = frozenset({1, 2, 3, 4}), frozenset({-1, -99})
AHEAD = timedelta(days=1)  # a later hour is a mistake in the date, not a measurement
HOUR = timedelta(hours=1)


class _Unreadable(ValueError):
    """What is wrong with one line."""


class _Cells(NamedTuple):
    """The fields of a line by the name of their column; an absent column is empty."""

    positions: dict[str, int]
    fields: Sequence[str]

    def __call__(self, name: str) -> str:
        position = self.positions.get(name)
        return "" if position is None else self.fields[position].strip()


def is_geodair(data: bytes) -> bool:
    """Tell whether a file is a Geod'air export, which gives positions, rather than an E2 file, which does not."""
    return "Latitude" in _fields(text_of(data).split("\n", 1)[0])


def text_of(data: bytes) -> str:
    """Decode a French file: UTF-8 with or without a byte-order mark, else Windows-1252."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read(data: bytes, *, now: datetime) -> Iterator[ReferenceHour | BadLine]:
    """Give every hour of an E2 or Geod'air file, and every line that could not be read.

    Hours of validity 1 to 4 carry a value, those of -1 and -99 carry None; `valeur brute` (not rounded) is
    preferred and `valeur` kept beside it. A second, different row for the same station, pollutant, discriminant
    and hour is a bad line. `now` bounds the future. Raises NotAReferenceFile where a needed column is absent.
    """
    lines = text_of(data).split("\n")
    header = [name.strip() for name in _fields(lines[0].rstrip("\r"))]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise NotAReferenceFile(f"this is not an LCSQA or Geod'air file: no column {', '.join(missing)}")
    positions = {name: position for position, name in enumerate(header)}
    reader = _Reader(positions, latest=now + AHEAD)
    for number, line in enumerate(lines[1:], start=2):
        bare = line.rstrip("\r")
        if not bare.strip():
            continue
        try:
            fields = _fields(bare)
            if len(fields) != len(header):
                raise _Unreadable(f"{len(fields)} columns where the header has {len(header)}")
            hour = reader.hour(number, _Cells(positions, fields))
        except (_Unreadable, csv.Error) as error:
            yield BadLine(number, str(error))
            continue
        if hour is not None:
            yield hour


class _Reader:
    """What is remembered from line to line: stations, times, and which hours were already given."""

    def __init__(self, positions: dict[str, int], *, latest: datetime) -> None:
        self.latest = latest
        self.has_end = "Date de fin" in positions
        self.times: dict[str, datetime] = {}
        self.stations: dict[str, Station] = {}
        self.given: dict[tuple[str, str, str, datetime], tuple[float | None, int]] = {}

    def hour(self, number: int, cell: _Cells) -> ReferenceHour | None:
        """Read one line; None where the same row already stood in the file."""
        quantity = QUANTITIES.get(cell("Polluant"))
        if quantity is None:
            raise _Unreadable(f"unknown pollutant {cell('Polluant')!r}")
        hour = self.start(cell)
        validity = _validity(cell("validité"))
        value, rounded = _values(cell, quantity) if validity in VALID else (None, None)
        station = self.station(cell)
        key = (station.code, quantity, cell("discriminant"), hour)
        given = self.given.setdefault(key, (value, number))
        if given[1] != number:
            if given[0] == value:
                return None
            raise _Unreadable(f"the same hour was given on line {given[1]} with another value")
        return ReferenceHour(
            number,
            station,
            quantity,
            cell("discriminant"),
            hour,
            value,
            rounded,
            validity,
            cell("type de valeur"),
            cell("code qualité"),
        )

    def start(self, cell: _Cells) -> datetime:
        start = self.time(cell("Date de début"))
        if start.minute or start.second:
            raise _Unreadable(f"the period starts at {start:%H:%M:%S}, not at a full hour")
        if start > self.latest:
            raise _Unreadable(f"the hour {start:%Y-%m-%d %H:%M} is in the future")
        if self.has_end and (length := self.time(cell("Date de fin")) - start) != HOUR:
            raise _Unreadable(f"the period lasts {length}, not one hour")
        return start

    def time(self, text: str) -> datetime:
        known = self.times.get(text)
        if known is None:
            try:
                known = datetime.strptime(text.replace("/", "-"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            except ValueError:
                raise _Unreadable(f"{text!r} is not a date YYYY/MM/DD HH:MM:SS") from None
            self.times[text] = known
        return known

    def station(self, cell: _Cells) -> Station:
        code = cell("code site")
        if not code:
            raise _Unreadable("no station code")
        if code not in self.stations:
            self.stations[code] = Station(
                code,
                cell("nom site"),
                cell("Organisme"),
                cell("type d'implantation"),
                cell("type d'influence"),
                _position(cell("Latitude"), limit=90.0),
                _position(cell("Longitude"), limit=180.0),
            )
        return self.stations[code]


def _fields(line: str) -> list[str]:
    # Line by line: an unclosed quote spoils its own line and not all that follow.
    return next(csv.reader([line], delimiter=";", strict=True), [])


def _validity(text: str) -> int:
    try:
        code = int(text)
    except ValueError:
        raise _Unreadable(f"validity {text!r} is not a number") from None
    if code not in VALID | NOT_VALID:
        raise _Unreadable(f"unknown validity code {code}")
    return code


def _values(cell: _Cells, quantity: str) -> tuple[float, float | None]:
    unit = (
        cell("unité de mesure").replace("\u03bc", "µ").replace("m³", "m3")
    )  # Greek mu is spelled like micro
    micrograms = MICROGRAMS.get(unit)
    if micrograms is None:
        raise _Unreadable(f"unknown unit {cell('unité de mesure')!r}")
    ratio = micrograms / CANONICAL_MICROGRAMS.get(quantity, 1.0)
    rounded, exact = _number(cell("valeur"), ratio), _number(cell("valeur brute"), ratio)
    value = rounded if exact is None else exact
    if value is None:
        raise _Unreadable("a valid hour without a value")
    return value, rounded


def _number(text: str, ratio: float) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise _Unreadable(f"{text!r} is not a number")
    return number if ratio == 1.0 else number * ratio


def _position(text: str, *, limit: float) -> float | None:
    try:
        degrees = float(text)
    except ValueError:
        return None
    return degrees if abs(degrees) <= limit else None
