from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Func, Q

from capto.catalogue.models import Kit


def half_open(start: datetime, end: datetime) -> DateTimeTZRange:
    """Make the period [start, end)."""
    return DateTimeTZRange(start, end, "[)")


class PeriodEnd(Func):
    """The end of a period, computed by the database."""

    function = "UPPER"
    output_field = models.DateTimeField()


class OccupancyQuerySet(models.QuerySet["Occupancy"]):
    def overlapping(self, start: datetime, end: datetime) -> "OccupancyQuerySet":
        """List what meets [start, end), earliest first; no period is empty or endless.

        By its ends and not by `&&`: of a kit's years few rows end after `start`, and their index finds them.
        """
        return self.filter(period__endswith__gt=start, period__startswith__lt=end).order_by("period", "pk")


class Occupancy(models.Model):
    """Who has a kit and from when to when, buffers included: the one table that answers "is it free?".

    A ready hold, a loan and a block each own one row, so that one constraint keeps them all apart.
    """

    kit = models.ForeignKey(  # looked up by the index of its ends
        Kit, models.PROTECT, related_name="occupancies", db_index=False
    )
    period = DateTimeRangeField()
    hold = models.OneToOneField("lending.Hold", models.CASCADE, null=True, blank=True)
    loan = models.OneToOneField("lending.Loan", models.CASCADE, null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # of a block: bench, works, exhibition

    objects: ClassVar[OccupancyQuerySet] = OccupancyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "occupancies"
        constraints = [
            ExclusionConstraint(
                name="no_overlapping_occupancy_of_a_kit",
                expressions=[("kit", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(hold__isnull=False, loan__isnull=True, reason="")
                | Q(hold__isnull=True, loan__isnull=False, reason="")
                | Q(hold__isnull=True, loan__isnull=True) & ~Q(reason=""),
                name="an_occupancy_is_a_hold_a_loan_or_a_block",
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False)
                & Q(period__lower_inc=True, period__upper_inc=False),
                name="an_occupancy_is_a_half_open_period",
            ),
        ]
        indexes = [models.Index("kit", PeriodEnd("period"), name="occupancies_of_a_kit_by_end")]
        triggers = [
            pgtrigger.Trigger(  # when the transaction ends; what it asks is in migration 0008
                name="an_occupancy_agrees_with_its_owner",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                func="""
                IF TG_OP <> 'INSERT' THEN
                  PERFORM lending_check_loan(OLD.loan_id), lending_check_hold(OLD.hold_id);
                END IF;
                IF TG_OP <> 'DELETE' THEN
                  PERFORM lending_check_loan(NEW.loan_id), lending_check_hold(NEW.hold_id);
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kit} {self.period}"

    @property
    def starts_at(self) -> datetime:
        """When the kit is put aside."""
        start: datetime = self.period.lower
        return start

    @property
    def ends_at(self) -> datetime:
        """When the kit is free again."""
        end: datetime = self.period.upper
        return end

    def set_period(self, start: datetime, end: datetime) -> None:
        """Change the period; the database refuses one that meets another row of the kit."""
        self.period = half_open(start, end)
        self.save(update_fields=["period"])
