from datetime import date, datetime
from typing import ClassVar

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import Kit, KitModel, LendingPoint
from capto.lending.models.act import Act
from capto.members.models import BorrowerCategory, BorrowerGroup, Campaign, Person
from capto.readings.models import Place


class HoldQuerySet(models.QuerySet["Hold"]):
    def running(self) -> "HoldQuerySet":
        """List the holds that still wait, for a kit or for their collection."""
        return self.filter(state__in=[Hold.State.WAITING, Hold.State.READY])

    def meeting(self, first: date, last: date) -> "HoldQuerySet":
        """List the holds whose days meet [first, last]."""
        return self.filter(starts_on__lte=last, ends_on__gte=first)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Hold(models.Model):
    """Someone asks for a kind of kit, for days, at a lending point. A ready hold has a kit put aside.

    waiting -> ready -> collected; cancelled and expired end it. A ready hold owns an occupancy.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("en attente")
        READY = "ready", _("kit mis de côté")
        COLLECTED = "collected", _("emprunté")
        CANCELLED = "cancelled", _("annulée")
        EXPIRED = "expired", _("non venue chercher")

    person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="holds")
    group = models.ForeignKey(BorrowerGroup, models.PROTECT, null=True, blank=True, related_name="holds")
    kit_model = models.ForeignKey(KitModel, models.PROTECT, related_name="holds")
    point = models.ForeignKey(LendingPoint, models.PROTECT, related_name="holds")
    starts_on = models.DateField()
    ends_on = models.DateField()
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="holds")
    place = models.ForeignKey(Place, models.SET_NULL, null=True, blank=True, related_name="+")
    by_post = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    kit = models.ForeignKey(Kit, models.PROTECT, null=True, blank=True, related_name="holds")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+"
    )  # the member of staff who asked on behalf
    ready_at = models.DateTimeField(null=True, blank=True)
    collect_by = models.DateField(null=True, blank=True)  # the last open day on which the kit waits
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[HoldQuerySet] = HoldQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_hold_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", kit__isnull=True, closed_at__isnull=True)
                | Q(state="ready", kit__isnull=False, ready_at__isnull=False, closed_at__isnull=True)
                | Q(state__in=["collected", "cancelled", "expired"], closed_at__isnull=False),
                name="the_state_of_a_hold_agrees_with_its_dates",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | Q(closed_at__isnull=False),
                name="a_running_hold_has_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["kit_model", "point", "state", "starts_on"]),
            models.Index(fields=["person", "state"]),
        ]
        triggers = [
            pgtrigger.Trigger(  # when the transaction ends; what it asks is in migration 0008
                name="a_hold_agrees_with_its_occupancy",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state", "kit_id"),  # type: ignore[no-untyped-call]
                timing=pgtrigger.Deferred,
                func="PERFORM lending_check_hold(NEW.id); RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kit_model} {self.starts_on}"

    def meets(self, first: date, last: date) -> bool:
        """True where the days of the hold meet [first, last]."""
        return self.starts_on <= last and self.ends_on >= first

    @property
    def category(self) -> str:
        """The category of borrower that policies look at."""
        return self.group.category if self.group else BorrowerCategory.RESIDENT

    @classmethod
    def ask(
        cls,
        kit_model: KitModel,
        *,
        person: Person,
        point: LendingPoint,
        starts_on: date,
        ends_on: date,
        now: datetime,
        group: BorrowerGroup | None = None,
        campaign: Campaign | None = None,
        place: Place | None = None,
        by_post: bool = False,
        by: Person | None = None,
        entry: str = "page",
        act: Act | None = None,
    ) -> "Hold":
        """Ask for a kind of kit, for days; raises a Refusal that says which rule forbids it."""
        from capto.lending.asking import ask

        return ask(
            kit_model,
            person=person,
            point=point,
            starts_on=starts_on,
            ends_on=ends_on,
            now=now,
            group=group,
            campaign=campaign,
            place=place,
            by_post=by_post,
            by=by,
            entry=entry,
            act=act,
        )

    def cancel(
        self, *, now: datetime, by: Person | None = None, entry: str = "page", act: Act | None = None
    ) -> None:
        """Give the hold up and let the next in the queue have its kit. Raises HoldClosed."""
        from capto.lending.asking import cancel

        cancel(self, now=now, by=by, entry=entry, act=act)
