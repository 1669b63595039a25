from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

import pgtrigger
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Max, Q

import calibration as library
from capto.catalogue.models import ObservedProperty, Sensor, SensorModel
from capto.readings.models import ReferenceSeries
from capto.validation.models.co_location import CoLocation

if TYPE_CHECKING:
    from capto.members.models import Person

SINGLE_VALID: Final = timedelta(
    days=183
)  # [P] calibration.md, section 9: one co-location at most 6 months old


class NotADraft(Exception):
    """Only a draft can be approved or refused."""


class CalibrationQuerySet(models.QuerySet["Calibration"]):
    def approved(self) -> Self:
        """Give the calibrations in force, on which values may be published."""
        return self.filter(status=Calibration.Status.APPROVED)


class Calibration(models.Model):
    """A version of the correction of a channel of one sensor, or of a sensor model: immutable, approved or not.

    `model` is the JSON of `calibration.Model`: method, coefficients, covariance, domain. A correction of a sensor
    model (`sensor` null) rests on no co-location of the unit itself and gives grade C at best.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        REFUSED = "refused"
        SUPERSEDED = "superseded"

    sensor = models.ForeignKey(Sensor, models.PROTECT, null=True, blank=True, related_name="calibrations")
    sensor_model = models.ForeignKey(
        SensorModel, models.PROTECT, null=True, blank=True, related_name="calibrations"
    )
    property = models.ForeignKey(ObservedProperty, models.PROTECT)
    variant = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    version = models.PositiveIntegerField()
    co_location = models.ForeignKey(
        CoLocation, models.PROTECT, null=True, blank=True, related_name="calibrations"
    )
    reference_series = models.ForeignKey(ReferenceSeries, models.PROTECT, null=True, blank=True)
    method = models.CharField(max_length=60)
    model = models.JSONField()
    code_version = models.CharField(max_length=40)
    checksum = models.CharField(max_length=64, blank=True)  # SHA-256 of the pairs of the fit
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=200, blank=True)  # stays when the account goes
    reason = models.TextField(blank=True)

    objects = CalibrationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gt=F("valid_from")), name="a_calibration_is_valid_for_a_time"
            ),
            models.CheckConstraint(
                condition=Q(sensor__isnull=False, sensor_model__isnull=True, co_location__isnull=False)
                | Q(sensor__isnull=True, sensor_model__isnull=False, co_location__isnull=True),
                name="a_calibration_is_of_a_sensor_with_its_stay_or_of_a_model",
            ),
            models.UniqueConstraint(
                fields=["sensor", "sensor_model", "property", "variant", "channel", "version"],
                nulls_distinct=False,
                name="one_calibration_per_version",
            ),
            models.UniqueConstraint(
                fields=["co_location", "property", "variant", "channel"],
                condition=Q(status="approved", co_location__isnull=False),
                name="one_approved_calibration_per_stay_and_channel",
            ),
            models.UniqueConstraint(
                fields=["sensor_model", "property", "variant", "channel"],
                condition=Q(status="approved", sensor_model__isnull=False),
                name="one_approved_calibration_per_sensor_model_and_channel",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="a_calibration_is_immutable",
                fields=[
                    "sensor", "sensor_model", "property", "variant", "channel", "version", "co_location",
                    "reference_series", "method", "model", "code_version", "checksum", "valid_from", "valid_to",
                    "created_at",
                ],
            ),
            pgtrigger.Protect(name="a_calibration_is_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.sensor or self.sensor_model} {self.property_id} v{self.version}"

    @classmethod
    def draft(
        cls,
        fitted: library.Model,
        *,
        co_location: CoLocation,
        quantity: str,
        variant: str,
        channel: str,
        reference_series: ReferenceSeries,
        now: datetime,
        by: Person | None = None,
    ) -> Calibration:
        """Keep a fitted model as the next version of a channel's calibration; it publishes nothing yet.

        Valid from the beginning of the stay until six months after its end.
        """
        with transaction.atomic():
            sensor = Sensor.objects.select_for_update(no_key=True).get(pk=co_location.sensor_id)
            key = {"sensor": sensor, "property_id": quantity, "variant": variant, "channel": channel}
            last = cls.objects.filter(**key).aggregate(last=Max("version"))["last"] or 0
            return cls.objects.create(
                **key,
                version=last + 1,
                co_location=co_location,
                reference_series=reference_series,
                method=fitted.method,
                model=fitted.to_dict(),
                code_version=fitted.code_version,
                checksum=fitted.checksum,
                valid_from=co_location.starts_at,
                valid_to=co_location.ends_at + SINGLE_VALID,
                created_at=now,
                created_by=by,
            )

    def fitted(self) -> library.Model:
        """Give the model as the calibration library applies it."""
        return library.Model.from_dict(self.model)

    def hours_touched(self, *, now: datetime) -> tuple[datetime, datetime]:
        """Give the period whose hours rest, or would rest, on this version alone or with its neighbours in time."""
        if self.co_location is None:
            return self.valid_from, min(self.valid_to, now)
        stays = CoLocation.objects.filter(
            sensor=self.sensor_id,
            calibrations__in=Calibration.objects.approved().filter(
                property=self.property, variant=self.variant, channel=self.channel
            ),
        ).exclude(pk=self.co_location.pk)
        before = stays.filter(starts_at__lt=self.co_location.starts_at).order_by("-starts_at").first()
        after = stays.filter(starts_at__gt=self.co_location.starts_at).order_by("starts_at").first()
        start = min(self.valid_from, before.starts_at if before else self.valid_from)
        return start, min(after.ends_at, now) if after else now

    def replaces(self) -> CalibrationQuerySet:
        """Give the approved version of the same stay or sensor model and channel, which an approval supersedes."""
        return Calibration.objects.approved().filter(
            co_location=self.co_location,
            sensor_model=self.sensor_model,
            property=self.property,
            variant=self.variant,
            channel=self.channel,
        )

    def approve(self, *, reason: str, now: datetime, by: Person | None = None, by_name: str = "") -> None:
        """Let values be published on this version; the one that it replaces is superseded.

        The hours that it touches are recomputed by `recompute.after_decision`, after the commit. Raises NotADraft.
        """
        with transaction.atomic():
            self._lock_draft()
            self.replaces().update(status=self.Status.SUPERSEDED)
            self._decide(self.Status.APPROVED, reason=reason, now=now, by=by, by_name=by_name)

    def refuse(self, *, reason: str, now: datetime, by: Person | None = None, by_name: str = "") -> None:
        """Keep the version with the reason why it is not used. Raises NotADraft."""
        with transaction.atomic():
            self._lock_draft()
            self._decide(self.Status.REFUSED, reason=reason, now=now, by=by, by_name=by_name)

    def _lock_draft(self) -> None:
        current = Calibration.objects.select_for_update(no_key=True).get(pk=self.pk)
        if current.status != self.Status.DRAFT:
            raise NotADraft(f"{self} is {current.status}")

    def _decide(self, status: str, *, reason: str, now: datetime, by: Person | None, by_name: str) -> None:
        self.status = status
        self.decided_at = now
        self.decided_by = by
        self.decided_by_name = by_name or (by.name if by else "")
        self.reason = reason
        self.save(update_fields=["status", "decided_at", "decided_by", "decided_by_name", "reason"])
