"""Smart Citizen kit: its own notation and JSON by MQTT, and the CSV files of its SD card (section 3).

The token in the topic is the kit's only secret: it is the device's identity here and must not reach a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import Declared, declared_for, mapping_name
from .decoded import (
    CLOCK_NOT_SET,
    NATIVE,
    NO_HEADERS,
    TZ_ASSUMED,
    UNKNOWN,
    Decoded,
    Format,
    TimeSource,
    Undecodable,
    join_flags,
)
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_object, text_of
from .positions import Position, position
from .times import NotATime, clock_was_not_set, in_utc, read_time
from .units import Conversion, kpa_to_hpa, per_decilitre, same

MAPPING = "smart_citizen/1"
MAX_ROWS = 100_000  # of one file or message; a day at one row a second is 86,400

_PN = ("pn03", "pn05", "pn1", "pn25", "pn5", "pn10")
_PNTO = ("pnto05", "pnto1", "pnto25", "pnto4", "pnto10")
_PM = ("pm1", "pm25", "pm10")


def _fields() -> dict[str, tuple[Field, str]]:
    """List sensor id -> what it stands for, and the part of the kit that measures it."""
    found: dict[str, tuple[Field, str]] = {}

    def add(
        numbers: Iterable[int],
        quantities: Iterable[str],
        source: str = "",
        *,
        variant: str | None = None,
        channel: str = "",
        convert: Conversion = same,
    ) -> None:
        for number, quantity in zip(numbers, quantities, strict=True):
            found[str(number)] = field(quantity, variant, channel, convert=convert), source

    add((89, 87, 88), _PM, "PMS", variant=UNKNOWN)  # cf1 or atm: to be confirmed on a kit
    add((71, 72, 73), _PM, "PMS", variant=UNKNOWN, channel="A")
    add((75, 76, 77), _PM, "PMS", variant=UNKNOWN, channel="B")
    add((182, 183, 184, 185), ("pm1", "pm25", "pm4", "pm10"), "SPS30", variant=NATIVE)
    add((193, 194, 195, 196), ("pm1", "pm25", "pm4", "pm10"), "SEN5x", variant=NATIVE)
    add(range(165, 171), _PN, "PMS", convert=per_decilitre)
    add(range(99, 105), _PN, "PMS", channel="A", convert=per_decilitre)
    add(range(105, 111), _PN, "PMS", channel="B", convert=per_decilitre)
    add(range(186, 191), _PNTO, "SPS30", convert=per_decilitre)
    add(range(197, 202), _PNTO, "SEN5x", convert=per_decilitre)
    add((191,), ("pm_tps",), "SPS30")
    add((202,), ("pm_tps",), "SEN5x")
    for warm, damp, source in (
        (55, 56, "board"),
        (79, 80, "SHT31"),  # or the gas board: the `info` message tells the hardware
        (224, 225, "SHT35"),
        (204, 203, "SEN5x"),
        (160, 161, "SCD30"),
        (211, 210, "SFA30"),
    ):
        add((warm, damp), ("temperature", "humidity"), source)
    add((58,), ("pressure",), "board", convert=kpa_to_hpa)
    add((227,), ("pressure",), "external", convert=kpa_to_hpa)
    add((158,), ("co2",), "SCD30")
    add((112, 113), ("eco2", "voc_ppb"), "CCS811")
    add((205, 206, 207, 208), ("voc_index", "nox_index", "voc_raw", "nox_raw"), "SEN5x")
    add((212,), ("hcho_ppb",), "SFA30")
    add((53, 217, 218), ("laeq", "lceq", "lzeq"), "board")
    add((14,), ("illuminance",), "board")
    add(range(61, 69), [f"electrode_{number}" for number in range(61, 69)], "gas")
    return found


_KNOWN = _fields()
# `id` of the JSON form may be a key; the hardware behind it is not said.
_BY_KEY = {key: (field(key, UNKNOWN), "") for key in _PM}
_STATUS = {
    "10": "battery_pct",
    "222": "battery_v",
    "220": "rssi",
    "128": "gps_fix",
    "129": "speed",
    "130": "satellites",
    "131": "hdop",
}
_LATITUDE, _LONGITUDE, _ALTITUDE, _FIX = "125", "126", "127", "128"
_PLACE = frozenset({_LATITUDE, _LONGITUDE, _ALTITUDE})
_BATTERY = "10"
_NO_BATTERY = -1.0  # or on mains
_TOKEN = re.compile(r"[A-Za-z0-9]{1,32}")
_INFO = {"sam_ver": "firmware", "hw_ver": "hardware", "rcause": "reset_reason"}
_INFO_IGNORED = frozenset({"time", "id", "sam_bd", "mac", "esp_ver", "esp_bd"})


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode what the kit publishes on its topics, or a file of its SD card where no topic is given.

    Raises Undecodable.
    """
    token, kind = _route(topic)
    reader = _Reader(in_utc(received_at), timezone, declared_for(maps, token))
    if kind == "hello":
        reader.gathered.status["event"] = "hello"
    elif kind == "info":
        reader.take_info(load_object(payload))
    else:
        # Only ASCII has a meaning in the kit's notation; what else stands there is noise of its serial line.
        text = payload.decode("ascii", "ignore").strip(" \t\r\n\x00") if kind != "readings" else ""
        if kind == "raw" or (kind == "" and re.match(r"\{\s*(?:t\s*:|\d+\s*:|\})", text)):
            reader.take_raw(text)
        elif kind == "" and text[:1] != "{":
            reader.take_card(text_of(payload))
        else:
            reader.take_json(load_object(payload))
    return reader.gathered.decoded(
        token,
        time_source=reader.time_source,
        mapping=mapping_name(MAPPING, reader.declared),
    )


