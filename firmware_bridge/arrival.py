"""A message as it arrived, whatever the way in, and what becomes of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from firmware_bridge.formats.decoded import NO_HEADERS

ABSENT = float("nan")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def in_microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970, UTC, of an aware moment."""
    return (moment - EPOCH) // MICROSECOND


def at_microsecond(moment_us: int) -> datetime:
    """Make the moment of a count of microseconds since 1970, UTC."""
    return datetime.fromtimestamp(moment_us / 1_000_000, UTC)


class Arrival(NamedTuple):
    """One message as it left the socket, the request or the file.

    `received_us` is in microseconds since 1970, UTC. `is_redelivered`: the broker sent it before (DUP).
    `is_late`: it may have waited in the broker, so that a message without a time of its own has an unknown time.
    `sensor_id`: the sensor that the credentials, or the person with the file, name. `zone`: that of times without
    one, where the caller knows better than the placement. `behind`: the sensors for which the sender, a gateway, may
    speak; None where it is no gateway. `again`: the broker may have forgotten in a crash that it delivered what was
    received between these two moments, and sends it again as if it were new.
    """

    topic: str
    payload: bytes
    received_us: int
    transport: str = "mqtt"
    wire_format: str = ""
    is_redelivered: bool = False
    is_late: bool = False
    is_retained: bool = False
    headers: Mapping[str, str] = NO_HEADERS
    sensor_id: int | None = None
    zone: tzinfo | None = None
    behind: frozenset[int] | None = None
    again: tuple[int, int] | None = None


class Row(NamedTuple):
    """One row of `readings_raw_message`: the values of one sensor at one moment, NaN where absent.

    Times are in microseconds since 1970, UTC. `is_timeless`: observed_us is the moment of arrival.
    """

    sensor_id: int
    observed_us: int
    layout_id: int
    received_us: int
    values: tuple[float, ...]
    flags: dict[str, str] | None
    has_gaps: bool
    is_uncertain: bool
    is_timeless: bool
    arrival: Arrival


class Refusal(NamedTuple):
    """Why a message, or a part of it, became no reading."""

    arrival: Arrival
    reason: str
    detail: str = ""
    wire_format: str = ""
    device: str = ""
    sensor_id: int | None = None


class Heard(NamedTuple):
    """The last thing that a sensor said, for its state."""

    first_us: int
    received_us: int
    observed_us: int | None
    messages: int
    status: dict[str, Any]

    def then(self, received_us: int, observed_us: int | None, status: dict[str, Any]) -> "Heard":
        """Add one later message; `observed_us` is None where it became no reading."""
        latest = (
            self.observed_us if observed_us is None else max(self.observed_us or observed_us, observed_us)
        )
        messages = self.messages + (observed_us is not None)
        return Heard(self.first_us, received_us, latest, messages, status or self.status)

    def joined(self, later: "Heard") -> "Heard":
        """Add what was heard of the same sensor later."""
        heard = self.then(later.received_us, later.observed_us, later.status)
        return heard._replace(messages=self.messages + later.messages)


@dataclass
class Batch:
    """Messages understood and not yet stored: rows, refusals, what was heard of which sensor, counts.

    `refused_items` are all that their messages refused, told or not; `mappings` the versions of the tables that
    named the quantities, by sensor, each from its first message on (microseconds since 1970, UTC).
    """

    rows: list[Row] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    heard: dict[int, Heard] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    refused_items: list[str] = field(default_factory=list)
    mappings: list[tuple[int, int, str]] = field(default_factory=list)
