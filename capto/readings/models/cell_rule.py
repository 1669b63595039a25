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

    def smallest_cell(self, *, population: int | None, households: float | None = None, on: date) -> int:
        """Give the side (metres) of the smallest cell that may be published.

        `population`: inhabitants of the commune; `households`: of the 200 m square, where Insee's grid was imported;
        None: unknown. Of the rules that apply the largest cell counts; where none does it is that of
        PUBLISHED_CELL_METRES.
        """
        default: int = settings.PUBLISHED_CELL_METRES
        few = Q(below_population__gt=population) if population is not None else Q(pk=None)
        if households is not None:
            few |= Q(below_households__gt=households)
        return max([default, *self.in_force(on=on).filter(few).values_list("size_m", flat=True)])


class CellRule(models.Model):
    """Where fewer people live than this, published cells have at least this side: few people, larger cells.

    A rule counts the inhabitants of the commune, or the households of the 200 m square in Insee's grid.

    A row, with dates: an association that decides otherwise ends the row and writes another. It holds for places that
    are noted from then on; a cell once published stays, since two sizes of one place would narrow it down.
    """

    below_population = models.PositiveIntegerField(null=True, blank=True)  # inhabitants of the commune
    below_households = models.PositiveIntegerField(null=True, blank=True)  # of the square of 200 m
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
            models.CheckConstraint(
                condition=Q(below_population__isnull=True) ^ Q(below_households__isnull=True),
                name="a_cell_rule_counts_one_thing",
            ),
            models.CheckConstraint(condition=Q(size_m__gt=0), name="a_published_cell_has_a_size"),
        ]

    def __str__(self) -> str:
        counted = self.below_households if self.below_population is None else self.below_population
        return f"{counted}: {self.size_m} m"
