from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from capto.members.models.organisation import Territory
from capto.members.models.person import Person


class BorrowerCategory(models.TextChoices):
    """What a policy may distinguish. A person who borrows for nobody else is a resident."""

    RESIDENT = "resident", _("habitant")
    SCHOOL = "school", _("école ou classe")
    COMPANY = "company", _("entreprise ou jeune pousse")
    ASSOCIATION = "association", _("association")


class BorrowerGroup(models.Model):
    """A class, a firm or an association that borrows, with one responsible adult.

    It has no list of members: of a class nothing is known but its size, and no field could hold a pupil.
    """

    name = models.CharField(max_length=200)
    category = models.CharField(max_length=12, choices=BorrowerCategory)
    responsible = models.ForeignKey(Person, models.PROTECT, related_name="groups_led")
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)
    size = models.PositiveIntegerField(null=True, blank=True)  # people, for the statistics
    is_active = models.BooleanField(default=True)
    is_simulated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(category=BorrowerCategory.RESIDENT), name="a_group_is_no_resident"
            ),
            models.UniqueConstraint(
                fields=["responsible", "name"], name="one_group_of_a_name_per_responsible_adult"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def correct(self, **details: Any) -> None:
        """Correct what is known of the group: name, category, size, territory."""
        for name, value in details.items():
            setattr(self, name, value)
        self.save(update_fields=list(details))

    def close(self) -> None:
        """Let the group borrow no more; what it has out stays to be returned."""
        self.is_active = False
        self.save(update_fields=["is_active"])
