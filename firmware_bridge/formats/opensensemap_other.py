"""openSenseMap's other encodings over HTTP: CSV, sbx-bytes, sbx-bytes-ts, luftdaten, hackair (section 13)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import parse_qs

from .declared import Declared, declared_for, mapping_name
from .decoded import DEVICE_FLAGGED, NO_HEADERS, Decoded, Format, Undecodable
from .fields import field
from .gathered import Gathered
from .headers import media_type
from .json_text import load_object, text_of
from .numbers import NotANumber, NoValue, float32_decimal, number
from .sensebox import MAX_VALUES, Box, box_and_sensor
from .sensor_community import take_values, value_list
from .times import from_epoch, in_utc

MAPPING = "opensensemap_other/1"

_HACKAIR = {
    "PM2.5_AirPollutantValue": field("pm25"),
    "PM10_AirPollutantValue": field("pm10"),
    "Temperature_Value": field("temperature"),
    "Humidity_Value": field("humidity"),
}
_WITHOUT_TIME = struct.Struct("<12sf")
_WITH_TIME = struct.Struct("<12sfI")


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one request, its encoding chosen by the query (`luftdaten=1`, `hackair=1`) or the Content-Type.

    `topic` is the path with its query. luftdaten and hackair have tables of their own; for the others `maps`
    declares the sensors of the box. Raises Undecodable.
    """
    device, _ = box_and_sensor(topic)
    declared = declared_for(maps, device)
    received_at = in_utc(received_at)
    query = parse_qs(topic.partition("?")[2][:2000])
    kind = media_type(headers)
    box = Box(received_at, timezone, declared)
    gathered = box.gathered
    if "hackair" in query:
        _take_hackair(gathered, load_object(payload), received_at, declared)
    elif "luftdaten" in query:
        message = load_object(payload)
        gathered.note_text("software_version", "firmware", message.get("software_version"))
        items = value_list(message.get("sensordatavalues"), gathered)
        take_values(gathered, items, received_at, declared=declared)
    elif kind == "application/sbx-bytes":
        return _close(_take_bytes(box, payload, _WITHOUT_TIME), device)
    elif kind == "application/sbx-bytes-ts":
        return _close(_take_bytes(box, payload, _WITH_TIME), device)
    elif kind == "text/csv":
        return _close(_take_csv(box, text_of(payload)), device)
    else:
        raise Undecodable(
            "the request names no encoding that is known: neither its query nor its Content-Type"
        )
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _close(box: Box, device: str | None) -> Decoded:
    mapping = mapping_name(MAPPING, box.declared)
    return box.gathered.decoded(device, time_source=box.time_source, mapping=mapping)


def _take_bytes(box: Box, payload: bytes, record: struct.Struct) -> Box:
    if not payload or len(payload) % record.size:
        raise Undecodable(f"the length of the message is not a multiple of {record.size} bytes")
    for sensor, value, *stamp in record.iter_unpack(payload):
        # Binary floats keep all their digits here, where upstream rounds to one decimal.
        box.take(sensor.hex(), float32_decimal(value), from_epoch(stamp[0]) if stamp else None)
    return box


def _take_csv(box: Box, text: str) -> Box:
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise Undecodable("the message is empty")
    for count, line in enumerate(lines[: MAX_VALUES + 1], start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) > 1 and not cells[0]:
            cells = cells[1:]  # a leading empty field is skipped upstream
        if cells == [""]:
            continue
        if len(cells) not in (2, 3, 5, 6):
            box.gathered.refuse(f"line {count}", "it has not 2, 3, 5 or 6 fields")
        elif len(cells) > 3 and not cells[2]:
            box.gathered.refuse(f"line {count}", "a place without a time is ambiguous")
        else:
            box.take(cells[0], cells[1], (cells[2:3] or [""])[0] or None, cells[3:] or None)
    return box


def _take_hackair(gathered: Gathered, message: dict[str, Any], at: datetime, declared: Declared) -> None:
    readings = message.get("reading")
    if not isinstance(readings, dict):
        raise Undecodable("there is no object reading")
    flag = ""
    for key in ("tamper", "error"):
        try:
            code = number(message.get(key, 0))
        except (NotANumber, NoValue):
            gathered.refuse(key, "not a number")
            continue
        if code:
            gathered.note_error(key if key == "tamper" else f"error {code:g}")
            flag = DEVICE_FLAGGED
    for key, value in readings.items():
        known = declared.fields.get(key) or _HACKAIR.get(key)
        if known is None:
            gathered.refuse(key, declared.refused.get(key, "the key is unknown"))
        else:
            gathered.read(key, known, value, at, flag=flag)
    gathered.note_number("battery", "battery_v", message.get("battery"))
    for key in message:
        if key not in ("reading", "battery", "tamper", "error"):
            gathered.refuse(key, "the key is unknown")


def device_from_topic(topic: str) -> str | None:
    """Read the box id from the path."""
    return box_and_sensor(topic)[0]


FORMAT = Format(
    name="opensensemap_other",
    decode=decode,
    http_paths=("/boxes/{device}/data",),
    states_time=True,
    needs_maps=True,
    device_from_topic=device_from_topic,
)
