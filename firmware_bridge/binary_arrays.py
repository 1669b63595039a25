"""Arrays in PostgreSQL's binary form, packed without a Python step per element.

Layout of the wire form: number of dimensions, whether NULLs are present, type of the elements, length, lower
bound (int32 each), then per element its length (int32) and its bytes, all big-endian
(src/backend/utils/adt/arrayfuncs.c, array_recv). Absent values of float8 are NaN here, never NULL.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from typing import ClassVar

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

EPOCH_OF_POSTGRESQL_US = 946_684_800 * 1_000_000  # microseconds from 1970 to 2000-01-01


class BinaryArray:
    """A sequence of numbers as one parameter; subclasses name the types."""

    code: ClassVar[str]
    element_oid: ClassVar[int]
    oid: ClassVar[int]
    __slots__ = ("numbers",)

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = numbers

    def packed(self) -> bytes:
        """Pack to the binary form of the array type."""
        data = array(self.code, self.numbers)
        count, size = len(data), data.itemsize
        if sys.byteorder == "little":
            data.byteswap()
        raw = data.tobytes()
        stride = 4 + size
        body = bytearray(stride * count)
        body[3::stride] = bytes((size,)) * count
        for place in range(size):
            body[4 + place :: stride] = raw[place::size]
        dimensions = 1 if count else 0
        header = struct.pack(">iii", dimensions, 0, self.element_oid)
        return header + struct.pack(">ii", count, 1) + bytes(body) if count else header


class Float8s(BinaryArray):
    """float8[]"""

    code, element_oid, oid = "d", 701, 1022
    __slots__ = ()


class Int8s(BinaryArray):
    """int8[]"""

    code, element_oid, oid = "q", 20, 1016
    __slots__ = ()


class Int4s(BinaryArray):
    """int4[]"""

    code, element_oid, oid = "i", 23, 1007
    __slots__ = ()


class Int2s(BinaryArray):
    """int2[]"""

    code, element_oid, oid = "h", 21, 1005
    __slots__ = ()


class Moments(BinaryArray):
    """timestamptz[], from microseconds since 1970, UTC"""

    code, element_oid, oid = "q", 1184, 1185
    __slots__ = ()

    def __init__(self, microseconds: Sequence[int]) -> None:
        super().__init__([moment - EPOCH_OF_POSTGRESQL_US for moment in microseconds])


def _dumper(array_type: type[BinaryArray]) -> type[Dumper]:
    class BinaryArrayDumper(Dumper):
        format = Format.BINARY
        oid = array_type.oid

        def dump(self, obj: BinaryArray) -> Buffer:
            return obj.packed()

    return BinaryArrayDumper


def teach(connection: Connection) -> None:
    """Let a connection take these arrays as parameters."""
    for array_type in (Float8s, Int8s, Int4s, Int2s, Moments):
        connection.adapters.register_dumper(array_type, _dumper(array_type))
