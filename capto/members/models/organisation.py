from django.db import models


class Territory(models.Model):
    """An area that has a name and perhaps an official code: a commune, a district, a region."""

    name = models.CharField(max_length=200)
    insee_code = models.CharField(max_length=10, blank=True)  # code of the Code officiel géographique
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["insee_code"], condition=~models.Q(insee_code=""), name="one_territory_per_insee_code"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """An association, a town, a school or a firm that takes part; its staff is scoped to it."""

    name = models.CharField(max_length=200, unique=True)
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)
    is_simulated = models.BooleanField(default=False)  # made by `capto simulate`; every page says so

    def __str__(self) -> str:
        return self.name
