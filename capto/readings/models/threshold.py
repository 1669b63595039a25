from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ThresholdQuerySet(models.QuerySet["Threshold"]):
    def in_force(self, *, on: date) -> ThresholdQuerySet:
        """List the values that hold on a day; those of several jurisdictions may hold at once."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=on), valid_from__lte=on)

    def to_come(self, *, after: date) -> ThresholdQuerySet:
        """List the values that will hold from a later day on."""
        return self.filter(valid_from__gt=after)


class Threshold(models.Model):
    """A value set by a text of law or recommended by the WHO, from a day until another: a row, never a constant.

    A change of the law is a new row and the end (`valid_to`, the first day on which it holds no more) of the old one.
    """

    class Kind(models.TextChoices):
        INFORMATION = "IR", _("information et recommandation")
        ALERT = "ALERTE", _("alerte")
        LIMIT = "VL", _("valeur limite")
        TARGET = "VC", _("valeur cible")
        OBJECTIVE = "OQ", _("objectif de qualité")
        LONG_TERM = "OLT", _("objectif à long terme")
        VEGETATION = "NC", _("niveau critique pour la végétation")
        GUIDELINE = "OMS", _("ligne directrice de l’OMS")

    class Status(models.TextChoices):
        VERIFIED = "verified", _("lu dans la source nommée")
        TRANSCRIBED = "transcribed", _("lu dans une transcription")
        MEMORY = "memory", _("à vérifier")

    jurisdiction = models.CharField(max_length=10)  # FR, EU, WHO
    pollutant = models.CharField(max_length=20)  # a quantity's code; some are observed nowhere here
    kind = models.CharField(max_length=6, choices=Kind)
    statistic = models.CharField(max_length=120)  # moyenne horaire, moyenne journalière, ...
    statistic_en = models.CharField(max_length=120)
    value = models.FloatField()
    unit = models.CharField(max_length=12, default="µg/m³")
    allowed_exceedances = models.PositiveSmallIntegerField(null=True, blank=True)
    per = models.CharField(max_length=40, blank=True)  # in what period these are allowed
    decimals = models.PositiveSmallIntegerField(default=0)  # to which a value is rounded before comparing
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    legal_reference = models.CharField(max_length=200)
    status = models.CharField(max_length=12, choices=Status)

    objects: ClassVar[ThresholdQuerySet] = ThresholdQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["pollutant", "jurisdiction", "kind", "statistic", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="a_threshold_ends_after_it_starts",
            ),
            models.UniqueConstraint(
                fields=["jurisdiction", "pollutant", "kind", "statistic", "valid_from"],
                name="one_threshold_per_statistic_and_first_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jurisdiction} {self.pollutant} {self.kind} {self.value:g}"

    def is_exceeded_by(self, value: float) -> bool:
        """Whether a value of this statistic is above: rounded to the threshold's own precision first.

        Halves go away from zero: 50.5 is 51 and exceeds 50, 50.4 is 50 and does not.
        """
        scale = 10**self.decimals
        rounded = int(abs(value) * scale + 0.5) / scale * (1 if value >= 0 else -1)
        return bool(rounded > self.value)
