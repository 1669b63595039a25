from datetime import datetime

from django.db import models

from dashboards.episodes.feeds import FEEDS


class EpisodeFeed(models.Model):
    """Where episodes are read from: an address, its format, and the names of the fields where they differ."""

    name = models.SlugField(max_length=60, unique=True)
    format = models.CharField(max_length=40, choices=[(name, name) for name in FEEDS])
    address = models.URLField(max_length=500)  # {day} stands for today, {until} for two days later
    source = models.CharField(max_length=120)  # who speaks, as pages say it
    page = models.URLField(max_length=500, blank=True)  # where people read the same
    licence = models.CharField(max_length=60, blank=True)
    fields = models.JSONField(default=dict, blank=True)  # our name of a field -> the feed's
    is_read = models.BooleanField(default=True)
    last_read_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name

    def note_read(self, *, now: datetime, problem: str = "") -> None:
        """Write when the feed was read last, or why it could not be."""
        if not problem:
            self.last_read_at = now
        self.last_problem = problem[:300]
        self.save(update_fields=["last_read_at", "last_problem"])
