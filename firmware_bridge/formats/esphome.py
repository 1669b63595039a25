"""ESPHome: one bare number per MQTT message (section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, Decoded, Format, Undecodable
from .fields import Field, field
from .gathered import Gathered
from .json_text import text_of
from .times import in_utc

MAPPING = "esphome/1"

# The unit is not on this topic: it comes from discovery or a declared row (`maps`). These names, of ESPHome's own
# examples, are taken in the unit of ESPHome's sensor platforms where nothing is declared (from memory).
_BY_NAME: list[tuple[re.Pattern[str], Field]] = [
    (re.compile(r"pm_?1(_0)?(_?um)?"), field("pm1")),
    (re.compile(r"pm_?2_?5(_?um)?"), field("pm25")),
    (re.compile(r"pm_?4(_0)?(_?um)?"), field("pm4")),
    (re.compile(r"pm_?10(_0)?(_?um)?"), field("pm10")),
    (re.compile(r"temperature"), field("temperature")),
    (re.compile(r"humidity"), field("humidity")),
    (re.compile(r"co2|carbon_dioxide"), field("co2")),
]
_STATUS = {"wifi_signal": "rssi", "wifi_signal_db": "rssi", "uptime": "uptime"}
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
    """Decode one state. A row in `maps` (by topic prefix) declares quantity, unit and variant by object id.

    `nan` is a failed sensor: no value, flagged. Raises Undecodable.
    """
    device, kind, name = _route(topic)
    text = text_of(payload).strip()
    gathered = Gathered()
    if kind == "status":
        if text not in _ONLINE:
            raise Undecodable("the status is neither online nor offline")
        gathered.status["online"] = _ONLINE[text]
        return gathered.decoded(device, mapping=MAPPING)
    if kind != "state":
        raise Undecodable("the topic is not <prefix>/sensor/<object id>/state")
    if not text or len(text) > 100:
        raise Undecodable("the message is not a bare number")
    declared = declared_for(maps, device)
    known = declared.fields.get(name)
    if known is None and name in _STATUS:
        gathered.note_number(name, _STATUS[name], text)
    else:
        known = known or next((found for pattern, found in _BY_NAME if pattern.fullmatch(name)), None)
        if known is None:
            gathered.refuse(name, declared.refused.get(name, "neither discovery nor a row declares its unit"))
        elif text.casefold() == "nan":
            gathered.failed(known, in_utc(received_at))
        else:
            gathered.read(name, known, text, in_utc(received_at))
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _route(topic: str) -> tuple[str | None, str, str]:
    """Split a topic into prefix, kind (state, status or '') and object id; a prefix may hold slashes."""
    parts = topic.strip("/").split("/")
    if len(parts) >= 4 and parts[-3] == "sensor" and parts[-1] == "state":
        return "/".join(parts[:-3])[:200], "state", parts[-2]
    if len(parts) >= 2 and parts[-1] == "status":
        return "/".join(parts[:-1])[:200], "status", ""
    return None, "", ""


def device_from_topic(topic: str) -> str | None:
    """Read the topic prefix, which is the device's identity."""
    return _route(topic)[0]


FORMAT = Format(
    name="esphome",
    decode=decode,
    topics=("+/sensor/+/state", "+/status"),
    retained_is_state=True,
    needs_maps=True,
    device_from_topic=device_from_topic,
)
