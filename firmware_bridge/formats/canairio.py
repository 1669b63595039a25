"""CanAirIO: its Home Assistant mode, its Anaire mode, and its line for InfluxDB (section 15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, NOT_FITTED, Decoded, Format, Reading
from .fields import Field, field
from .gathered import Gathered
from .influx_line import parse_line
from .json_text import load_object, text_of
from .numbers import NotANumber, NoValue, number
from .texts import short_text
from .times import in_utc
from .units import MASS

MAPPING = "canairio/1"

_NAMES: dict[str, tuple[str, ...]] = {
    "pm1": ("pm1",),
    "pm25": ("pm25",),
    "pm4": ("pm4",),
    "pm10": ("pm10",),
    "co2": ("carbon_dioxide", "CO2", "co2"),
    "temperature": ("temperature", "tmp"),
    "humidity": ("humidity", "hum"),
    "pressure": ("pressure", "prs"),
    "altitude": ("altitude", "alt"),
    # Vendor variables: their units are those of whatever sensor is attached.
    "gas_vendor": ("gas",),
    "nh3_vendor": ("nh3",),
    "co_vendor": ("co",),
    "no2_vendor": ("no2",),
    "o3_vendor": ("o3",),
    "radiation_cpm": ("cpm",),
    "radiation_usvh": ("usvh",),
}
_FIELDS: dict[str, Field] = {
    name: field(quantity) for quantity, names in _NAMES.items() for name in names
} | {
    "co2tmp": field("temperature", channel="CO2"),  # of the CO2 sensor itself
    "co2hum": field("humidity", channel="CO2"),
}
_NUMBERS = {
    "battery": "battery_pct",
    "bat": "battery_pct",
    "voltage": "battery_v",
    "VBat": "battery_v",
    "vbat": "battery_v",
    "signal_strength": "rssi",
    "rssi": "rssi",
    "RSSI": "rssi",
}
_FIRMWARE = frozenset({"ver", "rev"})
_NOT_READ = frozenset({"id", "name", "mac", "MAC", "geo", "geo3"})  # identities, and the place as a geohash


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one message in any of the three modes; there is no time in it.

    The firmware sends 0 for a sensor that it has not. A 0 is believed where a row in `maps` declares the quantity,
    and for a particle mass where another mass of the message is not 0; else it is stored as absent, flagged.
    Raises Undecodable.
    """
    gathered = Gathered()
    if payload.lstrip()[:14] == b"fixed_stations":
        _, tags, line, _ = parse_line(text_of(payload))
        items: list[tuple[str, Any]] = [*tags.items(), *line.items()]
        stated = tags.get("name")
    else:
        message = load_object(payload)
        items = list(message.items())
        stated = short_text(message.get("id"))
    device = short_text(stated) or device_from_topic(topic)
    declared = declared_for(maps, device)
    at = in_utc(received_at)
    has_mass = any(key in MASS and _is_not_zero(value) for key, value in items)
    for key, value in items:
        known = declared.fields.get(key) or _FIELDS.get(key)
        if known is not None:
            gathered.read(key, known, value, at)
            if key not in declared.fields and not (has_mass and key in MASS):
                _take_zero_as_absent(gathered.readings)
        elif key in _NUMBERS:
            if _is_not_zero(value):
                gathered.note_number(key, _NUMBERS[key], value)
        elif key in _FIRMWARE:
            gathered.note_text(key, "firmware", value)
        elif key not in _NOT_READ:
            gathered.refuse(key, declared.refused.get(key, "the key is unknown"))
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _take_zero_as_absent(readings: list[Reading]) -> None:
    if readings and readings[-1].value == 0.0:
        readings[-1] = readings[-1]._replace(value=None, flag=NOT_FITTED)


def _is_not_zero(raw: Any) -> bool:
    try:
        return number(raw) != 0.0
    except (NotANumber, NoValue):
        return True


def device_from_topic(topic: str) -> str | None:
    """Read the station from `homeassistant/sensor/<id>/state`; the Anaire topic names none."""
    parts = topic.strip("/").split("/")
    return short_text(parts[2]) if len(parts) == 4 and parts[3] == "state" else None


FORMAT = Format(
    name="canairio",
    decode=decode,
    topics=("homeassistant/sensor/+/state", "measurement"),
    http_paths=("/write",),
    device_from_topic=device_from_topic,
)
