"""The open feed of Sensor.Community: a JSON list of what its sensors said in the last minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from .declared import NOTHING_DECLARED
from .decoded import Reading, Rejected, Undecodable
from .gathered import Gathered
from .json_text import load
from .numbers import NotANumber, NoValue, number
from .sensor_community import take_values, value_list
from .sensor_community_archive import prefix_of
from .times import NotATime, read_time

MAX_ENTRIES = 200_000  # the whole world in five minutes has some 30,000
_BARE_MASSES = frozenset({"P0", "P1", "P2", "P4"})


class FeedEntry(NamedTuple):
    """What one sensor of the feed said at one moment; degrees are those that the network publishes."""

    key: str
    model: str
    latitude: float
    longitude: float
    is_indoor: bool
    observed_at: datetime
    readings: list[Reading]


def read_feed(payload: bytes) -> tuple[list[FeedEntry], list[Rejected]]:
    """Read a document of the feed; an entry that cannot be read is refused alone.

    The times carry no zone and are UTC (from memory: no document of the network was at hand). Raises Undecodable.
    """
    found = load(payload)
    if not isinstance(found, list):
        raise Undecodable("the feed is a list of entries")
    entries: list[FeedEntry] = []
    gathered = Gathered()
    for index, entry in enumerate(found[:MAX_ENTRIES]):
        try:
            entries.append(_entry(entry, gathered, f"[{index}]"))
        except (_Unreadable, NotATime, NotANumber, NoValue) as error:
            gathered.refuse(f"[{index}]", str(error) or "a number is missing")
    return entries, gathered.rejected


class _Unreadable(ValueError):
    """What is wrong with one entry."""


def _entry(entry: Any, outer: Gathered, where: str) -> FeedEntry:
    sensor, location = _part(entry, "sensor"), _part(entry, "location")
    model = _part(sensor, "sensor_type").get("name")
    key = sensor.get("id")
    if not isinstance(key, int | str) or isinstance(key, bool) or not str(key).isalnum():
        raise _Unreadable("its sensor has no number")
    if not isinstance(model, str):
        raise _Unreadable("its sensor has no type")
    latitude, longitude = number(location.get("latitude")), number(location.get("longitude"))
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise _Unreadable("its position is not on Earth")
    observed_at, _assumed = read_time(entry.get("timestamp"), zone=UTC)
    gathered = Gathered()
    prefix = prefix_of(model)
    try:
        items = value_list(entry.get("sensordatavalues"), gathered)
    except Undecodable as error:
        raise _Unreadable(str(error)) from None
    named = [
        (f"{prefix}_{name}" if prefix and name in _BARE_MASSES else name, value) for name, value in items
    ]
    take_values(gathered, named, observed_at, declared=NOTHING_DECLARED)
    for refused in gathered.rejected:
        outer.refuse(f"{where} {refused.item}", refused.reason)
    return FeedEntry(
        str(key)[:40], model[:60], latitude, longitude, location.get("indoor") in (1, True, "1"), observed_at,
        gathered.decoded(None).readings,
    )  # fmt: skip


def _part(holder: Any, name: str) -> dict[str, Any]:
    part = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(part, dict):
        raise _Unreadable(f"it has no {name}")
    return part
