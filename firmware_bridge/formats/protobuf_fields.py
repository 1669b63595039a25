"""Read protobuf wire data without its schema: field numbers and raw values."""

from __future__ import annotations

import struct

from .decoded import Undecodable

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MOST_FIELDS = 1000  # of one message; ours have at most some dozens

Wire = dict[int, tuple[int, int | bytes]]  # field number -> (wire type, value); the last of a repeated one


def fields(data: bytes) -> Wire:
    """Split a message into its fields; fixed32 and fixed64 stay bytes. Raises Undecodable."""
    found: Wire = {}
    at = 0
    for _ in range(_MOST_FIELDS):
        if at >= len(data):
            return found
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            break
        if kind == VARINT:
            value, at = _varint(data, at)
            found[number] = kind, value
            continue
        if kind == BYTES:
            length, at = _varint(data, at)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            break
        if at + length > len(data):
            raise Undecodable("the protobuf message is cut off")
        found[number] = kind, data[at : at + length]
        at += length
    raise Undecodable("the message is not protobuf")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise Undecodable("the protobuf message is cut off")


def whole(wire: Wire, number: int) -> int | None:
    """Read an unsigned field, varint or fixed32; None where absent or of another type."""
    kind, value = wire.get(number, (-1, 0))
    if isinstance(value, int):
        return value if kind == VARINT else None
    return int.from_bytes(value, "little") if kind == FIXED32 else None


def signed(wire: Wire, number: int) -> int | None:
    """Read an int32 field, whose negative numbers are ten-byte varints."""
    value = whole(wire, number)
    return value - 2**64 if value is not None and value >= 2**63 else value


def single(wire: Wire, number: int) -> float | None:
    """Read a float field; None where absent or of another type."""
    kind, value = wire.get(number, (-1, b""))
    if kind == FIXED32 and isinstance(value, bytes):
        return float(struct.unpack("<f", value)[0])
    return None


def inner(wire: Wire, number: int) -> bytes | None:
    """Read a bytes, text or message field; None where absent or of another type."""
    kind, value = wire.get(number, (-1, b""))
    return value if kind == BYTES and isinstance(value, bytes) else None
