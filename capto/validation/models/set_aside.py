from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from capto.readings.models import Series

if TYPE_CHECKING:
    from capto.members.models import Person


class NoReason(ValueError):
    """Hours are set aside, or taken back, with a reason that the public can read."""


class AlreadyLifted(Exception):
    """These hours were taken back already."""


class SetAsideQuerySet(models.QuerySet["SetAside"]):
    def standing(self) -> Self:
        """Give those that were not lifted."""
        return self.filter(lifted_at__isnull=True)


class SetAside(models.Model):
    """Hours [starts_at, ends_at) of a series that a person doubts: they stay published, flagged, with grade D.

    Nothing is deleted, and it can be lifted; who, when and why stay on both sides.
    """

    series = models.ForeignKey(Series, models.PROTECT, related_name="set_aside")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    set_by_name = models.CharField(max_length=200)  # stays when the account goes
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lifted_by_name = models.CharField(max_length=200, blank=True)
    lifted_reason = models.TextField(blank=True)

    objects = SetAsideQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "set aside"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="hours_set_aside_end_after_they_start"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="hours_are_set_aside_with_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"

    @classmethod
    def put(
        cls,
        series: Series,
        *,
        starts_at: datetime,
        ends_at: datetime,
        reason: str,
        now: datetime,
        by: "Person | None" = None,
        by_name: str = "",
    ) -> "SetAside":
        """Set hours of a series aside; `recompute.after_doubt` then publishes them flagged. Raises NoReason."""
        if not reason.strip():
            raise NoReason("say why these hours are set aside")
        return cls.objects.create(
            series=series,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason.strip(),
            set_at=now,
            set_by=by,
            set_by_name=by_name or (by.name if by else ""),
        )

    def lift(self, *, reason: str, now: datetime, by: "Person | None" = None, by_name: str = "") -> None:
        """Take the doubt back, with the reason. Raises NoReason, and AlreadyLifted."""
        if not reason.strip():
            raise NoReason("say why these hours are taken back")
        name = by_name or (by.name if by else "")
        lifted = (
            SetAside.objects.standing()
            .filter(pk=self.pk)
            .update(lifted_at=now, lifted_by=by, lifted_by_name=name, lifted_reason=reason.strip())
        )
        if not lifted:
            raise AlreadyLifted(str(self))
        self.refresh_from_db()
