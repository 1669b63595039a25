"""SenML, RFC 8428, in JSON or CBOR (section 10): the format for devices that we program ourselves.

The name is the device's followed by the quantity and, our convention, the variant: `urn:dev:mac:…:pm25:cf1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from .cbor_items import load as load_cbor
from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, VARIANTS, Decoded, Format, Undecodable
from .fields import Field, field_in_unit
from .gathered import Gathered
from .json_text import load
from .numbers import NotANumber, NoValue, number
from .times import NotATime, from_epoch, in_utc
from .units import CANONICAL_UNIT, UnknownUnit, dbw_to_dbm

MAPPING = "senml/1"
KNOWN_VERSION = 10  # of SenML, RFC 8428 section 4.4
MAX_RECORDS = 5000  # of one pack
_ABSOLUTE_TIME = 2**28  # seconds; smaller sums are relative to now (RFC 8428 section 4.5.3)

_LABELS = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})
_CBOR_LABELS: Mapping[int | str, str] = {  # RFC 8428 table 4
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
_CBOR_ARRAY = 4  # the major type in the first three bits; no JSON text begins so
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_LONGEST_NAME = 255

# SenML unit -> the spelling of `units`; units are case-sensitive here (C is the coulomb, F the farad).
_UNITS = {
    "ug/m3": "ug/m3",
    "mg/m3": "mg/m3",
    "Cel": "Cel",
    "K": "K",
    "%RH": "%RH",
    "Pa": "Pa",
    "hPa": "hPa",
    "kPa": "kPa",
    "ppm": "ppm",
    "ppb": "ppb",
    "lux": "lux",
    "lx": "lux",
    "dBA": "dB(A)",
    "m": "m",
    "um": "um",
    "1/cm3": "1/cm3",
    "/": "1",
    "1": "1",
}
_STATUS_UNITS = {"%EL": "battery_pct", "V": "battery_v", "mV": "battery_v", "dBW": "rssi", "dBm": "rssi"}


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one pack: resolve every record, take the measurements, refuse the others one by one.

    A pack speaks for one device: records that name another are refused. Raises Undecodable.
    """
    pack = _pack_of_cbor(payload) if payload[:1] and payload[0] >> 5 == _CBOR_ARRAY else load(payload)
    if not isinstance(pack, list):
        raise Undecodable("a SenML pack is an array of records")
    if not pack:
        raise Undecodable("the pack is empty")
    return _Pack(in_utc(received_at), device_from_topic(topic), maps).decode(pack)


def _pack_of_cbor(payload: bytes) -> Any:
    """Read a pack in CBOR, giving its labels the names that they have in JSON."""
    pack = load_cbor(payload)
    return [
        {_CBOR_LABELS.get(label, str(label)): value for label, value in record.items()}
        if isinstance(record, dict)
        else record
        for record in pack
    ]


