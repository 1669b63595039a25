"""Read the hours that stand published, and replace those that differ, leaving a trace of each changed figure."""

from collections.abc import Sequence
from datetime import datetime
from struct import pack
from typing import Final, NamedTuple

import numpy as np
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray

import calibration
from capto.readings import binary_copy
from capto.readings.binary_copy import Field
from capto.validation.block import Hours

NO_GRADE: Final = b"-"

FIELDS: Final = (
    Field("series_id", "int8"),
    Field("hour", "hour"),
    Field("raw_mean", "float8"),
    Field("value", "float8"),
    Field("expanded_uncertainty", "float8"),
    Field("n", "int4"),
    Field("coverage", "float8"),
    Field("flags", "int4"),
    Field("grade", "letter"),
    Field("calibration_id", "int4"),
    Field("second_calibration_id", "int4"),
    Field("is_provisional", "bool"),
)
STAMPED: Final = (*FIELDS, Field("computed_at", "instant"), Field("code_version", "text"))
ATTRIBUTES: Final = {"series_id": "series", "expanded_uncertainty": "uncertainty", "calibration_id": "calibration",
                     "second_calibration_id": "second", "is_provisional": "provisional"}  # fmt: skip
READ: Final = """
SELECT series_id, hour, raw_mean, coalesce(value, 'NaN'), coalesce(expanded_uncertainty, 'NaN'), n, coverage, flags,
       grade, coalesce(calibration_id, 0), coalesce(second_calibration_id, 0), is_provisional
FROM readings_hourly_value WHERE {where}
"""
# Pages of this table are filled by half, so that a new figure finds room beside the old one and no index is written
# (a heap-only update): a third less work and a quarter of the log that deleting and copying would cost.
REPLACE: Final = """
UPDATE readings_hourly_value AS old SET {assignments} FROM changed_hour AS new
WHERE old.series_id = new.series_id AND old.hour = new.hour AND {where}
"""

NOTE: Final = """
INSERT INTO readings_publication (first_hour, last_hour, at) VALUES (to_timestamp(%s), to_timestamp(%s), %s)
"""

REMOVE: Final = """
DELETE FROM readings_hourly_value AS old
USING unnest(%s::bigint[], %s::bigint[]) AS gone (series_id, hour)
WHERE old.series_id = gone.series_id AND old.hour = to_timestamp(gone.hour * 3600)
"""


class Change(NamedTuple):
    """How the hours that stand differ from the hours that should: masks over each, and the pairs in both."""

    old: Hours
    new: Hours
    write: NDArray[np.bool_]  # of new: not there yet, or different
    remove: NDArray[np.bool_]  # of old: no longer there
    old_of_new: NDArray[np.int64]  # position in old of each new row, -1 where it is not there
    refigured: NDArray[np.bool_]  # of new: there before with another value, uncertainty, grade or calibration

    def differences(self) -> NDArray[np.float64]:
        """Give the absolute change of each published value that stands on both sides, in its unit."""
        moved = np.abs(self.new.value[self.refigured] - self.old.value[self.old_of_new[self.refigured]])
        return moved[~np.isnan(moved)]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing has to be written."""
        return not (self.write.any() or self.remove.any())


def where(series: Sequence[int], *, begin: int, end: int, of: str = "") -> str:
    """Give the condition for the hours [begin, end) of some series, as SQL of numbers only."""
    ids = ",".join(str(int(known)) for known in series)
    return (
        f"{of}series_id = ANY('{{{ids}}}'::bigint[])"
        f" AND {of}hour >= to_timestamp({int(begin) * 3600}) AND {of}hour < to_timestamp({int(end) * 3600})"
    )


def read(cursor: CursorWrapper, series: Sequence[int], *, begin: int, end: int) -> Hours:
    """Give the published hours [begin, end) of some series, sorted by series and hour."""
    columns = binary_copy.read(cursor, READ.format(where=where(series, begin=begin, end=end)), FIELDS)
    order = np.lexsort((columns["hour"], columns["series_id"]))
    return Hours(**{ATTRIBUTES.get(name, name): column[order] for name, column in columns.items()})


def compare(old: Hours, new: Hours) -> Change:
    """Find which hours differ; both sides sorted by series and hour."""
    old_of_new = _positions(old, new)
    known = old_of_new >= 0
    figures = ("value", "uncertainty", "grade", "calibration", "second")
    others = ("raw_mean", "n", "coverage", "flags", "provisional")
    refigured = known & _differ(old, new, old_of_new, figures)
    write = ~known | refigured | _differ(old, new, old_of_new, others)
    remove = np.ones(len(old), dtype=bool)
    remove[old_of_new[known]] = False
    return Change(old, new, write, remove, old_of_new, refigured)


def _positions(old: Hours, new: Hours) -> NDArray[np.int64]:
    found = np.full(len(new), -1, dtype=np.int64)
    if len(old) and len(new):
        old_key, new_key = (
            side.series * np.int64(1 << 24) + side.hour for side in (old, new)
        )  # hours < 2^24
        position = np.minimum(np.searchsorted(old_key, new_key), len(old) - 1)
        found = np.where(old_key[position] == new_key, position, -1)
    return found


def _differ(old: Hours, new: Hours, old_of_new: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.bool_]:
    result = np.zeros(len(new), dtype=bool)
    if not len(old):
        return result
    for name in names:
        before, after = getattr(old, name)[old_of_new], getattr(new, name)
        differs = before != after
        if after.dtype.kind == "f":
            differs &= ~(np.isnan(before) & np.isnan(after))
        result |= differs
    return result & (old_of_new >= 0)


def store(
    cursor: CursorWrapper,
    change: Change,
    *,
    series: Sequence[int],
    begin: int,
    end: int,
    reason: str,
    now: datetime,
) -> None:
    """Make the published hours [begin, end) of the series equal to `change.new`, inside the caller's transaction."""
    if change.is_empty:
        return
    _leave_traces(cursor, change, reason=reason, now=now)
    cursor.execute(NOTE, [begin * 3600, (end - 1) * 3600, now])
    is_there = change.old_of_new >= 0
    replace(cursor, change.new.where(change.write & is_there), series=series, begin=begin, end=end, now=now)
    fresh = change.new.where(change.write & ~is_there)
    if len(fresh):
        append(cursor, "readings_hourly_value", fresh, now=now)
    gone = change.old.where(change.remove)
    if len(gone):
        cursor.execute(REMOVE, [gone.series.tolist(), gone.hour.tolist()])


