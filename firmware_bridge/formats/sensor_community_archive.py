"""The daily CSV files of Sensor.Community's public archive: one sensor, a row per reading."""

from __future__ import annotations

from datetime import datetime, tzinfo

from .declared import Declared
from .decoded import CLOCK_NOT_SET, TZ_ASSUMED, TimeSource, join_flags
from .gathered import Gathered
from .sensor_community import take_values
from .times import NotATime, clock_was_not_set, read_time

FIRST_COLUMNS = "sensor_id;sensor_type;"
MAX_ROWS = 100_000  # of one file; a day at one row in 145 s has 600

# Masses are bare in the archive: the column sensor_type tells which table holds.
_PREFIX_BY_TYPE = {"SDS": "SDS", "PMS": "PMS", "HPM": "HPM", "SPS30": "SPS30", "NEXTPM": "NPM", "IPS": "IPS"}
_MASS_COLUMNS = frozenset({"P0", "P1", "P2", "P4"})
_NOT_READ = frozenset({"sensor_id", "sensor_type", "location", "lat", "lon", "timestamp"})
_NOTHING = frozenset({"", "nan", "unknown"})


def take_archive(
    gathered: Gathered, text: str, zone: tzinfo, declared: Declared
) -> tuple[str | None, TimeSource]:
    """Take the rows of a file; tell the sensor's number in the archive and where the times come from.

    The times carry no zone: those of the archive are UTC (from memory), which the caller must say.
    """
    lines = text.splitlines()
    columns = lines[0].strip().split(";")
    sensor: str | None = None
    time_source: TimeSource = "device"
    for index, line in enumerate(lines[1 : MAX_ROWS + 1], start=2):
        cells = line.strip().split(";")
        if cells == [""]:
            continue
        if len(cells) != len(columns):
            gathered.refuse(f"line {index}", "it has another number of columns than the header")
            continue
        row = dict(zip(columns, cells, strict=True))
        sensor = sensor or row["sensor_id"][:20] or None
        if row["sensor_id"][:20] != sensor:
            gathered.refuse(f"line {index}", "it is of another sensor than the lines before")
            continue
        try:
            moment, flag = _moment(row.get("timestamp"), zone)
        except NotATime as error:
            gathered.refuse(f"line {index}", str(error))
            continue
        if TZ_ASSUMED in flag:
            time_source = "tz_assumed"
        prefix = prefix_of(row["sensor_type"])
        items = [
            (f"{prefix}_{key}" if prefix and key in _MASS_COLUMNS else key, value)
            for key, value in row.items()
            if key not in _NOT_READ and value.casefold() not in _NOTHING
        ]
        take_values(gathered, items, moment, declared=declared, flag=flag)
    if len(lines) > MAX_ROWS + 1:
        gathered.refuse(f"line {MAX_ROWS + 2}", f"a file may hold {MAX_ROWS} rows")
    return sensor, time_source


def _moment(raw: object, zone: tzinfo) -> tuple[datetime, str]:
    moment, assumed = read_time(raw, zone=zone)
    clock = CLOCK_NOT_SET if clock_was_not_set(moment) else ""
    return moment, join_flags(TZ_ASSUMED if assumed else "", clock)


def prefix_of(sensor_type: str) -> str:
    """Give the prefix by which the table of value types knows a type of sensor, "" where none does."""
    kind = sensor_type.upper().replace(" ", "").replace("-", "")
    return next((prefix for name, prefix in _PREFIX_BY_TYPE.items() if kind.startswith(name)), "")
