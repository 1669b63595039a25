"""The values of Sensor.Community's firmware: names, units, failures. airRohr and openSenseMap both take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .declared import Declared
from .decoded import ATM, NATIVE, UNKNOWN, Undecodable
from .fields import Field, field
from .gathered import Gathered
from .positions import Position, position
from .units import pa_to_hpa, same

# P1 is PM10 and P2 is PM2.5 here, whatever the numbers suggest.
_MASSES = {"P0": "pm1", "P1": "pm10", "P2": "pm25", "P4": "pm4"}
# The firmware reads bytes 10 to 15 of the Plantower frame: its atmospheric output.
_MASS_VARIANT_OF = {"SDS": NATIVE, "PMS": ATM, "HPM": NATIVE, "NPM": NATIVE, "SPS30": NATIVE, "IPS": NATIVE}
_COUNTS_UP_TO = {  # already per cm³ on the wire
    "NPM": {"N1": "pnto1", "N25": "pnto25", "N10": "pnto10"},
    "SPS30": {"N05": "pnto05", "N1": "pnto1", "N25": "pnto25", "N4": "pnto4", "N10": "pnto10"},
}
_IPS = {
    "P01": "pm01",
    "P03": "pm03",
    "P05": "pm05",
    "P5": "pm5",
    **{f"N{size}": f"ips_n{size}" for size in ("01", "03", "05", "1", "25", "5", "10")},
}
_CLIMATE_SENSORS = ("BME280", "BMP", "BMP280", "HTU21D", "SHT3X", "SCD30", "DS18B20", "DHT")
_CLIMATE = {"temperature": same, "humidity": same, "pressure": pa_to_hpa}
_PPD42 = {
    "P1": "ppd42_p1_count",
    "P2": "ppd42_p2_count",
    "ratioP1": "ppd42_p1_ratio",
    "ratioP2": "ppd42_p2_ratio",
    "durP1": "ppd42_p1_duration",
    "durP2": "ppd42_p2_duration",
}
_PIN_OF_PPD42 = "5"
# A node may report a second thermometer through another pin, in a POST of its own.
_CHANNEL_OF_PIN = {"3": "BMP", "13": "DS18B20", "17": "SCD30"}


def _fields() -> dict[str, Field]:
    found = {key: field(quantity, UNKNOWN) for key, quantity in _MASSES.items()}
    for sensor, variant in _MASS_VARIANT_OF.items():
        for key, quantity in _MASSES.items():
            found[f"{sensor}_{key}"] = field(quantity, variant)
    for sensor, counts in _COUNTS_UP_TO.items():
        for key, quantity in counts.items():
            found[f"{sensor}_{key}"] = field(quantity)
    for key, quantity in _IPS.items():
        found[f"IPS_{key}"] = field(quantity, NATIVE)
    for key, convert in _CLIMATE.items():
        for sensor in _CLIMATE_SENSORS:
            found[f"{sensor}_{key}"] = field(key, convert=convert)
        found[key] = field(key, convert=convert)
    found["SPS30_TS"] = field("pm_tps")
    found["SCD30_co2_ppm"] = found["co2_ppm"] = field("co2")
    for key, quantity in {"LAeq": "laeq", "LA_min": "la_min", "LA_max": "la_max"}.items():
        found[f"DNMS_noise_{key}"] = found[f"noise_{key}"] = field(quantity)
    return found


FIELDS = _fields()
_PPD42_FIELDS = {key: field(quantity) for key, quantity in _PPD42.items()}

_FAILED = -1.0  # shown on the local page for a sensor that gave nothing
_FAILED_TEMPERATURE = -128.0  # the same, of a thermometer (airRohr and Nebulo)
# The SDS011 reports these when its fan or laser fails (sensors-software#442).
_FAILED_SDS = {"P1": 1999.9, "P2": 999.9}

_DIAGNOSTICS = {
    "samples": ("samples", 1.0),
    "min_micro": ("min_micro", 1.0),
    "max_micro": ("max_micro", 1.0),
    "interval": ("interval", 1000.0),  # ms
}
_GPS = frozenset({"GPS_lat", "GPS_lon", "GPS_height", "lat", "lon", "height"})
_GPS_IGNORED = frozenset({"GPS_date", "GPS_time", "GPS_timestamp"})


def value_list(values: Any, gathered: Gathered) -> list[tuple[str, Any]]:
    """List the (value type, value) of `sensordatavalues`, refusing entries alone. Raises Undecodable."""
    if not isinstance(values, list):
        raise Undecodable("there is no list sensordatavalues")
    items: list[tuple[str, Any]] = []
    for index, entry in enumerate(values):
        if isinstance(entry, dict) and isinstance(entry.get("value_type"), str):
            items.append((entry["value_type"], entry.get("value")))
        else:
            gathered.refuse(f"[{index}]", "not a value with its type")
    return items


def take_values(
    gathered: Gathered,
    items: list[tuple[str, Any]],
    moment: datetime,
    *,
    declared: Declared,
    pin: str = "",
    flag: str = "",
) -> None:
    """Take every value of one message; `pin` is the X-PIN header of a POST for one sensor."""
    keys = {key for key, _ in items}
    fields: Mapping[str, Field] = {**FIELDS, **declared.fields}
    if pin == _PIN_OF_PPD42 or keys & {"durP1", "ratioP1", "durP2", "ratioP2"}:
        fields = {**fields, **_PPD42_FIELDS}
    where = _position(items)
    for key, value in items:
        if key in fields:
            _read(gathered, key, fields[key], value, moment, flag, pin, where)
        elif key == "signal":
            gathered.note_number(key, "rssi", _without_unit(value))
        elif key in _DIAGNOSTICS:
            name, divisor = _DIAGNOSTICS[key]
            gathered.note_number(key, name, value, divisor=divisor)
        elif key not in _GPS and key not in _GPS_IGNORED:
            gathered.refuse(key, declared.refused.get(key, "the value type is unknown"))


def _read(
    gathered: Gathered,
    key: str,
    field: Field,
    raw: Any,
    moment: datetime,
    flag: str,
    pin: str,
    where: Position | None,
) -> None:
    sensor, _, bare = key.rpartition("_")
    sentinels = {_FAILED_TEMPERATURE if field.quantity == "temperature" else _FAILED}
    if sensor in ("", "SDS") and bare in _FAILED_SDS:
        sentinels.add(_FAILED_SDS[bare])
    gathered.read(
        key,
        field,
        raw,
        moment,
        channel=_CHANNEL_OF_PIN.get(pin, "") if not sensor else "",
        source=sensor.split("_")[0] or "DHT",
        flag=flag,
        sentinels=sentinels,
        position=where,
    )


def _position(items: Iterable[tuple[str, Any]]) -> Position | None:
    said = {key.removeprefix("GPS_"): value for key, value in items if key in _GPS}
    return position(said.get("lat"), said.get("lon"), said.get("height"))


def _without_unit(raw: Any) -> Any:
    """Take the " dBm" off that the firmware of 2016 wrote."""
    return raw.strip().removesuffix("dBm") if isinstance(raw, str) else raw
