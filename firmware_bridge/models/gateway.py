from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction

from capto.catalogue.models import Sensor
from capto.members.models import Organisation


class SpeaksAnotherFormat(Exception):
    """A sensor that speaks another format than the gateway cannot stand behind it."""

    def __init__(self, sensor: Sensor) -> None:
        super().__init__(str(sensor))
        self.sensor = sensor


class GatewayQuerySet(models.QuerySet["Gateway"]):
    def of_owners(self, owners: models.QuerySet[Organisation]) -> "GatewayQuerySet":
        """List the gateways of these organisations, by name, each with its sensors."""
        return self.filter(owner__in=owners).order_by("name", "pk").prefetch_related("sensors")


class Gateway(models.Model):
    """What speaks for many devices: a LoRaWAN network server, a Zigbee gateway. For those registered behind it only."""

    name = models.CharField(max_length=120)
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="gateways")
    wire_format = models.CharField(max_length=40)
    sensors = models.ManyToManyField(Sensor, related_name="gateways", blank=True)
    created_at = models.DateTimeField()

    objects = GatewayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_gateway_of_a_name_per_organisation"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def add(cls, *, name: str, owner: Organisation, wire_format: str, now: datetime) -> "Gateway":
        """Add a gateway that speaks for nobody yet."""
        return cls.objects.create(name=name, owner=owner, wire_format=wire_format, created_at=now)

    def speak_for(self, sensors: Iterable[Sensor]) -> None:
        """Register exactly these sensors behind the gateway. Raises SpeaksAnotherFormat."""
        wanted = list(sensors)
        for sensor in wanted:
            if sensor.wire_format != self.wire_format:
                raise SpeaksAnotherFormat(sensor)
        with transaction.atomic():
            self.sensors.set(wanted)
