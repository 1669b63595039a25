"""The DevEUI of a LoRaWAN device: one spelling for all network servers."""

from __future__ import annotations

import re

_EUI = re.compile(r"[0-9A-F]{16}")


def eui(raw: object) -> str | None:
    """Bring a DevEUI to 16 upper-case hexadecimal digits; None where it is none."""
    text = raw.replace(":", "").replace("-", "").strip().upper() if isinstance(raw, str) else ""
    return text if _EUI.fullmatch(text) else None
