from django.db import models


class ObservedProperty(models.Model):
    """What is observed, as a row: nitrate in water is added here, without a migration.

    `code` is the quantity of the wire formats (`pm25`); `unit` is a UCUM code, `unit_label` what people read.
    The plausible range is the one of the range check, in `unit`; null means unbounded.
    """

    class Medium(models.TextChoices):
        AIR = "air"
        WATER = "water"
        SOIL = "soil"
        NOISE = "noise"
        DEVICE = "device"  # the device's own health: battery, signal

    class Sampling(models.TextChoices):
        STREAM = "stream"
        HAND_SAMPLE = "hand_sample"  # a laboratory result comes later

    code = models.CharField(max_length=40, primary_key=True)
    medium = models.CharField(max_length=10, choices=Medium)
    sampling = models.CharField(max_length=12, choices=Sampling, default=Sampling.STREAM)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    unit = models.CharField(max_length=20)
    unit_label = models.CharField(max_length=20)
    plausible_minimum = models.FloatField(null=True, blank=True)
    plausible_maximum = models.FloatField(null=True, blank=True)
    is_pollutant = models.BooleanField(default=False)  # shown to the public as a result, not as context
    definition = models.URLField(blank=True)  # the term of a published vocabulary

    class Meta:
        verbose_name_plural = "observed properties"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(plausible_minimum__lt=models.F("plausible_maximum"))
                | models.Q(plausible_minimum=None)
                | models.Q(plausible_maximum=None),
                name="plausible_minimum_is_below_the_maximum",
            )
        ]

    def __str__(self) -> str:
        return self.name
