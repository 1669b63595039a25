from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class LevelQuerySet(models.QuerySet["Level"]):
    def in_force(self, *, pollutant: str, on: date) -> LevelQuerySet:
        """List the levels of a pollutant that hold on a day, the lowest first."""
        holds = Q(valid_to=None) | Q(valid_to__gt=on)
        return self.filter(holds, pollutant=pollutant, valid_from__lte=on).order_by("number")


class Level(models.Model):
    """One level of a scale of air quality for a pollutant, up to `upper` (inclusive, µg/m³; the last has no end).

    A row, never a constant: a new text is new rows and the end (`valid_to`) of the old ones. Pages call it an
    indicative level: the name of the official index belongs to what the approved associations compute.
    """

    class Statistic(models.TextChoices):
        DAILY_MEAN = "daily_mean", _("moyenne journalière")
        DAILY_MAXIMUM = "daily_maximum", _("maximum journalier des moyennes horaires")

    class Status(models.TextChoices):
        VERIFIED = "verified", _("lu dans la source nommée")
        TRANSCRIBED = "transcribed", _("lu dans une transcription")

    scale = models.CharField(max_length=20)  # FR
    pollutant = models.CharField(max_length=20)  # a quantity's code
    statistic = models.CharField(max_length=14, choices=Statistic)
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    colour = models.CharField(max_length=7)  # #rrggbb; only ever a swatch beside the name
    upper = models.FloatField(null=True, blank=True)  # µg/m³, inclusive
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)  # the first day on which it holds no more
    legal_reference = models.CharField(max_length=200)
    status = models.CharField(max_length=12, choices=Status)

    objects: ClassVar[LevelQuerySet] = LevelQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["scale", "pollutant", "valid_from", "number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="a_level_ends_after_it_starts",
            ),
            models.UniqueConstraint(
                fields=["scale", "pollutant", "number", "valid_from"],
                name="one_level_per_number_and_first_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scale} {self.pollutant} {self.number}"


def level_of(value: float, levels: Iterable[Level]) -> Level | None:
    """Give the level in which a value (of the levels' own statistic) lies; None without levels.

    The value is rounded to the unit first, as the text states whole bounds: 20.4 is 20, 20.5 is 21.
    """
    rounded = int(max(value, 0.0) + 0.5)
    for level in sorted(levels, key=lambda level: level.number):
        if level.upper is None or rounded <= level.upper:
            return level
    return None
