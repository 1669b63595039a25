"""Read any CSV of a sensor, told which column is the time and which column is which quantity."""

import csv
from datetime import tzinfo
from zoneinfo import ZoneInfo

from capto.readings.lcsqa import text_of
from capto.readings.mapped_csv import Clock, ColumnMap, doubt_about, number_of
from firmware_bridge.formats.decoded import NO_VALUE, Decoded, Undecodable
from firmware_bridge.formats.fields import Field, field_in_unit
from firmware_bridge.formats.gathered import Gathered
from firmware_bridge.formats.units import UnknownUnit

MAPPING = "csv/1"
MAX_ROWS = 100_000  # of one file


def fields_of(columns: ColumnMap) -> dict[str, Field]:
    """Read each quantity of a map: `pm25`, `pm25:mg/m3`, `pm25:ug/m3:native`. Raises ValueError, with what is wrong."""
    fields = {}
    for spelled, column in columns.quantities.items():
        quantity, unit, variant, *_ = (*spelled.split(":"), "", "")
        try:
            fields[column] = field_in_unit(quantity, unit or None, variant or None)
        except UnknownUnit as error:
            raise ValueError(f"{spelled}: {error}") from None
    return fields


def read(data: bytes, *, columns: ColumnMap, zone: tzinfo | None) -> Decoded:
    """Read the rows of a file; `zone` is that of times without one. A wrong line is refused with its number.

    Raises Undecodable where the file as a whole cannot be read.
    """
    fields = fields_of(columns)
    lines = text_of(data).split("\n")
    delimiter = max(";,\t", key=lines[0].count)
    header = [name.strip() for name in next(csv.reader([lines[0].rstrip("\r")], delimiter=delimiter), [])]
    if missing := [name for name in (*columns.time, *fields) if name not in header]:
        raise Undecodable(f"no column {', '.join(missing)}; there are {', '.join(header)}")
    time_at = [header.index(name) for name in columns.time]
    rows = (line.rstrip("\r").split(delimiter) for line in lines[1 : MAX_ROWS + 1])
    times = (" ".join(row[at].strip(' "') for at in time_at) for row in rows if len(row) > max(time_at))
    if not columns.time_format and (doubt := doubt_about(times)):
        raise Undecodable(doubt)
    clock = Clock(zone if isinstance(zone, ZoneInfo) else None, columns.time_format, is_clear=True)
    gathered = Gathered()
    for number, line in enumerate(lines[1 : MAX_ROWS + 1], start=2):
        if not line.strip():
            continue
        cells = next(csv.reader([line.rstrip("\r")], delimiter=delimiter), [])
        if len(cells) != len(header):
            gathered.refuse(f"line {number}", f"{len(cells)} columns where the header has {len(header)}")
            continue
        row = dict(zip(header, cells, strict=True))
        try:
            at = clock.utc(" ".join(row[name].strip() for name in columns.time))
            values = {column: number_of(row[column], decimal_comma=delimiter != ",") for column in fields}
        except ValueError as error:
            gathered.refuse(f"line {number}", str(error))
            continue
        for column, value in values.items():
            flag = NO_VALUE if value is None else ""
            gathered.read(f"line {number}", fields[column], value, at, flag=flag)
    if len(lines) > MAX_ROWS + 2:
        gathered.refuse(f"line {MAX_ROWS + 2}", f"a file may hold {MAX_ROWS} rows")
    return gathered.decoded(None, time_source="device", mapping=MAPPING)
