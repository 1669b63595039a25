"""How much one device may send by MQTT: a bucket of tokens for each, on the clock of arrival. No Django here."""

from enum import Enum
from typing import NamedTuple

AT_ONCE = 100_000.0  # messages that a device may send at once when it catches up: two months of minutes
KEPT_PER_HOUR = 1_000  # messages over the limit that are kept, of one device; a loop must not fill the disk
HOUR_US = 3_600 * 1_000_000
MOST_DEVICES = 100_000  # more are forgotten and start anew: bounds the memory


class Verdict(Enum):
    """What becomes of a message."""

    READ = "read"
    KEPT = "kept"  # over the limit: a rejected message, which can be replayed
    DROPPED = "dropped"  # counted only


class _Device(NamedTuple):
    tokens: float
    at_us: int
    kept: int  # in the hour that began at `kept_since_us`
    kept_since_us: int


class DeviceLimits:
    """Say what becomes of each message.

    `per_s`: messages a second in the long run; 0 is without limit. `at_once`: messages before that holds.
    """

    def __init__(self, per_s: float, at_once: float = AT_ONCE) -> None:
        self._at_once = at_once
        self._per_us = per_s / 1_000_000
        self._devices: dict[str, _Device] = {}

    def verdict(self, device: str, moment_us: int) -> Verdict:
        """Count one message of a device that arrived at a moment (microseconds since 1970, UTC)."""
        if not self._per_us:
            return Verdict.READ
        known = self._devices.get(device)
        if known is None:
            if len(self._devices) >= MOST_DEVICES:
                self._devices.clear()
            self._devices[device] = _Device(self._at_once - 1, moment_us, 0, moment_us)
            return Verdict.READ
        tokens, at_us, kept, kept_since_us = known
        tokens = min(self._at_once, tokens + max(0, moment_us - at_us) * self._per_us)
        if tokens >= 1:
            self._devices[device] = _Device(tokens - 1, moment_us, kept, kept_since_us)
            return Verdict.READ
        if moment_us - kept_since_us >= HOUR_US:
            kept, kept_since_us = 0, moment_us
        self._devices[device] = _Device(tokens, moment_us, kept + 1, kept_since_us)
        return Verdict.KEPT if kept < KEPT_PER_HOUR else Verdict.DROPPED
