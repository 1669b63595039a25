from __future__ import annotations

from typing import Any

from django.db import models

from dashboards.episodes.models import Episode


class EpisodeReview(models.Model):
    """The page after an episode: what was announced, measured, pledged and done, frozen when it appears."""

    episode = models.OneToOneField(Episode, models.PROTECT, related_name="review")  # its first day
    first_day = models.DateField()
    last_day = models.DateField()
    published_at = models.DateTimeField()
    measured: Any = models.JSONField(default=dict)
    is_simulated = models.BooleanField(default=False)

    class Meta:
        ordering = ["-first_day", "pk"]
