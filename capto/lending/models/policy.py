from datetime import timedelta

from django.db import models
from django.db.models import Q

from capto.catalogue.models import KitModel
from capto.members.models import BorrowerCategory, Organisation


class Policy(models.Model):
    """The rules of lending for a kind of kit, a category of borrower and an organisation; empty means any.

    The most specific row decides: the kind weighs most, then the category, then the organisation. Its name is what
    a refusal shows.
    """

    name = models.CharField(max_length=120)
    kit_model = models.ForeignKey(KitModel, models.CASCADE, null=True, blank=True, related_name="policies")
    category = models.CharField(max_length=12, choices=BorrowerCategory, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="policies"
    )
    loan_days = models.PositiveIntegerField(default=21)
    shortest_days = models.PositiveIntegerField(default=7)  # a booking may shorten a loan to this, not below
    renewals = models.PositiveSmallIntegerField(default=1)
    renewal_days = models.PositiveIntegerField(default=14)
    ahead_days = models.PositiveIntegerField(default=90)
    allocation_days = models.PositiveIntegerField(
        default=14
    )  # before the first day, a kit is put aside by rank
    pickup_open_days = models.PositiveSmallIntegerField(default=3)  # open days that a ready kit waits
    loans_at_once = models.PositiveSmallIntegerField(default=1)  # loans and holds of overlapping dates
    buffer_before_hours = models.PositiveIntegerField(default=0)  # before a hold: charging, packing
    buffer_after_hours = models.PositiveIntegerField(default=24)  # after a return: charging, cleaning
    quarantine_hours = models.PositiveIntegerField(default=0)  # after the buffer: bench comparison
    needs_training = models.BooleanField(default=True)
    needs_charter = models.BooleanField(default=True)
    late_blocks = models.BooleanField(default=True)  # who is late borrows nothing else
    under_covered_loans = models.FloatField(
        default=1.0
    )  # loans per 10,000 inhabitants and year below which a commune comes first

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["kit_model", "category", "organisation"],
                nulls_distinct=False,
                name="one_policy_per_kind_category_and_organisation",
            ),
            models.CheckConstraint(
                condition=Q(loan_days__gt=0, shortest_days__gt=0, shortest_days__lte=models.F("loan_days")),
                name="a_loan_lasts_at_least_a_day",
            ),
            models.CheckConstraint(condition=Q(loans_at_once__gt=0), name="one_loan_at_once_is_allowed"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, kit_model: KitModel, *, category: str, organisation: Organisation) -> "Policy":
        """Give the policy that decides. There is always one: the first migration writes the general row."""
        rows = cls.objects.filter(
            Q(kit_model=kit_model) | Q(kit_model=None),
            Q(category=category) | Q(category=""),
            Q(organisation=organisation) | Q(organisation=None),
        )

        def weight(policy: "Policy") -> tuple[bool, bool, bool]:
            return (
                policy.kit_model_id is not None,
                policy.category != "",
                policy.organisation_id is not None,
            )

        found = sorted(rows, key=weight)
        return found[-1] if found else cls(name="Règle générale")

    @property
    def rest(self) -> timedelta:
        """How long a kit stays put aside after a return."""
        return timedelta(hours=self.buffer_after_hours + self.quarantine_hours)

    @property
    def preparation(self) -> timedelta:
        """How long before its first day a held kit is put aside."""
        return timedelta(hours=self.buffer_before_hours)
