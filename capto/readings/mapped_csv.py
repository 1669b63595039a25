"""Read any other CSV of a reference station, told which column is the time and which column is which quantity.

Rows of an hour are taken as hourly means; finer rows are averaged to hours with 75 % coverage. Pure: bytes in,
hours and bad lines out.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import isfinite
from statistics import median
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import calibration
from calibration.units import molar_volume
from capto.readings.lcsqa import AHEAD, CANONICAL_MICROGRAMS, HOUR, text_of
from capto.readings.reference_hour import BadLine, NotAReferenceFile, ReferenceHour, Station

MISSING_TEXTS = frozenset({"", "na", "nan", "n/a", "null", "none", "-", "--"})
MISSING_NUMBERS = frozenset(
    {-200.0, -999.0, -9999.0, -99999.0}
)  # codes met in the wild: calibration.md, section 2
# L/mol at 20 °C and 101.325 kPa, the conditions of directive 2008/50/EC
MOLAR_VOLUME = molar_volume()
MOLAR_MASS = {
    "no2": 46.0055,
    "o3": 47.9982,
    "no": 30.006,
    "nox": 46.0055,
    "so2": 64.066,
    "co": 28.010,
}  # g/mol
MASS_UNITS = {"ug/m3": 1.0, "µg/m3": 1.0, "mg/m3": 1000.0}  # in µg/m³
MIXING_UNITS = {"ppb": 1.0, "ppm": 1000.0}  # in ppb
UNITS = (*MASS_UNITS, *MIXING_UNITS)
FIRST_MILLISECOND = 1e11  # a larger number is milliseconds: as seconds it would be the year 5138
DAY_FIRST = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})(.*)")
SLASHED = re.compile(r"(\d\d?)[/-](\d\d?)[/-](\d{4})")  # dates with dots put the day first everywhere
SAY_WHICH = "say which with --time-format '%m/%d/%Y %H:%M' or '%d/%m/%Y %H:%M' (time_format=… in the map)"

HourLabel = Literal["begin", "end"]


class ColumnMap(NamedTuple):
    """What a file's columns mean: its time column (or two, joined) and the column of each quantity.

    time_format: how the times are spelled, as strptime has it; '' for those that are known by themselves.
    """

    time: tuple[str, ...]
    quantities: Mapping[str, str]
    time_format: str = ""

    @classmethod
    def of(cls, text: str) -> "ColumnMap":
        """Read `time=COLUMN,pm10=COLUMN`, or `time=Date+Time` where two columns make the time.

        `time_format=%m/%d/%Y %H:%M` says how the times are spelled.

        Raises ValueError, with what is wrong, for anything else.
        """
        columns = {}
        for item in text.split(","):
            name, _, column = item.partition("=")
            if not (name.strip() and column.strip()):
                raise ValueError(f"{item!r} is not NAME=COLUMN")
            columns[name.strip()] = column.strip()
        if "time" not in columns or not columns.keys() - {"time", "time_format"}:
            raise ValueError("a time and at least one quantity are needed: time=COLUMN,pm10=COLUMN")
        spelled = columns.pop("time_format", "")
        return cls(tuple(part.strip() for part in columns.pop("time").split("+")), columns, spelled)


class _Point(NamedTuple):
    line: int
    at: datetime
    value: float


def read(
    data: bytes,
    *,
    columns: ColumnMap,
    unit: str,
    station: Station,
    now: datetime,
    zone: ZoneInfo | None = None,
    hour_label: HourLabel = "begin",
) -> Iterator[ReferenceHour | BadLine]:
    """Give the hourly means of a CSV in the canonical unit of each quantity, and the lines that are wrong.

    unit: ug/m3, mg/m3, ppb or ppm, of all columns (gases at 20 °C and 101.3 kPa). zone: of times that carry none,
    UTC when not given. hour_label: whether a time is the beginning or the end of what it averages. Times are
    ISO 8601, DD/MM/YYYY HH:MM or seconds since 1970, or as the map's time_format says. Raises NotAReferenceFile where
    the file as a whole cannot be read: no such column, rows more than an hour apart, a unit that does not fit the
    quantity, dates of which the order of day and month is in doubt.
    """
    factors = {quantity: _factor(quantity, unit) for quantity in columns.quantities}
    points: dict[str, list[_Point]] = {quantity: [] for quantity in columns.quantities}
    for item in _points(data, columns=columns, zone=zone, latest=now + AHEAD):
        if isinstance(item, BadLine):
            yield item
        else:
            points[item[0]].append(item[1])
    step = _step(sorted({point.at for found in points.values() for point in found}))
    if step > HOUR:
        raise NotAReferenceFile(f"rows are {step} apart: hourly values or finer are needed")
    shift = step if hour_label == "end" else timedelta(0)
    for quantity, found in points.items():
        moved = [point._replace(at=point.at - shift) for point in found]
        hours = _hourly(moved) if step == HOUR else _averaged(moved, step)
        for hour in hours:
            if isinstance(hour, BadLine):
                yield hour
            else:
                yield ReferenceHour(hour.line, station, quantity, "", hour.at, hour.value * factors[quantity])


def _points(
    data: bytes, *, columns: ColumnMap, zone: ZoneInfo | None, latest: datetime
) -> Iterator[tuple[str, _Point] | BadLine]:
    lines = text_of(data).split("\n")
    delimiter = max(";,\t", key=lines[0].count)
    header = [name.strip() for name in next(csv.reader([lines[0].rstrip("\r")], delimiter=delimiter), [])]
    wanted = [*columns.time, *columns.quantities.values()]
    if missing := [name for name in wanted if name not in header]:
        raise NotAReferenceFile(f"no column {', '.join(missing)}; there are {', '.join(header)}")
    time_at = [header.index(name) for name in columns.time]
    value_at = {quantity: header.index(name) for quantity, name in columns.quantities.items()}
    clock = Clock(zone, columns.time_format, is_clear=True)
    if not columns.time_format and (doubt := doubt_about(_times(lines[1:], delimiter, time_at))):
        raise NotAReferenceFile(doubt)
    given: dict[tuple[str, datetime], _Point] = {}
    for number, line in enumerate(lines[1:], start=2):
        try:
            fields = next(csv.reader([line.rstrip("\r")], delimiter=delimiter, strict=True), [])
            if not any(field.strip() for field in fields):
                continue
            if len(fields) != len(header):
                raise ValueError(f"{len(fields)} columns where the header has {len(header)}")
            at = clock.utc(" ".join(fields[position].strip() for position in time_at))
            if at > latest:
                raise ValueError(f"the time {at:%Y-%m-%d %H:%M} is in the future")
            for quantity, position in value_at.items():
                value = number_of(fields[position], decimal_comma=delimiter != ",")
                if value is None:
                    continue
                point = _Point(number, at, value)
                first = given.setdefault((quantity, at), point)
                if first is point:
                    yield quantity, point
                elif first.value != value:
                    raise ValueError(f"the same time was given on line {first.line} with another value")
        except (ValueError, csv.Error) as error:
            yield BadLine(number, str(error))


def _times(lines: list[str], delimiter: str, time_at: list[int]) -> Iterator[str]:
    for line in lines:
        fields = line.rstrip("\r").split(delimiter)
        if len(fields) > max(time_at):
            yield " ".join(fields[position].strip(' "') for position in time_at)


def doubt_about(times: Iterable[str]) -> str:
    """Say why the day and the month of a file's dates cannot be told apart; '' where they can.

    DD/MM/YYYY is read as it is written in Europe, as long as nothing in the file speaks against it: a second number
    above 12, numbers without their zero, or days that follow each other only when the month is put first.
    """
    found = dict.fromkeys(match.groups()[:3] for text in times if (match := SLASHED.match(text)))
    if any(int(first) > 12 for first, _, _ in found) and all(int(second) <= 12 for _, second, _ in found):
        return ""  # the day comes first
    for first, second, year in found:
        if doubt := _doubt(first, second, f"{first}/{second}/{year}"):
            return doubt
    try:
        day_first, month_first = (
            sorted(date(int(year), int(month), int(day)) for day, month, year in ordered)
            for ordered in (found, [(second, first, year) for first, second, year in found])
        )
    except ValueError:
        return ""  # no date at all, which its line says
    if found and month_first[-1] - month_first[0] < day_first[-1] - day_first[0]:
        first, second, year = next(iter(found))
        return (
            f"the days follow each other only where {first}/{second}/{year} puts the month first: {SAY_WHICH}"
        )
    return ""


def _doubt(first: str, second: str, text: str) -> str:
    if int(second) > 12:
        return f"{text!r} puts the month before the day: {SAY_WHICH}"
    if min(len(first), len(second)) == 1 and int(first) <= 12:
        return f"{text!r} can put the day first or the month: {SAY_WHICH}"
    return ""


class Clock:
    """Turn the times of one file into UTC; an hour that occurs twice in local time is told by its order.

    time_format: how they are spelled (strptime); '' for ISO 8601, DD/MM/YYYY or seconds since 1970. is_clear: that
    `doubt_about` found no doubt in the whole file; otherwise each date answers for itself.
    """

    def __init__(self, zone: ZoneInfo | None, time_format: str = "", *, is_clear: bool = False) -> None:
        self.zone: Final = zone or UTC
        self.time_format: Final = time_format
        self.is_clear: Final = is_clear
        self.previous = datetime.min.replace(tzinfo=UTC)

    def utc(self, text: str) -> datetime:
        local = _spelled(text, self.time_format) if self.time_format else _time(text, is_clear=self.is_clear)
        if local.tzinfo is None:
            aware = local.replace(tzinfo=self.zone)
            found = aware.astimezone(UTC)
            second = aware.replace(fold=1).astimezone(UTC)
            if found.astimezone(self.zone).replace(tzinfo=None) != local:
                raise ValueError(f"{text!r} does not exist in {self.zone}: clocks go forward")
            if second > found and found <= self.previous:
                found = second
        else:
            found = local.astimezone(UTC)
        self.previous = found
        return found


def _spelled(text: str, time_format: str) -> datetime:
    try:
        return datetime.strptime(text, time_format)  # noqa: DTZ007 - the clock gives it its zone
    except ValueError:
        raise ValueError(f"{text!r} is not spelled {time_format!r}") from None


def _time(text: str, *, is_clear: bool) -> datetime:
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        if not isfinite(seconds):
            raise ValueError(f"{text!r} is not a time")
        return datetime.fromtimestamp(seconds / 1000 if seconds >= FIRST_MILLISECOND else seconds, UTC)
    spelled = text
    if day_first := DAY_FIRST.fullmatch(text):
        day, month, year, rest = day_first.groups()
        if not is_clear and SLASHED.match(text) and (doubt := _doubt(day, month, text)):
            raise ValueError(doubt)
        spelled = f"{year}-{int(month):02}-{int(day):02}{rest}"
    day_part, _, clock = spelled.replace("/", "-").replace("T", " ").partition(" ")
    if ":" not in clock:
        clock = clock.replace(".", ":")  # 18.00.00, as some data loggers write it
    try:
        return datetime.fromisoformat(f"{day_part} {clock.strip()}".strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time that is understood") from None


def number_of(text: str, *, decimal_comma: bool) -> float | None:
    bare = text.strip()
    if bare.lower() in MISSING_TEXTS:
        return None
    try:
        number = float(bare.replace(",", ".") if decimal_comma else bare)
    except ValueError:
        raise ValueError(f"{bare!r} is not a number") from None
    if not isfinite(number):
        raise ValueError(f"{bare!r} is not a number")
    return None if number in MISSING_NUMBERS else number


def _step(times: list[datetime]) -> timedelta:
    if len(times) < 2:
        return HOUR
    return timedelta(seconds=median((after - before).total_seconds() for before, after in pairwise(times)))


def _hourly(points: list[_Point]) -> Iterator[_Point | BadLine]:
    for point in points:
        if point.at.minute or point.at.second or point.at.microsecond:
            yield BadLine(point.line, f"the hour starts at {point.at:%H:%M:%S}, not at a full hour")
        else:
            yield point


def _averaged(points: list[_Point], step: timedelta) -> Iterator[_Point]:
    if not points:
        return
    import pandas as pd  # half a second and 45 MB: only whoever averages

    readings = pd.Series(
        [point.value for point in points], index=pd.DatetimeIndex([point.at for point in points])
    )
    means = calibration.means_from_sums(calibration.hour_sums(readings), expected=HOUR / step)
    first_line: dict[datetime, int] = {}
    for point in points:
        first_line.setdefault(point.at.replace(minute=0, second=0, microsecond=0), point.line)
    for at, mean in means.loc[means["coverage"] >= calibration.COVERAGE_NEEDED, "mean"].items():
        hour = pd.Timestamp(str(at)).to_pydatetime()
        yield _Point(first_line[hour], hour, float(mean))


def _factor(quantity: str, unit: str) -> float:
    canonical = CANONICAL_MICROGRAMS.get(quantity, 1.0)
    if unit in MASS_UNITS:
        return MASS_UNITS[unit] / canonical
    if unit not in MIXING_UNITS:
        raise NotAReferenceFile(f"unknown unit {unit!r}; known: {', '.join(UNITS)}")
    if quantity not in MOLAR_MASS:
        raise NotAReferenceFile(f"{quantity} cannot be given in {unit}")
    return MIXING_UNITS[unit] * MOLAR_MASS[quantity] / MOLAR_VOLUME / canonical
