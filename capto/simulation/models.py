from django.db import models


class SimulatedCity(models.Model):
    """The one simulated city of this instance: what makes the past that was loaded and the present one city."""

    seed = models.BigIntegerField()
    opened_at = models.DateTimeField()  # when its history was first loaded; its episode is just before
    history_starts_at = models.DateTimeField()
    published_until = models.DateTimeField(
        null=True, blank=True
    )  # hours before it were computed after a loading

    class Meta:
        verbose_name_plural = "simulated cities"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="an_instance_has_one_simulated_city"),
        ]

    def __str__(self) -> str:
        return f"{self.seed} ({self.opened_at:%Y-%m-%d})"
