"""What someone beside the sensor said of it: kept with the readings, without their name."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.readings.models.placement import Placement


class RemarkQuerySet(models.QuerySet["Remark"]):
    def touching(self, placement_id: int, *, start: datetime, end: datetime) -> Self:
        """List the remarks on [start, end) of one placement, the oldest first."""
        return self.filter(placement=placement_id, starts_at__lt=end, ends_at__gt=start).order_by(
            "said_at", "pk"
        )


class Remark(models.Model):
    """What was said of [starts_at, ends_at) of one placement, in answer to what a check found (`about`, its code).

    The kind is public with the hours that it explains; `text` is not: it may say who was home.
    """

    class Kind(models.TextChoices):
        COOKING = "cooking", _("source proche du capteur (cuisine, feu)")
        MOVED = "moved", _("capteur déplacé")
        UNPLUGGED = "unplugged", _("capteur débranché")
        FIXED = "fixed", _("capteur remis en ordre")
        NORMAL = "normal", _("rien de particulier sur place")
        OTHER = "other", _("autre remarque")

    placement = models.ForeignKey(Placement, models.CASCADE, related_name="remarks")
    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=20, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    said_at = models.DateTimeField()
    text = models.CharField(max_length=500, blank=True)

    objects = RemarkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="a_remark_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["placement", "starts_at"], name="remarks_on_a_placement")]

    def __str__(self) -> str:
        return f"{self.placement} {self.kind} {self.starts_at:%Y-%m-%d %H:%M}"
