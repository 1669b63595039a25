"""The state of the service as the status page and the metrics tell it: read from the database, whatever runs."""

import re
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet

from capto.members.models import Organisation
from capto.processes.addresses import is_broker_up
from capto.readings.models import DeviceState, HourlyValue, Placement, RejectedMessage
from firmware_bridge.models import BrokerState, Diagnosis, ProcessState
from firmware_bridge.models.state import LOOKED_WITHIN

LIMITS = Path(__file__).resolve().parent.parent / "deploy" / "mosquitto" / "limits.conf"
HEARD_WITHIN = timedelta(hours=1)
REFUSED_WITHIN = timedelta(days=1)


class BrokerLimits(NamedTuple):
    """What the broker may drop by its own limits: more than these, it does."""

    queued_messages: int
    queued_bytes: int
    packet_bytes: int
    autosave_s: int


class ServiceState(NamedTuple):
    """Everything that the status page says. Times in UTC; None where not known."""

    now: datetime
    bridges: list[ProcessState]  # running
    web: list[ProcessState]
    last_bridge: ProcessState | None  # the last that ran, where none runs now
    is_broker_up: bool
    broker: BrokerState | None
    per_second: float
    lag_s: float | None
    waiting: int | None  # messages in the broker and in the bridges
    rejected: list[tuple[str, int]]  # by reason, of the last day, the most frequent first
    heard: int
    placed: int
    last_message_at: datetime | None
    last_hour: datetime | None
    limits: BrokerLimits

    @property
    def is_well(self) -> bool:
        """True where messages come and are stored."""
        return bool(self.bridges) and self.is_broker_up and any(one.is_connected for one in self.bridges)

    @property
    def dropped(self) -> int | None:
        """Messages that the broker has dropped since it started."""
        figures = self.broker.figures if self.broker is not None else {}
        return int(figures["dropped_messages"]) if "dropped_messages" in figures else None


def service_state(*, now: datetime) -> ServiceState:
    """Read the state of the service: seven questions to the database, one connection to the broker's port."""
    running = list(ProcessState.objects.running(now=now))
    bridges = [one for one in running if one.kind == ProcessState.Kind.BRIDGE]
    last = None
    if not bridges:
        last = ProcessState.objects.filter(kind=ProcessState.Kind.BRIDGE).order_by("-reported_at").first()
    broker = BrokerState.objects.first()
    lags = [one.lag_s for one in bridges if one.lag_s is not None]
    heard = DeviceState.objects.aggregate(
        n=Count("pk", filter=Q(last_received_at__gt=now - HEARD_WITHIN)), last=Max("last_received_at")
    )
    return ServiceState(
        now=now,
        bridges=bridges,
        web=[one for one in running if one.kind == ProcessState.Kind.HTTP],
        last_bridge=last,
        is_broker_up=is_broker_up(settings.MQTT_URL),
        broker=broker,
        per_second=sum(one.per_second for one in running),
        lag_s=max(lags) if lags else None,
        waiting=_waiting(broker, running, now=now),
        rejected=rejected_by_reason(since=now - REFUSED_WITHIN),
        heard=heard["n"],
        placed=Placement.objects.filter(ends_at=None, starts_at__lte=now).count(),
        last_message_at=heard["last"],
        last_hour=HourlyValue.objects.aggregate(last=Max("hour"))["last"],
        limits=broker_limits(),
    )


def rejected_by_reason(*, since: datetime | None = None) -> list[tuple[str, int]]:
    """Count the rejected messages that wait, by reason: all, or those received since a moment."""
    waiting = RejectedMessage.objects.filter(replayed_at=None)
    if since is not None:
        waiting = waiting.filter(received_at__gt=since)
    found = waiting.values("reason").annotate(n=Count("pk")).order_by("-n", "reason")
    return [(row["reason"], row["n"]) for row in found]


def last_messages(owners: QuerySet[Organisation]) -> list[DeviceState]:
    """List what was last heard of each sensor of these organisations, the longest silent first."""
    return list(
        DeviceState.objects.filter(sensor__owner__in=owners)
        .select_related("sensor__model")
        .order_by("last_received_at")
    )


def open_diagnoses() -> Counter[str]:
    """Count what is wrong now, by kind."""
    found = Diagnosis.objects.filter(until=None).values("kind").annotate(n=Count("pk"))
    return Counter({row["kind"]: row["n"] for row in found})


def _waiting(broker: BrokerState | None, running: list[ProcessState], *, now: datetime) -> int | None:
    """Count what waits: in the broker without its retained messages, and in our processes."""
    own = sum(one.waiting for one in running)
    if broker is None or broker.answered_at is None or now - broker.answered_at > LOOKED_WITHIN:
        return own if running else None
    figures = broker.figures
    stored = int(figures.get("stored_messages", 0) - figures.get("retained_messages", 0))
    return own + max(0, stored)


@cache
def broker_limits() -> BrokerLimits:
    """Read the limits of the broker from the file that the demo, the tests and production share."""
    found = dict(re.findall(r"^(\w+) (\d+)$", LIMITS.read_text(), re.MULTILINE))
    return BrokerLimits(
        int(found["max_queued_messages"]),
        int(found["max_queued_bytes"]),
        int(found["max_packet_size"]),
        int(found["autosave_interval"]),
    )
