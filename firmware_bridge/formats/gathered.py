"""What a decoder gathers while it reads a message item by item."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from .decoded import NO_VALUE, SENSOR_ERROR, Decoded, Reading, Rejected, TimeSource, join_flags
from .fields import Field
from .numbers import NotANumber, NoValue, number
from .texts import short_text
from .units import HEALTH_UNIT

MAX_REJECTED = (
    100  # items listed one by one; of the rest of a hostile message one line says that there are more
)
MAX_ITEM_CHARACTERS = 64  # of a key that the sender chose
MAX_CHANNEL_CHARACTERS = 20  # as the column of layouts


class Gathered:
    """Readings, status and refusals of one message; every refusal has its reason."""

    __slots__ = ("_sources", "readings", "rejected", "status")

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self._sources: list[str] = []
        self.rejected: list[Rejected] = []
        self.status: dict[str, Any] = {}

    def refuse(self, item: object, reason: str) -> None:
        """Refuse an item; its name is cut to MAX_ITEM_CHARACTERS, the list to MAX_REJECTED."""
        if len(self.rejected) < MAX_REJECTED:
            self.rejected.append(Rejected(str(item)[:MAX_ITEM_CHARACTERS], reason))
        elif len(self.rejected) == MAX_REJECTED:
            self.rejected.append(Rejected("…", "more items were refused than are listed"))

    def read(
        self,
        item: object,
        field: Field,
        raw: object,
        at: datetime,
        *,
        channel: str = "",
        source: str = "",
        flag: str = "",
        sentinels: Collection[float] = (),
        position: tuple[float, float, float | None] | None = None,
    ) -> None:
        """Take the reading of one item, or refuse it.

        A value (as sent) among `sentinels` is stored as None flagged `sensor_error`, null as None flagged
        `no_value`; a quantity of health goes to the status. `channel` is used where the field has none.
        `source` is the part of the device that measured; it becomes the channel where several parts give the
        same quantity and variant.
        """
        if field.quantity in HEALTH_UNIT:
            self._note_health(item, field, raw)
            return
        value: float | None = None
        try:
            figure = number(raw)
            if figure in sentinels:
                flag = join_flags(SENSOR_ERROR, flag)
            else:
                value = field.canonical(figure)
        except NoValue:
            flag = join_flags(NO_VALUE, flag)
        except NotANumber as error:
            self.refuse(item, str(error))
            return
        self._append(field, value, at, channel, source, flag, position)

    def failed(
        self, field: Field, at: datetime, *, channel: str = "", source: str = "", flag: str = ""
    ) -> None:
        """Take the reading of a sensor that says, in its format's way, that it failed."""
        self._append(field, None, at, channel, source, join_flags(SENSOR_ERROR, flag), None)

    def _note_health(self, item: object, field: Field, raw: object) -> None:
        try:
            self.note_number(item, field.quantity, field.canonical(number(raw)))
        except NoValue:
            return
        except NotANumber as error:
            self.refuse(item, str(error))

    def _append(
        self,
        field: Field,
        value: float | None,
        at: datetime,
        channel: str,
        source: str,
        flag: str,
        position: tuple[float, float, float | None] | None,
    ) -> None:
        name = (field.channel or channel)[:MAX_CHANNEL_CHARACTERS]
        self.readings.append(
            Reading(field.quantity, field.variant, name, value, field.unit, at, position, flag)
        )
        self._sources.append(source[:MAX_CHANNEL_CHARACTERS])

    def note_number(self, item: object, name: str, raw: object, *, divisor: float = 1.0) -> None:
        """Put a number into the status, whole where it is; null says nothing; refuse anything else."""
        try:
            figure = number(raw) / divisor
        except NoValue:
            return
        except NotANumber as error:
            self.refuse(item, str(error))
            return
        self.status[name] = int(figure) if figure.is_integer() else figure

    def note_text(self, item: object, name: str, raw: object) -> None:
        """Put a short text into the status; null says nothing; refuse anything else."""
        if raw is None:
            return
        text = short_text(raw)
        if text is None:
            self.refuse(item, "not text")
        else:
            self.status[name] = text

    def note_error(self, word: str) -> None:
        """Add a word to the device's error flags."""
        errors = self.status.setdefault("errors", [])
        if word not in errors:
            errors.append(word)

    def decoded(
        self,
        device: str | None,
        *,
        time_source: TimeSource = "received",
        message_id: str | None = None,
        mapping: str = "",
    ) -> Decoded:
        """Close the message: no two of its readings share quantity, variant, channel and moment."""
        readings = self.readings
        if len({_key(reading) for reading in readings}) < len(readings):
            readings = self._without_twins(self._with_shared_names_told_apart())
        return Decoded(device, readings, self.status, self.rejected, time_source, message_id, mapping)

    def _with_shared_names_told_apart(self) -> list[Reading]:
        sources: dict[tuple[object, ...], set[str]] = {}
        for reading, source in zip(self.readings, self._sources, strict=True):
            sources.setdefault(reading[:3], set()).add(source)
        return [
            reading._replace(channel=source)
            if not reading.channel and source and len(sources[reading[:3]]) > 1
            else reading
            for reading, source in zip(self.readings, self._sources, strict=True)
        ]

    def _without_twins(self, readings: list[Reading]) -> list[Reading]:
        """Keep one of equal readings; of those that contradict each other keep none."""
        firsts: dict[tuple[object, ...], Reading] = {}
        contradicted: set[tuple[object, ...]] = set()
        for reading in readings:
            first = firsts.setdefault(_key(reading), reading)
            if first.value != reading.value:
                contradicted.add(_key(reading))
        for key in contradicted:
            self.refuse(key[0], "given twice with different values for the same moment")
            del firsts[key]
        return list(firsts.values())


def _key(reading: Reading) -> tuple[object, ...]:
    return (reading.quantity, reading.variant, reading.channel, reading.observed_at)
