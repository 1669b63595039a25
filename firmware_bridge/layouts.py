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


class Layout(NamedTuple):
    """How to store what a device sends together: `pick` takes its values in the order of the layout.

    `pick` is None where the order is already that one; `refused` are quantities that no row describes.
    """

    id: int
    pick: Callable[[Sequence[Any]], tuple[Any, ...]] | None
    positions: tuple[int, ...]
    refused: tuple[str, ...]


class Layouts:
    """Find or make the layout of a message; a set of channels has one layout, whatever their order."""

    def __init__(self) -> None:
        self._known: dict[Names, Layout | None] = {}
        self._ids: dict[str, int] = {}
        self._quantities: set[str] = set()

    def forget(self) -> None:
        """Forget what is known: observed properties may have been added."""
        self._known.clear()

    def known(self, names: Names) -> Layout | None:
        """Find a layout that was met before; raises KeyError for a new one."""
        return self._known[names]

    def find_or_make(self, names: Names, connection: psycopg.Connection) -> Layout | None:
        """Find the layout of these channels, with a new row where needed; None where nothing can be stored."""
        self._quantities = {
            code for (code,) in connection.execute("SELECT code FROM catalogue_observedproperty")
        }
        first_of: dict[tuple[str, str, str], int] = {}
        refused = []
        for position, channel in enumerate(zip(*names, strict=True)):
            quantity, variant, name = channel
            if quantity not in self._quantities:
                refused.append(quantity)
            elif not (_is_name(variant) and _is_name(name)):
                refused.append(f"{quantity}/{variant}/{name}")
            elif len(first_of) >= MOST_CHANNELS:
                refused.append(quantity)
            else:
                first_of.setdefault(channel, position)
        layout = None
        if first_of:
            channels = sorted(first_of)
            positions = tuple(first_of[channel] for channel in channels)
            layout_id = self._id_of(channels, connection)
            if layout_id is not None:
                in_order = positions == tuple(range(len(names[0])))
                pick = None if in_order else _picker(positions)
                layout = Layout(layout_id, pick, positions, tuple(refused))
        if len(self._known) >= CACHED_KEYS:
            self._known.clear()
        self._known[names] = layout
        return layout

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
    (only,) = positions
    return lambda values: (values[only],)
