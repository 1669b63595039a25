"""ChirpStack v4: events by MQTT or HTTP (section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import parse_qs

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, Decoded, Format, Undecodable
from .decoder_maps import ANY_MODEL, VERSION
from .eui import eui
from .gateways import note_signal, stated_time
from .gathered import Gathered
from .json_text import load_object
from .lorawan_payload import take_frame, take_object
from .texts import short_text
from .times import in_utc

MAPPING = f"chirpstack/1+{VERSION}"
_EVENTS = frozenset({"up", "join", "status", "ack", "txack", "log", "location", "integration"})


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one event: `up` gives readings, `status` battery and link margin, the others their name alone.

    The event is told by the topic, or by `?event=` over HTTP. `maps`: rows by DevEUI (upper case), name of the
    device profile or "*". Raises Undecodable, also for messages of ChirpStack v3.
    """
    message = load_object(payload)
    if "deviceInfo" not in message and ("devEUI" in message or "applicationID" in message):
        raise Undecodable("the message is of ChirpStack v3; version 4 is needed")
    info = message.get("deviceInfo")
    if not isinstance(info, dict):
        raise Undecodable("there is no deviceInfo: not an event of ChirpStack v4")
    gathered = Gathered()
    device = eui(info.get("devEui"))
    if device is None:
        gathered.refuse("devEui", "it is missing or not 16 hexadecimal digits")
    profile = short_text(info.get("deviceProfileName"))
    declared = declared_for(maps, device, profile)
    moment = stated_time(message.get("time"))
    event = _event(topic) or ("status" if message.keys() & {"batteryLevel", "margin"} else "up")
    if event == "status":
        _note_status(gathered, message)
    elif event != "up":
        gathered.status["event"] = event
    else:
        if profile is not None:
            gathered.status["model"] = profile
        note_signal(gathered, message.get("rxInfo"))
        at = moment or in_utc(received_at)
        decoded = message.get("object")
        if isinstance(decoded, dict) and decoded:
            take_object(gathered, decoded, at, declared, ANY_MODEL)
        else:
            take_frame(gathered, message.get("data"), at, declared, strictly=True)
    return gathered.decoded(
        device,
        time_source="device" if moment else "received",
        message_id=short_text(message.get("deduplicationId")),
        mapping=mapping_name(MAPPING, declared),
    )


def _note_status(gathered: Gathered, message: dict[str, Any]) -> None:
    gathered.note_number("margin", "link_margin", message.get("margin"))
    if message.get("externalPowerSource") is True:
        gathered.status["power"] = "mains"
    elif message.get("batteryLevelUnavailable") is not True:
        gathered.note_number("batteryLevel", "battery_pct", message.get("batteryLevel"))


def _event(topic: str) -> str | None:
    path, _, query = topic.partition("?")
    name = path.rsplit("/", 1)[-1] if "/event/" in path else (parse_qs(query[:2000]).get("event") or [""])[0]
    return name if name in _EVENTS else None


def device_from_topic(topic: str) -> str | None:
    """Read the DevEUI from `application/<id>/device/<dev eui>/event/<event>`, in upper case."""
    parts = topic.split("/")
    return eui(parts[3]) if len(parts) == 6 and parts[2] == "device" else None


FORMAT = Format(
    name="chirpstack",
    decode=decode,
    topics=("application/+/device/+/event/up", "application/+/device/+/event/status"),
    http_paths=("/ingest/chirpstack",),
    states_time=True,
    device_from_topic=device_from_topic,
)
