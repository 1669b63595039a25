from typing import Any

import pghistory
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models.observed_property import ObservedProperty
from capto.members.models import Organisation


class IdentityTaken(Exception):
    """Another sensor states this identity, or has this inventory code."""


class SensorModel(models.Model):
    """A make of sensor. `wire_format` is the key of `FORMATS` that decodes what it sends."""

    maker = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    wire_format = models.CharField(max_length=40)
    reporting_interval_s = models.PositiveIntegerField(
        default=60
    )  # seconds between two messages; coverage needs it
    particle_counter = models.CharField(max_length=80, blank=True)  # the component inside, such as PMS5003
    quantities = models.ManyToManyField(ObservedProperty, blank=True, related_name="sensor_models")
    guide = models.TextField(blank=True)  # Markdown
    photo = models.ImageField(upload_to="sensor_models/", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["maker", "name"], name="one_sensor_model_per_name_of_a_maker"),
            models.CheckConstraint(
                condition=models.Q(reporting_interval_s__gt=0), name="reporting_interval_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.maker} {self.name}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Sensor(models.Model):
    """The thing with a label. `device_id` is the identity that the device states in its messages."""

    class Condition(models.TextChoices):
        GOOD = "good", _("bon")
        WORN = "worn", _("usé")
        FAULTY = "faulty", _("défectueux")

    model = models.ForeignKey(SensorModel, models.PROTECT, related_name="sensors")
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="sensors")
    inventory_code = models.CharField(max_length=40, unique=True)
    serial = models.CharField(max_length=80, blank=True)
    wire_format = models.CharField(max_length=40)
    device_id = models.CharField(max_length=120)
    reporting_interval_s = models.PositiveIntegerField(
        null=True, blank=True
    )  # seconds; null: that of the model
    is_simulated = models.BooleanField(default=False)
    kit = models.ForeignKey(
        "catalogue.Kit", models.PROTECT, null=True, blank=True, related_name="sensors"
    )  # in one kit at most
    condition = models.CharField(max_length=10, choices=Condition, default=Condition.GOOD)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wire_format", "device_id"], name="one_sensor_per_stated_identity"
            ),
        ]
        indexes = [models.Index(Upper("inventory_code"), name="sensors_by_inventory_code")]  # as typed

    def __str__(self) -> str:
        return self.inventory_code

    @property
    def interval_s(self) -> int:
        """Seconds between two messages of this sensor."""
        return self.reporting_interval_s or self.model.reporting_interval_s

    @classmethod
    def add(cls, **fields: Any) -> "Sensor":
        """Put a sensor into the catalogue. Raises IdentityTaken."""
        try:
            with transaction.atomic():
                return cls.objects.create(**fields)
        except IntegrityError as error:
            raise IdentityTaken from error

    def speaks_as(self, *, wire_format: str, device_id: str) -> None:
        """Note which identity the thing states, and in which format. Raises IdentityTaken."""
        self.wire_format, self.device_id = wire_format, device_id
        try:
            with transaction.atomic():
                self.save(update_fields=["wire_format", "device_id"])
        except IntegrityError as error:
            self.refresh_from_db()
            raise IdentityTaken from error
