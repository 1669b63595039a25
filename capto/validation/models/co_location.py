from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from capto.catalogue.models import Sensor
from capto.readings.models import Placement, ReferenceStation


class CoLocationQuerySet(models.QuerySet["CoLocation"]):
    def under_way(self, *, now: datetime) -> Self:
        """Give the stays that have begun and not ended."""
        return self.filter(starts_at__lte=now, ends_at__gt=now)


class CoLocation(models.Model):
    """A stay [starts_at, ends_at) of a sensor beside a reference station: planned, under way or over.

    `placement` is the sensor's placement at the bench; null while the stay is only planned.
    """

    sensor = models.ForeignKey(Sensor, models.PROTECT, related_name="co_locations")
    station = models.ForeignKey(ReferenceStation, models.PROTECT, related_name="co_locations")
    placement = models.ForeignKey(
        Placement, models.PROTECT, null=True, blank=True, related_name="co_locations"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.TextField(blank=True)
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = CoLocationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="a_co_location_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sensor} – {self.station.code}, {self.starts_at:%Y-%m-%d}"

    @classmethod
    def of(
        cls,
        placement: Placement,
        *,
        starts_at: datetime,
        ends_at: datetime,
        station: ReferenceStation | None = None,
    ) -> "CoLocation":
        """Record that a placement stood beside a station: that of its bench, or the given one.

        Raises ValueError where the place is no bench and no station is given.
        """
        beside = station or placement.place.station
        if beside is None:
            raise ValueError(f"{placement.place} is not a bench: name the station")
        return cls.objects.create(
            sensor=placement.sensor, station=beside, placement=placement, starts_at=starts_at, ends_at=ends_at
        )
