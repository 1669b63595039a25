"""What is public, as rows to read: two views of the database, and nothing of a person in either."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Max, Q

EXEMPLARY = timedelta(days=3)  # how far back the method looks for an hour to explain
RECENT = timedelta(hours=3)  # a value older than this is not "now"


class PublishedSeriesQuerySet(models.QuerySet["PublishedSeries"]):
    """Reads of the public series."""

    def of_place(self, public_id: str) -> Self:
        """Give every series of a place, one that was swapped in mid-loan included."""
        return self.filter(public_id=public_id).exclude(purpose="co_location")

    def standing(self, *, now: datetime) -> Self:
        """Give the series of places where a sensor stands at this time."""
        return self.exclude(purpose="co_location").filter(
            Q(public_until=None) | Q(public_until__gt=now), public_from__lte=now
        )


class PublishedSeries(models.Model):
    """A series that anyone may read, with its published cell; the period is [public_from, public_until)."""

    series_id = models.BigIntegerField(primary_key=True)
    property = models.ForeignKey("catalogue.ObservedProperty", models.DO_NOTHING, related_name="+")
    variant = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    placement_id = models.BigIntegerField()
    public_id = models.CharField(max_length=20)
    purpose = models.CharField(max_length=12)
    public_from = models.DateTimeField()
    public_until = models.DateTimeField(null=True)
    kind = models.CharField(max_length=10)
    label = models.CharField(max_length=120)
    latitude = models.FloatField()  # degrees, WGS 84; centre of the published cell
    longitude = models.FloatField()
    precision_m = models.PositiveIntegerField()  # metres; the side of the published cell
    station = models.ForeignKey("readings.ReferenceStation", models.DO_NOTHING, null=True, related_name="+")
    territory_id = models.BigIntegerField(null=True)
    commune = models.CharField(max_length=200)
    insee_code = models.CharField(max_length=10)
    sensor_model = models.ForeignKey("catalogue.SensorModel", models.DO_NOTHING, related_name="+")
    is_simulated = models.BooleanField()

    objects = PublishedSeriesQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "dashboards_published_series"


class PublishedHourQuerySet(models.QuerySet["PublishedHour"]):
    """Reads of the public hours."""

    def between(self, start: datetime, end: datetime) -> Self:
        """Give the hours that start in [start, end)."""
        return self.filter(hour__gte=start, hour__lt=end)

    def of_place(self, public_id: str, *, quantity: str) -> Self:
        """Give the hours of a quantity at a place, in the order of time."""
        return self.filter(public_id=public_id, property_id=quantity).order_by("hour")

    def explained(self, public_id: str, *, quantity: str, hour: datetime) -> "PublishedHour | None":
        """Give the one value that a page shows for an hour of a place: the calibrated series before any other."""
        return (
            self.of_place(public_id, quantity=quantity)
            .exclude(purpose="co_location")
            .filter(hour=hour)
            .select_related("property")
            .order_by(F("calibration_id").asc(nulls_last=True), "variant", "channel")
            .first()
        )

    def now(self, *, quantity: str, now: datetime) -> Self:
        """Give for each place its one latest hour of a quantity, the calibrated series before any other."""
        return (
            self.between(now - RECENT - timedelta(hours=1), now)
            .filter(property_id=quantity)
            .exclude(purpose="co_location")
            .order_by(
                "public_id", F("calibration_id").asc(nulls_last=True), "-hour", "grade", "variant", "channel"
            )
            .distinct("public_id")
        )

    def exemplary(self, *, now: datetime) -> "PublishedHour | None":
        """Give a recent hour that has all that the method tells of: a calibration, an interval and a good grade."""
        return (
            self.between(now - EXEMPLARY, now)
            .filter(
                calibration_id__isnull=False, grade__in=("B", "C"), value__gt=1, property__is_pollutant=True
            )
            .exclude(purpose="co_location")
            .select_related("property")
            .order_by("-hour", "grade", "series_id")
            .first()
        )

    def latest_hour(self, *, now: datetime) -> datetime | None:
        """Give the latest hour of which anything is published."""
        found: datetime | None = self.between(now - timedelta(days=7), now).aggregate(hour=Max("hour"))[
            "hour"
        ]
        return found


class PublishedHour(models.Model):
    """One hourly value that anyone may read, with what a file says beside it."""

    pk = models.CompositePrimaryKey("series_id", "hour")
    series_id = models.BigIntegerField()
    hour = models.DateTimeField()
    raw_mean = models.FloatField()
    value = models.FloatField(null=True)
    expanded_uncertainty = models.FloatField(null=True)
    n = models.IntegerField()
    coverage = models.FloatField()
    flags = models.IntegerField()
    grade = models.CharField(max_length=1)
    calibration_id = models.IntegerField(null=True)
    second_calibration_id = models.IntegerField(null=True)  # of the bench after, where two bracket the hour
    is_provisional = models.BooleanField()
    computed_at = models.DateTimeField()
    code_version = models.CharField(max_length=40)
    property = models.ForeignKey("catalogue.ObservedProperty", models.DO_NOTHING, related_name="+")
    variant = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    placement_id = models.BigIntegerField()
    public_id = models.CharField(max_length=20)
    purpose = models.CharField(max_length=12)
    kind = models.CharField(max_length=10)
    label = models.CharField(max_length=120)
    latitude = models.FloatField()
    longitude = models.FloatField()
    precision_m = models.PositiveIntegerField()
    insee_code = models.CharField(max_length=10)
    is_simulated = models.BooleanField()

    objects = PublishedHourQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "dashboards_published_hour"
