"""Several gateways hear one uplink: the best signal among them, and the earliest moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .gathered import Gathered
from .numbers import NotANumber, NoValue, number
from .times import NotATime, clock_was_not_set, read_time

MAX_GATEWAYS = 200  # of one message


def note_signal(gathered: Gathered, gateways: Any) -> None:
    """Note rssi and snr of the gateway that heard best; an absent snr is its default, 0."""
    best: tuple[float, float] | None = None
    for gateway in gateways[:MAX_GATEWAYS] if isinstance(gateways, list) else ():
        if not isinstance(gateway, dict) or "rssi" not in gateway:
            continue
        try:
            heard = number(gateway["rssi"]), number(gateway.get("snr", 0.0))
        except (NotANumber, NoValue):
            continue
        best = heard if best is None else max(best, heard)
    if best is not None:
        gathered.note_number("rssi", "rssi", best[0])
        gathered.note_number("snr", "snr", best[1])


def earliest_time(gateways: Any) -> datetime | None:
    """Find the earliest of the gateways' times; those whose clock was never set do not count."""
    found: datetime | None = None
    for gateway in gateways[:MAX_GATEWAYS] if isinstance(gateways, list) else ():
        moment = stated_time(gateway.get("time")) if isinstance(gateway, dict) else None
        if moment is not None and not clock_was_not_set(moment):
            found = moment if found is None else min(found, moment)
    return found


def stated_time(raw: Any) -> datetime | None:
    """Read a network server's time (always with its zone); None where there is none to read."""
    try:
        return read_time(raw, zone=UTC)[0]
    except NotATime:
        return None
