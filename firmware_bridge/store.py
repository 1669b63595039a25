"""Store understood messages: one idempotent statement a batch, then what became of each."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from firmware_bridge import reasons
from firmware_bridge.arrival import Batch, Refusal, Row, at_microsecond
from firmware_bridge.binary_arrays import Float8s, Int2s, Int4s, Int8s, Moments
from firmware_bridge.rejected import keep

logger = logging.getLogger(__name__)

GAPS, UNCERTAIN = 1, 2  # bits of `marks` below
# A redelivered message is one of those not yet acknowledged: no broker has more of them on their way at once.
MOST_UNACKNOWLEDGED = 2_000
MOST_MOVES = 100  # microseconds that a message without a time of its own makes room for others of its sensor

# Ragged rows: all values of the batch in one array, and where each row begins and ends. NaN stands for an absent
# value, because an array without NULLs is cut in constant time.
_ROWS = """
    SELECT sensor_id, observed_at, layout_id, received_at, number,
           CASE WHEN marks & 1 = 0 THEN (%(values)b::float8[])[first:last]
                ELSE array_replace((%(values)b::float8[])[first:last], 'NaN', NULL) END AS values,
           (%(flags)s::jsonb[])[flags_at] AS value_flags, marks & 2 <> 0 AS time_uncertain
    FROM unnest(%(sensors)b::int8[], %(observed)b::timestamptz[], %(layouts)b::int2[], %(received)b::timestamptz[],
                %(firsts)b::int4[], %(lasts)b::int4[], %(marks)b::int2[], %(flags_at)b::int4[]) WITH ORDINALITY
         AS incoming (sensor_id, observed_at, layout_id, received_at, first, last, marks, flags_at, number)"""

INSERT = f"""
WITH stored AS (
    INSERT INTO readings_raw_message
           (sensor_id, observed_at, layout_id, received_at, values, value_flags, time_uncertain)
    SELECT sensor_id, observed_at, layout_id, received_at, values, value_flags, time_uncertain FROM ({_ROWS}) AS rows
    ON CONFLICT DO NOTHING
    RETURNING sensor_id, observed_at, time_uncertain
), touched AS (
    INSERT INTO readings_dirty_hour (sensor_id, hour)
    SELECT DISTINCT sensor_id, date_trunc('hour', observed_at, 'UTC') FROM stored WHERE NOT time_uncertain
)
SELECT count(*) FROM stored"""

# Of the rows that were not inserted, those whose key holds another content.
CONFLICTS = f"""
SELECT incoming.number FROM ({_ROWS}) AS incoming
JOIN readings_raw_message AS stored USING (sensor_id, observed_at, layout_id)
WHERE stored.values IS DISTINCT FROM incoming.values"""

# Of redelivered messages without a time of their own, those whose content the sensor's last messages hold.
ALREADY_STORED = f"""
SELECT incoming.number FROM ({_ROWS}) AS incoming
WHERE EXISTS (
    SELECT FROM (
        SELECT layout_id, values FROM readings_raw_message AS stored
        WHERE stored.sensor_id = incoming.sensor_id ORDER BY stored.observed_at DESC LIMIT {MOST_UNACKNOWLEDGED}
    ) AS recent
    WHERE recent.layout_id = incoming.layout_id AND recent.values = incoming.values)"""

# Of messages that a broker sends after its crash, those whose content was stored shortly before it.
STORED_BEFORE = f"""
SELECT incoming.number FROM ({_ROWS}) AS incoming
WHERE EXISTS (
    SELECT FROM readings_raw_message AS stored
    WHERE stored.sensor_id = incoming.sensor_id AND stored.layout_id = incoming.layout_id
      AND stored.observed_at BETWEEN %(since)s::timestamptz AND %(until)s::timestamptz
      AND stored.values IS NOT DISTINCT FROM incoming.values)"""


def _parameters(rows: Sequence[Row]) -> dict[str, Any]:
    sensors, observed, layouts, received, values, flags, gaps, uncertain, _, _ = zip(*rows, strict=True)
    firsts, lasts, flat = [], [], []
    last = 0
    for row_values in values:
        firsts.append(last + 1)
        last += len(row_values)
        lasts.append(last)
        flat.extend(row_values)
    flags_at: list[int] = [0] * len(rows)
    found_flags = []
    if any(flags):
        for position, row_flags in enumerate(flags):
            if row_flags:
                found_flags.append(json.dumps(row_flags))
                flags_at[position] = len(found_flags)
    return {
        "values": Float8s(flat),
        "sensors": Int8s(sensors),
        "observed": Moments(observed),
        "layouts": Int2s(layouts),
        "received": Moments(received),
        "firsts": Int4s(firsts),
        "lasts": Int4s(lasts),
        "marks": Int2s([GAPS * gap + UNCERTAIN * late for gap, late in zip(gaps, uncertain, strict=True)]),
        "flags": found_flags,
        "flags_at": Int4s(flags_at),
    }


def store(batch: Batch, connection: psycopg.Connection, *, keep_refusals: bool = True) -> Counter[str]:
    """Store the rows and refusals of a batch; when this returns, the messages may be acknowledged.

    The connection is in autocommit mode. Returns counts: stored, repeated, conflicts, rejected. A row that the
    database refuses is set aside without its neighbours and joins the batch's refusals, as conflicts do. Raises
    psycopg.OperationalError when the database is away, and psycopg.InterfaceError when the connection is lost:
    nothing is half done, the batch can be given again. `keep_refusals`: as rejected messages.
    """
    counts: Counter[str] = Counter()
    refusals = list(batch.refusals)
    rows = _without_repetitions(batch.rows, connection)
    counts["repeated"] += len(batch.rows) - len(rows)
    _insert(rows, connection, counts, refusals)
    _note_mappings(batch, connection)
    if refusals:
        counts["rejected"] += keep(refusals, connection) if keep_refusals else len(refusals)
        for refusal in refusals:
            counts["rejected_" + refusal.reason] += 1
    batch.refusals[:] = refusals
    return counts


# Only what differs from the last one: a row says from when on a sensor's messages were read by which mapping.
_NOTE_MAPPING = """
INSERT INTO firmware_bridge_mappinguse (sensor_id, since, mapping)
SELECT %(sensor)s, to_timestamp(%(since)s / 1e6), %(mapping)s::varchar
WHERE %(mapping)s::varchar IS DISTINCT FROM (
    SELECT mapping FROM firmware_bridge_mappinguse WHERE sensor_id = %(sensor)s ORDER BY since DESC, id DESC LIMIT 1)"""


def _note_mappings(batch: Batch, connection: psycopg.Connection) -> None:
    for sensor_id, since_us, mapping in batch.mappings:
        connection.execute(_NOTE_MAPPING, {"sensor": sensor_id, "since": since_us, "mapping": mapping})


def _insert(
    rows: Sequence[Row],
    connection: psycopg.Connection,
    counts: Counter[str],
    refusals: list[Refusal],
    moves: int = 0,
) -> None:
    if not rows:
        return
    try:
        parameters = _parameters(rows)
        (stored,) = connection.execute(INSERT, parameters, prepare=True).fetchone() or (0,)
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
        raise
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError, OverflowError) as error:
        if len(rows) == 1:
            detail = str(error).strip().splitlines()[0]
            refusals.append(
                Refusal(rows[0].arrival, reasons.REFUSED_BY_DATABASE, detail, sensor_id=rows[0].sensor_id)
            )
            return
        middle = len(rows) // 2
        _insert(rows[:middle], connection, counts, refusals, moves)
        _insert(rows[middle:], connection, counts, refusals, moves)
        return
    counts["stored"] += stored
    counts["values"] += len(parameters["values"].numbers) if stored == len(rows) else 0
    if stored < len(rows):
        conflicts = [rows[number - 1] for (number,) in connection.execute(CONFLICTS, parameters)]
        counts["repeated"] += len(rows) - stored - len(conflicts)
        if moves < MOST_MOVES:
            # Two bridges may take messages of one sensor in the same microsecond: the later one makes room.
            moved = [row._replace(observed_us=row.observed_us + 1) for row in conflicts if row.is_timeless]
            _insert(moved, connection, counts, refusals, moves + 1)
            conflicts = [row for row in conflicts if not row.is_timeless]
        counts["conflicts"] += len(conflicts)
        detail = "another content is stored for this sensor and time; the first one stays"
        refusals.extend(
            Refusal(
                row.arrival,
                reasons.CONFLICT,
                f"{at_microsecond(row.observed_us).isoformat()}: {detail}",
                sensor_id=row.sensor_id,
            )
            for row in conflicts
        )


def _without_repetitions(rows: list[Row], connection: psycopg.Connection) -> list[Row]:
    """Leave out messages without a time of their own that were sent again, whose content is stored or stands before."""
    rows = _without_forgotten(rows, connection)
    doubtful = [row for row in rows if row.is_timeless and row.arrival.is_redelivered]
    if not doubtful:
        return rows
    parameters = _parameters(doubtful)
    repeated = {id(doubtful[number - 1]) for (number,) in connection.execute(ALREADY_STORED, parameters)}
    kept, seen = [], set()
    for row in rows:
        content = (row.sensor_id, row.layout_id, str(row.values))  # as text: NaN equals itself there
        if row.is_timeless and row.arrival.is_redelivered and (id(row) in repeated or content in seen):
            continue
        seen.add(content)
        kept.append(row)
    return kept


def _without_forgotten(rows: list[Row], connection: psycopg.Connection) -> list[Row]:
    """Leave out what a broker forgot to have delivered before it crashed (`Arrival.again`)."""
    doubtful = defaultdict(list)
    for row in rows:
        if row.arrival.again is not None and row.is_timeless and not row.arrival.is_redelivered:
            doubtful[row.arrival.again].append(row)
    repeated: set[int] = set()
    for (since_us, until_us), some in doubtful.items():
        moments = {"since": at_microsecond(since_us), "until": at_microsecond(until_us)}
        found = connection.execute(STORED_BEFORE, {**_parameters(some), **moments})
        repeated.update(id(some[number - 1]) for (number,) in found)
    return [row for row in rows if id(row) not in repeated] if repeated else rows


UPSERT_STATES = """
INSERT INTO readings_device_state AS state
       (sensor_id, first_received_at, last_received_at, last_observed_at, messages, last_status, firmware)
