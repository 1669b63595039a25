from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capto.members.models import Person
from dashboards.pledges.effect import KINDS
from dashboards.pledges.effect import Factor as Number
from dashboards.pledges.models.call import Call

NEVER_REWRITTEN = pgtrigger.Protect(
    name="is_never_rewritten",
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition("OLD.* IS DISTINCT FROM NEW.*"),
)


class FactorSet(models.Model):
    """A version of the numbers by which an effect is estimated. A set in use is never changed: a new one is added."""

    name = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="one_factor_set_per_version")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @classmethod
    def in_force(cls, *, on: date) -> FactorSet:
        """Give the set of a day: the latest one that is valid."""
        return cls.objects.filter(valid_from__lte=on).order_by("-valid_from", "-version")[:1].get()

    def numbers(self) -> dict[str, Number]:
        """Give the factors as plain numbers, by key; one query."""
        return {row.key: row.number() for row in self.factors.all()}


class Factor(models.Model):
    """One number with its interval, distribution, source and dates; `is_verified` where the source was read."""

    factor_set = models.ForeignKey(FactorSet, models.CASCADE, related_name="factors")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=160)
    name_en = models.CharField(max_length=160)
    unit = models.CharField(max_length=30)
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    distribution = models.CharField(max_length=12, choices=[(kind, kind) for kind in KINDS])
    source = models.CharField(max_length=300)
    valid_from = models.DateField()
    is_verified = models.BooleanField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["factor_set", "key"], name="one_factor_per_key_and_set"),
            models.CheckConstraint(
                condition=Q(low__lte=F("value")) & Q(high__gte=F("value")),
                name="a_factor_lies_in_its_interval",
            ),
        ]
        triggers = [NEVER_REWRITTEN]

    def __str__(self) -> str:
        return self.name if (get_language() or "fr").startswith("fr") else self.name_en

    def number(self) -> Number:
        """Give it as a plain number."""
        return Number(self.value, self.low, self.high, self.distribution)


class PublishedEffect(models.Model):
    """A published figure of one layer of one call: inputs, seed and version give the same numbers again."""

    class Layer(models.TextChoices):
        POTENTIAL = "potential", _("si toutes les personnes tenues le font")
        DECLARED = "declared", _("d’après ce qu’elles ont déclaré")

    call = models.ForeignKey(Call, models.CASCADE, related_name="effects")
    layer = models.CharField(max_length=10, choices=Layer)
    factor_set = models.ForeignKey(FactorSet, models.PROTECT, related_name="+")
    seed = models.BigIntegerField()
    draws = models.PositiveIntegerField()
    code_version = models.CharField(max_length=20)
    inputs: Any = models.JSONField()
    results: Any = models.JSONField()  # quantity -> [P5, P50, P95]
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ["call__day", "-layer"]
        constraints = [
            models.UniqueConstraint(fields=["call", "layer"], name="one_effect_per_call_and_layer")
        ]
        triggers = [NEVER_REWRITTEN]


class ExternalCount(models.Model):
    """What others counted outside on that day: the only source of the observed layer."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="counts")
    what = models.CharField(max_length=200)  # véhicules à six points de comptage
    unit = models.CharField(max_length=30)
    that_day = models.FloatField()
    usual = models.FloatField()  # on comparable days
    uncertainty = models.FloatField()  # of the difference, at 95 %
    comparison = models.CharField(max_length=300)  # which days it is compared with
    source = models.CharField(max_length=200)
    url = models.URLField(max_length=500)
    recorded_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(uncertainty__gte=0), name="an_uncertainty_is_not_negative")
        ]

    @property
    def difference(self) -> float:
        """Give that day minus the usual."""
        return self.that_day - self.usual

    @property
    def can_be_told(self) -> bool:
        """Whether the difference exceeds its uncertainty."""
        return abs(self.difference) > self.uncertainty

    @classmethod
    def record(cls, call: Call, *, by: Person | None, now: datetime, **told: Any) -> ExternalCount:
        """Record a count with its source."""
        return cls.objects.create(call=call, recorded_by=by, recorded_at=now, **told)
