"""Which format a topic speaks, and which device it names: as each format states of itself."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from paho.mqtt.client import topic_matches_sub

from firmware_bridge.formats import Format

CACHED_TOPICS = 100_000  # more topics than that are looked up again: bounds the memory


class Route(NamedTuple):
    """The format of a topic, and the device that the topic names where it names one."""

    format: Format
    device: str | None


def _literal_levels(topic_filter: str) -> tuple[int, int]:
    levels = topic_filter.split("/")
    return sum(level not in "+#" for level in levels), len(levels)


class Routes:
    """Find the route of a topic; where two filters match, the one with more literal levels wins."""

    def __init__(self, formats: Mapping[str, Format]) -> None:
        pairs = [(topic_filter, format_) for format_ in formats.values() for topic_filter in format_.topics]
        self._pairs = sorted(pairs, key=lambda pair: _literal_levels(pair[0]), reverse=True)
        self._known: dict[str, Route | None] = {}

    @property
    def filters(self) -> Iterable[str]:
        """All topic filters, each once."""
        return dict.fromkeys(topic_filter for topic_filter, _ in self._pairs)

    def of(self, topic: str) -> Route | None:
        """Find the route of a topic, None where no filter matches."""
        try:
            return self._known[topic]
        except KeyError:
            pass
        format_ = next(
            (format_ for filter_, format_ in self._pairs if topic_matches_sub(filter_, topic)), None
        )
        route = Route(format_, format_.device_from_topic(topic)) if format_ is not None else None
        if len(self._known) >= CACHED_TOPICS:
            self._known.clear()
        self._known[topic] = route
        return route
