"""Sum raw messages up by hour: from the hours marked dirty, or for a whole period; the same rows whenever it runs.

Each reading is attributed by its time to the placement in which its sensor stood. Absent (NULL), flagged and
time-uncertain readings count in no hour.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

FINISHED_AFTER: Final = timedelta(
    hours=1, minutes=2
)  # after its start: an hour, and the last message's way here
BUCKETS: Final = 32  # of sensors, each changed by one process at a time
HOURS_LOCK: Final = 0x486F_7572  # the class of these advisory locks
PAIRS_AT_ONCE: Final = 50_000  # (sensor, hour); with a dozen quantities each it stays well in memory
LONGEST_PERIOD: Final = timedelta(days=31)  # summed up in one transaction
GREATEST: Final = 1e100  # a larger number is no measurement, and its square would overflow
# A return is back-dated by weeks, not by seasons: only placements so near can have lost an hour.
REATTRIBUTED_WITHIN: Final = timedelta(days=120)

# Readings of the period, by placement. %(touched)s stands for nothing or for a join with the touched hours.
_SUMS: Final = """
CREATE TEMPORARY TABLE hour_sum AS
SELECT placement.id AS placement_id, message.layout_id, element.position,
       time_bucket('1 hour', message.observed_at) AS hour, count(*) AS n, sum(element.value) AS total,
       sum(element.value * element.value) AS total_of_squares, min(element.value) AS minimum,
       max(element.value) AS maximum
FROM {source}
JOIN readings_placement AS placement ON placement.sensor_id = message.sensor_id
 AND message.observed_at >= placement.starts_at
 AND (placement.ends_at IS NULL OR message.observed_at < placement.ends_at)
CROSS JOIN LATERAL unnest(message.values) WITH ORDINALITY AS element (value, position)
WHERE message.observed_at >= %(start)s AND message.observed_at < %(end)s AND NOT message.time_uncertain
  AND element.value BETWEEN -%(greatest)s AND %(greatest)s
  AND (message.value_flags IS NULL OR NOT message.value_flags ? (element.position - 1)::text)
GROUP BY placement.id, message.layout_id, element.position, time_bucket('1 hour', message.observed_at)
"""
_OF_TOUCHED: Final = """touched_hour AS touched
JOIN readings_raw_message AS message ON message.sensor_id = touched.sensor_id
 AND message.observed_at >= touched.hour AND message.observed_at < touched.hour + INTERVAL '1 hour'"""
_OF_PERIOD: Final = "readings_raw_message AS message"
_OF_SENSORS: Final = """(SELECT unnest(%(sensors)s::bigint[]) AS sensor_id) AS chosen
JOIN readings_raw_message AS message ON message.sensor_id = chosen.sensor_id"""

ENSURE_SERIES: Final = """
INSERT INTO readings_series (placement_id, property_id, variant, channel)
SELECT DISTINCT sums.placement_id, part.property_id, part.variant, part.channel
FROM (SELECT DISTINCT placement_id, layout_id, position FROM hour_sum) AS sums
JOIN readings_layoutchannel AS part ON part.layout_id = sums.layout_id AND part.position = sums.position
WHERE NOT EXISTS (
    SELECT FROM readings_series AS series
    WHERE series.placement_id = sums.placement_id AND series.property_id = part.property_id
      AND series.variant = part.variant AND series.channel = part.channel)
ORDER BY 1, 2, 3, 4
ON CONFLICT DO NOTHING
"""
# Two layouts of a device may both carry a channel: their sums add up.
FRESH: Final = """
CREATE TEMPORARY TABLE fresh_aggregate AS
SELECT series.id AS series_id, sums.hour, sum(sums.n)::integer AS n, sum(sums.total) AS total,
       sum(sums.total_of_squares) AS total_of_squares, min(sums.minimum) AS minimum, max(sums.maximum) AS maximum
FROM hour_sum AS sums
JOIN readings_layoutchannel AS part ON part.layout_id = sums.layout_id AND part.position = sums.position
JOIN readings_series AS series ON series.placement_id = sums.placement_id
 AND series.property_id = part.property_id AND series.variant = part.variant AND series.channel = part.channel
GROUP BY series.id, sums.hour
"""
# Summed in another order the same readings can differ in the last bit: that is not a change.
UPSERT: Final = """
INSERT INTO readings_hourly_aggregate AS old (series_id, hour, n, total, total_of_squares, minimum, maximum)
SELECT series_id, hour, n, total, total_of_squares, minimum, maximum FROM fresh_aggregate ORDER BY series_id, hour
ON CONFLICT (series_id, hour) DO UPDATE SET
    n = excluded.n, total = excluded.total, total_of_squares = excluded.total_of_squares,
    minimum = excluded.minimum, maximum = excluded.maximum
WHERE (old.n, old.minimum, old.maximum) IS DISTINCT FROM (excluded.n, excluded.minimum, excluded.maximum)
   OR abs(old.total - excluded.total) > 1e-12 * sqrt(excluded.n * excluded.total_of_squares)
"""
_NO_LONGER: Final = """
DELETE FROM readings_hourly_aggregate AS old
USING readings_series AS series, readings_placement AS placement {using}
WHERE old.series_id = series.id AND series.placement_id = placement.id
  AND old.hour >= %(start)s AND old.hour < %(end)s
  AND (placement.ends_at IS NULL OR placement.ends_at > %(start)s - %(near)s)
  AND placement.starts_at < %(end)s + %(near)s
  AND {matching}
  AND NOT EXISTS (
      SELECT FROM fresh_aggregate AS fresh WHERE fresh.series_id = old.series_id AND fresh.hour = old.hour)
