"""The Things Stack v3 (TTN): uplinks by MQTT or webhook (section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import NO_HEADERS, Decoded, Format, Undecodable
from .decoder_maps import ANY_MODEL, BUILT_IN, NORMALISED_AIR, VERSION
from .eui import eui
from .gateways import earliest_time, note_signal, stated_time
from .gathered import Gathered
from .json_text import load_object
from .lorawan_payload import take_frame, take_object
from .texts import short_text
from .times import in_utc

MAPPING = f"ttn/1+{VERSION}"


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one uplink. Its time is the earliest at which a gateway heard it, else the server's.

    `maps`: rows by DevEUI (upper case), model id or "*". `locations` is personal data and is not read.
    Raises Undecodable.
    """
    message = load_object(payload)
    uplink = message.get("uplink_message")
    if not isinstance(uplink, dict):
        raise Undecodable("there is no uplink_message: not an uplink of The Things Stack v3")
    ids = message.get("end_device_ids")
    device = eui(ids.get("dev_eui")) if isinstance(ids, dict) else None
    gathered = Gathered()
    if device is None:
        gathered.refuse("dev_eui", "it is missing or not 16 hexadecimal digits")
    moment = (
        earliest_time(uplink.get("rx_metadata"))
        or stated_time(uplink.get("received_at"))
        or stated_time(message.get("received_at"))
    )
    model = _model(uplink.get("version_ids"))
    if model is not None:
        gathered.status["model"] = model
    note_signal(gathered, uplink.get("rx_metadata"))
    declared = declared_for(maps, device, model)
    if message.get("simulated") or uplink.get("simulated"):
        gathered.refuse("simulated", "a simulated uplink is no measurement")
    else:
        at = moment or in_utc(received_at)
        decoded = uplink.get("decoded_payload")
        if isinstance(decoded, dict) and decoded:
            # A stated model that is in no map gets none of another model's.
            built_in = ANY_MODEL if model is None else BUILT_IN.get(model, {})
            take_object(gathered, decoded, at, declared, built_in)
        _take_normalised(gathered, uplink.get("normalized_payload"), at)
        if not (decoded or uplink.get("normalized_payload")):
            take_frame(gathered, uplink.get("frm_payload"), at, declared, strictly=True)
    session, count = short_text(uplink.get("session_key_id")), short_text(uplink.get("f_cnt", 0))
    return gathered.decoded(
        device,
        time_source="device" if moment else "received",
        message_id=f"{device}/{session}/{count}" if device and session and count else None,
        mapping=mapping_name(MAPPING, declared),
    )


def _take_normalised(gathered: Gathered, payload: Any, at: datetime) -> None:
    """Take from the normalised payload what the decoded one did not give."""
    known = {reading.quantity for reading in gathered.readings}
    for measurement in payload[:100] if isinstance(payload, list) else ():
        air = measurement.get("air") if isinstance(measurement, dict) else None
        moment = stated_time(measurement.get("time")) if isinstance(measurement, dict) else None
        for key, value in air.items() if isinstance(air, dict) else ():
            field = NORMALISED_AIR.get(key)
            if field is None:
                gathered.refuse(f"air.{key}", "the key is unknown")
            elif field.quantity not in known:
                gathered.read(f"air.{key}", field, value, moment or at)


def _model(version_ids: Any) -> str | None:
    text = short_text(version_ids.get("model_id")) if isinstance(version_ids, dict) else None
    return text.casefold() if text else None


FORMAT = Format(
    name="ttn",
    decode=decode,
    topics=("v3/+/devices/+/up",),
    http_paths=("/ingest/ttn",),
    states_time=True,
)
