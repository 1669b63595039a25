"""The periods that files are cut into: a day, a month or a year of UTC, or all there is."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1970, 2200


class NoPeriod(ValueError):
    """What was written names no period."""


class Period(NamedTuple):
    """A period [start, end) as an address writes it; both are None for all there is."""

    name: str
    start: datetime | None
    end: datetime | None

    @property
    def is_long(self) -> bool:
        """Tell whether the period is longer than a month: its files are streamed and never kept."""
        return self.start is None or self.end is None or self.end - self.start > timedelta(days=31)

    def condition(self, time: str) -> tuple[str, list[datetime]]:
        """Give the SQL condition on a time, and its parameters."""
        if self.start is None or self.end is None:
            return "true", []
        return f"{time} >= %s AND {time} < %s", [self.start, self.end]


def period(name: str) -> Period:
    """Read `2026-11-20`, `2026-11`, `2026` or `all`.

    Raises NoPeriod.

    >>> period("2026-02").end.isoformat()
    '2026-03-01T00:00:00+00:00'
    >>> period("2026").is_long, period("2026-11-20").is_long
    (True, False)
    """
    if name == "all":
        return Period(name, None, None)
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", name):
        raise NoPeriod(name)
    year, month, day = (int(part) for part in (*name.split("-"), "1", "1")[:3])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NoPeriod(name)
    try:
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError as error:
        raise NoPeriod(name) from error
    if len(name) == 10:
        return Period(name, start, start + timedelta(days=1))
    if len(name) == 7:
        return Period(name, start, (start + timedelta(days=32)).replace(day=1))
    return Period(name, start, start.replace(year=year + 1))
