"""Meshtastic: telemetry packets by MQTT, as protobuf, and the JSON of older nodes (section 17).

Here pm10 is PM1.0 and pm100 is PM10. Public channels carry neighbours' positions, names and texts: whatever is not
telemetry is left undecoded.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import Declared, declared_for, mapping_name
from .decoded import (
    ATM,
    CF1,
    DEVICE_FLAGGED,
    NATIVE,
    NO_HEADERS,
    UNKNOWN,
    Decoded,
    Format,
    Reading,
    TimeSource,
    Undecodable,
    join_flags,
)
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_object
from .numbers import NotANumber, NoValue, float32_decimal, number
from .protobuf_fields import Wire, fields, inner, signed, single, whole
from .times import NotATime, from_epoch, in_utc
from .units import per_decilitre

MAPPING = "meshtastic/1"

_TELEMETRY_APP = 67
_DEVICE_METRICS, _ENVIRONMENT_METRICS, _AIR_QUALITY_METRICS = 2, 3, 4  # of Telemetry
_POWERED = 100  # a battery level above it means that the node is powered

_NAMES = {  # of AirQualityMetrics
    1: "pm10_standard",
    2: "pm25_standard",
    3: "pm100_standard",
    4: "pm10_environmental",
    5: "pm25_environmental",
    6: "pm100_environmental",
    7: "particles_03um",
    8: "particles_05um",
    9: "particles_10um",
    10: "particles_25um",
    11: "particles_50um",
    12: "particles_100um",
    13: "co2",
    14: "co2_temperature",
    15: "co2_humidity",
    16: "form_formaldehyde",
    17: "form_humidity",
    18: "form_temperature",
    19: "pm40_standard",
    20: "particles_40um",
    21: "pm_temperature",
    22: "pm_humidity",
    23: "pm_voc_idx",
    24: "pm_nox_idx",
    25: "particles_tps",
    26: "pm_status_flags",
}
_STANDARD = {1: "pm1", 2: "pm25", 3: "pm10", 19: "pm4"}
_ATMOSPHERIC: dict[int, Field] = {4: field("pm1", ATM), 5: field("pm25", ATM), 6: field("pm10", ATM)}
_PLANTOWER_COUNTS = {7: "pn03", 8: "pn05", 9: "pn1", 10: "pn25", 11: "pn5", 12: "pn10"}
# Sensirion's counts go from a floor up to the size.
_SENSIRION_COUNTS = {8: "pnto05", 9: "pnto1", 10: "pnto25", 20: "pnto4", 12: "pnto10"}
_OTHERS: dict[int, tuple[Field, str]] = {
    13: (field("co2"), "CO2"),
    14: (field("temperature"), "CO2"),
    15: (field("humidity"), "CO2"),
    16: (field("hcho_ppb"), "HCHO"),
    17: (field("humidity"), "HCHO"),
    18: (field("temperature"), "HCHO"),
    21: (field("temperature"), "PM"),
    22: (field("humidity"), "PM"),
    23: (field("voc_index"), "PM"),
    24: (field("nox_index"), "PM"),
    25: (field("pm_tps"), "PM"),
}
_WHOLE_NUMBERS = frozenset({13})
# A Plantower has the atmospheric output; only a Sensirion has PM4, a typical size, or indices of its own.
_PLANTOWER_FIELDS = frozenset({4, 5, 6})
_SENSIRION_FIELDS = frozenset({19, 20, 21, 22, 23, 24, 25, 26})
_STATUS_FLAGS = 26
_STATUS_BITS = {  # of a SEN6x: bit -> (word, quantities that it spoils)
    4: ("fan", ("pm", "pn")),
    6: ("rh_t", ("temperature", "humidity")),
    7: ("gas", ("voc", "nox")),
    9: ("co2", ("co2",)),
    12: ("co2", ("co2",)),
    10: ("hcho", ("hcho",)),
    11: ("pm", ("pm", "pn")),
    21: ("fan_speed", ("pm", "pn")),
}
_ENVIRONMENT: dict[int, tuple[str, Field]] = {
    1: ("temperature", field("temperature")),
    2: ("relative_humidity", field("humidity")),
    3: ("barometric_pressure", field("pressure")),
    9: ("lux", field("illuminance")),
}
_JSON_VALUES: dict[str, Field] = {
    "pm10": field("pm1", UNKNOWN),
    "pm25": field("pm25", UNKNOWN),
    "pm100": field("pm10", UNKNOWN),
    "temperature": field("temperature"),
    "relative_humidity": field("humidity"),
    "barometric_pressure": field("pressure"),
}
_JSON_STATUS = {"battery_level": "battery_pct", "voltage": "battery_v", "uptime_seconds": "uptime"}
_JSON_NOT_READ = frozenset({"air_util_tx", "channel_utilization"})


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode a ServiceEnvelope, a bare Telemetry, or the JSON of older nodes.

    `maps` may name the variants by the name of the field (`pm25_standard`), or of the JSON key. The packet must
    have been uploaded decrypted. Raises Undecodable.
    """
    reader = _Reader(in_utc(received_at), maps)
    if payload.lstrip()[:1] == b"{":
        return reader.take_json(load_object(payload))
    if not payload:
        raise Undecodable("the message is empty")
    wire = fields(payload)
    packet = inner(wire, 1)
    return reader.take_packet(fields(packet)) if packet is not None else reader.take_bare(wire)


