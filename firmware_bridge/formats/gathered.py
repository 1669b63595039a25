"""What a decoder gathers while it reads a message item by item."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from .decoded import NO_VALUE, SENSOR_ERROR, Decoded, Reading, Rejected, TimeSource, join_flags
from .fields import Field
from .numbers import NotANumber, NoValue, number
from .texts import short_text

MAX_REJECTED = (
    100  # items listed one by one; of the rest of a hostile message one line says that there are more
)
MAX_ITEM_CHARACTERS = 64  # of a key that the sender chose


class Gathered:
    """Readings, status and refusals of one message; every refusal has its reason."""

    __slots__ = ("readings", "rejected", "status")

    def __init__(self) -> None:
        self.readings: list[Reading] = []
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
        flag: str = "",
        sentinels: Collection[float] = (),
        position: tuple[float, float, float | None] | None = None,
    ) -> None:
        """Take the reading of one item, or refuse it.

        A value (as sent) among `sentinels` is stored as None flagged `sensor_error`, null as None flagged
        `no_value`. `channel` is used where the field has none.
        """
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
        self.readings.append(
            Reading(
                field.quantity, field.variant, field.channel or channel, value, field.unit, at, position, flag
            )
        )

    def failed(self, field: Field, at: datetime, *, channel: str = "", flag: str = "") -> None:
        """Take the reading of a sensor that says, in its format's way, that it failed."""
        self.readings.append(
            Reading(
                field.quantity,
                field.variant,
                field.channel or channel,
                None,
                field.unit,
                at,
                None,
                join_flags(SENSOR_ERROR, flag),
            )
        )

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
        """Close the message."""
        return Decoded(device, self.readings, self.status, self.rejected, time_source, message_id, mapping)
