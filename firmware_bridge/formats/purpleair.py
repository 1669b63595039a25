"""PurpleAir's local JSON, posted unchanged by a relay on the household's network (section 11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import (
    ATM,
    CF1,
    CHANNELS_DISAGREE,
    CLOCK_NOT_SET,
    NO_HEADERS,
    TZ_ASSUMED,
    Decoded,
    Format,
    Reading,
    TimeSource,
    join_flags,
)
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_object
from .times import NotATime, clock_was_not_set, in_utc, read_time
from .units import MASS, fahrenheit_to_celsius, per_decilitre

MAPPING = "purpleair/1"

# Of each laser: channel A, and channel B with the suffix _b.
_LASER: dict[str, Field] = {
    "pm1_0_cf_1": field("pm1", CF1),
    "pm2_5_cf_1": field("pm25", CF1),
    "pm10_0_cf_1": field("pm10", CF1),
    "pm1_0_atm": field("pm1", ATM),
    "pm2_5_atm": field("pm25", ATM),
    "pm10_0_atm": field("pm10", ATM),
    "p_0_3_um": field("pn03", convert=per_decilitre),
    "p_0_5_um": field("pn05", convert=per_decilitre),
    "p_1_0_um": field("pn1", convert=per_decilitre),
    "p_2_5_um": field("pn25", convert=per_decilitre),
    "p_5_0_um": field("pn5", convert=per_decilitre),
    "p_10_0_um": field("pn10", convert=per_decilitre),
}
# Of the BME280, and of a BME680 with the suffix _680.
_CLIMATE: dict[str, Field] = {
    "current_temp_f": field("temperature", convert=fahrenheit_to_celsius),
    "current_humidity": field("humidity"),
    "current_dewpoint_f": field("dew_point", convert=fahrenheit_to_celsius),
    "pressure": field("pressure"),
}
_GAS = {"gas_680": field("voc_raw")}
_NUMBERS = {"rssi": "rssi", "uptime": "uptime"}
_TEXTS = {"place": "place", "hardwareversion": "hardware", "version": "firmware"}
# Personal, derived, or about the maker's own services.
_NOT_READ = frozenset(
    {"SensorId", "DateTime", "ssid", "lat", "lon", "Geo", "Id", "Mem", "memfrag", "memfb", "memcs", "Adc"}
    | {"loggingrate", "response", "response_date", "latency", "wlstate", "pa_latency", "httpsuccess"}
    | {"httpsends", "hardwarediscovered", "period_log", "period"}
)
_NOT_READ_PATTERN = re.compile(
    r"pm2\.5_aqi(_b)?|p25aqic(_b)?|status_\d+|key\d_.*|ts_.*|ts_s_.*|current_.*_raw"
)

# Barkjohn et al. 2021 (doi:10.5194/amt-14-4617-2021) leave out PM2.5 where A and B differ by more than 5 µg/m³ and
# more than 61 % of their mean (constants from memory).
_DISAGREEMENT_UGM3 = 5.0
_DISAGREEMENT_RATIO = 0.61

_MAC = re.compile(r"[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}")


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one `/json` of a device; network name and coordinates are not read. Raises Undecodable."""
    message = load_object(payload)
    gathered = Gathered()
    device = _mac(message.get("SensorId"))
    if device is None:
        gathered.refuse("SensorId", "it is missing or not an address")
    declared = declared_for(maps, device)
    moment, time_source, flag = _time(message.get("DateTime"), gathered, in_utc(received_at), timezone)
    two_lasers = any(f"{key}_b" in message for key in _LASER)
    for key, value in message.items():
        laser, climate = key.removesuffix("_b"), key.removesuffix("_680")
        if key in declared.fields:
            gathered.read(key, declared.fields[key], value, moment, flag=flag)
        elif laser in _LASER:
            channel = "" if not two_lasers else "A" if laser == key else "B"
            gathered.read(key, _LASER[laser], value, moment, channel=channel, flag=flag, sentinels=(-1.0,))
        elif climate in _CLIMATE:
            source = "BME280" if climate == key else "BME680"
            gathered.read(key, _CLIMATE[climate], value, moment, source=source, flag=flag)
        elif key in _GAS:
            gathered.read(key, _GAS[key], value, moment, flag=flag)
        elif key in _NUMBERS:
            gathered.note_number(key, _NUMBERS[key], value)
        elif key in _TEXTS:
            gathered.note_text(key, _TEXTS[key], value)
        elif key not in _NOT_READ and not _NOT_READ_PATTERN.fullmatch(key):
            gathered.refuse(key, declared.refused.get(key, "the key is unknown"))
    if two_lasers:
        gathered.readings[:] = _with_disagreement(gathered.readings)
    return gathered.decoded(device, time_source=time_source, mapping=mapping_name(MAPPING, declared))


def _with_disagreement(readings: list[Reading]) -> list[Reading]:
    """Flag the masses of two lasers that differ more than their model allows."""
    of_a = {reading[:2]: reading.value for reading in readings if reading.channel == "A"}
    apart = set()
    for reading in readings:
        a, b = of_a.get(reading[:2]), reading.value
        if reading.channel == "B" and reading.quantity in MASS and a is not None and b is not None:
            difference = abs(a - b)
            if difference > _DISAGREEMENT_UGM3 and difference > _DISAGREEMENT_RATIO * abs(a + b) / 2.0:
                apart.add(reading[:2])
    return [
        reading._replace(flag=join_flags(reading.flag, CHANNELS_DISAGREE))
        if reading[:2] in apart
        else reading
        for reading in readings
    ]


def _time(
    raw: Any, gathered: Gathered, received_at: datetime, zone: tzinfo
) -> tuple[datetime, TimeSource, str]:
    """Read `2026/03/01T09:00:13z`: slashes, lower-case z, UTC."""
    if raw is None:
        return received_at, "received", ""
    try:
        moment, assumed = read_time(raw, zone=zone)
    except NotATime as error:
        gathered.refuse("DateTime", str(error))
        return received_at, "received", ""
    flag = join_flags(TZ_ASSUMED if assumed else "", CLOCK_NOT_SET if clock_was_not_set(moment) else "")
    return moment, "tz_assumed" if assumed else "device", flag


def _mac(raw: Any) -> str | None:
    """Give back the zeros that the device drops in front of each octet."""
    text = raw.strip().casefold() if isinstance(raw, str) else ""
    return ":".join(octet.zfill(2) for octet in text.split(":")) if _MAC.fullmatch(text) else None


FORMAT = Format(name="purpleair", decode=decode, http_paths=("/ingest/purpleair",), states_time=True)
