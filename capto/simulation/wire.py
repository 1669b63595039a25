"""What the simulated devices put on the wire, byte for byte as the real ones: AirGradient's JSON, and SenML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from capto.simulation.units import SENML_BOX, Unit
from firmware_bridge.formats import FORMATS

AIRGRADIENT_KEYS = {
    "pm1": "pm01",
    "pm25": "pm02",
    "pm10": "pm10",
    "pn03": "pm003Count",
    "temperature": "atmp",
    "humidity": "rhum",
}
PER_DECILITRE = 100  # a count in 1/cm³ is a hundred times as many in a decilitre
SENML_UNITS = {
    "pm25": "ug/m3",
    "pm10": "ug/m3",
    "temperature": "Cel",
    "humidity": "%RH",
    "pressure": "hPa",
}
PARTICLES = frozenset({"pm1", "pm25", "pm10", "pn03"})


def topic(unit: Unit) -> str:
    """Give the topic on which the device publishes."""
    return f"senml/{unit.device_id}" if unit.family is SENML_BOX else f"airgradient/readings/{unit.device_id}"


def payload(unit: Unit, values: Mapping[str, float], *, at: int, cycle: int) -> bytes:
    """Give one message. values: by quantity, in canonical units; at: seconds since 1970; cycle: since its start.

    Without particle values an AirGradient leaves their keys out, as its firmware does for a sensor that failed.
    """
    return _senml(unit, values, at) if unit.family is SENML_BOX else _airgradient(unit, values, cycle)


def _airgradient(unit: Unit, values: Mapping[str, float], cycle: int) -> bytes:
    message: dict[str, object] = {}
    for quantity, key in AIRGRADIENT_KEYS.items():
        if quantity in values:
            factor = PER_DECILITRE if quantity == "pn03" else 1
            message[key] = round(values[quantity] * factor, 2)
    message |= {"boot": cycle, "bootCount": cycle, "wifi": -48 - unit.number, "serialno": unit.device_id}
    message |= {"firmware": "3.3.9", "model": "O-1P"}
    return json.dumps(message, separators=(",", ":")).encode()


def _senml(unit: Unit, values: Mapping[str, float], at: int) -> bytes:
    # the particle counter of the box has one mass output, so its variant is said with the name
    records: list[dict[str, object]] = [
        {"n": f"{quantity}:native" if quantity in PARTICLES else quantity, "u": unit_, "v": values[quantity]}
        for quantity, unit_ in SENML_UNITS.items()
        if quantity in values
    ]
    records[0] = {"bn": f"{unit.device_id}:", "bt": at, **records[0]}
    return json.dumps(records, separators=(",", ":")).encode()


def decoded_names(
    unit: Unit, quantities: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Give (quantities, variants, channels) as the real decoder reads a message of this unit, in order of `quantities`.

    Raises ValueError when the decoder refuses a part of the message.
    """
    message = payload(unit, dict.fromkeys(quantities, 1.0), at=1_700_000_000, cycle=1)
    now = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    found = FORMATS[unit.family.wire_format].decode(message, topic=topic(unit), received_at=now)
    by_quantity = {reading.quantity: reading for reading in found.readings}
    if found.rejected or found.device != unit.device_id or set(by_quantity) != set(quantities):
        raise ValueError(f"the decoder refuses the simulated message: {found.rejected}")
    readings = [by_quantity[quantity] for quantity in quantities]
    return (
        tuple(reading.quantity for reading in readings),
        tuple(reading.variant for reading in readings),
        tuple(reading.channel for reading in readings),
    )
