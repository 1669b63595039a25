from dashboards.episodes.models.episode import (
    ActNeeded,
    Episode,
    EpisodeChange,
    EpisodeLevel,
    EpisodeZone,
    UnknownLevel,
)
from dashboards.episodes.models.feed import EpisodeFeed

__all__ = [
    "ActNeeded",
    "Episode",
    "EpisodeChange",
    "EpisodeFeed",
    "EpisodeLevel",
    "EpisodeZone",
    "UnknownLevel",
]
