"""AirBeam, binary protocol of AirCasting v3 over HTTP (section 12)."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import reduce
from operator import xor
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import CLOCK_NOT_SET, NO_HEADERS, Decoded, Format, Undecodable
from .fields import Field, field
from .gathered import Gathered
from .numbers import float32_decimal
from .times import clock_was_not_set, from_epoch, in_utc
from .units import fahrenheit_to_celsius

MAPPING = "airbeam/1"

_MAGIC = b"\xab\xba"
_FRAME = struct.Struct(">IBf")  # epoch s, type, value
_HEAD, _TAIL = 4, 1  # bytes: magic and count; checksum
_TYPES: dict[int, Field] = {
    1: field("pm1"),
    2: field("pm25"),
    3: field("pm10"),
    4: field("humidity"),
    5: field("temperature", convert=fahrenheit_to_celsius),  # inside the case, from memory
}
_SESSION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one body; an empty one asks for the server's time only.

    Undecodable carries upstream's word in `code` (payload_too_short, invalid_magic_bytes, ...) for structure and
    checksum. A frame with an unknown type or a value that is none is refused alone; a frame of 1970 is kept,
    flagged. `maps` may name the variants of the model by type number. Raises Undecodable.
    """
    session = device_from_topic(topic)
    gathered = Gathered()
    declared = declared_for(maps, session)
    if not payload:
        gathered.status["event"] = "clock_sync"
        return gathered.decoded(session, mapping=MAPPING)
    _check(payload)
    in_utc(received_at)
    for index, (epoch, kind, value) in enumerate(_FRAME.iter_unpack(payload[_HEAD:-_TAIL])):
        known = declared.fields.get(str(kind)) or _TYPES.get(kind)
        if known is None:
            gathered.refuse(f"frame {index}", f"the type {kind} is unknown")
            continue
        moment = from_epoch(epoch)
        flag = CLOCK_NOT_SET if clock_was_not_set(moment) else ""
        gathered.read(f"frame {index}", known, float32_decimal(value), moment, flag=flag)
    return gathered.decoded(session, time_source="device", mapping=mapping_name(MAPPING, declared))


def _check(payload: bytes) -> None:
    """Check structure and checksum, in upstream's words."""
    if len(payload) < _HEAD + _TAIL:
        raise Undecodable("the body is too short", code="payload_too_short")
    if payload[:2] != _MAGIC:
        raise Undecodable("the body does not begin with AB BA", code="invalid_magic_bytes")
    count = int.from_bytes(payload[2:4], "big")
    if count == 0:
        raise Undecodable("the body announces no measurement", code="empty_measurement_count")
    if len(payload) != _HEAD + count * _FRAME.size + _TAIL:
        raise Undecodable("the length does not fit the number of measurements", code="payload_size_mismatch")
    if reduce(xor, payload[:-1]) != payload[-1]:
        raise Undecodable("the checksum is wrong", code="invalid_checksum")


def device_from_topic(topic: str) -> str | None:
    """Read the session from `/api/v3/fixed_sessions/<session uuid>/measurements`."""
    parts = topic.split("?")[0].casefold().split("/")
    return next((part for part in parts if _SESSION.fullmatch(part)), None)


FORMAT = Format(
    name="airbeam",
    decode=decode,
    http_paths=("/api/v3/fixed_sessions/{device}/measurements",),
    states_time=True,
    device_from_topic=device_from_topic,
)
