"""Cayenne LPP frames on their own, as raw bytes (section 16); inside TTN and ChirpStack they are read there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, Decoded, Format, Undecodable
from .gathered import Gathered
from .lorawan_payload import take_records
from .lpp_records import parse
from .texts import short_text
from .times import in_utc

MAPPING = "cayenne_lpp/1"


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one frame. A row in `maps` says what the analog channels of the model measure (`analog_in_4`).

    What was read before an unknown type is kept, and the tail is refused. Raises Undecodable.
    """
    if not payload:
        raise Undecodable("the message is empty")
    records, unreadable = parse(payload)
    if not records:
        raise Undecodable(f"not a Cayenne LPP frame: {unreadable[1] if unreadable else 'it is empty'}")
    device = device_from_topic(topic)
    declared = declared_for(maps, device)
    gathered = Gathered()
    take_records(gathered, records, in_utc(received_at), declared)
    if unreadable is not None:
        gathered.refuse(f"byte {unreadable[0]}", unreadable[1])
    return gathered.decoded(device, mapping=mapping_name(MAPPING, declared))


def device_from_topic(topic: str) -> str | None:
    """Read the device from our own topic `lpp/<device>`."""
    parts = topic.split("?")[0].strip("/").split("/")
    return short_text(parts[1]) if len(parts) == 2 and parts[0] == "lpp" else None


FORMAT = Format(
    name="cayenne_lpp",
    decode=decode,
    topics=("lpp/+",),
    http_paths=("/ingest/cayenne_lpp",),
    device_from_topic=device_from_topic,
)
