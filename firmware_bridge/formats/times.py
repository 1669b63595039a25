"""Read the times that devices write; every answer is in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_TIME = re.compile(
    r"(\d{4})[-/](\d\d?)[-/](\d\d?)[Tt ]\s*(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,32}))?)?"
    r"\s*([Zz]|[+-]\d\d(?::?\d\d)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A clock that was never set counts from 1970 (Unix) or 2000 (several real-time clocks); devices report within
# a day of that origin, and no lent device measured then.
_CLOCK_ORIGINS = (_EPOCH, datetime(2000, 1, 1, tzinfo=UTC))
_ORIGIN_LENGTH = timedelta(days=1)


class NotATime(ValueError):
    """The text says in plain words why it is not a time."""


def in_utc(moment: datetime) -> datetime:
    """Bring an aware moment to UTC; a naive one is the caller's error and raises ValueError."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError("received_at must carry a time zone")
    return moment.astimezone(UTC)


def read_time(raw: object, *, zone: tzinfo) -> tuple[datetime, bool]:
    """Read an ISO 8601 / RFC 3339 time (also with slashes) and say whether its zone had to be assumed.

    Fractions beyond microseconds are cut. Raises NotATime, but never for being old or far ahead.
    """
    if not isinstance(raw, str):
        raise NotATime("the time is not text")
    match = _TIME.fullmatch(raw.strip()) if len(raw) <= 80 and raw.isascii() else None
    if match is None:
        raise NotATime("the time cannot be read")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micro = int((fraction or "")[:6].ljust(6, "0"))
    leap = second == "60"
    try:
        stated = datetime(  # noqa: DTZ001  # the zone follows
            int(year), int(month), int(day), int(hour), int(minute), 59 if leap else int(second or 0), micro
        )
        if leap:
            stated = stated.replace(microsecond=0) + timedelta(seconds=1)
        if offset is None:
            return stated.replace(tzinfo=zone).astimezone(UTC), True
        return stated.replace(tzinfo=_zone(offset)).astimezone(UTC), False
    except (ValueError, OverflowError):
        raise NotATime("the time is not a date that exists") from None


def _zone(offset: str) -> tzinfo:
    if offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-length if offset[0] == "-" else length)


def from_epoch(seconds: float) -> datetime:
    """Turn seconds since 1970 into a moment, to the microsecond. Raises NotATime outside years 1 to 9999."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise NotATime("the time is not a date that exists") from None


def from_epoch_ms(milliseconds: float) -> datetime:
    """Turn milliseconds since 1970 into a moment. Raises NotATime outside years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        raise NotATime("the time is not a date that exists") from None


def clock_was_not_set(moment: datetime) -> bool:
    """Say whether the moment is within a day of a clock's origin: the device had no time yet.

    Before it too: a local time at the origin, read with a zone east of Greenwich, falls on the day before.
    """
    return any(-_ORIGIN_LENGTH < moment - origin < _ORIGIN_LENGTH for origin in _CLOCK_ORIGINS)
