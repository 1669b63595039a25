"""AirBeam, the older JSON protocol of AirCasting over HTTP (section 20)."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import (
    CLOCK_NOT_SET,
    NO_HEADERS,
    TZ_ASSUMED,
    Decoded,
    Format,
    TimeSource,
    Undecodable,
    join_flags,
)
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_object, load_text, text_of
from .numbers import NotANumber, NoValue, number
from .positions import position
from .texts import short_text
from .times import NotATime, clock_was_not_set, in_utc, read_time
from .units import fahrenheit_to_celsius

MAPPING = "airbeam_realtime/1"
MAX_BYTES = 4_000_000  # of the data, decompressed
MAX_MEASUREMENTS = 20_000

# The value is a whole number by upstream's contract: the resolution is 1.
_BY_SUFFIX: dict[str, Field] = {
    "PM1": field("pm1"),
    "PM2.5": field("pm25"),
    "PM10": field("pm10"),
    "RH": field("humidity"),
    "F": field("temperature", convert=fahrenheit_to_celsius),
}
_GZIP = 16 + zlib.MAX_WBITS  # a gzip header and trailer around the deflate data


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one request: the measurements of one sensor of the device, plain or as base64 of gzip.

    Times are local to the session and take `timezone`; the stated offset is not trusted. Raises Undecodable.
    """
    body = load_object(payload)
    data = body.get("data")
    if not isinstance(data, str):
        raise Undecodable("there is no text data")
    message = load_text(_decompressed(data) if body.get("compression") in (True, "true", 1) else data)
    if not isinstance(message, dict) or not isinstance(message.get("measurements"), list):
        raise Undecodable("there is no list measurements")
    gathered = Gathered()
    device = short_text(message.get("sensor_package_name"))
    declared = declared_for(maps, device)
    name = short_text(message.get("sensor_name")) or ""
    suffix = name.rpartition("-")[2]
    known = declared.fields.get(suffix) or _BY_SUFFIX.get(suffix)
    if known is None:
        gathered.refuse("sensor_name", declared.refused.get(suffix, "the sensor is unknown"))
        return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))
    in_utc(received_at)
    time_source: TimeSource = "device"
    measurements = message["measurements"]
    for index, measurement in enumerate(measurements[:MAX_MEASUREMENTS]):
        item = f"measurements[{index}]"
        if not isinstance(measurement, dict):
            gathered.refuse(item, "not a measurement")
            continue
        try:
            moment, flag = _time(measurement, timezone)
        except (NotATime, NotANumber, OverflowError) as error:
            gathered.refuse(item, str(error))
            continue
        if TZ_ASSUMED in flag:
            time_source = "tz_assumed"
        where = position(measurement.get("latitude"), measurement.get("longitude"))
        gathered.read(item, known, measurement.get("value"), moment, flag=flag, position=where)
    if len(measurements) > MAX_MEASUREMENTS:
        gathered.refuse(f"measurements[{MAX_MEASUREMENTS}]", f"a request may hold {MAX_MEASUREMENTS}")
    return gathered.decoded(device, time_source=time_source, mapping=mapping_name(MAPPING, declared))


def _decompressed(data: str) -> str:
    """Undo base64 and gzip, to at most MAX_BYTES. Raises Undecodable."""
    try:
        squeezed = base64.b64decode(data, validate=False)
        inflate = zlib.decompressobj(_GZIP)
        text = inflate.decompress(squeezed, MAX_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise Undecodable("the data is not base64 of gzip") from None
    if inflate.unconsumed_tail:
        raise Undecodable("the data is too large once decompressed")
    if not inflate.eof:
        raise Undecodable("the compressed data is cut off")
    return text_of(text)


def _time(measurement: Mapping[str, Any], zone: tzinfo) -> tuple[datetime, str]:
    moment, assumed = read_time(measurement.get("time"), zone=zone)
    try:
        milliseconds = number(measurement.get("milliseconds", 0))
    except NoValue:
        milliseconds = 0.0
    if 0.0 < milliseconds < 1000.0 and moment.microsecond == 0:
        moment += timedelta(milliseconds=milliseconds)
    clock = CLOCK_NOT_SET if clock_was_not_set(moment) else ""
    return moment, join_flags(TZ_ASSUMED if assumed else "", clock)


FORMAT = Format(
    name="airbeam_realtime",
    decode=decode,
    http_paths=("/api/realtime/measurements",),
    states_time=True,
)
