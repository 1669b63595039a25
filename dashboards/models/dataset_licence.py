from datetime import datetime
from typing import Self

from django.db import models

from dashboards.open_data.licences import LICENCES, Licence


class DatasetLicenceQuerySet(models.QuerySet["DatasetLicence"]):
    """Reads of the decisions about licences."""

    def in_force(self, *, now: datetime) -> Self:
        """Give for each dataset its latest decision."""
        return self.filter(decided_at__lte=now).order_by("dataset", "-decided_at", "-pk").distinct("dataset")


class DatasetLicence(models.Model):
    """Under which licence a dataset is published, by a recorded decision; a later row replaces an earlier one.

    `dataset` is the name of a source of the open data (`hourly`, `reference`, ...).
    """

    dataset = models.CharField(max_length=20)
    licence = models.CharField(
        max_length=20, choices=[(code, known.title) for code, known in LICENCES.items()]
    )
    decided_at = models.DateTimeField()
    reason = models.CharField(max_length=300)

    objects = DatasetLicenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(dataset="reference") | models.Q(licence="lov2"),
                name="reference_values_keep_the_licence_of_their_source",
            ),
            models.CheckConstraint(
                condition=models.Q(licence__in=list(LICENCES)), name="a_dataset_has_a_known_licence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.licence}"

    @classmethod
    def of(cls, dataset: str, *, now: datetime) -> Licence:
        """Give the licence of a dataset; raises DatasetLicence.DoesNotExist where none was decided."""
        return LICENCES[cls.objects.in_force(now=now).get(dataset=dataset).licence]
