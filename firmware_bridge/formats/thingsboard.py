"""ThingsBoard's device and gateway telemetry by MQTT or HTTP (section 22). Names are declared in `maps`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import CLOCK_NOT_SET, NO_HEADERS, TIME_IN_SECONDS, Decoded, Format, TimeSource, Undecodable
from .gathered import Gathered
from .json_text import load
from .numbers import NotANumber, NoValue, number
from .texts import short_text
from .times import NotATime, clock_was_not_set, from_epoch_ms, in_utc

MAPPING = "thingsboard/1"
MAX_ROWS = 5000  # of one message
_GATEWAY_TOPIC = "v1/gateway/telemetry"
_OLDEST_PLAUSIBLE_MS = 1_420_070_400_000  # 2015-01-01: before it, seconds were given for milliseconds


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode telemetry in its three shapes, or a gateway's for one device (`split` parts one for several).

    A row in `maps` (by device name or "*") declares the names. A `ts` before 2015 is kept as it stands, flagged, with
    the hint that seconds were given for milliseconds. Raises Undecodable.
    """
    message = load(payload)
    device: str | None = None
    gathered = Gathered()
    if isinstance(message, dict) and (topic.strip("/") == _GATEWAY_TOPIC or _is_gateways(message)):
        if not message:
            raise Undecodable("the gateway names no device")
        name, *others = message
        device = short_text(name)
        for _ in others:
            gathered.refuse("device", "another device of the gateway: the message must be split first")
        message = message[name]
    reader = _Reader(gathered, in_utc(received_at), maps, device)
    if isinstance(message, list):
        for index, row in enumerate(message[:MAX_ROWS]):
            reader.take(f"[{index}]", row)
        if len(message) > MAX_ROWS:
            gathered.refuse(f"[{MAX_ROWS}]", f"a message may hold {MAX_ROWS} rows")
    elif isinstance(message, dict):
        reader.take("", message)
    else:
        raise Undecodable("the message is neither a JSON object nor an array")
    return gathered.decoded(
        device, time_source=reader.time_source, mapping=mapping_name(MAPPING, reader.declared)
    )


class _Reader:
    def __init__(
        self, gathered: Gathered, received_at: datetime, maps: Mapping[str, Any] | None, device: str | None
    ) -> None:
        self.gathered = gathered
        self.received_at = received_at
        self.declared = declared_for(maps, device)
        self.time_source: TimeSource = "device"

    def take(self, item: str, row: Any) -> None:
        """Take one row: {ts, values}, or values alone."""
        if not isinstance(row, dict):
            self.gathered.refuse(item or "message", "not an object of values")
            return
        values, moment, flag = row, self.received_at, ""
        if isinstance(row.get("values"), dict):
            values = row["values"]
            if "ts" in row:
                try:
                    moment, flag = self._time(row["ts"])
                except (NotATime, NotANumber, NoValue) as error:
                    self.gathered.refuse(f"{item}ts", str(error) or "the time is null")
                    return
        if moment is self.received_at:
            self.time_source = "received"
        for key, value in values.items():
            known = self.declared.fields.get(key)
            if known is None:
                reason = "no row declares what the name measures"
                self.gathered.refuse(key, self.declared.refused.get(key, reason))
            else:
                self.gathered.read(key, known, value, moment, flag=flag)

    def _time(self, raw: Any) -> tuple[datetime, str]:
        milliseconds = number(raw)
        moment = from_epoch_ms(milliseconds)
        if not 0 < milliseconds < _OLDEST_PLAUSIBLE_MS:
            return moment, CLOCK_NOT_SET if clock_was_not_set(moment) else ""
        self.gathered.refuse("ts", "before 2015: were seconds given for milliseconds?")
        return moment, TIME_IN_SECONDS


def _is_gateways(message: dict[str, Any]) -> bool:
    """Recognise {device: [rows]} where no topic tells."""
    return bool(message) and all(
        isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in message.values()
    )


def split(payload: bytes, topic: str) -> list[bytes]:
    """Part a gateway's message into one for each device; any other stays whole. Raises Undecodable."""
    message = load(payload)
    if not isinstance(message, dict) or len(message) < 2:
        return [payload]
    if topic.strip("/") != _GATEWAY_TOPIC and not _is_gateways(message):
        return [payload]
    try:
        return [json.dumps({name: rows}).encode() for name, rows in message.items()]
    except (TypeError, ValueError, RecursionError):
        raise Undecodable("the gateway's message cannot be split") from None


FORMAT = Format(
    name="thingsboard",
    decode=decode,
    topics=("v1/devices/me/telemetry", "v2/t", _GATEWAY_TOPIC),
    http_paths=("/api/v1/{token}/telemetry",),
    states_time=True,
    needs_maps=True,
    split=split,
)