def replace(
    cursor: CursorWrapper, hours: Hours, *, series: Sequence[int], begin: int, end: int, now: datetime
) -> None:
    """Write other figures over those of hours that stand there; who reads meanwhile sees all old or all new."""
    if not len(hours):
        return
    cursor.execute("CREATE TEMPORARY TABLE changed_hour (LIKE readings_hourly_value)")
    append(cursor, "changed_hour", hours, now=now)
    cursor.execute("ANALYZE changed_hour (series_id, hour)")
    names = [field.name for field in STAMPED if field.name not in ("series_id", "hour")]
    assignments = ", ".join(f"{name} = new.{name}" for name in names)
    condition = where(series, begin=begin, end=end, of="old.")
    cursor.execute(REPLACE.format(assignments=assignments, where=condition))
    cursor.execute("DROP TABLE pg_temp.changed_hour")


def append(cursor: CursorWrapper, table: str, hours: Hours, *, now: datetime) -> None:
    columns = {field.name: getattr(hours, ATTRIBUTES.get(field.name, field.name)) for field in FIELDS}
    binary_copy.write(
        cursor,
        table,
        STAMPED,
        {**columns, "computed_at": now, "code_version": calibration.CODE_VERSION},
        absent={
            "value": np.isnan(hours.value),
            "expanded_uncertainty": np.isnan(hours.uncertainty),
            "calibration_id": hours.calibration == 0,
            "second_calibration_id": hours.second == 0,
        },
    )


TRACE: Final = """
COPY readings_hourly_value_revision (
    series_id, first_hour, last_hour, changed_at, reason, hours, old_values, new_values, old_uncertainties,
    new_uncertainties, old_calibrations, new_calibrations, old_second_calibrations, new_second_calibrations,
    old_grades, new_grades) FROM STDIN (FORMAT BINARY)
"""
TRACE_FIELDS: Final = 16


def _leave_traces(cursor: CursorWrapper, change: Change, *, reason: str, now: datetime) -> None:
    """Write one revision for each series whose published figures change or go."""
    after = change.new.where(change.refigured)
    before = change.old.where(change.old_of_new[change.refigured])
    gone = change.old.where(change.remove)
    if not (len(after) or len(gone)):
        return
    old = _joined(before, gone)
    new = _joined(after, _nothing(gone))
    order = np.lexsort((old.hour, old.series))
    old, new = old.where(order), new.where(order)
    starts = np.flatnonzero(np.diff(old.series, prepend=-1))
    stamp = binary_copy.moment(now) + binary_copy.text(reason[:200])
    with cursor.copy(TRACE) as copy:
        copy.write(binary_copy.HEADER)
        for begin, end in zip(starts, [*starts[1:], len(old)], strict=True):
            copy.write(_trace(old.where(slice(begin, end)), new.where(slice(begin, end)), stamp))
        copy.write(binary_copy.TRAILER)


def _trace(old: Hours, new: Hours, stamp: bytes) -> bytes:
    arrays = [(old.hour, "hour"), (old.value, "float8"), (new.value, "float8"),
              (old.uncertainty, "float8"), (new.uncertainty, "float8"), (old.calibration, "int4"),
              (new.calibration, "int4"), (old.second, "int4"), (new.second, "int4")]  # fmt: skip
    return b"".join(
        [
            pack(">hiq", TRACE_FIELDS, 8, int(old.series[0])),
            binary_copy.hour(int(old.hour[0])),
            binary_copy.hour(int(old.hour[-1])),
            stamp,
            *(binary_copy.array(column, kind) for column, kind in arrays),
            binary_copy.text(old.grade.tobytes().decode("ascii")),
            binary_copy.text(new.grade.tobytes().decode("ascii")),
        ]
    )


def _joined(first: Hours, second: Hours) -> Hours:
    return Hours(
        **{name: np.concatenate([column, getattr(second, name)]) for name, column in vars(first).items()}
    )


def _nothing(gone: Hours) -> Hours:
    """Give what stands in the place of hours that are no longer published."""
    nan, zero = np.full(len(gone), np.nan), np.zeros(len(gone), dtype=np.int64)
    return Hours(
        **vars(gone)
        | {"value": nan, "uncertainty": nan, "calibration": zero, "second": zero}
        | {"grade": np.full(len(gone), NO_GRADE, dtype="S1")}
    )
