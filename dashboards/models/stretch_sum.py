"""What a stretch of a published series holds, summed up: counts and extremes, so that millions need not be read.

A stretch is a month of UTC that is over, or a day of the month that is not. A sum is of public hours only, of the
period [low, high); of hours written since it says nothing: `Publication` does.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from django.db import connection, models, transaction
from django.utils import timezone

from capto.readings.models import Publication

# A transaction that writes hours notes the time of its beginning, and ends at most so much later.
LATEST_COMMIT: Final = timedelta(hours=1)
CHECKED_AFTER: Final = timedelta(hours=6)  # whether the periods that were public then still are

Interval = tuple[datetime, datetime]

EXTENT = "SELECT min(hour), max(hour) FROM readings_hourly_value"
MADE = """
SELECT stretch.start, known.made_at FROM unnest(%s::timestamptz[]) AS stretch (start)
CROSS JOIN LATERAL (SELECT made_at FROM dashboards_stretchsum AS sum WHERE sum.start = stretch.start LIMIT 1) AS known
"""
# A stretch is read once from front to back, not series by series from all over the disk.
IN_ONE_READING = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
PERIODS = """
SELECT series_id, property_id, greatest(public_from, %(start)s) AS low,
       least(coalesce(public_until, 'infinity'), %(stop)s) AS high FROM dashboards_published_series
WHERE public_from < %(stop)s AND coalesce(public_until, 'infinity') > greatest(public_from, %(start)s)
"""
SUM = f"""
INSERT INTO dashboards_stretchsum (start, series_id, low, high, hours, corrected, result_low, result_high,
                                   n_low, n_high, coverage_low, coverage_high, computed_low, computed_high, made_at)
WITH period AS MATERIALIZED (
    SELECT period.*, property.is_pollutant FROM ({PERIODS}) AS period
    JOIN catalogue_observedproperty AS property ON property.code = period.property_id)
SELECT %(start)s, period.series_id, period.low, period.high, count(hourly.hour),
       count(hourly.value) FILTER (WHERE period.is_pollutant),
       least(min(hourly.raw_mean), min(hourly.value) FILTER (WHERE period.is_pollutant)),
       greatest(max(hourly.raw_mean), max(hourly.value) FILTER (WHERE period.is_pollutant)),
       min(hourly.n), max(hourly.n), min(hourly.coverage), max(hourly.coverage), min(hourly.computed_at),
       max(hourly.computed_at), %(now)s
FROM period LEFT JOIN readings_hourly_value AS hourly ON hourly.series_id = period.series_id
 AND hourly.hour >= %(start)s AND hourly.hour < %(stop)s AND hourly.hour >= period.low AND hourly.hour < period.high
GROUP BY period.series_id, period.low, period.high
"""
STANDS = f"""
SELECT count(*) = count(known.low) AND count(*) = (SELECT count(*) FROM dashboards_stretchsum WHERE start = %(start)s)
FROM ({PERIODS}) AS period LEFT JOIN dashboards_stretchsum AS known
  ON known.start = %(start)s AND known.series_id = period.series_id
 AND known.low = period.low AND known.high = period.high
"""


def months(first: datetime, last: datetime) -> list[Interval]:
    """Give the months of UTC, as [start, stop), from that of one instant to that of another."""
    found: list[Interval] = []
    start = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while start <= last:
        stop = (start + timedelta(days=32)).replace(day=1)
        found.append((start, stop))
        start = stop
    return found


def stretches(first: datetime, last: datetime) -> list[Interval]:
    """Give the months from that of an instant on, the last as its days, up to that of another instant."""
    *over, (start, _) = months(first, last)
    days = (last - start) // timedelta(days=1) + 1
    day = timedelta(days=1)
    return [*over, *((start + day * number, start + day * (number + 1)) for number in range(days))]


class StretchSumQuerySet(models.QuerySet["StretchSum"]):
    """Reads and the one writing of the sums."""

    def stretches(self) -> list[Interval]:
        """Give every stretch that has hours, public or not."""
        with connection.cursor() as cursor:
            cursor.execute(EXTENT)
            first, last = cursor.fetchone() or (None, None)
        return stretches(first, last) if first and last else []

    def made(self) -> dict[datetime, datetime]:
        """Give when each stretch was summed up, by its start."""
        starts = [start for start, _ in self.stretches()]
        with connection.cursor() as cursor:
            cursor.execute(MADE, [starts])
            return dict(cursor.fetchall())

    def written_since(self, known: Sequence[Interval], made: dict[datetime, datetime]) -> list[Interval]:
        """Give the hours, as [start, stop) in their order, that may have been written since they were summed up."""
        known = [stretch for stretch in known if stretch[0] in made]
        if not known:
            return []
        since = min(made[start] for start, _ in known) - LATEST_COMMIT
        written = Publication.objects.filter(at__gt=since).values_list("first_hour", "last_hour", "at")
        return merged(
            [
                (max(first, start), min(last + timedelta(hours=1), stop))
                for first, last, at in written.iterator()
                for start, stop in known
                if first < stop and last >= start and at > made[start] - LATEST_COMMIT
            ]
        )

    def renew(self, *, now: datetime) -> int:
        """Sum up each stretch that is new, was written to since or has other public periods; give how many were."""
        known, made = self.stretches(), self.made()
        self.exclude(start__in=[start for start, _ in known]).delete()
        written = self.written_since(known, made)
        done = 0
        for start, stop in known:
            touched = any(low < stop and high > start for low, high in written)
            if (
                start in made
                and not touched
                and (now - made[start] < CHECKED_AFTER or self._stands(start, stop))
            ):
                continue
            with transaction.atomic():
                self.filter(start=start).delete()
                with connection.cursor() as cursor:
                    cursor.execute(IN_ONE_READING)
                    cursor.execute(SUM, {"start": start, "stop": stop, "now": now})
            done += 1
        return done

    def _stands(self, start: datetime, stop: datetime) -> bool:
        """Tell whether the sums of a stretch are of the periods that are public now."""
        with connection.cursor() as cursor:
            cursor.execute(STANDS, {"start": start, "stop": stop})
            (stands,) = cursor.fetchone() or (False,)
        return bool(stands)


class StretchSum(models.Model):
    """One stretch of one published series: how many hours, how many with a corrected value, and the extremes."""

    pk = models.CompositePrimaryKey("start", "series_id")
    start = models.DateTimeField()
    series_id = models.BigIntegerField()
    low = models.DateTimeField()  # the part of the stretch that was public when it was summed up: [low, high)
    high = models.DateTimeField()
    hours = models.IntegerField()
    corrected = models.IntegerField()
    result_low = models.FloatField(
        null=True
    )  # of raw means and corrected values alike; null where there is no hour
    result_high = models.FloatField(null=True)
    n_low = models.IntegerField(null=True)
    n_high = models.IntegerField(null=True)
    coverage_low = models.FloatField(null=True)
    coverage_high = models.FloatField(null=True)
    computed_low = models.DateTimeField(null=True)
    computed_high = models.DateTimeField(null=True)
    made_at = models.DateTimeField()

    objects: ClassVar[StretchSumQuerySet] = StretchSumQuerySet.as_manager()  # type: ignore[assignment]


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Join the intervals that meet, in their order."""
    found: list[Interval] = []
    for low, high in sorted(intervals):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def renew_now() -> int:
    """Sum up what is new or was written to; scheduled."""
    return StretchSum.objects.renew(now=timezone.now())
