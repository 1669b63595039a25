"""Sensors of other networks: what their open feeds say, kept apart from ours and never blended with it."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import CharField, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from capto.catalogue.models import ObservedProperty
from capto.readings.models.reference import ReferenceStation

NOT_COMPARED = "D"  # the grade of what nobody here has compared with a station


class Feed(models.Model):
    """An address of somebody else's server that is read again and again, and how the last reading went."""

    name = models.SlugField(max_length=60, unique=True)
    address = models.URLField(max_length=500)
    page = models.URLField(max_length=500, blank=True)  # where people read the same
    is_read = models.BooleanField(default=True)
    last_read_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def note_read(self, *, now: datetime, problem: str = "") -> None:
        """Write when the feed was read last, or why it could not be."""
        if not problem:
            self.last_read_at = now
        self.last_problem = problem[:300]
        self.save(update_fields=["last_read_at", "last_problem"])


class OpenFeed(Feed):
    """Where the readings of another network are read from, who publishes them, and under which licence."""

    class Format(models.TextChoices):
        SENSOR_COMMUNITY = "sensor_community"  # the JSON of data.sensor.community

    format = models.CharField(max_length=40, choices=Format, default=Format.SENSOR_COMMUNITY)
    address = models.URLField(max_length=500, blank=True)  # empty where only files are read
    provider = models.CharField(max_length=120)  # who publishes, as pages name it
    licence = models.CharField(max_length=60)  # as the provider states it
    licence_url = models.URLField(max_length=300, blank=True)
    is_simulated = models.BooleanField(default=False)


class ForeignSensor(models.Model):
    """A sensor of another network, at the position that its network publishes."""

    feed = models.ForeignKey(OpenFeed, models.CASCADE, related_name="sensors")
    key = models.CharField(max_length=40)  # its number in that network
    model = models.CharField(max_length=60, blank=True)
    latitude = models.FloatField()  # degrees, WGS 84
    longitude = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "key"], name="one_foreign_sensor_per_key_of_a_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.feed.provider} {self.key}"

    def compare(
        self, property: ObservedProperty, station: ReferenceStation, *, grade: str,
        expanded_uncertainty: float, valid_from: datetime, valid_until: datetime, by: str, now: datetime,
    ) -> "LocalComparison":  # fmt: skip
        """Record that this sensor was compared with a station here: for a time, its hours have that grade."""
        return LocalComparison.objects.create(
            sensor=self, property=property, station=station, grade=grade,
            expanded_uncertainty=expanded_uncertainty, valid_from=valid_from, valid_until=valid_until,
            decided_by=by, decided_at=now,
        )  # fmt: skip


class LocalComparison(models.Model):
    """A decision that a foreign sensor agrees with a station here well enough for B or C; never A.

    `expanded_uncertainty` (k = 2) is in the unit of the quantity; it holds in [valid_from, valid_until).
    """

    sensor = models.ForeignKey(ForeignSensor, models.CASCADE, related_name="comparisons")
    property = models.ForeignKey(ObservedProperty, models.PROTECT, related_name="+")
    station = models.ForeignKey(ReferenceStation, models.PROTECT, related_name="+")
    grade = models.CharField(max_length=1, choices=[("B", "B"), ("C", "C")])
    expanded_uncertainty = models.FloatField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    decided_by = models.CharField(max_length=120)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(grade__in=["B", "C"]), name="a_foreign_sensor_is_never_of_grade_a"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=F("valid_from")), name="a_local_comparison_ends_after_it_starts"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.sensor} {self.property_id} {self.grade}"


class ForeignHourQuerySet(models.QuerySet["ForeignHour"]):
    """Reads of the hours of other networks."""

    def graded(self) -> Self:
        """Add `grade` (D unless a comparison here is valid at the hour) and its `expanded_uncertainty`."""
        valid = LocalComparison.objects.filter(
            sensor=OuterRef("sensor"), property=OuterRef("property"),
            valid_from__lte=OuterRef("hour"), valid_until__gt=OuterRef("hour"),
        ).order_by("-decided_at", "-pk")  # fmt: skip
        return self.annotate(
            grade=Coalesce(
                Subquery(valid.values("grade")[:1]), Value(NOT_COMPARED), output_field=CharField()
            ),
            expanded_uncertainty=Subquery(valid.values("expanded_uncertainty")[:1]),
        )

    def now(self, *, quantity: str, now: datetime, recent: timedelta) -> Self:
        """Give for each foreign sensor its one latest hour of a quantity that is over and recent."""
        over = now - timedelta(hours=1)
        return (
            self.filter(property_id=quantity, hour__lte=over, hour__gte=over - recent)
            .select_related("sensor__feed", "property")
            .order_by("sensor_id", "-hour", "variant")
            .distinct("sensor_id")
        )


class ForeignHour(models.Model):
    """What one foreign sensor said in [hour, hour + 1 h): a count and a sum, in the unit of the quantity.

    Every row carries the licence that its provider stated when it was read.
    """

    sensor = models.ForeignKey(ForeignSensor, models.CASCADE, related_name="hours")
    property = models.ForeignKey(ObservedProperty, models.PROTECT, related_name="+")
    variant = models.CharField(max_length=20, blank=True)
    hour = models.DateTimeField()
    n = models.IntegerField()
    total = models.FloatField()
    last_observed_at = models.DateTimeField()  # what was observed until then is counted
    licence = models.CharField(max_length=60)

    objects = ForeignHourQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sensor", "property", "variant", "hour"], name="one_foreign_hour_per_sensor_and_quantity"
            ),
            models.CheckConstraint(condition=models.Q(n__gt=0), name="a_foreign_hour_counts_readings"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["property", "hour"], name="foreign_hours_of_a_quantity")]

    def __str__(self) -> str:
        return f"{self.sensor_id} {self.property_id} {self.hour:%Y-%m-%dT%HZ}"

    def mean(self) -> float:
        """Give the mean of what was said, in the unit of the quantity."""
        return self.total / self.n

    @classmethod
    def add(
        cls, sensor: ForeignSensor, *, quantity: str, variant: str, observed_at: datetime, value: float, licence: str
    ) -> bool:  # fmt: skip
        """Count one reading into its hour; tell whether it was new. A feed repeats what it said: once counts."""
        hour = observed_at.replace(minute=0, second=0, microsecond=0)
        with transaction.atomic():
            row, is_new = cls.objects.select_for_update().get_or_create(
                sensor=sensor, property_id=quantity, variant=variant, hour=hour,
                defaults={"n": 1, "total": value, "last_observed_at": observed_at, "licence": licence},
            )  # fmt: skip
            if is_new:
                return True
            if observed_at <= row.last_observed_at:
                return False
            row.n, row.total, row.last_observed_at, row.licence = (
                row.n + 1,
                row.total + value,
                observed_at,
                licence,
            )
            row.save(update_fields=["n", "total", "last_observed_at", "licence"])
            return True