"""

TAKE: Final = """
WITH pair AS (
    SELECT DISTINCT sensor_id, hour FROM readings_dirty_hour
    WHERE hour <= %(latest)s AND sensor_id %% %(buckets)s = ANY(%(free)s) LIMIT %(limit)s
), gone AS (
    DELETE FROM readings_dirty_hour AS dirty USING pair
    WHERE dirty.sensor_id = pair.sensor_id AND dirty.hour = pair.hour
    RETURNING dirty.sensor_id, dirty.hour
)
INSERT INTO touched_hour SELECT DISTINCT sensor_id, hour FROM gone
"""
FREE_BUCKETS: Final = """
SELECT bucket FROM generate_series(0, %s - 1) AS bucket WHERE pg_try_advisory_xact_lock(%s, bucket)
"""
MARK: Final = """
INSERT INTO readings_dirty_hour (sensor_id, hour)
SELECT DISTINCT message.sensor_id, time_bucket('1 hour', message.observed_at)
FROM readings_raw_message AS message
WHERE message.sensor_id = %(sensor)s AND message.observed_at >= %(start)s AND message.observed_at < %(end)s
UNION
SELECT %(sensor)s, old.hour FROM readings_hourly_aggregate AS old
JOIN readings_series AS series ON series.id = old.series_id
JOIN readings_placement AS placement ON placement.id = series.placement_id
WHERE placement.sensor_id = %(sensor)s
  AND old.hour >= date_trunc('hour', %(start)s::timestamptz, 'UTC') AND old.hour < %(end)s
"""


def lock_sensors(cursor: CursorWrapper, sensors: Collection[int] | None = None) -> None:
    """Wait until no other transaction changes hours of these sensors (None: of any), and keep others out."""
    buckets = sorted({sensor % BUCKETS for sensor in sensors} if sensors is not None else range(BUCKETS))
    for bucket in buckets:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [HOURS_LOCK, bucket])


def take_dirty_hours(cursor: CursorWrapper, *, now: datetime, limit: int = PAIRS_AT_ONCE) -> int:
    """Move finished dirty hours into the temporary table `touched_hour` and give their number.

    Inside a transaction: what is not committed comes back. Sensors that another process is working on are left
    for the next time.
    """
    cursor.execute("DROP TABLE IF EXISTS pg_temp.touched_hour")
    cursor.execute("CREATE TEMPORARY TABLE touched_hour (sensor_id bigint, hour timestamptz)")
    cursor.execute(FREE_BUCKETS, [BUCKETS, HOURS_LOCK])
    free = [bucket for (bucket,) in cursor.fetchall()]
    cursor.execute(TAKE, {"latest": now - FINISHED_AFTER, "buckets": BUCKETS, "free": free, "limit": limit})
    return int(cursor.rowcount)


def aggregate_touched(cursor: CursorWrapper) -> None:
    """Sum up the hours of `touched_hour` from raw, replacing what stood there."""
    cursor.execute("ANALYZE touched_hour")
    cursor.execute("SELECT min(hour), max(hour) FROM touched_hour")
    first, last = cursor.fetchone()
    if first is None:
        return
    parameters = {"start": first, "end": last + timedelta(hours=1)}
    _aggregate(
        cursor,
        _OF_TOUCHED,
        _NO_LONGER.format(
            using=", touched_hour AS touched",
            matching="placement.sensor_id = touched.sensor_id AND old.hour = touched.hour",
        ),
        parameters,
    )


def aggregate_period(start: datetime, end: datetime, *, sensors: Collection[int] | None = None) -> None:
    """Sum up every hour that begins in [start, end) from raw, for all sensors or the given ones.

    For a first load and for the past; at most a month in one transaction. The dirty marks are left alone.
    """
    begin = start.replace(minute=0, second=0, microsecond=0)
    while begin < end:
        until = min(begin + LONGEST_PERIOD, end)
        with transaction.atomic(), connection.cursor() as cursor:
            lock_sensors(cursor, sensors)
            parameters: dict[str, Any] = {"start": begin, "end": until}
            if sensors is None:
                source, matching = _OF_PERIOD, "true"
            else:
                parameters["sensors"] = list(sensors)
                source, matching = _OF_SENSORS, "placement.sensor_id = ANY(%(sensors)s)"
            _aggregate(cursor, source, _NO_LONGER.format(using="", matching=matching), parameters)
        begin = until


def _aggregate(cursor: CursorWrapper, source: str, no_longer: str, parameters: dict[str, Any]) -> None:
    parameters |= {"greatest": GREATEST, "near": REATTRIBUTED_WITHIN}
    cursor.execute("DROP TABLE IF EXISTS pg_temp.hour_sum, pg_temp.fresh_aggregate")
    cursor.execute(_SUMS.format(source=source), parameters)
    cursor.execute(ENSURE_SERIES)
    cursor.execute(FRESH)
    cursor.execute("ANALYZE fresh_aggregate")
    cursor.execute(no_longer, parameters)
    cursor.execute(UPSERT)
    cursor.execute("DROP TABLE pg_temp.hour_sum, pg_temp.fresh_aggregate")


def mark_period(sensor: int, *, start: datetime, end: datetime | None = None) -> None:
    """Mark the hours of a sensor in [start, end), or from `start` on, dirty: its placement there changed."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, {"sensor": sensor, "start": start, "end": end or "infinity"})
