from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q

from capto.catalogue.models import Sensor
from capto.readings.models import Place, Placement, ReferenceStation

if TYPE_CHECKING:
    from capto.members.models import Person


class BenchFull(Exception):
    """All places beside the station are taken at some moment of the period."""


class SensorElsewhere(Exception):
    """The sensor is planned or stands elsewhere in the period."""


class NotPlanned(Exception):
    """Only a stay that is still a plan can begin or be given up."""


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

    @classmethod
    def plan(
        cls,
        sensor: Sensor,
        *,
        station: ReferenceStation,
        starts_at: datetime,
        ends_at: datetime,
        by: "Person | None" = None,
        note: str = "",
    ) -> "CoLocation":
        """Plan that a sensor will stand beside a station. Raises BenchFull and SensorElsewhere."""
        from capto.validation.models.bench import Bench, taken

        with transaction.atomic():
            # Two plans for the last place wait for each other on the station, two for one sensor on the sensor.
            ReferenceStation.objects.select_for_update(no_key=True).get(pk=station.pk)
            Sensor.objects.select_for_update(no_key=True).get(pk=sensor.pk)
            clash = cls.objects.filter(sensor=sensor, starts_at__lt=ends_at, ends_at__gt=starts_at).first()
            if clash is not None:
                raise SensorElsewhere(str(clash))
            if taken(station, starts_at=starts_at, ends_at=ends_at) >= Bench.places_of(station):
                raise BenchFull(str(station))
            return cls.objects.create(
                sensor=sensor, station=station, starts_at=starts_at, ends_at=ends_at, planned_by=by, note=note
            )

    def begin(self, *, now: datetime) -> Placement:
        """Open the placement at the bench: the sensor stands there now. Raises NotPlanned and SensorElsewhere."""
        with transaction.atomic():
            stay = CoLocation.objects.select_for_update(of=("self",), no_key=True).get(pk=self.pk)
            if stay.placement_id is not None:
                raise NotPlanned(str(self))
            standing = Placement.objects.filter(sensor=self.sensor, ends_at=None).first()
            if standing is not None:
                raise SensorElsewhere(str(standing.place))
            self.placement = Placement.objects.create(
                sensor=self.sensor,
                place=self._bench_place(),
                purpose=Placement.Purpose.CO_LOCATION,
                starts_at=now,
            )
            self.starts_at = now
            if self.ends_at <= now:
                raise NotPlanned(f"{self} was over before it began")
            self.save(update_fields=["placement", "starts_at"])
            return self.placement

    def finish(self, *, now: datetime) -> None:
        """End the stay: the sensor leaves the bench. Raises NotPlanned where it never began."""
        if self.placement is None:
            raise NotPlanned(str(self))
        with transaction.atomic():
            if self.placement.ends_at is None:
                self.placement.end(at=now)
            self.ends_at = now
            self.save(update_fields=["ends_at"])

    def give_up(self) -> None:
        """Give up a plan. Raises NotPlanned where the sensor already stood there."""
        given_up, _ = CoLocation.objects.filter(pk=self.pk, placement=None).delete()
        if not given_up:
            raise NotPlanned(str(self))

    def _bench_place(self) -> Place:
        known = Place.objects.filter(kind=Place.Kind.BENCH, station=self.station).order_by("pk").first()
        if known is not None:
            return known
        station = self.station
        if station.latitude is None or station.longitude is None:
            raise SensorElsewhere(f"{station} has no position")
        return Place.at(
            station.latitude,
            station.longitude,
            precision_m=settings.PUBLISHED_CELL_METRES,
            kind=Place.Kind.BENCH,
            label=station.name,
            station=station,
            territory=station.territory,
        )
