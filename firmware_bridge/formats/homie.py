"""Homie 5, and 3/4 from memory: self-described values by MQTT, all retained (section 18)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, Decoded, Format, Undecodable
from .fields import field_in_unit
from .gathered import Gathered
from .json_text import load_object, text_of
from .times import in_utc
from .units import CANONICAL_UNIT, UnknownUnit

MAPPING = "homie/1"
_STATES = frozenset({"init", "ready", "disconnected", "sleeping", "lost", "alert"})  # alert: versions 3 and 4
_ONLINE = {"ready": True, "disconnected": False, "lost": False}
_ID = re.compile(r"[a-z0-9-]{1,64}")
_NUMERIC = frozenset({"float", "integer"})
_LONGEST_VALUE = 100  # characters
_MOST_PROPERTIES = 200  # of one description


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode a state, a description, or a value by the row that declares `<node>/<property>` of the device.

    A description gives no reading: its `status["units"]` is such a row, of the properties that bear the name of a
    quantity of ours; for other names the row is a person's. Raises Undecodable.
    """
    device, path = _route(topic)
    if device is None:
        raise Undecodable("the topic is not one of Homie's")
    gathered = Gathered()
    text = text_of(payload)
    if path == "$state":
        if text.strip() not in _STATES:
            raise Undecodable("the state is none of Homie's")
        gathered.status["state"] = text.strip()
        if text.strip() in _ONLINE:
            gathered.status["online"] = _ONLINE[text.strip()]
        return gathered.decoded(device, mapping=MAPPING)
    if path == "$description":
        _declare(gathered, device, load_object(payload))
        return gathered.decoded(device, mapping=MAPPING)
    if path.startswith("$") or "/$" in path:
        raise Undecodable("of the attributes, only $state and $description are read")
    declared = declared_for(maps, device)
    if not text:
        gathered.status["event"] = "removed"
    elif len(text) > _LONGEST_VALUE:
        raise Undecodable("the message is not a bare number")
    elif path in declared.fields:
        gathered.read(path, declared.fields[path], text, in_utc(received_at))
    else:
        gathered.refuse(path, declared.refused.get(path, "neither the description nor a row declares it"))
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _declare(gathered: Gathered, device: str, message: dict[str, Any]) -> None:
    """Put into the status a row for `maps`, of the properties that can be understood."""
    fields: dict[str, Any] = {}
    nodes = message.get("nodes")
    for node, described in nodes.items() if isinstance(nodes, dict) else ():
        properties = described.get("properties") if isinstance(described, dict) else None
        for name, about in properties.items() if isinstance(properties, dict) else ():
            path = f"{node}/{name}"
            if len(fields) >= _MOST_PROPERTIES:
                gathered.refuse(path, "the description has too many properties")
                continue
            unit = about.get("unit") if isinstance(about, dict) else None
            if not isinstance(about, dict) or about.get("datatype") not in _NUMERIC:
                gathered.refuse(path, "not a number by its description")
            elif name not in CANONICAL_UNIT:
                gathered.refuse(path, "its name is none of our quantities: a row must declare it")
            elif not isinstance(unit, str):
                gathered.refuse(path, "its unit is missing")
            else:
                try:
                    field_in_unit(name, unit[:40])
                except UnknownUnit as error:
                    gathered.refuse(path, str(error))
                else:
                    fields[path] = {"quantity": name, "unit": unit[:40]}
    if fields:
        version = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        gathered.status["units"] = {device: {"version": version, "fields": fields}}


def _route(topic: str) -> tuple[str | None, str]:
    """Split `homie/5/<device>/<rest>`, or `homie/<device>/<rest>` of versions 3 and 4."""
    parts = topic.strip("/").split("/")
    start = 2 if parts[1:2] == ["5"] else 1
    rest = parts[start + 1 :]
    if len(parts) <= start or not _ID.fullmatch(parts[start]) or len(rest) not in (1, 2, 3):
        return None, ""
    if len(rest) == 1 and not rest[0].startswith("$"):
        return None, ""
    return parts[start], "/".join(rest)


def device_from_topic(topic: str) -> str | None:
    """Read the device id from the topic."""
    return _route(topic)[0]


FORMAT = Format(
    name="homie",
    decode=decode,
    topics=("+/5/+/$state", "+/5/+/$description", "+/5/+/+/+", "homie/+/$state", "homie/+/+/+"),
    retained_is_state=True,
    needs_maps=True,
    device_from_topic=device_from_topic,
)
