from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from capto.catalogue.models import Sensor, SensorModel
from firmware_bridge.formats import FORMATS
from firmware_bridge.formats.declared import declared_for


class UnusableMap(ValueError):
    """A decoder map that no decoder could read; the text says which keys and why."""


class DecoderMap(models.Model):
    """What the keys of a sensor, a sensor model or a name in the messages mean: one version, never changed.

    `fields` has the shape of `firmware_bridge.formats.declared`. `stated_name` is a device or a model as messages
    name it, or `*` for all of the format. The newest version of a target is in force for what arrives from then on.
    """

    wire_format = models.CharField(max_length=40)
    sensor = models.ForeignKey(Sensor, models.CASCADE, null=True, blank=True, related_name="decoder_maps")
    sensor_model = models.ForeignKey(
        SensorModel, models.CASCADE, null=True, blank=True, related_name="decoder_maps"
    )
    stated_name = models.CharField(max_length=120, blank=True)
    version = models.PositiveIntegerField()
    fields = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wire_format", "sensor", "sensor_model", "stated_name", "version"],
                nulls_distinct=False,
                name="one_decoder_map_per_version",
            ),
            models.CheckConstraint(
                condition=models.Q(sensor=None) & models.Q(sensor_model=None) & ~models.Q(stated_name="")
                | models.Q(sensor__isnull=False) & models.Q(sensor_model=None) & models.Q(stated_name="")
                | models.Q(sensor=None) & models.Q(sensor_model__isnull=False) & models.Q(stated_name=""),
                name="a_decoder_map_has_one_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wire_format} {self.sensor or self.sensor_model or self.stated_name} v{self.version}"

    @classmethod
    def declare(
        cls,
        fields: Mapping[str, Mapping[str, Any]],
        *,
        wire_format: str,
        now: datetime,
        sensor: Sensor | None = None,
        sensor_model: SensorModel | None = None,
        stated_name: str = "",
        note: str = "",
    ) -> "DecoderMap":
        """Add the next version of one target's map. Raises UnusableMap, saying what is wrong."""
        if wire_format not in FORMATS:
            raise UnusableMap(f"no format is named {wire_format}")
        read = declared_for({"version": "", "fields": fields})
        if read.refused or not read.fields:
            said = "; ".join(f"{key}: {reason}" for key, reason in read.refused.items())
            raise UnusableMap(said or "it declares nothing")
        target = {
            "wire_format": wire_format,
            "sensor": sensor,
            "sensor_model": sensor_model,
            "stated_name": stated_name,
        }
        with transaction.atomic():
            newest = cls.objects.select_for_update().filter(**target).order_by("-version").first()
            return cls.objects.create(
                **target,
                version=newest.version + 1 if newest is not None else 1,
                fields=fields,
                note=note,
                created_at=now,
            )


class MappingUse(models.Model):
    """From `since` (reception) on, the messages of a sensor were read by this mapping, until the next row.

    `mapping` names the built-in table with its version and, after a plus, the version of the decoder map.
    """

    sensor = models.ForeignKey(Sensor, models.CASCADE, related_name="mapping_uses")
    since = models.DateTimeField()
    mapping = models.CharField(max_length=120)

    class Meta:
        indexes = [models.Index(fields=["sensor", "-since"], name="mapping_of_a_sensor_at_a_time")]

    def __str__(self) -> str:
        return f"{self.sensor_id} {self.since:%Y-%m-%d %H:%M} {self.mapping}"

    @classmethod
    def of(cls, sensor: Sensor, *, received_at: datetime) -> str:
        """Name the mapping by which a message of a sensor was read; '' where none is noted."""
        found = cls.objects.filter(sensor=sensor, since__lte=received_at).order_by("-since", "-id").first()
        return found.mapping if found is not None else ""
