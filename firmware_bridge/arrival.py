"""A message as it arrived, whatever the way in, and what becomes of it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

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
    """

    topic: str
    payload: bytes
    received_us: int
    transport: str = "mqtt"
    wire_format: str = ""
    is_redelivered: bool = False
    is_late: bool = False
    is_retained: bool = False


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


@dataclass
class Batch:
    """Messages understood and not yet stored: rows, refusals, what was heard of which sensor, counts."""

    rows: list[Row] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    heard: dict[int, Heard] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
