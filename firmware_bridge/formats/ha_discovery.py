"""Home Assistant discovery by MQTT: what a sender declares of its values, and those values (section 14).

A `config` message gives no reading: its `status["units"]` is a row for `maps`, by state topic, which decodes the
messages of that topic. The value templates are never run: two forms of them are recognised.
"""

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
from .json_text import load_object, load_text, text_of
from .texts import short_text
from .times import in_utc
from .units import UnknownUnit

MAPPING = "ha_discovery/1"
WHOLE_MESSAGE = "value"  # the key of a state whose whole text is the value

_LONG_FORMS = {
    "stat_t": "state_topic",
    "avty_t": "availability_topic",
    "val_tpl": "value_template",
    "unit_of_meas": "unit_of_measurement",
    "dev_cla": "device_class",
    "stat_cla": "state_class",
    "dev": "device",
    "uniq_id": "unique_id",
}
_QUANTITY_OF_CLASS = {
    "pm1": "pm1",
    "pm25": "pm25",
    "pm4": "pm4",
    "pm10": "pm10",
    "temperature": "temperature",
    "humidity": "humidity",
    "carbon_dioxide": "co2",
    "atmospheric_pressure": "pressure",
    "pressure": "pressure",
    "volatile_organic_compounds": "voc_ugm3",
    "volatile_organic_compounds_parts": "voc_ppb",
    "illuminance": "illuminance",
    "battery": "battery_pct",
    "signal_strength": "rssi",
}
_PATH = re.compile(r"\{\{\s*value_json((?:\.[A-Za-z_][A-Za-z0-9_]*){1,5})\s*\}\}")
_VALUE = re.compile(r"\{\{\s*value\s*\}\}")


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode a `…/config` message into a declaration, or a state by the declarations in `maps`.

    `maps` holds rows by state topic, as `status["units"]` of the config messages gives them. Raises Undecodable.
    """
    device = device_from_topic(topic)
    gathered = Gathered()
    text = text_of(payload).strip()
    if topic.endswith("/config"):
        if not text:
            gathered.status["event"] = "removed"
        else:
            identity = _declare(gathered, load_object(payload))
            device = device or identity  # identifiers are claims; the topic is what the credential binds
        return gathered.decoded(device, mapping=MAPPING)
    declared = declared_for(maps, topic, device)
    at = in_utc(received_at)
    if not text:
        raise Undecodable("the message is empty")
    values = _values(text)
    for path, known in declared.fields.items():
        if path in values:
            gathered.read(path, known, values.pop(path), at)
    for path in values:
        gathered.refuse(path, declared.refused.get(path, "no discovery message declares it"))
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _values(text: str) -> dict[str, Any]:
    """List the values of a state by their path; a bare text is one value."""
    if text[:1] != "{":
        return {WHOLE_MESSAGE: text}
    found: dict[str, Any] = {}
    pending = [("", load_text(text))]
    while pending:
        prefix, value = pending.pop(0)
        if isinstance(value, dict) and prefix.count("/") < 5:
            pending += [(f"{prefix}/{key}" if prefix else key, inner) for key, inner in value.items()]
        else:
            found[prefix] = value
    return found


def _declare(gathered: Gathered, message: dict[str, Any]) -> str | None:
    """Put into the status what one entity declares; refuse what is not understood. Tell the device."""
    said = {_LONG_FORMS.get(key, key): value for key, value in message.items()}
    device = said.get("device")
    device = (
        {_LONG_FORMS.get(key, key): value for key, value in device.items()}
        if isinstance(device, dict)
        else {}
    )
    identifiers = device.get("ids", device.get("identifiers"))
    identity = short_text(identifiers[0] if isinstance(identifiers, list) and identifiers else identifiers)
    gathered.note_text("mdl", "model", device.get("mdl", device.get("model")))
    gathered.note_text("sw", "firmware", device.get("sw", device.get("sw_version")))
    state_topic = _topic(said.get("state_topic"), said.get("~"))
    path = _path(said.get("value_template"))
    quantity = _QUANTITY_OF_CLASS.get(str(said.get("device_class")))
    unit = said.get("unit_of_measurement")
    if state_topic is None:
        gathered.refuse("state_topic", "it is missing, or no plain topic")
    elif path is None:
        gathered.refuse("value_template", "only {{ value }} and {{ value_json.<path> }} are understood")
    elif quantity is None:
        gathered.refuse("device_class", "the class is missing, or none of our quantities")
    elif not isinstance(unit, str):
        gathered.refuse("unit_of_measurement", "it is missing")
    else:
        try:
            field_in_unit(quantity, unit[:40])
        except UnknownUnit as error:
            gathered.refuse("unit_of_measurement", str(error))
            return identity
        entry = {"quantity": quantity, "unit": unit[:40]}
        gathered.status["units"] = {
            state_topic: {"version": _version({path: entry}), "device": identity, "fields": {path: entry}}
        }
    return identity


def _version(fields: Mapping[str, Any]) -> str:
    """Name a declaration by its content: a changed unit is another version."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]


def _topic(raw: Any, base: Any) -> str | None:
    if not isinstance(raw, str):
        return None
    if isinstance(base, str):
        if raw.startswith("~"):
            raw = base + raw[1:]
        elif raw.endswith("~"):
            raw = raw[:-1] + base
    return raw if raw and len(raw) <= 200 and not re.search(r"[+#\s~\x00]", raw) else None


def _path(template: Any) -> str | None:
    if template is None:
        return WHOLE_MESSAGE
    if not isinstance(template, str) or len(template) > 200:
        return None
    if _VALUE.fullmatch(template.strip()):
        return WHOLE_MESSAGE
    match = _PATH.fullmatch(template.strip())
    return match[1][1:].replace(".", "/") if match else None


def device_from_topic(topic: str) -> str | None:
    """Read the node from `homeassistant/sensor/<node>[/<object>]/config`, else the topic without `/state`."""
    parts = topic.strip("/").split("/")
    if parts[-1] == "config" and len(parts) in (4, 5):
        return short_text(parts[2])
    return short_text("/".join(parts[:-1])) if len(parts) > 1 else None


FORMAT = Format(
    name="ha_discovery",
    decode=decode,
    topics=("homeassistant/sensor/+/config", "homeassistant/sensor/+/+/config", "+/state"),
    needs_maps=True,
    device_from_topic=device_from_topic,
)
