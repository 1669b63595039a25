"""AirGradient ONE, Open Air and DIY: JSON by MQTT on a fixed topic, or redirected over HTTP (section 2).

The ingestion benchmark speaks this format, so the usual message (flat, every value a number, no sentinel)
takes a path that works on whole columns; any other takes the careful path, with the same result where both
apply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import repeat
from math import hypot
from operator import itemgetter, truediv
from typing import Any, NamedTuple

from .declared import declared_for, mapping_name
from .decoded import ATM, CF1, NATIVE, NO_HEADERS, ONBOARD, Decoded, Format, Reading
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_object
from .numbers import LARGEST
from .texts import LONGEST_TEXT, short_text
from .times import in_utc
from .units import per_decilitre, same

MAPPING = "airgradient/1"

FIELDS: dict[str, Field] = {
    "pm01": field("pm1", ATM),
    "pm02": field("pm25", ATM),
    "pm10": field("pm10", ATM),
    "pm01Standard": field("pm1", CF1),
    "pm02Standard": field("pm25", CF1),
    "pm10Standard": field("pm10", CF1),
    "pm02Compensated": field("pm25", ONBOARD),
    "pm003Count": field("pn03", NATIVE, convert=per_decilitre),
    "pm005Count": field("pn05", NATIVE, convert=per_decilitre),
    "pm01Count": field("pn1", NATIVE, convert=per_decilitre),
    "pm02Count": field("pn25", NATIVE, convert=per_decilitre),
    "pm50Count": field("pn5", NATIVE, convert=per_decilitre),
    "pm10Count": field("pn10", NATIVE, convert=per_decilitre),
    "atmp": field("temperature", NATIVE),
    "atmpCompensated": field("temperature", ONBOARD),
    "rhum": field("humidity", NATIVE),
    "rhumCompensated": field("humidity", ONBOARD),
    "rco2": field("co2", NATIVE),
    "tvocIndex": field("voc_index", NATIVE),
    "tvocRaw": field("voc_raw", NATIVE),
    "noxIndex": field("nox_index", NATIVE),
    "noxRaw": field("nox_raw", NATIVE),
}
_NUMBERS_OF_STATUS = {
    "wifi": "rssi",
    "boot": "boot_count",
    "bootCount": "boot_count",
    "freeHeap": "free_memory",
    "fan": "fan_pct",
    "tacho": "fan_rpm",
}
_TEXTS_OF_STATUS = {"firmware": "firmware", "model": "model", "resetReason": "reset_reason"}
_IGNORED = frozenset({"ledMode", "pmFirmware", "serialno", "channels"})
_CHANNELS = {"1": "A", "2": "B"}

# The firmware leaves out what is invalid; releases before it did sent its internal markers.
_INVALID = -1.0
_INVALID_TEMPERATURE = -1000.0

_LONGEST_USUAL_MESSAGE = 4096  # characters; bounds what the cache of plans can hold
_JSON_NUMBERS = frozenset({int, float})
_parse = json.JSONDecoder().raw_decode
_new_reading: Callable[..., Reading] = tuple.__new__


class _Plan(NamedTuple):
    """How to read every message that has the same keys in the same order."""

    pick: Callable[[dict[str, Any]], tuple[Any, ...]]
    quantities: tuple[str, ...]
    variants: tuple[str, ...]
    units: tuple[str, ...]
    divisors: tuple[float, ...]
    status: tuple[tuple[str, str, bool], ...]  # key, name, whether it is text


@lru_cache(maxsize=256)
def _plan(keys: tuple[str, ...]) -> _Plan | None:
    known = [key for key in keys if key in FIELDS]
    status = [
        (key, _TEXTS_OF_STATUS.get(key) or _NUMBERS_OF_STATUS[key], key in _TEXTS_OF_STATUS)
        for key in keys
        if key in _TEXTS_OF_STATUS or key in _NUMBERS_OF_STATUS
    ]
    others = set(keys) - FIELDS.keys() - _IGNORED - {key for key, _, _ in status}
    if others or "channels" in keys or len(known) < 2:  # itemgetter of one key gives no tuple
        return None
    fields = [FIELDS[key] for key in known]
    return _Plan(
        itemgetter(*known),
        tuple(field.quantity for field in fields),
        tuple(field.variant for field in fields),
        tuple(field.unit for field in fields),
        tuple(1.0 if field.convert is same else 100.0 for field in fields),
        tuple(status),
    )


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one message of `GET /measures/current` shape; it carries no time.

    A row in `maps` (by serial number, model or "*") may name other variants, as for units built with an
    SPS30, which use the same keys and state no different model. Raises Undecodable.
    """
    received_at = in_utc(received_at)
    if not maps:
        usual = _decode_usual(payload, topic, received_at)
        if usual is not None:
            return usual
    return _decode_carefully(load_object(payload), topic, received_at, maps)


