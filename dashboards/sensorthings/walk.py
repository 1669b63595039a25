"""Find a page among millions of observations by reading them part by part, and stop after about a second.

A page that was not full by then holds what was found, and `@iot.nextLink` goes on from there: the standard lets a
service end a page where it likes, as long as the link says that there is more.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from django.db import connection

from dashboards.sensorthings.errors import BadRequest, TooLong
from dashboards.sensorthings.narrowing import OF_THE_SUMS, Narrowed
from dashboards.sensorthings.zones import MOST_PICKED, Zone, Zones, observations_of

PAGE_SECONDS = 0.7  # a page is given when it is full or after this
BEST_SECONDS = 6.0  # of looking for the foremost of all
PART_SECONDS = 0.2  # how long one part should take to read
FIRST_HOURS = 20_000  # of the first part
MOST_HOURS = 2_000_000  # of a part
COUNTED_AT_ONCE = 1_500_000  # hours that are counted one by one; more are estimated from some of them
MOST_LOOKED_UP = 600  # zones
SAMPLED_DAYS = 30
SAMPLED = 60  # zones that an estimate is made of
MOST_SKIPPED = 20_000  # observations that a walk passes over
HOUR = timedelta(hours=1)
MOST_ID = 2**62
DAWN = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]
Ask = Callable[[str, Mapping[str, Any]], list[Row]]
# parts of about as many hours as are sent in, each with where the next begins
Steps = Generator[Any, int, None]
Parts = tuple[tuple[str, bool], ...]
KEY = ("e.series_id", "e.hour", "e.level")
FIGURES = {"e.result": "result", "e.computed_at": "resultTime", "e.n": "parameters/n",
           "e.coverage": "parameters/coverage"}  # fmt: skip


class Page(NamedTuple):
    """What a walk found, and where to go on where it was broken off."""

    rows: list[Row]
    resume: list[Any] | None = None


@dataclass
class Walk:
    """A walk through the observations of a filter and a scope; `parts` is the order, `keys` its columns k0, k1, ..."""

    zones: Zones
    narrow: Narrowed
    parts: Parts
    keys: str
    order: str
    after: str  # the condition of what stands behind the page before; '' for the first page
    token: Sequence[Any]  # the values of that condition
    ask: Ask

    def __post_init__(self) -> None:
        kinds = {"series": (int, datetime), "time": (datetime, int)}.get(self.in_order_of)
        if self.token and kinds and not all(map(isinstance, self.token, kinds)):
            raise BadRequest("$skiptoken does not belong to this address")

    @property
    def in_order_of(self) -> str:
        """Give what orders first where one can walk in that order, else nothing."""
        names = tuple(sql for sql, _ in self.parts)
        descends = {down for _, down in self.parts}
        if names == KEY and descends == {False}:
            return "series"
        if len(descends) == 1 and names == ("e.hour", "e.series_id", "e.level"):
            return "time"
        if len(descends) == 1 and names[0] in FIGURES and names[1:] == KEY:
            return names[0]
        return ""

    def page(self, wanted: int) -> Page:
        """Give the next rows, `wanted` at most; raises TooLong."""
        if self.zones.span() is None:
            return Page([])
        if self.in_order_of in FIGURES:
            return Page(self._foremost(wanted))
        return self._in_turn(wanted)

    def skip_series(self, count: int) -> int:
        """Pass over the first series whose observations are all to be skipped; give how many observations that is."""
        passed = 0
        for series, (_, raw, corrected) in sorted(self.zones.counted().items()):
            if passed + raw + corrected > count:
                self.token = [series]
                break
            passed += raw + corrected
        else:
            self.token = [MOST_ID]
        return passed

    # --- part by part ------------------------------------------------------------------------------

    def _in_turn(self, wanted: int) -> Page:
        began = time.monotonic()
        rows: list[Row] = []
        size = FIRST_HOURS
        steps = self._by_series() if self.in_order_of == "series" else self._by_time()
        next(steps)
        while True:
            try:
                part, resume = steps.send(size)
            except StopIteration:
                return Page(rows)
            before = time.monotonic()
            rows += self._read(part, wanted - len(rows))
            took = time.monotonic() - before
            if len(rows) >= wanted:
                return Page(rows)
            size = max(
                FIRST_HOURS // 4, min(MOST_HOURS, int(size * min(4.0, PART_SECONDS / max(took, 1e-3))))
            )
            if resume is not None and time.monotonic() - began > PAGE_SECONDS:
                return Page(rows, resume)

    def _by_series(self) -> Steps:
        """Yield parts of about as many hours as are sent in, and where the next begins."""
        zones = self._picked()
        if self.token:
            series, hour = self.token[0], self.token[1] if len(self.token) > 1 else DAWN
            zones = [zone for zone in zones if (zone.series_id, zone.high) > (series, hour)]
        size = yield
        start = 0
        while start < len(zones):
            stop, hours = start, 0
            while stop < len(zones) and (stop == start or hours + zones[stop].hours <= size):
                hours += zones[stop].hours
                stop += 1
            more = [zones[stop].series_id, zones[stop].low, -1] if stop < len(zones) else None
            size = yield zones[start:stop], more
            start = stop

    def _by_time(self) -> Steps:
        descends = self.parts[0][1]
        if self.token and descends:
            self.narrow.end = min(self.narrow.end or datetime.max.replace(tzinfo=UTC), self.token[0] + HOUR)
        elif self.token:
            self.narrow.start = max(self.narrow.start or DAWN, self.token[0])
        zones = self._picked()
        size = yield
        if not zones:
            return
        low, high = min(zone.low for zone in zones), max(zone.high for zone in zones)
        at, edge = (high, low) if descends else (low, high)
        while at != edge:
            standing = [
                zone
                for zone in zones
                if (zone.low < at <= zone.high if descends else zone.low <= at < zone.high)
            ]
            if not standing:  # go on where the next one begins
                at = max(zone.high for zone in zones if zone.high < at) if descends else min(
                    zone.low for zone in zones if zone.low > at)  # fmt: skip
                continue
            width = HOUR * max(1, size // len(standing))
            to = max(at - width, edge) if descends else min(at + width, edge)
            first, last = (to, at) if descends else (at, to)
            part = [zone._replace(low=max(zone.low, first), high=min(zone.high, last))
                    for zone in zones if zone.low < last and zone.high > first]  # fmt: skip
            size = yield part, ([to, -1, -1] if to != edge else None)
            at = to

    def _picked(self) -> list[Zone]:
        picked = self.zones.picked()
        return self.zones.whole() if picked is None else picked

    def _read(self, part: Sequence[Zone], wanted: int) -> list[Row]:
        table = observations_of(part, self.narrow, self.zones.parameters)
        look_up(part)
        conditions = " AND ".join(["true", *self.narrow.rest, *([self.after] if self.after else [])])
        return self.ask(
            f"SELECT e.*, {self.keys} FROM {table} AS e WHERE {conditions} ORDER BY {self.order} LIMIT {wanted}",
            self.zones.parameters,
        )

    # --- the foremost of all -----------------------------------------------------------------------

    def _foremost(self, wanted: int) -> list[Row]:
        """Give the rows that stand first by a figure: zones whose extremes stand first are read first."""
        began = time.monotonic()
        descends = self.parts[0][1]
        column = OF_THE_SUMS[FIGURES[self.parts[0][0]]][descends]
        zones = self.zones.best(column, descends=descends)
        best: dict[int, tuple[Any, Row]] = {}
        start, count = 0, 32
        while start < len(zones):
            if len(best) >= wanted and _stands_behind(
                zones[start], [key for key, _ in best.values()], descends
            ):
                break
            if time.monotonic() - began > BEST_SECONDS:
                raise TooLong
            for row in self._read(zones[start : start + count], wanted):
                best[row["id"]] = (tuple(row[f"k{number}"] for number in range(len(self.parts))), row)
            foremost = sorted(best.values(), key=lambda found: found[0], reverse=descends)[:wanted]
            best = {row["id"]: (key, row) for key, row in foremost}
            start, count = start + count, min(count * 2, 512)
        else:
            if len(zones) > MOST_PICKED:
                raise TooLong
        return [row for _, row in best.values()]


def _stands_behind(zone: Zone, keys: Sequence[tuple[Any, ...]], descends: bool) -> bool:
    """Tell whether nothing in a zone stands before the last of the rows found."""
    if zone.bound is None:
        return False
    reach = (zone.bound, zone.series_id)
    return reach < min(keys)[:2] if descends else reach > max(keys)[:2]


def counted(zones: Zones, narrow: Narrowed, ask: Ask) -> tuple[int, bool]:
    """Count the observations that a filter leaves, and tell whether the number is an estimate.

    Exact where the sums of months know it or few hours have to be read; else from some of the series, evenly chosen.
    """
    if zones.span() is None:
        return 0, False
    if narrow.is_of_series_only:
        return sum(raw + corrected for _, raw, corrected in zones.counted().values()), False
    found = zones.picked()
    found = zones.whole() if found is None else found
    if not found:
        return 0, False
    if sum(zone.hours for zone in found) <= COUNTED_AT_ONCE:
        return _number(found, zones, narrow, ask), False
    drawn = Random(SAMPLED).sample(found, min(SAMPLED, len(found)))  # the same zones each time
    sample = [_days(zone, number) for number, zone in enumerate(drawn)]
    share = sum(zone.hours for zone in sample) / sum(zone.hours for zone in found)
    return round(_number(sample, zones, narrow, ask) / share), True


def _days(zone: Zone, number: int) -> Zone:
    """Give a month of a zone, each time another one."""
    length = (zone.high - zone.low) / SAMPLED_DAYS
    count = max(1, round(length / timedelta(days=1)))
    if count == 1:
        return zone
    low = zone.low + SAMPLED_DAYS * (number % count) * timedelta(days=1)
    high = min(zone.high, low + SAMPLED_DAYS * timedelta(days=1))
    return zone._replace(low=low, high=high, hours=(high - low) // HOUR)


def look_up(part: Sequence[Zone]) -> None:
    """Have few zones read by their index, and many hours of many series from front to back."""
    few = "off" if len(part) <= MOST_LOOKED_UP else "on"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('enable_hashjoin', %s, true), set_config('enable_mergejoin', %s, true)",
            [few, few],
        )


def _number(found: Sequence[Zone], zones: Zones, narrow: Narrowed, ask: Ask) -> int:
    table = observations_of(found, narrow, zones.parameters)
    conditions = " AND ".join(["true", *narrow.rest])
    look_up(found)
    return int(ask(f"SELECT count(*) AS n FROM {table} AS e WHERE {conditions}", zones.parameters)[0]["n"])


@contextmanager
def patience(milliseconds: int) -> Iterator[None]:
    """Let questions take so long inside; what was allowed before holds again behind it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (before,) = cursor.fetchone() or ("0",)
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
