from django.db import models

from capto.catalogue.models import ObservedProperty
from capto.validation.models.calibration import Calibration
from capto.validation.models.set_aside import SetAside


class DataChangeQuerySet(models.QuerySet["DataChange"]):
    """Lines of the changelog, by what is asked of them."""

    def told(self) -> "DataChangeQuerySet":
        """Give the lines with their quantity, the latest first."""
        return self.select_related("calibration__property", "set_aside__series__property").order_by(
            "-at", "-id"
        )


class DataChange(models.Model):
    """A line of the changelog of the open data: what a decision changed, in hours and in size.

    `mean_difference` and `largest_difference` are of the absolute change of the published value, in its unit.
    """

    at = models.DateTimeField(db_index=True)
    calibration = models.ForeignKey(
        Calibration, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    set_aside = models.ForeignKey(SetAside, models.PROTECT, null=True, blank=True, related_name="changes")
    reason = models.CharField(max_length=200)
    hours_new = models.PositiveIntegerField()
    hours_changed = models.PositiveIntegerField()
    mean_difference = models.FloatField(null=True)  # null: no hour had a value before and after
    largest_difference = models.FloatField(null=True)

    objects = DataChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.reason}"

    @property
    def quantity(self) -> ObservedProperty | None:
        """The quantity whose figures changed."""
        if self.calibration is not None:
            return self.calibration.property
        return self.set_aside.series.property if self.set_aside is not None else None

    @property
    def kind(self) -> str:
        """What was decided: `calibration`, `set_aside`, or `` for neither."""
        return "calibration" if self.calibration_id else "set_aside" if self.set_aside_id else ""
