"""Take the values of a LoRaWAN payload, decoded by the network server or as bytes, by the map of its model."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from .declared import Declared
from .decoder_maps import LPP, STATUS
from .fields import Field, field_in_unit
from .gathered import Gathered
from .lpp_records import BY_CAMEL_NAME, Record, named_type, parse, rounded
from .numbers import NotANumber, NoValue, number
from .positions import Position, position
from .units import UnknownUnit

_DEEPEST = 3  # levels of nested keys that a map may address, joined by a slash


def take_records(gathered: Gathered, records: list[Record], moment: datetime, declared: Declared) -> None:
    """Take the records of a Cayenne LPP frame."""
    where = _fix(record.value for record in records if record.key.startswith("gps_"))
    for record in records:
        if isinstance(record.value, float):
            _take_lpp(gathered, record.key, record.value, moment, declared, record.flag, where)
        elif not record.key.startswith("gps_"):
            gathered.refuse(record.key, "not a quantity that is stored")


def take_frame(
    gathered: Gathered, encoded: object, moment: datetime, declared: Declared, *, strictly: bool
) -> None:
    """Take a base64 frame as Cayenne LPP; `strictly` refuses all of it unless every byte is understood."""
    try:
        frame = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except (binascii.Error, ValueError):
        gathered.refuse("payload", "its bytes are not base64")
        return
    if not frame:
        gathered.refuse("payload", "there is neither a decoded payload nor bytes")
        return
    records, unreadable = parse(frame)
    if unreadable is not None and (strictly or not records):
        gathered.refuse("payload", "its bytes are not Cayenne LPP, and no decoder is known for the model")
        return
    take_records(gathered, records, moment, declared)
    if unreadable is not None:
        gathered.refuse(f"byte {unreadable[0]}", unreadable[1])


def take_object(
    gathered: Gathered,
    payload: Mapping[str, Any],
    moment: datetime,
    declared: Declared,
    built_in: Mapping[str, Field],
) -> None:
    """Take a payload that the network server decoded: LPP names, the keys of a map, or health."""
    where = _fix(_places(payload))
    for key, value in payload.items():
        if key in BY_CAMEL_NAME and isinstance(value, dict):
            name = BY_CAMEL_NAME[key].name
            for channel, inner in value.items():
                _take_lpp(gathered, f"{name}_{channel}", inner, moment, declared, "", where)
        elif named_type(key) is not None:
            _take_lpp(gathered, key, value, moment, declared, "", where)
        elif key in declared.fields:
            _take(gathered, key, declared.fields[key], value, moment, where)
        elif key in built_in:
            _take(gathered, key, built_in[key], value, moment, where)
        elif key in STATUS:
            gathered.note_number(key, STATUS[key], value.get("value") if isinstance(value, dict) else value)
        elif not _take_nested(gathered, key, value, moment, declared, where):
            gathered.refuse(key, declared.refused.get(key, "no decoder map of the model has this key"))


def _take_nested(
    gathered: Gathered, key: str, value: Any, moment: datetime, declared: Declared, where: Position | None
) -> bool:
    """Take what a row addresses inside nested objects as `outer/inner`; tell whether there was any."""
    found = False
    for path, inner in _paths(key, value, _DEEPEST):
        if path in declared.fields:
            _take(gathered, path, declared.fields[path], inner, moment, where)
            found = True
    return found


def _paths(path: str, value: Any, levels: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and levels:
        for key, inner in value.items():
            yield f"{path}/{key}", inner
            yield from _paths(f"{path}/{key}", inner, levels - 1)


def _take(
    gathered: Gathered, key: str, known: Field, value: Any, moment: datetime, where: Position | None
) -> None:
    if isinstance(value, dict):
        unit = value.get("unit")
        if unit is not None:
            try:
                told = field_in_unit(known.quantity, str(unit)[:40])
            except UnknownUnit as error:
                gathered.refuse(key, str(error))
                return
            known = known._replace(convert=told.convert, unit=told.unit)
        value = value.get("value")
    gathered.read(key, known, value, moment, position=where)


def _take_lpp(
    gathered: Gathered,
    key: str,
    value: Any,
    moment: datetime,
    declared: Declared,
    flag: str,
    where: Position | None,
) -> None:
    recognised = named_type(key)
    if recognised is None:
        gathered.refuse(key, "not a channel of Cayenne LPP")
        return
    kind, channel = recognised
    if kind.name == "gps":
        return
    known = declared.fields.get(key) or LPP.get(kind.name)
    if known is None:
        reason = "not a quantity that is stored"
        if kind.name.startswith("analog"):
            reason = "what this analog channel measures must be in the decoder map of the model"
        gathered.refuse(key, declared.refused.get(key, reason))
        return
    with suppress(NotANumber, NoValue):  # the reading below says why
        value = rounded(kind, number(value))
    gathered.read(key, known, value, moment, source=f"ch{channel}", flag=flag, position=where)


def _places(payload: Mapping[str, Any]) -> Iterator[Any]:
    for key, value in payload.items():
        if key == "gpsLocation" and isinstance(value, dict):
            yield from value.values()
        elif key.startswith("gps_"):
            yield value


def _fix(places: Iterator[Any]) -> Position | None:
    for place in places:
        if isinstance(place, dict):
            found = position(place.get("latitude"), place.get("longitude"), place.get("altitude"))
        else:
            found = position(*place) if isinstance(place, tuple) else None
        if found is not None:
            return found
    return None
