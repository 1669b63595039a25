"""Cayenne LPP records: the byte layout, and the names that network servers give them (section 16)."""

from __future__ import annotations

import re
from typing import NamedTuple

from .decoded import AT_SCALE_LIMIT


class LppType(NamedTuple):
    """One record type: `size` bytes, big-endian; the number is `raw / divisor`."""

    name: str  # of The Things Stack, before the channel
    camel_name: str  # of ChirpStack; '' where it has none that is known
    size: int
    signed: bool
    divisor: int


TYPES: dict[int, LppType] = {
    0: LppType("digital_in", "digitalInput", 1, False, 1),
    1: LppType("digital_out", "digitalOutput", 1, False, 1),
    2: LppType("analog_in", "analogInput", 2, True, 100),
    3: LppType("analog_out", "analogOutput", 2, True, 100),
    100: LppType("generic", "genericSensor", 4, False, 1),
    101: LppType("luminosity", "illuminanceSensor", 2, False, 1),
    102: LppType("presence", "presenceSensor", 1, False, 1),
    103: LppType("temperature", "temperatureSensor", 2, True, 10),
    104: LppType("relative_humidity", "humiditySensor", 1, False, 2),
    113: LppType("accelerometer", "accelerometer", 6, True, 1000),
    115: LppType("barometric_pressure", "barometer", 2, False, 10),
    116: LppType("voltage", "voltage", 2, False, 100),
    117: LppType("current", "current", 2, False, 1000),
    118: LppType("frequency", "frequency", 4, False, 1),
    120: LppType("percentage", "percentage", 1, False, 1),
    121: LppType("altitude", "altitude", 2, True, 1),
    125: LppType("concentration", "concentration", 2, False, 1),
    128: LppType("power", "power", 2, False, 1),
    130: LppType("distance", "distance", 4, False, 1000),
    131: LppType("energy", "energy", 4, False, 1000),
    132: LppType("direction", "direction", 2, False, 1),
    133: LppType("unix_time", "time", 4, False, 1),
    134: LppType("gyrometer", "gyrometer", 6, True, 100),
    135: LppType("colour", "colour", 3, False, 1),
    136: LppType("gps", "gpsLocation", 9, True, 10000),
    142: LppType("switch", "switch", 1, False, 1),
}
_GPS = 136
_PARTS = {113: 3, 134: 3, 135: 3}  # records of several numbers of equal size
_FLOAT32_NOISE = 2.0**-22  # relative: one unit in the last of float32's 24 binary digits, with a margin
_ANALOG = (2, 3)
_ANALOG_LIMIT = 0x7FFF  # 327.67

_BY_NAME = {kind.name: kind for kind in TYPES.values()}
BY_CAMEL_NAME = {kind.camel_name: kind for kind in TYPES.values()}
_NAMED = re.compile(r"([a-z_]+)_(\d{1,3})")


class Record(NamedTuple):
    """One value: `key` is `<type>_<channel>` in the naming of The Things Stack; a place has its three numbers."""

    key: str
    value: float | tuple[float, ...]
    flag: str = ""


def parse(frame: bytes) -> tuple[list[Record], tuple[int, str] | None]:
    """Split a frame into its records; then where it became unreadable (byte, reason), or None.

    Lengths are implied by the type, so whatever follows an unknown type cannot be read.
    """
    records: list[Record] = []
    at = 0
    while at < len(frame):
        if at + 2 > len(frame):
            return records, (at, "the frame ends inside a record")
        channel, number = frame[at], frame[at + 1]
        kind = TYPES.get(number)
        if kind is None:
            return records, (at, f"the record type {number} is unknown, so the rest cannot be read")
        data = frame[at + 2 : at + 2 + kind.size]
        if len(data) < kind.size:
            return records, (at, "the frame ends inside a record")
        records.append(_record(number, kind, channel, data))
        at += 2 + kind.size
    return records, None


def _record(number: int, kind: LppType, channel: int, data: bytes) -> Record:
    key = f"{kind.name}_{channel}"
    if number == _GPS:
        north, east, up = (int.from_bytes(data[i : i + 3], "big", signed=True) for i in (0, 3, 6))
        return Record(key, (north / 10000, east / 10000, up / 100))
    parts = _PARTS.get(number)
    if parts:
        width = kind.size // parts
        return Record(
            key,
            tuple(
                int.from_bytes(data[i : i + width], "big", signed=kind.signed) / kind.divisor
                for i in range(0, kind.size, width)
            ),
        )
    raw = int.from_bytes(data, "big", signed=kind.signed)
    limited = number in _ANALOG and raw == _ANALOG_LIMIT
    return Record(key, raw / kind.divisor, AT_SCALE_LIMIT if limited else "")


def named_type(key: str) -> tuple[LppType, int] | None:
    """Recognise `<type>_<channel>`, such as analog_in_4."""
    match = _NAMED.fullmatch(key)
    kind = _BY_NAME.get(match[1]) if match else None
    return (kind, int(match[2])) if match and kind else None


def rounded(kind: LppType, value: float) -> float:
    """Take the float32 noise off a number that a network server decoded: round to the type's scale.

    A number that is not on the scale is another device's that borrowed the name, and is left alone.
    """
    on_scale = round(value * kind.divisor) / kind.divisor
    return on_scale if abs(on_scale - value) <= _FLOAT32_NOISE * max(1.0, abs(value)) else value
