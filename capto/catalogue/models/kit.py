from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import pghistory
from django.db import models, transaction
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models.lending_point import LendingPoint
from capto.catalogue.models.sensor import Sensor
from capto.members.codes import CodeKind, new_accessory_code, new_codes, new_kit_code
from capto.members.models import Organisation, Person


class KitModel(models.Model):
    """A kind of kit: what people ask for. The copy is chosen later, at the latest at the desk."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)  # Markdown: what it measures, for which questions
    guide = models.TextField(blank=True)  # Markdown: how to install it
    children_guide = models.TextField(blank=True)  # Markdown, readable at ten
    photo = models.ImageField(upload_to="kit_models/", blank=True)
    is_offered = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class KitModelPart(models.Model):
    """One line of the checklist of a kind of kit: box, charger, cable, mount, SD card."""

    kit_model = models.ForeignKey(KitModel, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=120)
    quantity = models.PositiveSmallIntegerField(default=1)
    is_essential = models.BooleanField(default=True)  # without it the kit is not lent again
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["kit_model", "name"], name="one_part_of_a_name_per_kind_of_kit"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="a_part_comes_at_least_once"),
        ]

    def __str__(self) -> str:
        return self.name


class KitQuerySet(models.QuerySet["Kit"]):
    def lendable_by(self, organisation: Organisation) -> "KitQuerySet":
        """List the active kits that an organisation may lend: its own, and those that others pool."""
        return self.filter(models.Q(owner=organisation) | models.Q(is_pooled=True), state=Kit.State.ACTIVE)

    def of_staff(self, organisations: models.QuerySet[Organisation]) -> "KitQuerySet":
        """List the kits that staff of these organisations look after."""
        return self.filter(
            models.Q(owner__in=organisations) | models.Q(point__organisation__in=organisations)
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Kit(models.Model):
    """The thing that is lent: one or more sensors in a box with their accessories, under one code.

    Being on loan, late or reserved is never stored here: it follows from loans and holds.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("en service")
        UPKEEP = "upkeep", _("en entretien")
        MISSING = "missing", _("introuvable")
        RETIRED = "retired", _("retiré")

    code = models.CharField(max_length=20, default=new_kit_code)
    model = models.ForeignKey(KitModel, models.PROTECT, related_name="kits")
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="kits")
    point = models.ForeignKey(
        LendingPoint, models.PROTECT, related_name="kits"
    )  # where it is, or goes back to
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    state_reason = models.CharField(max_length=200, blank=True)
    is_pooled = models.BooleanField(default=False)  # other organisations' points may lend it too
    note = models.TextField(blank=True)  # for staff
    added_at = models.DateTimeField()
    is_simulated = models.BooleanField(default=False)

    objects: ClassVar[KitQuerySet] = KitQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("code"), name="one_kit_per_code"),
            models.CheckConstraint(
                condition=~models.Q(state="retired") | ~models.Q(state_reason=""),
                name="a_retired_kit_says_why",
            ),
        ]
        indexes = [models.Index(fields=["model", "point", "state"])]

    def __str__(self) -> str:
        return self.code

    @classmethod
    @transaction.atomic
    def add(
        cls,
        model: KitModel,
        *,
        point: LendingPoint,
        now: datetime,
        owner: Organisation | None = None,
        sensors: Iterable[Sensor] = (),
        code: str | None = None,
        is_pooled: bool = False,
        is_simulated: bool = False,
    ) -> "Kit":
        """Add a kit with the accessories of its kind and put sensors into it.

        Raises SensorInAnotherKit where a sensor already has a kit.
        """
        kit = cls.objects.create(
            model=model,
            owner=owner or point.organisation,
            point=point,
            added_at=now,
            is_pooled=is_pooled,
            is_simulated=is_simulated,
            **({"code": code} if code else {}),
        )
        parts = list(model.parts.all())
        codes = new_codes(CodeKind.ACCESSORY, len(parts)) if parts else []
        Accessory.objects.bulk_create(
            Accessory(
                kit=kit,
                name=part.name,
                quantity=part.quantity,
                is_essential=part.is_essential,
                position=part.position,
                code=accessory_code,
            )
            for part, accessory_code in zip(parts, codes, strict=True)
        )
        for sensor in sensors:
            kit.take_in(sensor)
        return kit

    def take_in(self, sensor: Sensor) -> None:
        """Put a sensor into this kit. Raises SensorInAnotherKit where another kit holds it."""
        if not Sensor.objects.filter(pk=sensor.pk, kit=None).update(kit=self):
            sensor.refresh_from_db()
            if sensor.kit_id != self.pk:
                raise SensorInAnotherKit(sensor)
        sensor.refresh_from_db()

    def take_out(self, sensor: Sensor) -> None:
        """Take a sensor out of this kit; nothing happens where it is in another."""
        Sensor.objects.filter(pk=sensor.pk, kit=self).update(kit=None)
        sensor.refresh_from_db()

    def set_state(self, state: "Kit.State", *, reason: str = "") -> None:
        """Put the kit in or out of service; retiring needs a reason."""
        self.state, self.state_reason = state, reason
        self.save(update_fields=["state", "state_reason"])

    def pool(self, is_pooled: bool) -> None:
        """Let other organisations' points lend this kit too, or no longer."""
        self.is_pooled = is_pooled
        self.save(update_fields=["is_pooled"])

    def move_to(self, point: LendingPoint) -> None:
        """Note at which lending point the kit now is."""
        self.point = point
        self.save(update_fields=["point"])


