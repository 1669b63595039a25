"""Which format a topic speaks: the topic filters that each format states of itself."""

from collections.abc import Iterable, Mapping

from paho.mqtt.client import topic_matches_sub

from firmware_bridge.formats import Format

CACHED_TOPICS = 100_000  # more topics than that are looked up again: bounds the memory


def _literal_levels(topic_filter: str) -> tuple[int, int]:
    levels = topic_filter.split("/")
    return sum(level not in "+#" for level in levels), len(levels)


class Routes:
    """Find the format of a topic; where two filters match, the one with more literal levels wins."""

    def __init__(self, formats: Mapping[str, Format]) -> None:
        pairs = [(topic_filter, format_) for format_ in formats.values() for topic_filter in format_.topics]
        self._pairs = sorted(pairs, key=lambda pair: _literal_levels(pair[0]), reverse=True)
        self._known: dict[str, Format | None] = {}

    @property
    def filters(self) -> Iterable[str]:
        """All topic filters, each once."""
        return dict.fromkeys(topic_filter for topic_filter, _ in self._pairs)

    def format_of(self, topic: str) -> Format | None:
        """Find the format of a topic, None where no filter matches."""
        try:
            return self._known[topic]
        except KeyError:
            pass
        found = next((format_ for filter_, format_ in self._pairs if topic_matches_sub(filter_, topic)), None)
        if len(self._known) >= CACHED_TOPICS:
            self._known.clear()
        self._known[topic] = found
        return found
