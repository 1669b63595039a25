"""NebuleAir Pro: three NextPM probes in one JSON over HTTP (section 21)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import DEVICE_FLAGGED, NATIVE, NO_HEADERS, Decoded, Format, Undecodable
from .fields import Field, field
from .gathered import Gathered
from .json_text import load_object
from .numbers import NotANumber, NoValue, number
from .texts import short_text
from .times import in_utc

MAPPING = "nebuleair/1"
MAX_PROBES = 16  # three in the device that is known

_FIELDS: dict[str, Field] = {
    "PM1": field("pm1", NATIVE),
    "PM25": field("pm25", NATIVE),
    "PM10": field("pm10", NATIVE),
}
_NO_ERROR = frozenset({"000", "0", ""})
_ABOUT_THE_PROBE = frozenset({"sondeID", "err", "error_num"})


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one message: 60 s means of each probe, which is a channel; there is no time in it.

    Status bits (the highest of the NextPM's state byte) flag the probe's readings. A probe that did not answer
    gives zero three times, which is stored as a failure. Raises Undecodable.
    """
    message = load_object(payload)
    probes = message.get("data")
    if not isinstance(probes, list):
        raise Undecodable("there is no list data")
    gathered = Gathered()
    device = short_text(message.get("capteurID"))
    declared = declared_for(maps, device)
    fields = {**_FIELDS, **declared.fields}
    at = in_utc(received_at)
    for index, probe in enumerate(probes[:MAX_PROBES], start=1):
        if not isinstance(probe, dict):
            gathered.refuse(f"data[{index}]", "not a probe")
            continue
        # Digits of the name, else the place in the list.
        named = (short_text(probe.get("sondeID")) or "").removeprefix("NPM")
        channel = named if named.isdigit() and len(named) <= 2 else str(index)
        error = short_text(probe.get("err", probe.get("error_num"))) or ""
        flag = ""
        if error not in _NO_ERROR:
            gathered.note_error(f"probe {channel}: {error[:8]}")
            flag = DEVICE_FLAGGED
        silent = all(_is_zero(probe.get(key)) for key in _FIELDS)
        for key, value in probe.items():
            if key in fields and silent:
                gathered.failed(fields[key], at, channel=channel, flag=flag)
            elif key in fields:
                gathered.read(f"data[{index}].{key}", fields[key], value, at, channel=channel, flag=flag)
            elif key not in _ABOUT_THE_PROBE:
                reason = declared.refused.get(key, "the key is unknown")
                gathered.refuse(f"data[{index}].{key}", reason)
    if len(probes) > MAX_PROBES:
        gathered.refuse(f"data[{MAX_PROBES}]", f"a message may hold {MAX_PROBES} probes")
    for key in message:
        if key not in ("capteurID", "data"):
            gathered.refuse(key, "the key is unknown")
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def _is_zero(raw: Any) -> bool:
    try:
        return number(raw) == 0.0
    except (NotANumber, NoValue):
        return False


FORMAT = Format(name="nebuleair", decode=decode, http_paths=("/pro_LTE.php",))
