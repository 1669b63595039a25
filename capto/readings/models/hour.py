from django.contrib.postgres.fields import ArrayField
from django.db import models

from capto.catalogue.models import Sensor
from capto.readings.models.placement import Series


class DirtyHour(models.Model):
    """An hour of a sensor that new, late or replayed readings touched: written with them, removed when recomputed.

    Rows are only added and taken away; the same hour may stand here many times. A unique constraint would make
    the bridge wait for the transaction that recomputes.
    """

    sensor = models.ForeignKey(Sensor, models.CASCADE, db_index=False, related_name="+")
    hour = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "readings_dirty_hour"


class HourlyAggregate(models.Model):
    """Counts and sums of the raw values of one series in one hour [hour, hour + 1 h): a hypertable.

    `total` and `total_of_squares` are in the unit of the quantity and its square; means are derived, never stored.
    """

    pk = models.CompositePrimaryKey("series_id", "hour")
    series = models.ForeignKey(
        Series, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )  # a trigger on the series stands in for the constraint, which costs more than the row
    hour = models.DateTimeField()
    n = models.IntegerField()
    total = models.FloatField()
    total_of_squares = models.FloatField()
    minimum = models.FloatField()
    maximum = models.FloatField()

    class Meta:
        db_table = "readings_hourly_aggregate"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(n__gt=0), name="an_aggregate_counts_at_least_one_reading"
            ),
        ]


class HourlyValue(models.Model):
    """One published number: the hour [hour, hour + 1 h) of one series, replaced in place. A hypertable.

    `value` and `expanded_uncertainty` (k = 2, about 95 %) are in the unit of the quantity; `coverage` is a
    fraction of the readings expected; `flags` are the bits of `calibration.Flag`; `grade` is A to D. Where two
    co-locations bracket the hour, `calibration_id` is of the one before and `second_calibration_id` of the one
    after it.
    """

    pk = models.CompositePrimaryKey("series_id", "hour")
    series = models.ForeignKey(Series, models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    hour = models.DateTimeField()
    raw_mean = models.FloatField()
    value = models.FloatField(null=True)  # null: nothing can be stated for this hour
    expanded_uncertainty = models.FloatField(null=True)
    n = models.IntegerField()
    coverage = models.FloatField()
    flags = models.IntegerField(default=0)
    grade = models.CharField(max_length=1)
    calibration_id = models.IntegerField(null=True)  # of capto.validation, which lies above this package
    second_calibration_id = models.IntegerField(null=True)
    is_provisional = models.BooleanField(default=False)
    computed_at = models.DateTimeField()
    code_version = models.CharField(max_length=40)

    class Meta:
        db_table = "readings_hourly_value"


class Publication(models.Model):
    """That published hours between two, both included, were written: what long files see that they changed by.

    A row a writing, never changed: counting these is what a year of files costs, not counting its hours.
    """

    first_hour = models.DateTimeField()
    last_hour = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        db_table = "readings_publication"
        indexes = [models.Index(fields=["at"], name="readings_publication_at")]


class HourlyValueRevision(models.Model):
    """The published figures of one series that one recomputation changed, as arrays in the order of `hours`.

    A year of hours of a thousand sensors can change at once: a row for each would cost as much as the hours
    themselves. `HourlyValueChange` gives them one by one. An absent value is NaN and an absent calibration 0; a
    grade that is absent because the hour was not published before, or is no longer, is `-`.
    """

    series = models.ForeignKey(Series, models.PROTECT, related_name="+", db_index=False)
    first_hour = models.DateTimeField()
    last_hour = models.DateTimeField()
    changed_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    hours = ArrayField(models.DateTimeField())
    old_values = ArrayField(models.FloatField())
    new_values = ArrayField(models.FloatField())
    old_uncertainties = ArrayField(models.FloatField())
    new_uncertainties = ArrayField(models.FloatField())
    old_grades = models.TextField()  # one letter for each hour
    new_grades = models.TextField()
    old_calibrations = ArrayField(models.IntegerField())
    new_calibrations = ArrayField(models.IntegerField())
    old_second_calibrations = ArrayField(models.IntegerField())
    new_second_calibrations = ArrayField(models.IntegerField())

    class Meta:
        db_table = "readings_hourly_value_revision"
        indexes = [models.Index(fields=["series", "first_hour"], name="readings_ho_series__revision")]


class HourlyValueChange(models.Model):
    """A published figure that changed: what it was, what it is, and why (a view of the revisions)."""

    pk = models.CompositePrimaryKey("series_id", "hour", "changed_at")
    series = models.ForeignKey(Series, models.DO_NOTHING, related_name="+", db_constraint=False)
    hour = models.DateTimeField()
    changed_at = models.DateTimeField()
    old_value = models.FloatField(null=True)
    new_value = models.FloatField(null=True)
    old_expanded_uncertainty = models.FloatField(null=True)
    new_expanded_uncertainty = models.FloatField(null=True)
    old_grade = models.CharField(max_length=1, blank=True)
    new_grade = models.CharField(max_length=1, blank=True)
    old_calibration_id = models.IntegerField(null=True)
    new_calibration_id = models.IntegerField(null=True)
    old_second_calibration_id = models.IntegerField(null=True)
    new_second_calibration_id = models.IntegerField(null=True)
    reason = models.CharField(max_length=200)

    class Meta:
        managed = False
        db_table = "readings_hourly_value_change"
