"""Zigbee2MQTT: the state of each Zigbee device as JSON, or as one bare value per attribute (section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import CLOCK_NOT_SET, NO_HEADERS, TZ_ASSUMED, Decoded, Format, TimeSource, Undecodable
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_text, text_of
from .numbers import NotANumber, NoValue, number
from .texts import short_text
from .times import NotATime, clock_was_not_set, from_epoch_ms, in_utc, read_time
from .units import thousand

MAPPING = "zigbee2mqtt/1"

_FIELDS: dict[str, Field] = {
    "pm1": field("pm1"),
    "pm25": field("pm25"),
    "pm10": field("pm10"),
    "temperature": field("temperature"),
    "humidity": field("humidity"),
    "pressure": field("pressure"),
    "co2": field("co2"),
    "eco2": field("eco2"),
    "voc_index": field("voc_index"),
    "formaldehyd": field("hcho_ugm3", convert=thousand),  # sic; mg/m³
    "hcho": field("hcho_ugm3", convert=thousand),
}
# IKEA's sensors report 65535 while they warm up or when they failed; the converter makes -1 of it.
_FAILED = {"pm1": (-1.0, 65535.0), "pm25": (-1.0, 65535.0), "pm10": (-1.0, 65535.0)}
_LOWEST_PRESSURE = 300.0  # hPa, above every summit; some models send kPa
_STATUS = {
    "linkquality": ("link_quality", 1.0),
    "battery": ("battery_pct", 1.0),
    "voltage": ("battery_v", 1000.0),
}
_IGNORED = frozenset({"last_seen", "update", "update_available", "identify", "air_quality"})
_UNIT_BY_MODEL = frozenset({"voc"})
# What may follow the friendly name in a topic; any other last level belongs to the name.
_LAST_LEVELS = frozenset({"availability", *_FIELDS, *_STATUS, *_IGNORED, *_UNIT_BY_MODEL})
_ONLINE = {"online": True, "offline": False}


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one state, attribute or availability; `last_seen` is the time where it is on.

    The topic is <base>/<friendly name>[/<attribute>], the base being one level and the name perhaps several. A
    row in `maps` (by friendly name, model or "*") declares variants, and the units that differ by model.
    Raises Undecodable.
    """
    text = text_of(payload).strip()
    received_at = in_utc(received_at)
    gathered = Gathered()
    names = topic.strip("/").split("/")[1:]
    device = device_from_topic(topic)
    if names[:1] == ["bridge"]:
        if names[1:] == ["state"]:
            gathered.status["online"] = _online(text)
        else:
            gathered.status["event"] = "bridge"  # lists the household's other devices: not read
        return gathered.decoded(None, mapping=MAPPING)
    if names[-1:] == ["availability"]:
        gathered.status["online"] = _online(text)
        return gathered.decoded(device, mapping=MAPPING)
    if text[:1] == "{":
        message = load_text(text)
    elif len(names) > 1 and text:
        message = {names[-1]: None if text == "null" else text}
    else:
        raise Undecodable("the message is neither the state of a device nor an attribute")
    about = message.get("device")
    model = short_text(about.get("model")) if isinstance(about, dict) else None
    if model is not None:
        gathered.status["model"] = model
    declared = declared_for(maps, device, model)
    moment, time_source, flag = _time(message.get("last_seen"), gathered, received_at, timezone)
    for key, value in message.items():
        known = declared.fields.get(key) or _FIELDS.get(key)
        if key in declared.fields or (known is not None and not _in_kilopascals(key, value)):
            assert known is not None
            gathered.read(key, known, value, moment, flag=flag, sentinels=_FAILED.get(key, ()))
        elif known is not None:
            gathered.refuse(key, "too low for hPa: the model's unit must be declared")
        elif key in _STATUS:
            name, divisor = _STATUS[key]
            gathered.note_number(key, name, value, divisor=divisor)
        elif key in _UNIT_BY_MODEL:
            gathered.refuse(key, "its unit differs by model and must be declared")
        elif key not in _IGNORED and key != "device":
            gathered.refuse(key, declared.refused.get(key, "the key is unknown"))
    return gathered.decoded(device, time_source=time_source, mapping=mapping_name(MAPPING, declared))


def _in_kilopascals(key: str, value: Any) -> bool:
    if key != "pressure":
        return False
    try:
        return number(value) < _LOWEST_PRESSURE
    except (NotANumber, NoValue):
        return False


def _online(text: str) -> bool:
    state: Any = text
    if text[:1] == "{":
        found = load_text(text)
        state = found.get("state")
    if not isinstance(state, str) or state not in _ONLINE:
        raise Undecodable("the availability is neither online nor offline")
    return _ONLINE[state]


def _time(
    raw: Any, gathered: Gathered, received_at: datetime, zone: tzinfo
) -> tuple[datetime, TimeSource, str]:
    if raw is None:
        return received_at, "received", ""
    try:
        if isinstance(raw, str) and not raw.isdigit():
            moment, assumed = read_time(raw, zone=zone)
        else:
            moment, assumed = from_epoch_ms(number(raw)), False
    except (NotATime, NotANumber, NoValue) as error:
        gathered.refuse("last_seen", str(error) or "the time cannot be read")
        return received_at, "received", ""
    if clock_was_not_set(moment):
        return moment, "device", CLOCK_NOT_SET
    return (moment, "tz_assumed", TZ_ASSUMED) if assumed else (moment, "device", "")


def device_from_topic(topic: str) -> str | None:
    """Read the friendly name, which may hold slashes, from `<base>/<friendly name>[/<attribute>]`."""
    names = topic.strip("/").split("/")[1:]
    if names[:1] == ["bridge"]:
        return None
    if len(names) > 1 and names[-1] in _LAST_LEVELS:
        del names[-1]
    return "/".join(names)[:120] or None


FORMAT = Format(
    name="zigbee2mqtt",
    decode=decode,
    topics=("zigbee2mqtt/#",),
    states_time=True,
    retained_is_state=True,
    device_from_topic=device_from_topic,
)