class _Reader:
    """Reads rows of (sensor id, value) at a moment."""

    def __init__(self, received_at: datetime, zone: tzinfo, declared: Declared) -> None:
        self.gathered = Gathered()
        self.received_at = received_at
        self.zone = zone
        self.declared = declared
        self.time_source: TimeSource = "device"

    def take_info(self, message: dict[str, Any]) -> None:
        for key, value in message.items():
            if key in _INFO:
                self.gathered.note_text(key, _INFO[key], value)
            elif key not in _INFO_IGNORED:
                self.gathered.refuse(key, "the key is unknown")

    def take_raw(self, text: str) -> None:
        """Read `{t:2026-03-01T09:00:00Z,10:74,55:8.12,206:null,}`."""
        if not (text.startswith("{") and text.endswith("}") and text.count("{") == text.count("}") == 1):
            raise Undecodable("the message is not in the kit's notation")
        row: list[tuple[str, Any]] = []
        stated: str | None = None
        for part in text[1:-1].split(","):
            key, mark, value = part.partition(":")
            key, value = key.strip(), value.strip()
            if not key and not mark:
                continue  # a trailing comma
            if not mark:
                self.gathered.refuse(key, "it has no value")
            elif key == "t":
                stated = value
            else:
                row.append((key, None if value == "null" else value))
        self._take_row(stated, row)

    def take_json(self, message: dict[str, Any]) -> None:
        groups = message.get("data")
        if not isinstance(groups, list):
            raise Undecodable("there is no list data")
        for index, group in enumerate(groups[:MAX_ROWS]):
            sensors = group.get("sensors") if isinstance(group, dict) else None
            if not isinstance(sensors, list):
                self.gathered.refuse(f"data[{index}]", "it has no list sensors")
                continue
            row: list[tuple[str, Any]] = []
            for sensor in sensors:
                number = sensor.get("id") if isinstance(sensor, dict) else None
                if isinstance(number, int | str) and not isinstance(number, bool):
                    row.append((str(number)[:64], sensor.get("value")))
                else:
                    self.gathered.refuse(f"data[{index}]", "a sensor without id")
            self._take_row(group.get("recorded_at"), row)
        if len(groups) > MAX_ROWS:
            self.gathered.refuse(f"data[{MAX_ROWS}]", f"a message may hold {MAX_ROWS} moments")

    def take_card(self, text: str) -> None:
        """Read a file of the SD card: four header lines, the fourth with the sensor ids, then rows."""
        lines = text.splitlines()
        ids = [number.strip() for number in lines[3].split(",")] if len(lines) > 3 else []
        if len(ids) < 2 or ids[0] or not all(number.isdigit() for number in ids[1:]):
            raise Undecodable("the message is neither the kit's notation, nor JSON, nor a file of its card")
        for number, line in enumerate(lines[4 : 4 + MAX_ROWS], start=5):
            cells = [cell.strip() for cell in line.split(",")]
            if cells == [""]:
                continue
            if len(cells) != len(ids):
                self.gathered.refuse(f"line {number}", "it has another number of columns than the header")
                continue
            row = [
                (key, None if cell == "none" else cell) for key, cell in zip(ids[1:], cells[1:], strict=True)
            ]
            self._take_row(cells[0], row, item=f"line {number}")
        if len(lines) > 4 + MAX_ROWS:
            self.gathered.refuse(f"line {5 + MAX_ROWS}", f"a file may hold {MAX_ROWS} rows")

    def _take_row(self, stated: Any, row: list[tuple[str, Any]], *, item: str = "t") -> None:
        moment, flag = self.received_at, ""
        if stated is None:
            self.time_source = "received"
        else:
            try:
                moment, assumed = read_time(stated, zone=self.zone)
            except NotATime as error:
                self.gathered.refuse(item, str(error))
                return
            flag = join_flags(
                TZ_ASSUMED if assumed else "", CLOCK_NOT_SET if clock_was_not_set(moment) else ""
            )
            if assumed and self.time_source == "device":
                self.time_source = "tz_assumed"
        where = _position(dict(row))
        for key, raw in row:
            known = _KNOWN.get(key) or _BY_KEY.get(key)
            if key in self.declared.fields:
                self.gathered.read(key, self.declared.fields[key], raw, moment, flag=flag, position=where)
            elif known is not None:
                self.gathered.read(key, known[0], raw, moment, source=known[1], flag=flag, position=where)
            elif key in _STATUS:
                self._note(key, raw)
            elif key not in _PLACE:
                self.gathered.refuse(key, self.declared.refused.get(key, "the sensor id is unknown"))

    def _note(self, key: str, raw: Any) -> None:
        self.gathered.note_number(key, _STATUS[key], raw)
        if key == _BATTERY and self.gathered.status.get("battery_pct") == _NO_BATTERY:
            del self.gathered.status["battery_pct"]
            self.gathered.status["power"] = "mains or no battery"