class _Pack:
    """The base values that hold while a pack is read, and what was gathered."""

    def __init__(self, received_at: datetime, device: str | None, maps: Mapping[str, Any] | None) -> None:
        self.gathered = Gathered()
        self.received_at = received_at
        self.device: str | None = None
        self.device_of_topic = device
        self.maps = maps
        self.declared = declared_for(maps, device)
        self.base: dict[str, Any] = {}
        self.time_was_received = False

    def decode(self, pack: list[Any]) -> Decoded:
        for index, record in enumerate(pack[:MAX_RECORDS]):
            if isinstance(record, dict):
                self._take(index, record)
            else:
                self.gathered.refuse(f"[{index}]", "not a record")
        if len(pack) > MAX_RECORDS:
            self.gathered.refuse(f"[{MAX_RECORDS}]", f"a pack may hold {MAX_RECORDS} records")
        return self.gathered.decoded(
            self.device or self.device_of_topic,
            time_source="received" if self.time_was_received else "device",
            mapping=mapping_name(MAPPING, self.declared),
        )

    def _take(self, index: int, record: dict[str, Any]) -> None:
        for label in ("bn", "bt", "bu", "bv"):
            if label in record:
                self.base[label] = record[label]
        version = record.get("bver", KNOWN_VERSION)
        if type(version) is not int or version > KNOWN_VERSION:
            raise Undecodable("the SenML version is not known")
        item = f"[{index}]"
        strange = [label for label in record if label not in _LABELS and label.endswith("_")]
        if strange:
            self.gathered.refuse(item, "it has a label that must be understood and is unknown")
            return
        if not record.keys() & {"v", "vs", "vb", "vd", "s"}:
            if record.keys() & {"n", "u", "t"}:
                self.gathered.refuse(item, "it has no value")
            return
        name = self._name(record)
        if name is None:
            self.gathered.refuse(item, "its name is missing or has characters that SenML forbids")
            return
        device, quantity, variant = _split(name, self.declared.fields)
        item = f"[{index}] {quantity}"
        if "v" not in record:
            what = "a sum" if record.keys() == {"n", "s"} or "s" in record else "text, true/false or data"
            self.gathered.refuse(item, f"{what} is not a measurement")
            return
        if self.device is None:
            self.device = device
            if self.maps:
                self.declared = declared_for(self.maps, device, self.device_of_topic)
        elif device != self.device:
            self.gathered.refuse(item, "it names another device than the records before")
            return
        try:
            moment = self._time(record)
            raw = record["v"]
            if raw is not None:
                raw = number(raw) + number(self.base.get("bv", 0.0))
        except (NotANumber, NotATime) as error:
            self.gathered.refuse(item, str(error))
        except NoValue:
            self.gathered.refuse(item, "a base field is null")
        else:
            self._measure(item, quantity, variant, record.get("u", self.base.get("bu")), raw, moment)

    def _name(self, record: dict[str, Any]) -> str | None:
        base, own = self.base.get("bn", ""), record.get("n", "")
        if not isinstance(base, str) or not isinstance(own, str):
            return None
        name = base + own
        return name if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) else None

    def _time(self, record: dict[str, Any]) -> datetime:
        seconds = number(self.base.get("bt", 0.0)) + number(record.get("t", 0.0))
        if seconds >= _ABSOLUTE_TIME:
            return from_epoch(seconds)
        self.time_was_received = True
        try:
            return self.received_at + timedelta(seconds=seconds) if seconds else self.received_at
        except OverflowError:
            raise NotATime("the time is not a date that exists") from None

    def _measure(
        self, item: str, quantity: str, variant: str | None, unit: object, raw: object, moment: datetime
    ) -> None:
        declared = self.declared.fields.get(quantity)
        if declared is not None:
            field: Field = declared if variant is None else declared._replace(variant=variant)
        else:
            if not isinstance(unit, str):
                self.gathered.refuse(item, "its unit is missing")
                return
            if quantity not in CANONICAL_UNIT and unit in _STATUS_UNITS:
                self._note(item, unit, raw)
                return
            if quantity not in CANONICAL_UNIT:
                self.gathered.refuse(item, "the quantity is unknown")
                return
            try:
                if unit not in _UNITS:
                    raise UnknownUnit("the unit is unknown")
                field = field_in_unit(quantity, _UNITS[unit], variant)
            except UnknownUnit as error:
                self.gathered.refuse(item, str(error))
                return
        self.gathered.read(item, field, raw, moment)

    def _note(self, item: str, unit: str, raw: object) -> None:
        if unit == "dBW" and isinstance(raw, float):
            raw = dbw_to_dbm(raw)
        self.gathered.note_number(item, _STATUS_UNITS[unit], raw, divisor=1000.0 if unit == "mV" else 1.0)


def _split(name: str, declared: Mapping[str, Field]) -> tuple[str | None, str, str | None]:
    """Split a resolved name into device, quantity and variant."""
    head, mark, variant = name.rpartition(":")
    if not (mark and variant in VARIANTS):
        head, variant = name, ""
    cut = max(head.rfind(":"), head.rfind("/"))
    quantity, device = head[cut + 1 :], head[:cut] if cut > 0 else ""
    return device.rstrip(":/") or None, quantity, variant or None


def device_from_topic(topic: str) -> str | None:
    """Read the device from `senml/<device>`."""
    parts = topic.split("?")[0].strip("/").split("/")
    return parts[1] if len(parts) == 2 and parts[0] == "senml" and _NAME.fullmatch(parts[1]) else None


FORMAT = Format(
    name="senml",
    decode=decode,
    topics=("senml/+",),
    http_paths=("/ingest/senml",),
    states_time=True,
    device_from_topic=device_from_topic,
)
