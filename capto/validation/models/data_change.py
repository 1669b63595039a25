from django.db import models

from capto.validation.models.calibration import Calibration
from capto.validation.models.set_aside import SetAside


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

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.reason}"