def _position(row: Mapping[str, Any]) -> Position | None:
    if str(row.get(_FIX, "1")).strip() in ("0", "0.0", "0.00"):
        return None
    return position(row.get(_LATITUDE), row.get(_LONGITUDE), row.get(_ALTITUDE))


def _route(topic: str) -> tuple[str | None, str]:
    """Split a topic into token and kind by its segments; a token may itself contain the word raw."""
    parts = topic.strip("/").split("/")
    for start in range(len(parts) - 2):
        if parts[start : start + 2] == ["device", "sck"] and _TOKEN.fullmatch(parts[start + 2]):
            rest = parts[start + 3 :]
            if rest == ["readings", "raw"]:
                return parts[start + 2], "raw"
            if rest in (["readings"], ["info"], ["hello"]):
                return parts[start + 2], rest[0]
            return parts[start + 2], ""
    return None, ""


def device_from_topic(topic: str) -> str | None:
    """Read the token from `device/sck/<token>/…`, also behind a `bridge/…` prefix."""
    return _route(topic)[0]


FORMAT = Format(
    name="smart_citizen",
    decode=decode,
    topics=(
        "device/sck/+/readings/raw",
        "device/sck/+/readings",
        "device/sck/+/info",
        "device/sck/+/hello",
        "bridge/+/device/sck/+/readings/raw",
        "bridge/+/device/sck/+/readings",
    ),
    states_time=True,
    device_from_topic=device_from_topic,
)
