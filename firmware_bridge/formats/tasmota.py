"""Tasmota: telemetry by MQTT (section 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import (
    ATM,
    CF1,
    CLOCK_NOT_SET,
    NATIVE,
    NO_HEADERS,
    ONBOARD,
    TZ_ASSUMED,
    Decoded,
    Format,
    TimeSource,
    Undecodable,
)
from .fields import Field, field, field_in_unit
from .gathered import Gathered
from .json_text import load_object, text_of
from .texts import short_text
from .times import NotATime, clock_was_not_set, in_utc, read_time
from .units import per_decilitre

MAPPING = "tasmota/1"

# Keys contain dots. PM1 is the atmospheric PM1.0; CF1 is PM1.0 of the CF=1 output, not that family.
_PMS: dict[str, Field] = {
    "CF1": field("pm1", CF1),
    "CF2.5": field("pm25", CF1),
    "CF10": field("pm10", CF1),
    "PM1": field("pm1", ATM),
    "PM2.5": field("pm25", ATM),
    "PM10": field("pm10", ATM),
    "PB0.3": field("pn03", convert=per_decilitre),
    "PB0.5": field("pn05", convert=per_decilitre),
    "PB1": field("pn1", convert=per_decilitre),
    "PB2.5": field("pn25", convert=per_decilitre),
    "PB5": field("pn5", convert=per_decilitre),
    "PB10": field("pn10", convert=per_decilitre),
}
_SDS: dict[str, Field] = {"PM2.5": field("pm25", NATIVE), "PM10": field("pm10", NATIVE)}
_FAILED_SDS = {"PM2.5": 999.9, "PM10": 1999.9}
_SCD: dict[str, Field] = {"CarbonDioxide": field("co2"), "eCO2": field("eco2", ONBOARD)}
_CLIMATE = {"Temperature": "temperature", "DewPoint": "dew_point", "Pressure": "pressure"}
_TEMP_UNITS = {"C": "Cel", "F": "[degF]"}
_PRESSURE_UNITS = {"hPa": "hPa", "mmHg": "mmHg", "inHg": "inHg"}
_SUFFIX = re.compile(r"[-_]\d{1,2}")  # of the second and further sensors of a kind
_IGNORED_IN_SECTION = frozenset({"Id"})


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode a SENSOR or LWT message; other kinds hold network names and are refused unread.

    `Time` is local without offset, so `timezone` is applied; before the clock is set it is the moment of
    reception. A row in `maps` addresses a key as `SPS30/PM2_5`. Raises Undecodable.
    """
    device, kind = _route(topic)
    gathered = Gathered()
    received_at = in_utc(received_at)
    if kind == "LWT":
        state = text_of(payload).strip().casefold()
        if state not in ("online", "offline"):
            raise Undecodable("the last will is neither Online nor Offline")
        gathered.status["online"] = state == "online"
        return gathered.decoded(device, mapping=MAPPING)
    if kind not in ("SENSOR", ""):
        raise Undecodable(
            "only SENSOR and LWT messages are read; the others hold network names and addresses"
        )
    message = load_object(payload)
    declared = declared_for(maps, device)
    moment, time_source, flag = _time(message.get("Time"), gathered, received_at, timezone)
    climate = _climate_fields(message)
    for name, section in message.items():
        if name in ("Time", "TempUnit", "PressureUnit"):
            continue
        if not isinstance(section, dict):
            gathered.refuse(name, "not the object of a sensor")
            continue
        kind_of_sensor = _SUFFIX.sub("", name)
        fields: Mapping[str, Field] = (
            _PMS
            if kind_of_sensor.startswith("PMS")
            else _SDS
            if kind_of_sensor.startswith("SDS0")
            else _SCD
            if kind_of_sensor.startswith("SCD")
            else {}
        )
        failed = _FAILED_SDS if fields is _SDS else {}
        for key, value in section.items():
            item = f"{name}/{key}"
            known = declared.fields.get(item) or fields.get(key) or climate.get(key)
            if key in _IGNORED_IN_SECTION:
                continue
            if known is None:
                gathered.refuse(item, declared.refused.get(item, "the key is unknown"))
            elif isinstance(known, str):
                gathered.refuse(item, known)
            elif value is None:
                gathered.failed(known, moment, source=name, flag=flag)
            else:
                sentinels = (failed[key],) if key in failed else ()
                gathered.read(item, known, value, moment, source=name, flag=flag, sentinels=sentinels)
    return gathered.decoded(device, time_source=time_source, mapping=mapping_name(MAPPING, declared))


def _time(
    raw: Any, gathered: Gathered, received_at: datetime, zone: tzinfo
) -> tuple[datetime, TimeSource, str]:
    if raw is None:
        return received_at, "received", ""
    try:
        moment, assumed = read_time(raw, zone=zone)
    except NotATime as error:
        gathered.refuse("Time", str(error))
        return received_at, "received", ""
    if clock_was_not_set(moment):
        return received_at, "received", CLOCK_NOT_SET
    return (moment, "tz_assumed", TZ_ASSUMED) if assumed else (moment, "device", "")


def _climate_fields(message: dict[str, Any]) -> dict[str, Field | str]:
    """Tell what Temperature, Humidity, DewPoint and Pressure are under the units of this message."""
    found: dict[str, Field | str] = {"Humidity": field("humidity"), "Illuminance": field("illuminance")}
    for key, quantity in _CLIMATE.items():
        known = _PRESSURE_UNITS if key == "Pressure" else _TEMP_UNITS
        name = "PressureUnit" if key == "Pressure" else "TempUnit"
        unit = message.get(name)
        if not isinstance(unit, str):
            found[key] = f"{name} is missing"
        elif unit not in known:
            found[key] = "its unit is unknown"
        else:
            found[key] = field_in_unit(quantity, known[unit])
    return found


def _route(topic: str) -> tuple[str | None, str]:
    """Split `tele/<topic>/SENSOR` into device and kind; FullTopic may put a loan's prefix before or after."""
    parts = topic.strip("/").split("/")
    if len(parts) < 2:
        return None, ""
    names = [part for part in parts[:-1] if part not in ("tele", "stat")]
    return (short_text(names[-1]) if names else None), parts[-1]


def device_from_topic(topic: str) -> str | None:
    """Read the device's own topic from `tele/<topic>/SENSOR`."""
    return _route(topic)[0]


FORMAT = Format(
    name="tasmota",
    decode=decode,
    topics=("tele/+/SENSOR", "tele/+/LWT"),
    states_time=True,
    retained_is_state=True,
    device_from_topic=device_from_topic,
)
