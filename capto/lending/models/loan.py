from datetime import date, datetime
from typing import ClassVar

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import Accessory, Kit, LendingPoint
from capto.lending.days import ParisDay, local_day
from capto.lending.models.act import Act
from capto.lending.models.hold import Hold
from capto.lending.models.policy import Policy
from capto.members.models import BorrowerCategory, BorrowerGroup, Campaign, Charter, Organisation, Person
from capto.readings.models import Placement
from capto.readings.models.placement import new_public_id


class LoanQuerySet(models.QuerySet["Loan"]):
    def open(self) -> "LoanQuerySet":
        """List the loans whose kit is out."""
        return self.filter(state=Loan.State.OPEN)

    def overdue(self, *, now: datetime) -> "LoanQuerySet":
        """List the open loans whose last day is over. Never stored: it follows from the day."""
        return self.open().filter(due_on__lt=local_day(now))

    def due_on_day(self, day: date) -> "LoanQuerySet":
        """List the open loans due on a day."""
        return self.open().filter(due_on=day)

    def of_staff(self, organisations: models.QuerySet[Organisation]) -> "LoanQuerySet":
        """List the loans made at the lending points of these organisations."""
        return self.filter(point__organisation__in=organisations)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Loan(models.Model):
    """One kit with one borrower, from the hand-over to the return.

    open -> returned -> checked; open -> lost; open -> cancelled where it was undone. An open loan has one placement
    per sensor of its kit and one occupancy.
    """

    class State(models.TextChoices):
        OPEN = "open", _("en cours")
        RETURNED = "returned", _("rendu")
        CHECKED = "checked", _("rendu et compté")
        LOST = "lost", _("perdu")
        CANCELLED = "cancelled", _("annulé")

    public_id = models.CharField(max_length=20, unique=True, default=new_public_id)
    kit = models.ForeignKey(Kit, models.PROTECT, related_name="loans")
    person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="loans")
    group = models.ForeignKey(BorrowerGroup, models.PROTECT, null=True, blank=True, related_name="loans")
    collected_by = models.CharField(max_length=200, blank=True)  # who came, where not the borrower
    point = models.ForeignKey(LendingPoint, models.PROTECT, related_name="loans")
    returned_point = models.ForeignKey(
        LendingPoint, models.PROTECT, null=True, blank=True, related_name="returns"
    )
    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, related_name="loans")
    hold = models.OneToOneField(Hold, models.PROTECT, null=True, blank=True, related_name="loan")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="loans")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    lent_at = models.DateTimeField()
    due_on = models.DateField()
    renewals = models.PositiveSmallIntegerField(default=0)
    returned_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    lent_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    charter = models.ForeignKey(Charter, models.PROTECT, null=True, blank=True)
    by_post = models.BooleanField(default=False)
    posted_at = models.DateTimeField(null=True, blank=True)  # sent to the borrower
    arrived_at = models.DateTimeField(null=True, blank=True)  # the borrower has it
    posted_back_at = models.DateTimeField(null=True, blank=True)
    is_simulated = models.BooleanField(default=False)

    objects: ClassVar[LoanQuerySet] = LoanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kit"], condition=Q(state="open"), name="one_open_loan_per_kit"),
            models.CheckConstraint(
                condition=Q(due_on__gte=ParisDay("lent_at")),
                name="a_loan_is_due_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(returned_at__gte=F("lent_at")),
                name="a_loan_returns_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(state="open", returned_at__isnull=True, closed_at__isnull=True)
                | Q(state__in=["returned", "checked"], returned_at__isnull=False, closed_at__isnull=False)
                | Q(state__in=["lost", "cancelled"], returned_at__isnull=True, closed_at__isnull=False),
                name="the_state_of_a_loan_agrees_with_its_dates",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | ~Q(state="open"), name="an_open_loan_has_a_borrower"
            ),
            models.CheckConstraint(
                condition=(Q(arrived_at__isnull=True) | Q(arrived_at__gte=F("posted_at")))
                & (Q(posted_back_at__isnull=True) | Q(posted_back_at__gte=F("arrived_at"))),
                name="a_parcel_goes_comes_and_goes_back_in_this_order",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state="open"), name="open_loans_by_due_day"),
            models.Index(fields=["person", "state"]),
            models.Index(fields=["kit", "-lent_at"]),
            models.Index(fields=["returned_point", "state"]),
        ]
        triggers = [
            pgtrigger.Protect(name="a_loan_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(  # when the transaction ends; what it asks is in migration 0008
                name="a_loan_agrees_with_its_rows",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state", "kit_id"),  # type: ignore[no-untyped-call]
                timing=pgtrigger.Deferred,
                func="PERFORM lending_check_loan(NEW.id); RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kit} {self.lent_at:%Y-%m-%d}"

    @property
    def category(self) -> str:
        """The category of borrower that policies look at."""
        return self.group.category if self.group else BorrowerCategory.RESIDENT

    def is_overdue(self, *, now: datetime) -> bool:
        """True where the loan is open and its last day is over."""
        return self.state == self.State.OPEN and self.due_on < local_day(now)

    @classmethod
    def lend(
        cls,
        kit: Kit,
        *,
        to: Person,
        point: LendingPoint,
        now: datetime,
        group: BorrowerGroup | None = None,
        collected_by: str = "",
        due_on: date | None = None,
        by: Person | None = None,
        by_post: bool = False,
        override: str = "",
        entry: str = "page",
        act: Act | None = None,
    ) -> "Loan":
        """Lend a kit: consumes the borrower's hold, opens one placement per sensor, keeps the kit occupied.

        `override` is the reason of a member of staff who may waive rules. Raises a Refusal.
        """
        from capto.lending.lend import lend

        return lend(
            kit,
            to=to,
            point=point,
            now=now,
            group=group,
            collected_by=collected_by,
            due_on=due_on,
            by=by,
            by_post=by_post,
            override=override,
            entry=entry,
            act=act,
        )

    @classmethod
    def take_back(
        cls,
        kit: Kit,
        *,
        point: LendingPoint,
        now: datetime,
        by: Person | None = None,
        entry: str = "page",
        act: Act | None = None,
    ) -> "Loan":
        """Take a kit back: closes its placements and its loan, whatever else is planned for it. Raises NotOnLoan."""
        from capto.lending.take_back import take_back

        return take_back(kit, point=point, now=now, by=by, entry=entry, act=act)

    def count_parts(
        self,
        present: dict[int, int],
        *,
        now: datetime,
        by: Person | None = None,
        entry: str = "page",
        act: Act | None = None,
    ) -> list[Accessory]:
        """Note how many of each accessory (ids) lie in the box; those not named are all there. Gives the missing."""
        from capto.lending.take_back import count_parts

        return count_parts(self, present, now=now, by=by, entry=entry, act=act)

    def note_collector(self, name: str) -> None:
        """Note the adult who came for the kit in the borrower's place; its history says who noted it."""
        self.collected_by = name.strip()
        self.save(update_fields=["collected_by"])

    def renew(
        self,
        *,
        now: datetime,
        by: Person | None = None,
        until: date | None = None,
        override: str = "",
        entry: str = "page",
        act: Act | None = None,
    ) -> None:
        """Keep the kit longer, up to the next open day after the policy's days or `until`. Raises a Refusal."""
        from capto.lending.keep_longer import renew

        renew(self, now=now, by=by, until=until, override=override, entry=entry, act=act)

    def swap(
        self,
        new_kit: Kit,
        *,
        now: datetime,
        reason: str,
        by: Person | None = None,
        entry: str = "page",
        act: Act | None = None,
    ) -> None:
        """Exchange the kit in mid-loan: new placements with the same public ids. Raises a Refusal."""
        from capto.lending.swap import swap

        swap(self, new_kit, now=now, reason=reason, by=by, entry=entry, act=act)

    def lose(
        self,
        *,
        now: datetime,
        reason: str,
        by: Person | None = None,
        entry: str = "page",
        act: Act | None = None,
    ) -> None:
        """Close the loan of a kit that will not come back, and mark the kit as missing. Raises LoanClosed."""
        from capto.lending.take_back import lose

        lose(self, now=now, reason=reason, by=by, entry=entry, act=act)


class LoanPart(models.Model):
    """One accessory of one loan: how many went out, how many came back (null: not counted)."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="parts")
    accessory = models.ForeignKey(Accessory, models.PROTECT, related_name="+")
    out = models.PositiveSmallIntegerField()
    back = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loan", "accessory"], name="one_line_per_accessory_of_a_loan")
        ]


class LoanPlacement(models.Model):
    """The one tie between a person's loan and a sensor's placement."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="loan_placements")
    placement = models.OneToOneField(Placement, models.PROTECT, related_name="loan_placement")

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="a_placement_agrees_with_its_loan",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                timing=pgtrigger.Deferred,
                func="PERFORM lending_check_loan(NEW.loan_id); RETURN NULL;",
            ),
        ]


class LoanExtension(models.Model):
    """One time that a loan was kept longer."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="extensions")
    number = models.PositiveSmallIntegerField()
    from_due = models.DateField()
    to_due = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loan", "number"], name="a_renewal_is_counted_once"),
            models.CheckConstraint(condition=Q(to_due__gt=F("from_due")), name="an_extension_is_longer"),
        ]
