from django.db import models

from capto.catalogue.models import Sensor


class DeviceState(models.Model):
    """What was last heard of a sensor, kept up by the bridge within a second: for pages, never for results.

    `messages` counts those that became readings since the first one; a crash may leave it a second behind.
    `last_status` has the keys of `firmware_bridge.formats.decoded.STATUS_KEYS`.
    """

    sensor = models.OneToOneField(Sensor, models.CASCADE, primary_key=True, related_name="state")
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField(db_index=True)
    last_observed_at = models.DateTimeField(null=True)
    messages = models.BigIntegerField(default=0)
    last_status = models.JSONField(default=dict)
    firmware = models.CharField(max_length=60, blank=True)

    class Meta:
        db_table = "readings_device_state"

    def __str__(self) -> str:
        return f"{self.sensor_id} {self.last_received_at}"