VALUES (%s, to_timestamp(%s / 1e6), to_timestamp(%s / 1e6), to_timestamp(%s / 1e6), %s, %s, %s)
ON CONFLICT (sensor_id) DO UPDATE SET
    last_received_at = greatest(state.last_received_at, excluded.last_received_at),
    last_observed_at = greatest(state.last_observed_at, excluded.last_observed_at),
    messages = state.messages + excluded.messages,
    last_status = CASE WHEN excluded.last_status = '{}' THEN state.last_status ELSE excluded.last_status END,
    firmware = CASE WHEN excluded.firmware = '' THEN state.firmware ELSE excluded.firmware END"""


def store_states(batch: Batch, connection: psycopg.Connection) -> None:
    """Add what was heard of each sensor to its state, and forget it."""
    rows = []
    for sensor_id, heard in sorted(batch.heard.items()):  # sorted: two bridges never wait for each other
        status = {key: value for key, value in heard.status.items() if _is_plain(value)}
        firmware = str(status.get("firmware", ""))[:60]
        rows.append(
            (
                sensor_id,
                heard.first_us,
                heard.received_us,
                heard.observed_us,
                heard.messages,
                Jsonb(status),
                firmware,
            )
        )
    with connection.transaction():
        connection.cursor().executemany(UPSERT_STATES, rows)
    batch.heard.clear()


def _is_plain(value: object) -> bool:
    """Whether a value of a status can stand in jsonb: short, finite, printable."""
    if isinstance(value, str):
        return len(value) <= 200 and value.isprintable() and value.isascii()
    if isinstance(value, float):
        return value - value == 0
    if isinstance(value, list):
        return len(value) <= 20 and all(isinstance(item, str) and _is_plain(item) for item in value)
    return isinstance(value, bool | int) and -(2**63) < value < 2**63
