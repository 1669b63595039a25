from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class CellRuleQuerySet(models.QuerySet["CellRule"]):
    def in_force(self, *, on: date) -> CellRuleQuerySet:
        """List the rules that hold on a day."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=on), valid_from__lte=on)

    def smallest_cell(self, *, population: int | None, on: date) -> int:
        """Give the side (metres) of the smallest cell that may be published in a commune of so many inhabitants.

        Of the rules that apply the largest cell counts; where none does, or the population is unknown, it is that of
        PUBLISHED_CELL_METRES.
        """
        default: int = settings.PUBLISHED_CELL_METRES
        if population is None:
            return default
        sizes = self.in_force(on=on).filter(below_population__gt=population).values_list("size_m", flat=True)
        return max([default, *sizes])


class CellRule(models.Model):
    """In communes with fewer inhabitants than this, published cells have at least this side: few people, larger cells.

    A row, with dates: an association that decides otherwise ends the row and writes another. It holds for places that
    are noted from then on; a cell once published stays, since two sizes of one place would narrow it down.
    """

    below_population = models.PositiveIntegerField()  # inhabitants
    size_m = models.PositiveIntegerField()  # metres; the side of the cell in the grid EPSG:3035
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)  # the first day on which it holds no more
    reason = models.CharField(max_length=300)

    objects: ClassVar[CellRuleQuerySet] = CellRuleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["below_population", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="a_cell_rule_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=Q(size_m__gt=0), name="a_published_cell_has_a_size"),
        ]

    def __str__(self) -> str:
        return f"{self.below_population}: {self.size_m} m"
