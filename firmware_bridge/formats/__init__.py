"""What the devices say, format by format: FORMATS[name].decode(payload, ...) -> Decoded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import (
    airbeam,
    airgradient,
    airrohr,
    canairio,
    cayenne_lpp,
    chirpstack,
    esphome,
    ha_discovery,
    homie,
    meshtastic,
    opensensemap,
    opensensemap_other,
    purpleair,
    senml,
    smart_citizen,
    tasmota,
    ttn,
    zigbee2mqtt,
)
from .decoded import Decoded, Format, Reading, Rejected, Undecodable

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        module.FORMAT.name: module.FORMAT
        for module in (
            airgradient,
            senml,
            airrohr,
            smart_citizen,
            opensensemap,
            ttn,
            chirpstack,
            tasmota,
            esphome,
            zigbee2mqtt,
            purpleair,
            airbeam,
            opensensemap_other,
            ha_discovery,
            canairio,
            cayenne_lpp,
            meshtastic,
            homie,
        )
    }
)

__all__ = ["FORMATS", "Decoded", "Format", "Reading", "Rejected", "Undecodable"]
