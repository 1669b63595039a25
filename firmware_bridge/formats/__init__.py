"""What the devices say, format by format: FORMATS[name].decode(payload, ...) -> Decoded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import (
    airbeam,
    airbeam_realtime,
    airgradient,
    airrohr,
    canairio,
    cayenne_lpp,
    chirpstack,
    esphome,
    ha_discovery,
    homie,
    meshtastic,
    nebuleair,
    opensensemap,
    opensensemap_other,
    purpleair,
    senml,
    sensorthings,
    smart_citizen,
    tasmota,
    thingsboard,
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
            sensorthings,
            airbeam_realtime,
            nebuleair,
            thingsboard,
        )
    }
)

__all__ = ["FORMATS", "Decoded", "Format", "Reading", "Rejected", "Undecodable"]
