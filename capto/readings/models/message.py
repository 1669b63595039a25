from django.contrib.postgres.fields import ArrayField
from django.db import models

from capto.catalogue.models import ObservedProperty, Sensor


class Layout(models.Model):
    """The ordered list of (quantity, variant, channel) that a device sends together.

    `signature` is that list as text, `pm25/atm/;humidity//`: the same list has the same row.
    """

    id = models.SmallAutoField(primary_key=True)
    signature = models.TextField(unique=True)

    def __str__(self) -> str:
        return self.signature


class LayoutChannel(models.Model):
    """One place in a layout: position 1 is the first element of `RawMessage.values`."""

    layout = models.ForeignKey(Layout, models.CASCADE, related_name="channels")
    position = models.PositiveSmallIntegerField()
    property = models.ForeignKey(ObservedProperty, models.PROTECT)
    variant = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["layout", "position"], name="one_channel_per_position_of_a_layout"
            ),
        ]


class RawMessage(models.Model):
    """What one message of one sensor said, never updated: a hypertable on `observed_at`.

    `values` are in the canonical units of their quantities, NULL where absent or flagged; `value_flags` names the
    error sentinels by position ({"3": "sensor_failure"}). `time_uncertain` rows waited in the broker without a
    time of their own and enter no hour.
    """

    pk = models.CompositePrimaryKey("sensor_id", "observed_at", "layout_id")
    sensor = models.ForeignKey(
        Sensor, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )  # triggers on sensor and layout stand in for the constraints, which cost as much as the row
    observed_at = models.DateTimeField()
    layout = models.ForeignKey(Layout, models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    received_at = models.DateTimeField()
    values = ArrayField(models.FloatField(null=True))
    value_flags = models.JSONField(null=True)
    time_uncertain = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "readings_raw_message"


class RejectedMessage(models.Model):
    """A message that could not become a reading: kept whole, explained, and replayable."""

    received_at = models.DateTimeField(db_index=True)
    transport = models.CharField(max_length=10)  # mqtt, http or file
    topic = models.CharField(max_length=500, blank=True)  # topic, path or file name
    wire_format = models.CharField(max_length=40, blank=True)
    device_id = models.CharField(max_length=120, blank=True)
    sensor = models.ForeignKey(Sensor, models.SET_NULL, null=True, blank=True)
    payload = models.BinaryField()
    reason = models.CharField(max_length=40, db_index=True)  # a code: unknown_device, undecodable, ...
    detail = models.CharField(max_length=500, blank=True)
    time_uncertain = models.BooleanField(default=False, db_default=False)  # it waited in the broker
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "readings_rejected_message"
