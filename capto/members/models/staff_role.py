from datetime import datetime

from django.db import models
from django.db.models import Q

from capto.members.models.organisation import Organisation
from capto.members.models.person import Person
from capto.members.roles import Role


class StaffRole(models.Model):
    """One role of one person within one organisation, from a moment until it is ended."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="staff_roles")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="staff_roles")
    role = models.CharField(max_length=20, choices=Role)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organisation", "role"],
                condition=Q(ends_at__isnull=True),
                name="one_running_role_of_a_kind_per_person_and_organisation",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="a_role_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.get_role_display()} · {self.organisation}"

    @classmethod
    def give(cls, person: Person, *, role: Role, organisation: Organisation, now: datetime) -> "StaffRole":
        """Give a role to a person; giving one that runs already changes nothing."""
        given, _ = cls.objects.get_or_create(
            person=person,
            organisation=organisation,
            role=role,
            ends_at=None,
            defaults={"starts_at": now},
        )
        return given

    def end(self, *, now: datetime) -> None:
        """End the role; its row stays as history."""
        type(self).objects.filter(pk=self.pk, ends_at=None).update(ends_at=now)
        self.refresh_from_db()