def _decode_usual(payload: bytes, topic: str, received_at: datetime) -> Decoded | None:
    """Decode a flat message of known keys and sound numbers; None for any other."""
    try:
        text = str(payload, "utf-8")
        message, end = _parse(text)
        # As many `":` as keys: nothing is nested and no key comes twice.
        if type(message) is not dict or end != len(text) or end > _LONGEST_USUAL_MESSAGE:
            return None
        if text.count('":') != len(message):
            return None
        plan = _plan(tuple(message))
        if plan is None:
            return None
        raw = plan.pick(message)
        if not _JSON_NUMBERS.issuperset(map(type, raw)) or _INVALID in raw or _INVALID_TEMPERATURE in raw:
            return None
        values = tuple(map(truediv, raw, plan.divisors))
    except (ValueError, RecursionError, OverflowError):
        return None
    # The length of the vector bounds each of its parts, and is smaller than nothing when one of them is NaN;
    # LARGEST bounds a number as sent, which is 100 times the value for a count.
    if not hypot(*values) < LARGEST / 100.0:
        return None
    status: dict[str, Any] = {}
    for key, name, is_text in plan.status:
        value = message[key]
        if is_text:
            if type(value) is not str or len(value) > LONGEST_TEXT or not value.isprintable():
                return None
        elif type(value) is not int or not -LARGEST < value < LARGEST:
            return None
        status[name] = value
    serial = message.get("serialno")
    if type(serial) is not str or not serial.isalnum() or len(serial) > LONGEST_TEXT:
        return None
    readings = list(
        map(
            _new_reading,
            repeat(Reading),
            zip(
                plan.quantities,
                plan.variants,
                repeat(""),
                values,
                plan.units,
                repeat(received_at),
                repeat(None),
                repeat(""),
            ),
        )
    )
    return Decoded(serial.lower(), readings, status, [], "received", None, MAPPING)


def _decode_carefully(
    message: dict[str, Any], topic: str, received_at: datetime, maps: Mapping[str, Any] | None
) -> Decoded:
    gathered = Gathered()
    serial = _serial(message.get("serialno"))
    if serial is None and "serialno" in message:
        gathered.refuse("serialno", "not a serial number")
    device = serial or device_from_topic(topic)
    declared = declared_for(maps, device, short_text(message.get("model")))
    fields = {**FIELDS, **declared.fields}
    channels = message.get("channels", {})
    if not isinstance(channels, dict):
        gathered.refuse("channels", "not a mapping of channels")
        channels = {}
    lasers = {
        name: laser for name, laser in channels.items() if name in _CHANNELS and isinstance(laser, dict)
    }
    # The root is the mean of the lasers, or silently one of them when the other fails: not used where they
    # speak themselves.
    said_by_lasers = {key for laser in lasers.values() for key in laser}
    for key, value in message.items():
        if key in fields:
            if key not in said_by_lasers:
                _read(gathered, key, fields[key], "", value, received_at)
        elif key in _NUMBERS_OF_STATUS:
            gathered.note_number(key, _NUMBERS_OF_STATUS[key], value)
        elif key in _TEXTS_OF_STATUS:
            gathered.note_text(key, _TEXTS_OF_STATUS[key], value)
        elif key == "satellites":
            gathered.refuse(key, "remote sensors, named by their addresses, are not stored")
        elif key not in _IGNORED:
            gathered.refuse(key, declared.refused.get(key, "the key is unknown"))
    for name, channel in channels.items():
        if name not in lasers:
            gathered.refuse(f"channels.{name}", "the channel is unknown")
            continue
        for key, value in channel.items():
            item = f"channels.{name}.{key}"
            if key in fields:
                _read(gathered, item, fields[key], _CHANNELS[name], value, received_at)
            elif key not in _IGNORED:
                gathered.refuse(item, declared.refused.get(key, "the key is unknown"))
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _read(gathered: Gathered, item: str, field: Field, channel: str, raw: object, at: datetime) -> None:
    invalid = _INVALID_TEMPERATURE if field.quantity == "temperature" else _INVALID
    gathered.read(item, field, raw, at, channel=channel, sentinels=(invalid,))


def _serial(raw: object) -> str | None:
    text = short_text(raw)
    return text.lower() if text is not None and text.isalnum() else None


def device_from_topic(topic: str) -> str | None:
    """Read the serial number from the fixed topic or from `/sensors/airgradient:<serial>/measures`."""
    parts = topic.split("?")[0].strip("/").split("/")
    if len(parts) == 3 and parts[:2] == ["airgradient", "readings"]:
        return _serial(parts[2])
    for part in parts:
        if part.startswith("airgradient:"):
            return _serial(part.removeprefix("airgradient:"))
    return None


FORMAT = Format(
    name="airgradient",
    decode=decode,
    topics=("airgradient/readings/+",),
    http_paths=("/sensors/airgradient:{device}/measures",),
    device_from_topic=device_from_topic,
)
