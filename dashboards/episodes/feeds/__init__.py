"""What feeds say of episodes: pure functions from bytes to rows, one file per format."""

from dashboards.episodes.feeds import atmo_aura, atmo_france
from dashboards.episodes.feeds.entry import BadEntry, Entry, NotAFeed, Parse

FEEDS: dict[str, Parse] = {"atmo-france": atmo_france.parse, "atmo-aura": atmo_aura.parse}

__all__ = ["FEEDS", "BadEntry", "Entry", "NotAFeed", "Parse"]
