"""Residents who try a device at home: offered, agreed to, given a unit; unknown to the maker."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q

from capto.members.models import Message
from capto.validation.models.device_test import DeviceTest, TestUnit, TooEarly

if TYPE_CHECKING:
    from capto.members.models import Person

LETTERS = "capto.validation.home_trial_letters."


class UnitTaken(Exception):
    """The unit is at another volunteer's, or the volunteer has one already."""


class HomeVolunteerQuerySet(models.QuerySet["HomeVolunteer"]):
    def standing(self) -> Self:
        """List the offers that were not taken back, the earliest first."""
        return self.filter(withdrawn_at=None).order_by("offered_at", "pk")

    def by_commune(self) -> list[tuple[str, int, int]]:
        """Give (commune, offers, units there): all that the maker and the public ever read."""
        rows = self.standing().order_by("commune").values_list("commune")
        return list(rows.annotate(offers=Count("pk"), units=Count("pk", filter=Q(unit__isnull=False))))


class HomeVolunteer(models.Model):
    """Someone who offers to try a device at home; the maker reads how many and in which communes, never who.

    The unit is lent to them at the desk as any kit is: position, retention and the published cell are those of loans.
    """

    test = models.ForeignKey(DeviceTest, models.CASCADE, related_name="volunteers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    commune = models.CharField(max_length=200)  # coarser than the published cell
    agreed_to = models.TextField(blank=True)  # the words of the box that they ticked
    offered_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    unit = models.ForeignKey(TestUnit, models.SET_NULL, null=True, blank=True, related_name="volunteers")
    assigned_at = models.DateTimeField(null=True, blank=True)

    objects = HomeVolunteerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["test", "person"], name="one_offer_per_person_and_test"),
            models.UniqueConstraint(
                fields=["unit"], condition=Q(withdrawn_at=None), name="a_unit_is_at_one_volunteers_home"
            ),
            models.CheckConstraint(
                condition=Q(unit=None) | Q(assigned_at__isnull=False), name="a_unit_is_assigned_at_a_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test_id}: {self.commune}"

    @classmethod
    def offer(
        cls, test: DeviceTest, *, person: "Person", commune: str, agreed_to: str = "", now: datetime
    ) -> "HomeVolunteer":
        """Offer to try the device at home; offering twice changes the commune, also after taking it back."""
        offer, _created = cls.objects.update_or_create(
            test=test,
            person=person,
            defaults={"commune": commune, "agreed_to": agreed_to, "offered_at": now, "withdrawn_at": None},
        )
        return offer

    def withdraw(self, *, now: datetime) -> None:
        """Take the offer back, at any time; a second time changes nothing."""
        type(self).objects.filter(pk=self.pk, withdrawn_at=None).update(
            withdrawn_at=now, unit=None, assigned_at=None
        )
        self.refresh_from_db()

    def assign(self, unit: TestUnit, *, now: datetime) -> None:
        """Give this volunteer a unit, once the bench is done with it, and write to them where to fetch it.

        Raises TooEarly before the scoring period is over, UnitTaken where the unit or the volunteer is not free.
        """
        with transaction.atomic():
            test = DeviceTest.objects.select_for_update(of=("self",)).get(pk=self.test_id)
            if unit.test_id != test.pk or not test.is_over(now=now):
                raise TooEarly(str(test))
            here = type(self).objects.standing().filter(pk=self.pk, unit=None)
            taken = type(self).objects.standing().filter(unit=unit).exists()
            if taken or not here.update(unit=unit, assigned_at=now):
                raise UnitTaken(str(unit))
            self.refresh_from_db()
            Message.queue(
                self.person,
                key=f"home-trial:{self.pk}:{unit.pk}",
                compose=f"{LETTERS}assigned",
                about=str(self.pk),
                nature=Message.Nature.LOAN,
                now=now,
            )
