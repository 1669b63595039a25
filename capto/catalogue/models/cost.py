from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models.kit import Kit
from capto.members.models import Person


class CostEntry(models.Model):
    """One expense for one kit. Rows are added; a mistake is set right by a row of the opposite amount."""

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("achat")
        REPAIR = "repair", _("réparation")
        SHIPPING = "shipping", _("port")
        CONSUMABLE = "consumable", _("consommable")

    kit = models.ForeignKey(Kit, models.PROTECT, related_name="costs")
    kind = models.CharField(max_length=10, choices=Kind)
    on = models.DateField()
    euros = models.DecimalField(max_digits=9, decimal_places=2)  # including tax
    note = models.CharField(max_length=200, blank=True)
    entered_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "cost entries"
        ordering = ["on", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(euros=0), name="an_expense_is_not_nothing")]

    @classmethod
    def enter(
        cls, kit: Kit, *, kind: "CostEntry.Kind", on: date, euros: Decimal, note: str = "", by: Person | None
    ) -> "CostEntry":
        """Enter one expense, in euros including tax; negative where it sets an earlier one right."""
        return cls.objects.create(kit=kit, kind=kind, on=on, euros=euros, note=note, entered_by=by)
