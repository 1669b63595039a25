import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models, transaction
from django.db.models import F, Func, Q

from capto.catalogue.models import ObservedProperty, Sensor
from capto.members.models import Territory
from capto.readings.hourly import mark_period
from capto.readings.published_cell import Cell, published_cell

PUBLIC_ID_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no sign that can be mistaken for another


def new_public_id() -> str:
    """Draw a random public id of a placement: 12 signs, about 59 bits; it reveals neither order nor person."""
    return "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(12))


class Place(models.Model):
    """Where a sensor stands. The exact position is private and short-lived; the published cell is for ever."""

    class Kind(models.TextChoices):
        HOME = "home"
        SCHOOL = "school"
        PUBLIC = "public"
        BENCH = "bench"  # beside a reference station

    kind = models.CharField(max_length=10, choices=Kind)
    label = models.CharField(max_length=120)  # what the public reads; never an address
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)
    latitude = models.FloatField(
        null=True, blank=True
    )  # degrees, WGS 84; private, removed when retention ends
    longitude = models.FloatField(null=True, blank=True)
    cell_latitude = models.FloatField()  # degrees, WGS 84; centre of the published cell
    cell_longitude = models.FloatField()
    precision_m = models.PositiveIntegerField()  # metres; the side of the published cell
    is_indoor = models.BooleanField(default=False)
    station = models.ForeignKey(
        "readings.ReferenceStation", models.PROTECT, null=True, blank=True, related_name="benches"
    )  # the station beside which a bench stands

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="bench") | Q(station__isnull=False), name="a_bench_stands_beside_a_station"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @classmethod
    def at(cls, latitude: float, longitude: float, *, precision_m: int, **fields: object) -> "Place":
        """Create a place whose published cell is that of the exact position (degrees, WGS 84)."""
        cell: Cell = published_cell(latitude, longitude, size_m=precision_m)
        return cls.objects.create(
            latitude=latitude,
            longitude=longitude,
            cell_latitude=cell.latitude,
            cell_longitude=cell.longitude,
            precision_m=precision_m,
            **fields,
        )


class Placement(models.Model):
    """One sensor, one place, one period [starts_at, ends_at). Readings hang on it, never on a person.

    `public_id` names it in pages and files. A sensor swapped in mid-loan makes a second placement with the same
    public id, so the column is not unique.
    """

    class Purpose(models.TextChoices):
        LOAN = "loan"
        CO_LOCATION = "co_location"
        PERMANENT = "permanent"
        DEVICE_TEST = "device_test"

    public_id = models.CharField(max_length=20, default=new_public_id, db_index=True)
    sensor = models.ForeignKey(Sensor, models.PROTECT, related_name="placements")
    place = models.ForeignKey(Place, models.PROTECT, related_name="placements")
    purpose = models.CharField(max_length=12, choices=Purpose, default=Purpose.LOAN)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    timezone = models.CharField(
        max_length=40, default="Europe/Paris"
    )  # for times that a device states without zone
    is_paused = models.BooleanField(default=False)  # what arrives is dropped, not hidden

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="a_placement_ends_after_it_starts",
            ),
            ExclusionConstraint(
                name="no_overlapping_placements_of_a_sensor",
                expressions=[
                    ("sensor", RangeOperators.EQUAL),
                    (
                        Func(
                            "starts_at",
                            "ends_at",
                            RangeBoundary(),
                            function="TSTZRANGE",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.UniqueConstraint(
                fields=["sensor"], condition=Q(ends_at__isnull=True), name="one_open_placement_per_sensor"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    def end(self, *, at: datetime) -> None:
        """End the placement; one that began at this very moment or later lasts a microsecond.

        Hours already summed up after that moment are marked: they belong to this placement no longer.
        """
        self.end_all([self], at=at)

    @classmethod
    def end_all(cls, placements: Iterable["Placement"], *, at: datetime) -> list["Placement"]:
        """End placements as `end` does, and give them; an end of its own for each that began at this moment."""
        ended = list(placements)
        for placement in ended:
            placement.ends_at = max(at, placement.starts_at + timedelta(microseconds=1))
        if ended:
            with transaction.atomic(savepoint=False):
                Placement.objects.bulk_update(ended, ["ends_at"])
                for placement in ended:
                    assert placement.ends_at is not None
                    mark_period(placement.sensor_id, start=placement.ends_at)
        return ended

    def pause(self, paused: bool) -> None:
        """Pause or resume: what arrives in a pause is dropped by the bridge, not hidden."""
        self.is_paused = paused
        self.save(update_fields=["is_paused"])

    def move_to(self, place: Place) -> None:
        """Correct where the sensor stands."""
        self.place = place
        self.save(update_fields=["place"])

    def reopen(self) -> None:
        """Take back an end; the database refuses it where the sensor stands elsewhere since.

        Hours that the sensor measured since are marked: they belong to this placement again.
        """
        with transaction.atomic():
            ended, self.ends_at = self.ends_at, None
            self.save(update_fields=["ends_at"])
            if ended is not None:
                mark_period(self.sensor_id, start=ended)


class Series(models.Model):
    """One quantity in one variant and channel of one placement; what hourly values belong to."""

    placement = models.ForeignKey(Placement, models.PROTECT, related_name="series")
    property = models.ForeignKey(ObservedProperty, models.PROTECT)
    variant = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(
                fields=["placement", "property", "variant", "channel"],
                name="one_series_per_quantity_of_a_placement",
            )
        ]

    def __str__(self) -> str:
        return "/".join(
            part for part in (str(self.placement_id), self.property_id, self.variant, self.channel) if part
        )
