from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models.kit import Kit, KitModel
from capto.catalogue.models.sensor import Sensor, SensorModel
from capto.members.models import Person


class UpkeepPlan(models.Model):
    """What must be done to kits of a kind, or to those that hold a make of sensor, and when."""

    class Work(models.TextChoices):
        COMPARE = "compare", _("comparer au banc")
        CLEAN = "clean", _("nettoyer")
        CHARGE = "charge", _("charger")
        CHECK = "check", _("vérifier")

    kit_model = models.ForeignKey(
        KitModel, models.CASCADE, null=True, blank=True, related_name="upkeep_plans"
    )
    sensor_model = models.ForeignKey(
        SensorModel, models.CASCADE, null=True, blank=True, related_name="upkeep_plans"
    )
    work = models.CharField(max_length=10, choices=Work)
    note = models.CharField(max_length=200, blank=True)
    interval_days = models.PositiveIntegerField(null=True, blank=True)
    after_each_loan = models.BooleanField(default=False)
    blocks_lending = models.BooleanField(default=False)  # a kit for which it is overdue is not lent

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kit_model__isnull=True, sensor_model__isnull=False)
                | Q(kit_model__isnull=False, sensor_model__isnull=True),
                name="upkeep_is_of_a_kind_of_kit_or_of_a_make_of_sensor",
            ),
            models.CheckConstraint(
                condition=Q(interval_days__isnull=False, interval_days__gt=0)
                | Q(interval_days__isnull=True, after_each_loan=True),
                name="upkeep_has_an_interval_or_follows_each_loan",
            ),
        ]

    def __str__(self) -> str:
        return self.get_work_display()

    @classmethod
    def of(cls, kit: Kit) -> models.QuerySet["UpkeepPlan"]:
        """List the plans that hold for a kit."""
        return cls.objects.filter(
            Q(kit_model=kit.model_id) | Q(sensor_model__in=kit.sensors.values("model"))
        ).order_by("pk")


class UpkeepDone(models.Model):
    """One piece of upkeep done to one kit, with its evidence where there is some."""

    kit = models.ForeignKey(Kit, models.PROTECT, related_name="upkeep_done")
    plan = models.ForeignKey(UpkeepPlan, models.PROTECT, related_name="done")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    evidence = models.FileField(upload_to="upkeep/", blank=True)

    class Meta:
        verbose_name_plural = "upkeep done"
        indexes = [models.Index(fields=["kit", "plan", "at"])]


class DueUpkeep(NamedTuple):
    """A piece of upkeep that is due, and since when."""

    plan: UpkeepPlan
    since: datetime

    @property
    def blocks(self) -> bool:
        """True where the kit is not lent until it is done."""
        return self.plan.blocks_lending


def upkeep_due(kit: Kit, *, now: datetime, last_return: datetime | None) -> list[DueUpkeep]:
    """List what is due on a kit, which last came back at `last_return` (None: never lent)."""
    done = UpkeepDone.objects.filter(kit=kit, plan=OuterRef("pk")).order_by("-at")
    plans = UpkeepPlan.of(kit).annotate(last_done=Subquery(done.values("at")[:1]))
    due = []
    for plan in plans:
        since = is_due(
            plan, added_at=kit.added_at, last_done=plan.last_done, last_return=last_return, now=now
        )
        if since is not None:
            due.append(DueUpkeep(plan, since))
    return due


def is_due(
    plan: UpkeepPlan,
    *,
    added_at: datetime,
    last_done: datetime | None,
    last_return: datetime | None,
    now: datetime,
) -> datetime | None:
    """Give the moment since which a plan is due on a kit, None where it is not."""
    moments = []
    if plan.interval_days is not None:
        moments.append((last_done or added_at) + timedelta(days=plan.interval_days))
    if plan.after_each_loan and last_return is not None and (last_done is None or last_done < last_return):
        moments.append(last_return)
    return min(moments) if moments and min(moments) <= now else None


class TicketQuerySet(models.QuerySet["UpkeepTicket"]):
    def open(self) -> "TicketQuerySet":
        """List the tickets that wait for someone, oldest first."""
        return self.filter(closed_at=None).order_by("opened_at", "pk")


class UpkeepTicket(models.Model):
    """Something wrong with a kit, from the moment it is seen until it is mended or given up."""

    class Stage(models.TextChoices):
        ASSESS = "assess", _("à examiner")
        BORROWER = "borrower", _("attend l’emprunteur")
        PARTS = "parts", _("attend des pièces")
        MENDING = "mending", _("en réparation")
        MENDED = "mended", _("réparé")
        GIVEN_UP = "given_up", _("abandonné")

    kit = models.ForeignKey(Kit, models.PROTECT, related_name="tickets")
    what = models.TextField()
    photo = models.ImageField(upload_to="tickets/", blank=True)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.ASSESS)
    blocks_lending = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    outcome = models.TextField(blank=True)

    objects: ClassVar[TicketQuerySet] = TicketQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, stage__in=["assess", "borrower", "parts", "mending"])
                | Q(closed_at__isnull=False, stage__in=["mended", "given_up"]),
                name="a_closed_ticket_is_mended_or_given_up",
            ),
        ]
        indexes = [
            models.Index(fields=["kit"], condition=Q(closed_at__isnull=True), name="open_tickets_by_kit")
        ]

    def __str__(self) -> str:
        return f"{self.kit}: {self.what[:60]}"

    @classmethod
    def send_to_workshop(
        cls, sensor: Sensor, *, what: str, now: datetime, by: Person | None = None
    ) -> "UpkeepTicket | None":
        """Mark a sensor as faulty, and keep its kit in until someone looked; None where it is in no kit.

        The same words said twice while the first ticket is open give that ticket.
        """
        with transaction.atomic():
            Sensor.objects.filter(pk=sensor.pk).update(condition=Sensor.Condition.FAULTY)
            sensor.condition = Sensor.Condition.FAULTY
            if sensor.kit is None:
                return None
            said = f"{sensor.inventory_code}: {what}"
            Kit.objects.select_for_update(no_key=True, of=("self",)).get(pk=sensor.kit.pk)
            known = cls.objects.open().filter(kit=sensor.kit, what=said).first()
            return known or cls.objects.create(
                kit=sensor.kit, what=said, blocks_lending=True, opened_at=now, opened_by=by
            )

    def advance(
        self, stage: "UpkeepTicket.Stage", *, by: Person | None, now: datetime, outcome: str = ""
    ) -> None:
        """Move the ticket on; mended and given up close it, and a closed ticket stays closed."""
        closes = stage in (self.Stage.MENDED, self.Stage.GIVEN_UP)
        changed = (
            type(self)
            .objects.filter(pk=self.pk, closed_at=None)
            .update(
                stage=stage,
                closed_at=now if closes else None,
                closed_by=by if closes else None,
                outcome=outcome or self.outcome,
            )
        )
        self.refresh_from_db()
        if not changed:
            raise TicketClosed(self)


class TicketClosed(Exception):
    """The ticket was closed by someone else meanwhile."""
