from datetime import datetime, timedelta
from typing import Any

from django.db import models

REPORTS_WITHIN = timedelta(seconds=30)  # a process that has not reported for longer counts as stopped
LOOKED_WITHIN = timedelta(minutes=3)  # the broker is looked at each minute


class ProcessStateQuerySet(models.QuerySet["ProcessState"]):
    def running(self, *, now: datetime) -> "ProcessStateQuerySet":
        """List the processes that have reported a moment ago."""
        return self.filter(reported_at__gt=now - REPORTS_WITHIN).order_by("kind", "name")


class ProcessState(models.Model):
    """What a bridge, or the ingestion of a web process, last said of itself (firmware_bridge.process_report).

    `counts` are since its start: messages, stored, repeated, rejected, rejected_<reason>, paused, conflicts.
    """

    class Kind(models.TextChoices):
        BRIDGE = "bridge"
        HTTP = "http"

    name = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    started_at = models.DateTimeField()
    reported_at = models.DateTimeField(db_index=True)
    is_connected = models.BooleanField()  # a bridge to its broker
    waiting = models.PositiveIntegerField()  # messages read and not yet stored
    lag_s = models.FloatField(null=True)  # seconds from the broker to the table
    per_second = models.FloatField()  # messages, over the last minute
    memory_mb = models.FloatField()
    counts = models.JSONField(default=dict)

    objects = ProcessStateQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class BrokerState(models.Model):
    """What the broker last said of itself; one row. `figures` are those of `firmware_bridge.broker_watch`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    looked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)
    figures = models.JSONField(default=dict)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_state_of_the_broker")]

    def __str__(self) -> str:
        return self.problem or "answers"

    @classmethod
    def note(cls, *, figures: dict[str, float] | None, problem: str, now: datetime) -> None:
        """Write what a look at the broker gave; what it said before stays where it does not answer now."""
        row: dict[str, Any] = {"looked_at": now, "problem": problem[:200]}
        if figures is not None:
            row |= {"answered_at": now, "figures": figures}
        cls.objects.update_or_create(id=1, defaults=row)
