"""airRohr of Sensor.Community, and Nebulo, over HTTP (section 1).

Three shapes: one POST per sensor with bare value types and X-PIN (A), one POST with everything and prefixes (B),
and B with the chip id in front (C, the "own API" of the device's page: the one for a lent device). The device's
/data.json is B, and the line for InfluxDB carries the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import (
    CLOCK_NOT_SET,
    NO_HEADERS,
    TZ_ASSUMED,
    Decoded,
    Format,
    TimeSource,
)
from .gathered import Gathered
from .headers import header
from .influx_line import parse_line
from .json_text import load_object, text_of
from .sensor_community import take_values, value_list
from .sensor_community_archive import FIRST_COLUMNS, take_archive
from .texts import short_text
from .times import NotATime, clock_was_not_set, in_utc, read_time

MAPPING = "airrohr/1"

# A Nebulo names itself nebuloid in the body and esp32- in its header (aircarto/Nebulo nebulo.cpp, defines.h).
_CHIP_KEYS = {"esp8266id": "esp8266", "esp32id": "esp32", "nebuloid": "esp32"}
_KNOWN_BESIDE_THE_LIST = frozenset(
    {*_CHIP_KEYS, "software_version", "sensordatavalues", "age", "timestamp", "sampling_rate"}
)
_NODE = re.compile(r"esp8266-\d{1,20}|[a-z0-9]{2,16}-[0-9a-f]{1,20}")


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one POST (forms A, B, C), /data.json, InfluxDB line, or daily file of the public archive.

    None but the last carries a time, save for a rare `timestamp`.

    A row in `maps` may name the variant of the bare P1 and P2 of form A, whose sensor the pin does not tell.
    Raises Undecodable.
    """
    gathered = Gathered()
    if payload[:22] == FIRST_COLUMNS.encode():
        declared = declared_for(maps)
        sensor, time_source = take_archive(gathered, text_of(payload), timezone, declared)
        return gathered.decoded(sensor, time_source=time_source, mapping=mapping_name(MAPPING, declared))
    if payload.lstrip()[:10] == b"feinstaub,":
        _, tags, line, _ = parse_line(text_of(payload))
        message: dict[str, Any] = {}
        stated = tags.get("node")
        items: list[tuple[str, Any]] = list(line.items())
    else:
        message = load_object(payload)
        stated = _node_of_body(message)
        items = value_list(message.get("sensordatavalues"), gathered)
    device = _node(header(headers, "X-Sensor")) or _node(stated) or device_from_topic(topic)
    if stated is not None and _node(stated) != device:
        gathered.refuse("esp8266id", "it is not the node of the X-Sensor header")
    gathered.note_text("software_version", "firmware", message.get("software_version"))
    if "age" in message:
        gathered.note_number("age", "age", message["age"])
    moment, time_source, flag = _time(message, gathered, in_utc(received_at), timezone)
    declared = declared_for(maps, device)
    pin = header(headers, "X-PIN").strip()
    take_values(gathered, items, moment, declared=declared, pin=pin, flag=flag)
    for key in message:
        if key not in _KNOWN_BESIDE_THE_LIST:
            gathered.refuse(key, "the key is unknown")
    return gathered.decoded(device, time_source=time_source, mapping=mapping_name(MAPPING, declared))


def _time(
    message: dict[str, Any], gathered: Gathered, received_at: datetime, zone: tzinfo
) -> tuple[datetime, TimeSource, str]:
    """Tell the time of the rare body that states one, else the moment of reception."""
    if message.get("timestamp") is None:
        return received_at, "received", ""
    try:
        moment, assumed = read_time(message["timestamp"], zone=zone)
    except NotATime as error:
        gathered.refuse("timestamp", str(error))
        return received_at, "received", ""
    flag = CLOCK_NOT_SET if clock_was_not_set(moment) else TZ_ASSUMED if assumed else ""
    return moment, "tz_assumed" if assumed else "device", flag


def _node_of_body(message: dict[str, Any]) -> str | None:
    for key, chip in _CHIP_KEYS.items():
        number = short_text(message.get(key))
        if number is not None:
            return number if number.startswith(f"{chip}-") else f"{chip}-{number}"
    return None


def _node(raw: str | None) -> str | None:
    node = (raw or "").strip().casefold()
    return node if _NODE.fullmatch(node) else None


def device_from_topic(topic: str) -> str | None:
    """Find a node name among the parts of a path, as in `/ingest/airrohr/esp8266-7654321`."""
    return next((part for part in topic.split("?")[0].split("/") if _node(part)), None)


FORMAT = Format(
    name="airrohr",
    decode=decode,
    http_paths=("/v1/push-sensor-data/",),
    device_from_topic=device_from_topic,
)
