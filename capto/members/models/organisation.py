from django.db import models
from django.db.models import Q


class Territory(models.Model):
    """An area that has a name and perhaps an official code: a commune, a district, a region."""

    name = models.CharField(max_length=200)
    insee_code = models.CharField(max_length=10, blank=True)  # code of the Code officiel géographique
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    population = models.PositiveIntegerField(null=True, blank=True)  # inhabitants, last census known

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["insee_code"], condition=~Q(insee_code=""), name="one_territory_per_insee_code"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """An association, a town, a school or a firm that takes part; its staff is scoped to it."""

    name = models.CharField(max_length=200, unique=True)
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)
    contact = models.TextField(blank=True)  # how to reach its people, as the pages show it
    welcome = models.TextField(blank=True)  # its own text on the borrowing pages, Markdown
    answers_within_days = models.PositiveSmallIntegerField(default=3)  # working days to answer a question
    is_simulated = models.BooleanField(default=False)  # made by `capto simulate`; every page says so

    def __str__(self) -> str:
        return self.name