class _Reader:
    def __init__(self, received_at: datetime, maps: Mapping[str, Any] | None) -> None:
        self.gathered = Gathered()
        self.received_at = received_at
        self.maps = maps
        self.declared: Declared = declared_for(maps)

    def take_packet(self, packet: Wire) -> Decoded:
        sender = whole(packet, 1)
        device = _node(sender)
        self.declared = declared_for(self.maps, device)
        identity = whole(packet, 6)
        message_id = f"{device}:{identity}" if device and identity is not None else None
        data = inner(packet, 4)
        if data is None:
            raise Undecodable("the packet is encrypted: let the gateway upload decrypted packets")
        content = fields(data)
        port = whole(content, 1)
        telemetry = inner(content, 2)
        if port != _TELEMETRY_APP or telemetry is None:
            self.gathered.status["event"] = "not telemetry"
            return self.gathered.decoded(device, message_id=message_id, mapping=MAPPING)
        for name, figure in (("snr", single(packet, 8)), ("rssi", signed(packet, 12))):
            if figure is not None:
                self.gathered.note_number(name, name, figure)
        return self._take(fields(telemetry), device, whole(packet, 7), message_id)

    def take_bare(self, wire: Wire) -> Decoded:
        if not wire.keys() & {_DEVICE_METRICS, _ENVIRONMENT_METRICS, _AIR_QUALITY_METRICS}:
            raise Undecodable("the message is neither a ServiceEnvelope nor Telemetry")
        return self._take(wire, None, None, None)

    def _take(
        self, telemetry: Wire, device: str | None, heard: int | None, message_id: str | None
    ) -> Decoded:
        seconds = whole(telemetry, 1) or heard
        at = from_epoch(seconds) if seconds else self.received_at
        for kind, take in (
            (_DEVICE_METRICS, self._take_device),
            (_ENVIRONMENT_METRICS, self._take_environment),
            (_AIR_QUALITY_METRICS, self._take_air_quality),
        ):
            metrics = inner(telemetry, kind)
            if metrics is not None:
                take(fields(metrics), at)
        time_source: TimeSource = "device" if seconds else "received"
        return self.gathered.decoded(
            device,
            time_source=time_source,
            message_id=message_id,
            mapping=mapping_name(MAPPING, self.declared),
        )

    def _take_device(self, metrics: Wire, at: datetime) -> None:
        level = whole(metrics, 1)
        if level is not None and level > _POWERED:
            self.gathered.status["power"] = "mains"
        elif level is not None:
            self.gathered.note_number("battery_level", "battery_pct", level)
        voltage, uptime = single(metrics, 2), whole(metrics, 5)
        if voltage is not None:
            self.gathered.note_number("voltage", "battery_v", float32_decimal(voltage))
        if uptime is not None:
            self.gathered.note_number("uptime_seconds", "uptime", uptime)

    def _take_environment(self, metrics: Wire, at: datetime) -> None:
        for number_, (name, known) in _ENVIRONMENT.items():
            self._read(name, known, _float(metrics, number_), at)
        self._refuse_others(metrics, _ENVIRONMENT, "environment")

    def _take_air_quality(self, metrics: Wire, at: datetime) -> None:
        sensirion = bool(metrics.keys() & _SENSIRION_FIELDS)
        plantower = bool(metrics.keys() & _PLANTOWER_FIELDS)
        variant = NATIVE if sensirion else CF1 if plantower else UNKNOWN
        counts = _SENSIRION_COUNTS if sensirion and not plantower else _PLANTOWER_COUNTS
        for number_, quantity in _STANDARD.items():
            self._read(_NAMES[number_], field(quantity, variant), whole(metrics, number_), at)
        for number_, known in _ATMOSPHERIC.items():
            self._read(_NAMES[number_], known, whole(metrics, number_), at)
        for number_, quantity in counts.items():
            known = field(quantity, convert=per_decilitre)
            self._read(_NAMES[number_], known, whole(metrics, number_), at)
        for number_, (known, source) in _OTHERS.items():
            raw = whole(metrics, number_) if number_ in _WHOLE_NUMBERS else _float(metrics, number_)
            self._read(_NAMES[number_], known, raw, at, source)
        taken = {_STATUS_FLAGS, *_STANDARD, *_ATMOSPHERIC, *counts, *_OTHERS}
        self._refuse_others(metrics, taken, "air quality")
        self._take_status_flags(whole(metrics, _STATUS_FLAGS) or 0)

    def _take_status_flags(self, flags: int) -> None:
        spoilt: set[str] = set()
        for bit, (word, prefixes) in _STATUS_BITS.items():
            if flags >> bit & 1:
                self.gathered.note_error(word)
                spoilt.update(prefixes)
        if spoilt:
            self.gathered.readings[:] = [_flagged(reading, spoilt) for reading in self.gathered.readings]

    def _read(self, item: str, known: Field, raw: float | int | None, at: datetime, source: str = "") -> None:
        if raw is not None:  # fields are optional: 0 is a value, absence is not
            self.gathered.read(item, self.declared.fields.get(item, known), raw, at, source=source)

    def _refuse_others(self, metrics: Wire, known: Container[int], kind: str) -> None:
        for number_ in metrics:
            if number_ not in known:
                self.gathered.refuse(f"{kind} {number_}", "the field is unknown")

    def take_json(self, message: dict[str, Any]) -> Decoded:
        device = _node(message.get("from"))
        self.declared = declared_for(self.maps, device)
        identity = message.get("id")
        message_id = f"{device}:{identity}" if device and type(identity) is int else None
        values = message.get("payload")
        if message.get("type") != "telemetry" or not isinstance(values, dict):
            self.gathered.status["event"] = "not telemetry"
            return self.gathered.decoded(device, message_id=message_id, mapping=MAPPING)
        for name in ("rssi", "snr"):
            self.gathered.note_number(name, name, message.get(name))
        at, time_source = self.received_at, "received"
        try:
            seconds = number(message.get("timestamp"))
            if seconds:
                at, time_source = from_epoch(seconds), "device"
        except NoValue:
            pass
        except (NotANumber, NotATime) as error:
            self.gathered.refuse("timestamp", str(error))
        for key, value in values.items():
            known = self.declared.fields.get(key) or _JSON_VALUES.get(key)
            if known is not None:
                self.gathered.read(key, known, value, at)
            elif key in _JSON_STATUS:
                self.gathered.note_number(key, _JSON_STATUS[key], value)
            elif key not in _JSON_NOT_READ:
                self.gathered.refuse(key, self.declared.refused.get(key, "the key is unknown"))
        return self.gathered.decoded(
            device,
            time_source="device" if time_source == "device" else "received",
            message_id=message_id,
            mapping=mapping_name(MAPPING, self.declared),
        )


def _float(wire: Wire, number_: int) -> float | None:
    value = single(wire, number_)
    return None if value is None else float32_decimal(value)


def _flagged(reading: Reading, spoilt: set[str]) -> Reading:
    if reading.quantity.startswith(tuple(spoilt)):
        return reading._replace(flag=join_flags(reading.flag, DEVICE_FLAGGED))
    return reading


def _node(raw: Any) -> str | None:
    """Spell a node as `!` and eight hexadecimal digits."""
    return f"!{raw:08x}" if type(raw) is int and 0 < raw < 2**32 else None


FORMAT = Format(
    name="meshtastic",
    decode=decode,
    topics=("msh/+/2/e/+/+", "msh/+/2/json/+/+"),
    states_time=True,
)
