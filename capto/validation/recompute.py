"""Publish hours: of the readings that came, of a period, or of what a decision touched. Run twice, the effect of once.

Each block of series and hours is read, computed and replaced in one transaction that keeps other writers of the same
sensors out; readers see the hours of before or those of after.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from capto.readings.hourly import BUCKETS, FINISHED_AFTER, aggregate_touched, lock_sensors, take_dirty_hours
from capto.validation import loading, published
from capto.validation.block import CONTEXT_HOURS, REACH_HOURS, publish
from capto.validation.corrections import Known, hour_of
from capto.validation.loading import Approved
from capto.validation.models import Calibration, DataChange, SetAside
from capto.validation.workshop import send_what_drifted

logger = logging.getLogger(__name__)

HOURS_AT_ONCE: Final = 31 * 24
CHANNELS_AT_ONCE: Final = 250  # with a month of hours, 186,000 rows and about 100 MB
WORKERS: Final = 3  # two wait for the database, which has most of the work, while one computes
LATE_READINGS: Final = "late readings"
# Of so many rows that lie together on the disk each page is read once, in order. Left to itself the planner goes by
# an index and touches each page once for every row: three times the work.
BY_THE_PAGE: Final = 20_000
IN_ORDER_OF_PAGES: Final = """
SET LOCAL enable_indexscan = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off
"""
AS_BEFORE: Final = """
SET LOCAL enable_indexscan = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_nestloop = on
"""


class Difference(NamedTuple):
    """By how much published values changed: how many, the sum and the largest of the absolute changes."""

    values: int = 0
    total: float = 0.0
    largest: float = 0.0

    @property
    def mean(self) -> float | None:
        """The mean absolute change, None where no value changed."""
        return self.total / self.values if self.values else None


class Recomputed(NamedTuple):
    """What a recomputation did, in hours, and by how much the published values changed."""

    hours: int = 0  # that stand published in the period
    new: int = 0
    changed: int = 0  # figures that were published and now differ
    removed: int = 0
    difference: Difference = Difference()

    def plus(self, other: "Recomputed") -> "Recomputed":
        """Add up two parts."""
        one, two = self.difference, other.difference
        return Recomputed(
            self.hours + other.hours,
            self.new + other.new,
            self.changed + other.changed,
            self.removed + other.removed,
            Difference(one.values + two.values, one.total + two.total, max(one.largest, two.largest)),
        )


class Part(NamedTuple):
    """A block to recompute: some series, hours [begin, end)."""

    known: Sequence[Known]
    begin: int
    end: int


def dirty_hours(*, now: datetime | None = None) -> int:
    """Aggregate and publish the finished hours that readings touched since the last run; give their number.

    Scheduled each minute. Hours of sensors that another run is working on are left for the next time.
    """
    moment = now or timezone.now()
    total = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            taken = take_dirty_hours(cursor, now=moment)
            if taken:
                aggregate_touched(cursor)
                _publish_touched(cursor, now=moment)
        total += taken
        if not taken:
            return total


def recompute(
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    reason: str,
    series: Collection[int] | None = None,
    sensors: Collection[int] | None = None,
) -> Recomputed:
    """Publish again the finished hours that begin in [start, end), of all series or some, from their aggregates.

    reason: kept with every published figure that changes. Hours whose figures stay the same are not written.
    """
    begin, until = _first_hour(start), min(_first_hour(end), hour_of(now - FINISHED_AFTER) + 1)
    known = loading.channels(start=start, end=end, series=series, sensors=sensors)
    approved = Approved.of(known)
    blocks = list(parts(known, begin=begin, end=until))

    def run(part: Part) -> Recomputed:
        with transaction.atomic(), connection.cursor() as cursor:
            lock_sensors(cursor, {item.sensor for item in part.known})
            if len(part.known) * (part.end - part.begin) < BY_THE_PAGE:
                return _replace(cursor, part, approved, reason=reason, now=now)
            cursor.execute(IN_ORDER_OF_PAGES)
            done = _replace(cursor, part, approved, reason=reason, now=now)
            cursor.execute(AS_BEFORE)
            return done

    def run_apart(part: Part) -> Recomputed:
        try:
            return run(part)
        finally:
            connection.close()  # that of this thread

    total = Recomputed()
    if len(blocks) == 1 or connection.in_atomic_block:
        for part in blocks:
            total = total.plus(run(part))
        return total
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in pool.map(run_apart, blocks):
            total = total.plus(done)
    return total


def preview(draft: Calibration, *, now: datetime) -> Recomputed:
    """Tell what approving a draft would change, without changing anything."""
    start, end = draft.hours_touched(now=now)
    known = loading.channels(start=start, end=end, series=loading.series_of(draft))
    replaced = draft.replaces().first()
    approved = Approved.of(known, instead={replaced.pk if replaced else draft.pk: draft})
    total = Recomputed()
    for part in parts(known, begin=_first_hour(start), end=hour_of(now - FINISHED_AFTER) + 1):
        with connection.cursor() as cursor:
            total = total.plus(_described(_change(cursor, part, approved)))
    return total


def after_decision(calibration: Calibration, *, now: datetime, reason: str) -> Recomputed:
    """Publish again the hours that an approval touches, and leave a line in the changelog of the data.

    Hours whose figures stay the same are not written. A sensor that drifted too far goes to the workshop.
    """
    send_what_drifted(calibration, now=now, by=calibration.decided_by)
    start, end = calibration.hours_touched(now=now)
    done = recompute(start, end, series=loading.series_of(calibration), now=now, reason=reason)
    _log(done, now=now, reason=reason, calibration=calibration)
    return done


def after_doubt(doubt: SetAside, *, now: datetime) -> Recomputed:
    """Publish again the hours that a person set aside, or took back, and leave a line in the changelog."""
    reason = f"taken back: {doubt.lifted_reason}" if doubt.lifted_at else f"set aside: {doubt.reason}"
    start = datetime.fromtimestamp(hour_of(doubt.starts_at) * 3600, UTC)
    done = recompute(start, doubt.ends_at, series=[doubt.series_id], now=now, reason=reason)
    _log(done, now=now, reason=reason, set_aside=doubt)
    return done


def _log(
    done: Recomputed,
    *,
    now: datetime,
    reason: str,
    calibration: Calibration | None = None,
    set_aside: SetAside | None = None,
) -> None:
    if done.new or done.changed:
        DataChange.objects.create(
            at=now,
            calibration=calibration,
            set_aside=set_aside,
            reason=reason[:200],
            hours_new=done.new,
            hours_changed=done.changed,
            mean_difference=done.difference.mean,
            largest_difference=done.difference.largest if done.difference.values else None,
        )


def _first_hour(at: datetime) -> int:
    """Give the first hour (since 1970) that does not begin before a time."""
    return -int(-at.timestamp() // 3600)


def parts(known: Sequence[Known], *, begin: int, end: int) -> Iterator[Part]:
    """Cut the work by months, and by buckets of sensors so that two parts of a month do not wait for each other."""
    if not known:
        return
    groups = min(-(-len(known) // CHANNELS_AT_ONCE), 1 + max(item.sensor % BUCKETS for item in known))
    by_bucket: dict[int, list[Known]] = defaultdict(list)
    for item in known:
        by_bucket[item.sensor % BUCKETS % groups].append(item)
    for month in range(begin, end, HOURS_AT_ONCE):
        for some in by_bucket.values():
            yield Part(some, month, min(month + HOURS_AT_ONCE, end))


def _replace(
    cursor: CursorWrapper, part: Part, approved: Approved, *, reason: str, now: datetime
) -> Recomputed:
    change = _change(cursor, part, approved)
    series = [item.series for item in part.known]
    published.store(cursor, change, series=series, begin=part.begin, end=part.end, reason=reason, now=now)
    return _described(change)


def _change(cursor: CursorWrapper, part: Part, approved: Approved) -> published.Change:
    """Compute a part and compare it with what stands published."""
    known, begin, end = part
    block = loading.block(cursor, known, approved, begin=begin - CONTEXT_HOURS, end=end + CONTEXT_HOURS)
    new = publish(block, begin=begin, end=end)
    series = [item.series for item in known]
    return published.compare(published.read(cursor, series, begin=begin, end=end), new)


def _described(change: published.Change) -> Recomputed:
    moved = change.differences()
    return Recomputed(
        hours=len(change.new),
        new=int((change.old_of_new < 0).sum()),
        changed=int(change.refigured.sum()),
        removed=int(change.remove.sum()),
        difference=Difference(len(moved), float(moved.sum()), float(moved.max(initial=0.0))),
    )


def _publish_touched(cursor: CursorWrapper, *, now: datetime) -> None:
    """Publish the hours of `touched_hour` and those that the checks tie to them; the sensors are locked."""
    cursor.execute(
        "SELECT sensor_id, min(extract(epoch FROM hour)) / 3600, max(extract(epoch FROM hour)) / 3600 FROM touched_hour"
        " GROUP BY sensor_id, date_trunc('month', hour, 'UTC')"
    )
    latest = hour_of(now - FINISHED_AFTER) + 1
    sensors: dict[tuple[int, int], set[int]] = defaultdict(set)
    for sensor, first, last in cursor.fetchall():
        period = int(first) - REACH_HOURS, min(int(last) + REACH_HOURS + 1, latest)
        sensors[period].add(sensor)
    for (begin, end), some in sorted(sensors.items()):
        start, until = (datetime.fromtimestamp(hour * 3600, UTC) for hour in (begin, end))
        known = loading.channels(start=start, end=until, sensors=some)
        approved = Approved.of(known)
        for part in parts(known, begin=begin, end=end):
            _replace(cursor, part, approved, reason=LATE_READINGS, now=now)
