from django.db import models

from capto.readings.models import Feed
from dashboards.episodes.feeds import FEEDS


class EpisodeFeed(Feed):
    """Where episodes are read from: its format, who speaks, and the names of the fields where they differ.

    In the address `{day}` stands for today and `{until}` for two days later.
    """

    format = models.CharField(max_length=40, choices=[(name, name) for name in FEEDS])
    source = models.CharField(max_length=120)  # who speaks, as pages say it
    licence = models.CharField(max_length=60, blank=True)
    fields = models.JSONField(default=dict, blank=True)  # our name of a field -> the feed's