class SensorInAnotherKit(Exception):
    """A sensor is in one kit at most."""

    def __init__(self, sensor: Sensor) -> None:
        super().__init__(f"{sensor} is in kit {sensor.kit}")
        self.sensor = sensor


class Accessory(models.Model):
    """One loose part of one kit, counted when it leaves and when it comes back."""

    kit = models.ForeignKey(Kit, models.CASCADE, related_name="accessories")
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=20, default=new_accessory_code)
    quantity = models.PositiveSmallIntegerField(default=1)  # how many belong to the kit
    missing = models.PositiveSmallIntegerField(default=0)  # how many did not come back
    is_essential = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "accessories"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(Upper("code"), name="one_accessory_per_code"),
            models.CheckConstraint(
                condition=models.Q(missing__lte=models.F("quantity")),
                name="no_more_parts_are_missing_than_there_are",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} × {self.quantity}" if self.quantity > 1 else self.name

    @property
    def present(self) -> int:
        """How many should lie in the box now."""
        return self.quantity - self.missing

    def count(self, present: int) -> None:
        """Note how many lie in the box, between none and all."""
        self.missing = self.quantity - min(max(present, 0), self.quantity)
        self.save(update_fields=["missing"])


class OpenTransfer(Exception):
    """The kit is already on its way to another lending point."""


class Transfer(models.Model):
    """A kit on its way between two lending points."""

    kit = models.ForeignKey(Kit, models.PROTECT, related_name="transfers")
    from_point = models.ForeignKey(LendingPoint, models.PROTECT, related_name="+")
    to_point = models.ForeignKey(LendingPoint, models.PROTECT, related_name="arrivals")
    sent_at = models.DateTimeField()
    sent_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit"], condition=models.Q(received_at__isnull=True), name="one_open_transfer_per_kit"
            ),
            models.CheckConstraint(
                condition=models.Q(received_at__isnull=True) | models.Q(received_at__gte=models.F("sent_at")),
                name="a_transfer_arrives_after_it_leaves",
            ),
        ]

    @classmethod
    @transaction.atomic
    def send(
        cls, kit: Kit, *, to: LendingPoint, by: Person | None, now: datetime, reason: str = ""
    ) -> "Transfer":
        """Send a kit to another lending point. Raises OpenTransfer where it is already on its way."""
        Kit.objects.select_for_update(no_key=True).get(pk=kit.pk)
        if cls.objects.filter(kit=kit, received_at=None).exists():
            raise OpenTransfer(kit.code)
        return cls.objects.create(
            kit=kit, from_point=kit.point, to_point=to, sent_at=now, sent_by=by, reason=reason
        )

    @transaction.atomic
    def receive(self, *, by: Person | None, now: datetime) -> None:
        """Note the arrival and move the kit there; a second time changes nothing."""
        arrived = Transfer.objects.filter(pk=self.pk, received_at=None).update(
            received_at=now, received_by=by
        )
        if arrived:
            self.kit.move_to(self.to_point)
        self.refresh_from_db()
