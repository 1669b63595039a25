"""A file of millions of rows as many small questions: the first row leaves at once, and nothing is sorted on disk.

A file is sorted by time first, so what the pieces give one after another is what one question would give. They see
one moment of the database.
"""

from collections.abc import Generator
from datetime import datetime
from itertools import pairwise

from django.db import connection

from dashboards.open_data.csv import copy_as_csv
from dashboards.open_data.periods import Period
from dashboards.open_data.sources import Source

PIECE_BYTES = 16_000_000  # of the table; sorted in the memory that PostgreSQL gives to one sort

CHUNKS = """
SELECT range_start, range_end, pg_relation_size(format('%%I.%%I', chunk_schema, chunk_name)::regclass)
FROM timescaledb_information.chunks WHERE hypertable_name = %s ORDER BY range_start
"""


def cuts(hypertable: str) -> list[datetime]:
    """Give the instants that cut a hypertable into pieces of about PIECE_BYTES, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(CHUNKS, [hypertable])
        chunks = cursor.fetchall()
    found = set()
    for start, end, size in chunks:
        count = max(1, round(size / PIECE_BYTES))
        found |= {start + (end - start) * number / count for number in range(count)} | {end}
    return sorted(found)


def rows_as_csv(source: Source, period: Period) -> Generator[bytes]:
    """Stream the rows of a period as CSV with one header, piece after piece where the source has chunks."""
    condition, parameters = period.condition(source.time)
    start, end = period.start, period.end
    inside = [cut for cut in cuts(source.hypertable) if (not start or cut > start) and (not end or cut < end)]
    alone = not connection.in_atomic_block
    if alone:
        _say("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        for number, (low, high) in enumerate(pairwise([None, *inside, None])):
            bounds = [(sign, at) for sign, at in ((">=", low), ("<", high)) if at is not None]
            narrowed = " AND ".join([f"({condition})", *(f"{source.time} {sign} %s" for sign, _ in bounds)])
            values = [*parameters, *(at for _, at in bounds)]
            yield from copy_as_csv(source.query(narrowed), values, has_header=number == 0)
    finally:
        if alone:
            _say("ROLLBACK")  # nothing was written


def _say(statement: str) -> None:
    connection.ensure_connection()
    connection.connection.execute(statement)
