"""The metrics of the bridge and the web server, read from the database when asked: the same from every web process."""

from collections.abc import Iterable

from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from firmware_bridge.models import ProcessState
from firmware_bridge.service_state import (
    ServiceState,
    open_diagnoses,
    rejected_by_reason,
    service_state,
)

# Counts of a process that are metrics of their own; those of refusals have the reason as a label.
COUNTED = {
    "messages": "Messages taken from the broker or from posts",
    "stored": "Rows stored",
    "repeated": "Rows that were there already",
    "paused": "Messages dropped because the borrower paused the sensor",
    "conflicts": "Rows that contradict one that is there",
    "retries": "Batches tried again after a deadlock",
    "database_failures": "Failures of the database, each tried again",
}
REFUSED = "rejected_"


class FromDatabase(Collector):
    """Collect everything at each scrape."""

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: registering asks no database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Read the state and give it as metrics; reads the database."""
        state = service_state(now=timezone.now())
        processes = [*state.bridges, *state.web]
        yield from _of_processes(processes)
        yield from _of_service(state)


def registry() -> CollectorRegistry:
    """Make the registry of one scrape."""
    found = CollectorRegistry(auto_describe=False)
    found.register(FromDatabase())
    return found


def _of_processes(processes: list[ProcessState]) -> Iterable[Metric]:
    labels = ("kind", "process")
    for key, text in COUNTED.items():
        family = CounterMetricFamily(f"capto_{key}", text, labels=labels)
        for one in processes:
            family.add_metric((one.kind, one.name), one.counts.get(key, 0))
        yield family
    refused = CounterMetricFamily(
        "capto_rejected", "Messages or parts of them that became no reading", labels=(*labels, "reason")
    )
    gauges = {
        "waiting": GaugeMetricFamily(
            "capto_process_waiting_messages", "Messages read and not yet stored", labels=labels
        ),
        "per_second": GaugeMetricFamily(
            "capto_messages_per_second", "Messages a second over the last minute", labels=labels
        ),
        "lag_s": GaugeMetricFamily(
            "capto_lag_seconds", "Seconds that a message waits in the broker", labels=labels
        ),
        "memory_mb": GaugeMetricFamily("capto_process_memory_megabytes", "Resident memory", labels=labels),
        "is_connected": GaugeMetricFamily(
            "capto_connected", "1 where the process is connected to its source", labels=labels
        ),
    }
    started = GaugeMetricFamily("capto_process_start_time_seconds", "When it started", labels=labels)
    for one in processes:
        who = (one.kind, one.name)
        for key, value in one.counts.items():
            if key.startswith(REFUSED):
                refused.add_metric((*who, key.removeprefix(REFUSED)), value)
        for name, gauge in gauges.items():
            value = getattr(one, name)
            if value is not None:
                gauge.add_metric(who, float(value))
        started.add_metric(who, one.started_at.timestamp())
    yield refused
    yield from gauges.values()
    yield started


def _of_service(state: ServiceState) -> Iterable[Metric]:
    def gauge(name: str, text: str, value: float | None) -> Iterable[Metric]:
        if value is not None:
            yield GaugeMetricFamily(f"capto_{name}", text, value=float(value))

    yield from gauge("up", "1 where messages come and are stored", state.is_well)
    yield from gauge("bridges_running", "Bridges that reported a moment ago", len(state.bridges))
    yield from gauge("broker_up", "1 where the broker takes connections", state.is_broker_up)
    yield from gauge("queue_depth", "Messages that wait in the broker and the bridges", state.waiting)
    yield from gauge("devices_heard", "Devices heard within an hour", state.heard)
    yield from gauge("devices_placed", "Sensors that stand somewhere now", state.placed)
    last = state.last_message_at
    yield from gauge(
        "last_message_time_seconds", "When a device was last heard", last.timestamp() if last else None
    )
    hour = state.last_hour
    yield from gauge(
        "last_hour_time_seconds", "Start of the newest published hour", hour.timestamp() if hour else None
    )
    waiting = GaugeMetricFamily(
        "capto_rejected_waiting", "Rejected messages that were not replayed", labels=("reason",)
    )
    for reason, n in rejected_by_reason():
        waiting.add_metric((reason,), n)
    yield waiting
    wrong = GaugeMetricFamily("capto_diagnoses_open", "What is wrong with devices now", labels=("kind",))
    for kind, n in sorted(open_diagnoses().items()):
        wrong.add_metric((kind,), n)
    yield wrong
    for key, value in sorted((state.broker.figures if state.broker is not None else {}).items()):
        yield from gauge(f"broker_{key}", "As the broker says of itself ($SYS)", value)
    limits = state.limits
    yield from gauge(
        "broker_limit_messages", "Messages that the broker keeps for a bridge", limits.queued_messages
    )
    yield from gauge("broker_limit_bytes", "Bytes that the broker keeps for a bridge", limits.queued_bytes)
