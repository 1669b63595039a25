from django.db import models

from capto.catalogue.models import ObservedProperty
from capto.members.models import Territory


class ReferenceStation(models.Model):
    """A regulatory station, named by its national code (FR01011)."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    operator = models.CharField(max_length=200, blank=True)
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)
    siting = models.CharField(max_length=60, blank=True)  # urbaine, périurbaine, rurale
    influence = models.CharField(max_length=60, blank=True)  # fond, trafic, industrielle
    latitude = models.FloatField(null=True, blank=True)  # degrees, WGS 84
    longitude = models.FloatField(null=True, blank=True)
    is_simulated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class ReferenceSeries(models.Model):
    """One analyser of one station by one provider; two providers are never merged into one series.

    `discriminant` tells several analysers of one quantity on one site apart (column of the same name in E2).
    """

    station = models.ForeignKey(ReferenceStation, models.PROTECT, related_name="series")
    property = models.ForeignKey(ObservedProperty, models.PROTECT)
    provider = models.CharField(max_length=40)
    discriminant = models.CharField(max_length=10, blank=True)
    licence = models.CharField(max_length=40, default="lov2")  # of the provider's data

    class Meta:
        verbose_name_plural = "reference series"
        constraints = [
            models.UniqueConstraint(
                fields=["station", "property", "provider", "discriminant"],
                name="one_reference_series_per_analyser_and_provider",
            )
        ]

    def __str__(self) -> str:
        return f"{self.station.code} {self.property_id} {self.discriminant}".strip()


class ReferenceValue(models.Model):
    """One hour [hour, hour + 1 h) of one reference series, in the unit of its quantity."""

    pk = models.CompositePrimaryKey("series_id", "hour")
    series = models.ForeignKey(ReferenceSeries, models.PROTECT, db_index=False, related_name="+")
    hour = models.DateTimeField()
    value = models.FloatField()  # unrounded where the provider gives it
    rounded_value = models.FloatField(null=True)
    validity = models.SmallIntegerField(default=1)  # EIONET observation validity, 1 to 4
    value_type = models.CharField(max_length=40, blank=True)  # moyenne horaire brute or validée
    quality_code = models.CharField(max_length=4, blank=True)
    imported_at = models.DateTimeField()

    class Meta:
        db_table = "readings_reference_value"


class ReferenceValueChange(models.Model):
    """A revision of a past reference value by its provider; `new_value` is null where it was withdrawn."""

    series = models.ForeignKey(ReferenceSeries, models.PROTECT, related_name="+")
    hour = models.DateTimeField()
    changed_at = models.DateTimeField()
    old_value = models.FloatField()
    new_value = models.FloatField(null=True)
    old_validity = models.SmallIntegerField()
    new_validity = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "readings_reference_value_change"
        indexes = [models.Index(fields=["series", "hour"])]
