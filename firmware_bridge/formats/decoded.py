"""What every decoder answers, whatever the device speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

# Variants (part of a quantity's identity, wire-formats section A).
CF1 = "cf1"  # Plantower "standard particle"
ATM = "atm"  # Plantower "atmospheric environment"
NATIVE = "native"  # the sensor's single output, uncorrected
ONBOARD = "onboard"  # corrected or smoothed by the firmware before sending
UNKNOWN = "unknown"  # the sender does not say; never fed to a calibration that expects a known variant
VARIANTS = (CF1, ATM, NATIVE, ONBOARD, UNKNOWN)

# Flags of a reading; several are joined by one space.
SENSOR_ERROR = "sensor_error"  # the format's error sentinel or error bits; the value is None
NO_VALUE = "no_value"  # null: the device has no value (yet); the value is None
TZ_ASSUMED = "tz_assumed"  # the time carries no zone; the caller's was applied
CLOCK_NOT_SET = "clock_not_set"  # the device's clock stands at its origin (1970 or 2000)
TIME_IN_SECONDS = "time_in_seconds"  # seconds where the format asks for milliseconds, by all appearance
CHANNELS_DISAGREE = "channels_disagree"  # two lasers of one device differ more than their models allow
DEVICE_FLAGGED = "device_flagged"  # the device itself reports an error beside the value
NOT_FITTED = "not_fitted"  # zero from firmware that sends zero for a sensor it has not; the value is None
AT_SCALE_LIMIT = "at_scale_limit"  # the field is at the largest number that its encoding can carry


class Reading(NamedTuple):
    """One value: what (quantity, variant, channel), how much, when (UTC) and, for mobile devices, where.

    `value` is in `unit` (UCUM, the canonical one of `units.CANONICAL_UNIT`), or None with a flag.
    `position` is (latitude, longitude, altitude or None) in degrees and metres.
    """

    quantity: str
    variant: str
    channel: str
    value: float | None
    unit: str
    observed_at: datetime
    position: tuple[float, float, float | None] | None = None
    flag: str = ""


class Rejected(NamedTuple):
    """One item that was refused, and why; never holds the value of a personal key."""

    item: str
    reason: str


TimeSource = Literal["device", "received", "tz_assumed"]


class Decoded(NamedTuple):
    """One understood message.

    `device` is the identity as the device states it, in the canonical spelling of its format, or None.
    `status` uses the keys of STATUS_KEYS. `time_source` is "device" when every reading's time stands in the
    message, "tz_assumed" when some of them took the caller's zone, "received" when some took `received_at`.
    `message_id` is the sender's own mark against duplicates, where the format has one.
    `mapping` names the version of the table that gave the quantities.
    """

    device: str | None
    readings: list[Reading]
    status: dict[str, Any]
    rejected: list[Rejected]
    time_source: TimeSource = "device"
    message_id: str | None = None
    mapping: str = ""


# Keys that a decoder may put in `status`, with their unit.
STATUS_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "battery_pct": "%",
        "battery_v": "V",
        "rssi": "dBm",
        "snr": "dB",
        "power": "text: what feeds the device",
        "link_quality": "0 to 255",
        "link_margin": "dB",
        "uptime": "s",
        "interval": "s",
        "firmware": "text",
        "model": "text",
        "hardware": "text",
        "errors": "list of words",
        "online": "true or false",
        "state": "text",
        "boot_count": "count",
        "message_count": "count",
        "reset_reason": "text",
        "free_memory": "bytes",
        "fan_pct": "%",
        "fan_rpm": "1/min",
        "samples": "count",
        "min_micro": "us",
        "max_micro": "us",
        "age": "s",
        "satellites": "count",
        "hdop": "ratio",
        "gps_fix": "0 to 3",
        "speed": "m/s",
        "place": "text",
        "event": "text",
        "units": "mapping of a value's topic or name to what is declared of it",
        "averaging_s": "s",
        "claims": "mapping: the sender's own remarks on quality, stored and not trusted",
        "diagnostics": "mapping: the format's other health figures, under the device's own names",
    }
)


class Undecodable(ValueError):
    """The message cannot be understood at all; the text is the reason, in plain words.

    `code` is the word of the protocol for it, where devices react to such words.
    """

    def __init__(self, reason: str, *, code: str = "undecodable") -> None:
        super().__init__(reason)
        self.code = code


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Decoder(Protocol):
    """A pure function from one message to what it says."""

    def __call__(
        self,
        payload: bytes,
        *,
        topic: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
        received_at: datetime,
        timezone: tzinfo = UTC,
        maps: Mapping[str, Any] | None = None,
    ) -> Decoded: ...


def _no_device(topic: str) -> str | None:
    return None


def _whole(payload: bytes, topic: str) -> list[bytes]:
    return [payload]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A wire format: its decoder, and what the bridge must know to receive it.

    `topics` are MQTT subscription filters; `http_paths` are the paths that devices post to, in their upstream
    spelling, with {device} for the identity. For HTTP the decoder's `topic` is the path with its query.
    `retained_is_state`: a message delivered with the retain flag is an old state, not a measurement.
    `needs_maps`: without a row in `maps` the readings cannot be named. `split` parts a gateway's message into
    one message for each device, which are then decoded one by one.
    """

    name: str
    decode: Decoder
    topics: tuple[str, ...] = ()
    http_paths: tuple[str, ...] = ()
    states_time: bool = False
    retained_is_state: bool = False
    needs_maps: bool = False
    device_from_topic: Callable[[str], str | None] = _no_device
    split: Callable[[bytes, str], list[bytes]] = _whole

    @property
    def transport(self) -> Literal["mqtt", "http", "both"]:
        """Name how the messages come: "mqtt", "http" or "both"."""
        if self.topics and self.http_paths:
            return "both"
        return "mqtt" if self.topics else "http"


def join_flags(*flags: str) -> str:
    """Join flags by one space, leaving out the empty ones and repetitions."""
    return " ".join(dict.fromkeys(flag for flag in flags if flag))
