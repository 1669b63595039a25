"""openSenseMap / senseBox JSON over HTTP (section 4). What a sensor id measures is declared in `maps`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, Decoded, Format, Undecodable
from .json_text import load
from .sensebox import Box, box_and_sensor
from .times import in_utc

MAPPING = "opensensemap/1"


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one request: an object by sensor id, an array, or one value whose sensor stands in the path.

    `topic` is the path. `maps` (a row, or rows by box id) declares the sensors of the box. One bad item is
    refused alone, where upstream refuses all. Raises Undecodable.
    """
    device, sensor = box_and_sensor(topic)
    declared = declared_for(maps, device)
    box = Box(in_utc(received_at), timezone, declared)
    message = load(payload)
    if isinstance(message, list):
        for index, item in enumerate(message):
            if isinstance(item, dict):
                box.take(
                    item.get("sensor", item.get("sensor_id")),
                    item.get("value"),
                    item.get("createdAt"),
                    item.get("location"),
                )
            else:
                box.gathered.refuse(f"[{index}]", "not a value of a sensor")
    elif not isinstance(message, dict):
        raise Undecodable("the message is neither a JSON object nor an array")
    elif sensor is not None and "value" in message:
        box.take(sensor, message["value"], message.get("createdAt"), message.get("location"))
    else:
        for key, value in message.items():
            if not isinstance(value, list):
                box.take(key, value)
            elif len(value) in (1, 2, 3):
                box.take(key, *value)
            else:
                box.gathered.refuse(key, "its array must hold a value, and may hold a time and a place")
    return box.gathered.decoded(device, time_source=box.time_source, mapping=mapping_name(MAPPING, declared))


def device_from_topic(topic: str) -> str | None:
    """Read the box id from the path."""
    return box_and_sensor(topic)[0]


FORMAT = Format(
    name="opensensemap",
    decode=decode,
    http_paths=("/boxes/{device}/data", "/boxes/{device}/{sensor}"),
    states_time=True,
    needs_maps=True,
    device_from_topic=device_from_topic,
)
