"""What devices send together: one row of `readings_layout` for each set of (quantity, variant, channel)."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import psycopg

LONGEST_NAME = 20  # characters of a variant or a channel, as the columns have them
MOST_CHANNELS = 200  # of one layout
MOST_LAYOUTS = 30_000  # the key is a smallint; a device that sends another set each time must not use it up
CACHED_KEYS = 50_000

Names = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]  # quantities, variants, channels

# Figures of a device's health that are stored with its values: a fall of the counters means a restart.
HEALTH = ("battery_pct", "battery_v", "rssi", "snr", "uptime", "boot_count", "message_count")


# Where a home is, to the metre: never stored, as no placement is mobile. The published cell is the placement's.
NEVER_STORED = frozenset({"latitude", "longitude", "altitude"})


class Layout(NamedTuple):
    """How to store what a device sends together, followed by the figures `health` of its status.

    `pick` takes the values in the order of the layout, None where that is their order already; `positions` are
    those it takes; `refused` are quantities that no row describes. `id` is None where nothing can be stored.
    """

    id: int | None
    health: tuple[str, ...]
    pick: Callable[[Sequence[Any]], tuple[Any, ...]] | None
    positions: tuple[int, ...]
    refused: tuple[str, ...]


class Layouts:
    """Find or make the layout of a message; a set of channels has one layout, whatever their order."""

    def __init__(self) -> None:
        self._known: dict[tuple[Names, tuple[str, ...]], Layout] = {}
        self._ids: dict[str, int] = {}

    def of(self, names: Names, status: tuple[str, ...], connection: psycopg.Connection) -> Layout:
        """Find the layout of these channels with the health among these keys of a status; make it where new."""
        try:
            return self._known[names, status]
        except KeyError:
            pass
        if len(self._known) >= CACHED_KEYS:
            self._known.clear()
        layout = self._known[names, status] = self._find_or_make(names, status, connection)
        return layout

    def _find_or_make(self, names: Names, status: tuple[str, ...], connection: psycopg.Connection) -> Layout:
        described = {code for (code,) in connection.execute("SELECT code FROM catalogue_observedproperty")}
        health = tuple(figure for figure in HEALTH if figure in status and figure not in names[0])
        first_of: dict[tuple[str, str, str], int] = {}
        refused = []
        all_channels = [*zip(*names, strict=True), *((figure, "", "") for figure in health)]
        for position, channel in enumerate(all_channels):
            quantity, variant, name = channel
            if quantity in NEVER_STORED:
                continue
            if quantity not in described or len(first_of) >= MOST_CHANNELS:
                refused.append(quantity)
            elif not (_is_name(variant) and _is_name(name)):
                refused.append(f"{quantity}/{variant}/{name}")
            else:
                first_of.setdefault(channel, position)
        channels = sorted(first_of)
        positions = tuple(first_of[channel] for channel in channels)
        layout_id = self._id_of(channels, connection) if channels else None
        is_in_order = positions == tuple(range(len(all_channels)))
        return Layout(
            layout_id, health, None if is_in_order else _picker(positions), positions, tuple(refused)
        )

    def _id_of(self, channels: list[tuple[str, str, str]], connection: psycopg.Connection) -> int | None:
        signature = ";".join("/".join(channel) for channel in channels)
        if signature in self._ids:
            return self._ids[signature]
        find = "SELECT id FROM readings_layout WHERE signature = %s"
        found = connection.execute(find, (signature,)).fetchone()
        if found is None:
            (count,) = connection.execute("SELECT count(*) FROM readings_layout").fetchone() or (0,)
            if count >= MOST_LAYOUTS:
                return None
            with connection.transaction():
                made = connection.execute(
                    "INSERT INTO readings_layout (signature) VALUES (%s)"
                    " ON CONFLICT (signature) DO NOTHING RETURNING id",
                    (signature,),
                ).fetchone()
                if made is not None:
                    rows = [(made[0], place, *channel) for place, channel in enumerate(channels, start=1)]
                    connection.cursor().executemany(
                        "INSERT INTO readings_layoutchannel (layout_id, position, property_id, variant, channel)"
                        " VALUES (%s, %s, %s, %s, %s)",
                        rows,
                    )
            found = made or connection.execute(find, (signature,)).fetchone()
            assert found is not None
        self._ids[signature] = found[0]
        return int(found[0])


def _is_name(text: str) -> bool:
    return len(text) <= LONGEST_NAME and text.isprintable() and "/" not in text and ";" not in text


def _picker(positions: tuple[int, ...]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda values: tuple(values[position] for position in positions)
