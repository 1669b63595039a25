"""How the tests of the formats speak: a moment of reception, a message in, a table of values out."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from firmware_bridge.formats import FORMATS, Decoded


class Bench:
    """Decodes messages received at 2026-03-01T09:00:00Z (epoch 1772355600)."""

    received_at = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)

    def decode(self, name: str, message: Any, **options: Any) -> Decoded:
        """Decode bytes as they are, text as UTF-8, anything else as JSON."""
        if not isinstance(message, bytes):
            message = (message if isinstance(message, str) else json.dumps(message)).encode()
        return FORMATS[name].decode(message, **{"received_at": self.received_at, **options})

    def values(self, decoded: Decoded) -> dict[tuple[str, str, str], float | None]:
        """Tell the values by (quantity, variant, channel); no two readings may share one and the moment."""
        moments = [(*reading[:3], reading.observed_at) for reading in decoded.readings]
        assert len(moments) == len(set(moments))
        return {reading[:3]: reading.value for reading in decoded.readings}

    def reasons(self, decoded: Decoded) -> dict[str, str]:
        """Tell the refused items and their reasons."""
        return {rejected.item: rejected.reason for rejected in decoded.rejected}


@pytest.fixture
def bench() -> Bench:
    return Bench()
