"""What the devices say, format by format: FORMATS[name].decode(payload, ...) -> Decoded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import airgradient, senml
from .decoded import Decoded, Format, Reading, Rejected, Undecodable

FORMATS: Mapping[str, Format] = MappingProxyType(
    {format_.name: format_ for format_ in (airgradient.FORMAT, senml.FORMAT)}
)

__all__ = ["FORMATS", "Decoded", "Format", "Reading", "Rejected", "Undecodable"]
