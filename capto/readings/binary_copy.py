"""Move columns between PostgreSQL and numpy by binary COPY, without a Python object for each value.

A row whose columns are all present and of fixed width is a record of fixed width (PostgreSQL documentation, COPY,
"Binary Format": 16-bit field count, then for each field a 32-bit length and the data, big-endian), and so are the
elements of an array: numpy reads and writes a million of them in the time of a few thousand objects.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from struct import pack, unpack_from
from typing import Any, Final, NamedTuple

import numpy as np
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + pack(">ii", 0, 0)
TRAILER: Final = pack(">h", -1)
ROWS_AT_ONCE: Final = 100_000  # about 10 MB of records while writing
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # where PostgreSQL counts from
EPOCH_HOURS: Final = 262_968  # hours from 1970 to there
HOUR_MICROSECONDS: Final = 3_600_000_000

# `hour` is a timestamptz that numpy sees as whole hours since 1970, `time` one that it sees as microseconds since
# 1970, `instant` one that is the same in all rows; `letter` is a text of one ASCII sign, `text` one that is the same
# in all rows; `float8s` are arrays of one length without NULLs (only written).
WIRE: Final = {
    "int2": ">i2",
    "int4": ">i4",
    "int8": ">i8",
    "float8": ">f8",
    "hour": ">i8",
    "time": ">i8",
    "bool": "?",
    "letter": "S1",
    "instant": ">i8",
}
ELEMENT_TYPES: Final = {"int4": 23, "float8": 701, "hour": 1184}  # oids of pg_type

Columns = Mapping[str, NDArray[Any] | datetime | str]


class Field(NamedTuple):
    """A column of the table or query and its kind: a key of WIRE, `text` or `float8s`."""

    name: str
    kind: str


def read(cursor: CursorWrapper, query: str, fields: Sequence[Field]) -> dict[str, NDArray[Any]]:
    """Give the columns of a query as arrays; none may be NULL (use coalesce), in the order of `fields`.

    The server sends each column as one array: row by row, receiving costs more than the query.
    """
    names = ", ".join(field.name for field in fields)
    arrays = ", ".join(f"array_agg({field.name})" for field in fields)
    with cursor.copy(
        f"COPY (SELECT {arrays} FROM ({query}) AS found ({names})) TO STDOUT (FORMAT BINARY)"
    ) as copy:
        data = memoryview(b"".join(bytes(part) for part in copy))
    found = {}
    position = len(HEADER) + 2  # behind the number of columns
    for name, kind in fields:
        (length,) = unpack_from(">i", data, position)
        position += 4
        found[name] = _elements(data[position : position + max(length, 0)], kind)
        position += max(length, 0)
    return found


def _elements(data: memoryview, kind: str) -> NDArray[Any]:
    """Read an array as the server sends it; no bytes at all stand for no rows."""
    wire = np.dtype(WIRE[kind])
    if not data:
        return _from_wire(np.zeros(0, wire), kind)
    _, has_null, _, count, _ = unpack_from(">iiiii", data)
    element = np.dtype([("length", ">i4"), ("element", wire)])
    if has_null or len(data) != 20 + count * element.itemsize:
        raise ValueError("the query gave a NULL or a type of another width than its fields say")
    return _from_wire(np.frombuffer(data, element, count=count, offset=20)["element"], kind)


def write(
    cursor: CursorWrapper,
    table: str,
    fields: Sequence[Field],
    columns: Columns,
    *,
    absent: Mapping[str, NDArray[np.bool_]] | None = None,
) -> int:
    """Append rows to a table and give their number; `absent` marks, by column, where NULL is written.

    A column is an array, or one datetime (kind `instant`) or string (kind `text`) for all rows.
    """
    constants = {
        name: _constant(column) for name, column in columns.items() if not isinstance(column, np.ndarray)
    }
    arrays = {name: column for name, column in columns.items() if isinstance(column, np.ndarray)}
    masks = {name: mask for name, mask in (absent or {}).items() if mask.any()}
    size = len(next(iter(arrays.values())))
    pattern = np.zeros(size, dtype=np.int64)
    for bit, mask in enumerate(masks.values()):
        pattern |= mask.astype(np.int64) << bit
    names = ", ".join(field.name for field in fields)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(HEADER)
        for code in np.unique(pattern):
            missing = frozenset(name for bit, name in enumerate(masks) if code >> bit & 1)
            for part in _records(fields, arrays, constants, np.flatnonzero(pattern == code), missing):
                copy.write(part)
        copy.write(TRAILER)
    return size


def _constant(value: datetime | str) -> np.generic:
    return np.int64(_microseconds(value)) if isinstance(value, datetime) else np.bytes_(value.encode())


def _records(
    fields: Sequence[Field],
    arrays: Mapping[str, NDArray[Any]],
    constants: Mapping[str, np.generic],
    rows: NDArray[np.int64],
    missing: frozenset[str],
) -> Iterator[bytes]:
    widths = {field.name: arrays[field.name].shape[1] for field in fields if field.kind == "float8s"}
    record = _record(fields, absent=missing, constants=constants, widths=widths)
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[begin : begin + ROWS_AT_ONCE]
        out = np.zeros(len(some), record)
        out["fields"] = len(fields)
        for name, kind in fields:
            if name in missing:
                out[_length(name)] = -1
                continue
            out[_length(name)] = record[name].itemsize
            out[name] = constants[name] if name in constants else _to_wire(arrays[name][some], kind)
        yield out.tobytes()


def _length(name: str) -> str:
    return f"length of {name}"


def _record(
    fields: Sequence[Field],
    *,
    absent: frozenset[str],
    constants: Mapping[str, np.generic] | None = None,
    widths: Mapping[str, int] | None = None,
) -> np.dtype[np.void]:
    parts: list[tuple[str, str | np.dtype[np.void]]] = [("fields", ">i2")]
    for name, kind in fields:
        parts.append((_length(name), ">i4"))
        if name in absent:
            continue
        if kind == "text":
            parts.append((name, f"S{(constants or {})[name].itemsize}"))
        elif kind == "float8s":
            parts.append((name, _array_record((widths or {})[name])))
        else:
            parts.append((name, WIRE[kind]))
    return np.dtype(parts)


def _array_record(width: int) -> np.dtype[np.void]:
    """Give the form of an array of `width` numbers: five words before them, and the length of each."""
    element = np.dtype([("length", ">i4"), ("element", WIRE["float8"])])
    return np.dtype([("head", ">i4", (5,)), ("elements", element, (width,))])


def _from_wire(column: NDArray[Any], kind: str) -> NDArray[Any]:
    if kind == "hour":
        return column.astype(np.int64) // HOUR_MICROSECONDS + EPOCH_HOURS
    if kind == "time":
        return column.astype(np.int64) + EPOCH_HOURS * HOUR_MICROSECONDS
    native: NDArray[Any] = column.astype(column.dtype.newbyteorder("="))
    return native


def _to_wire(column: NDArray[Any], kind: str) -> NDArray[Any]:
    if kind == "hour":
        return (column.astype(np.int64) - EPOCH_HOURS) * HOUR_MICROSECONDS
    if kind == "time":
        return column.astype(np.int64) - EPOCH_HOURS * HOUR_MICROSECONDS
    if kind == "float8s":
        filled = np.empty(len(column), _array_record(column.shape[1]))
        filled["head"] = (1, 0, ELEMENT_TYPES["float8"], column.shape[1], 1)
        filled["elements"]["length"] = 8
        filled["elements"]["element"] = column
        return filled
    return column.astype("S1") if kind == "letter" else column


def array(column: NDArray[Any], kind: str) -> bytes:
    """Give a one-dimensional array without NULLs as a field of a binary COPY, its length first."""
    wire = np.dtype(WIRE[kind])
    elements = np.empty(len(column), np.dtype([("length", ">i4"), ("element", wire)]))
    elements["length"] = wire.itemsize
    elements["element"] = _to_wire(column, kind)
    data = pack(">iiiii", 1, 0, ELEMENT_TYPES[kind], len(column), 1) + elements.tobytes()
    return pack(">i", len(data)) + data


def hour(number: int) -> bytes:
    """Give an hour (since 1970) as a timestamptz field of a binary COPY, its length first."""
    return pack(">iq", 8, (number - EPOCH_HOURS) * HOUR_MICROSECONDS)


def moment(at: datetime) -> bytes:
    """Give an aware time as a timestamptz field of a binary COPY, its length first."""
    return pack(">iq", 8, _microseconds(at))


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def text(value: str) -> bytes:
    """Give a text as a field of a binary COPY, its length first."""
    data = value.encode()
    return pack(">i", len(data)) + data
