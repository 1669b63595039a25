"""CSV straight from the database: COPY to the reader in blocks, in constant memory."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from psycopg import ClientCursor

from dashboards.open_data.dictionary import HOURLY, REFERENCE, Column

BLOCK_BYTES = 64 * 1024  # a block of the answer; small enough for memory, large enough not to count
Parameter = str | int | datetime

ODBL = "https://opendatacommons.org/licenses/odbl/1-0/"
LICENCE_OUVERTE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"


@dataclass(frozen=True, slots=True)
class Source:
    """What a file is made of: its columns, its tables, its order, and how one sees that it changed.

    `mark` is SQL that gives one text for the rows of a file; `latest` the time of the last change of a row.
    """

    columns: tuple[Column, ...]
    tables: str
    order: str
    latest: str
    mark: str
    licence: str

    def query(self, condition: str) -> str:
        """Give the SELECT of the rows that meet a condition; the same content is always the same file."""
        columns = ", ".join(f"{column.sql} AS {column.name}" for column in self.columns)
        return f"SELECT {columns} FROM {self.tables} WHERE {condition} ORDER BY {self.order}"

    def state(self, condition: str, parameters: Sequence[Parameter]) -> tuple[datetime | None, str]:
        """Give when a file last changed, None where it has no row, and a mark that differs when it differs."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.latest}, md5({self.mark}) FROM {self.tables} WHERE {condition}", parameters
            )
            row = cursor.fetchone()
        assert row is not None
        return row[0], row[1]


HOURS = Source(
    columns=HOURLY,
    tables=(
        "dashboards_published_hour AS published"
        " JOIN catalogue_observedproperty AS property ON property.code = published.property_id"
    ),
    order="hour, series_id",
    latest="max(computed_at)",
    # The published cell and label of every row count too: coarsening a place changes its old files.
    mark=(
        "concat(count(*), max(computed_at), sum(hashtextextended("
        "concat(series_id, hour, computed_at, latitude, longitude, precision_m), 0)))"
    ),
    licence=ODBL,
)

REFERENCE_HOURS = Source(
    columns=REFERENCE,
    tables=(
        "readings_reference_value AS hourly"
        " JOIN readings_referenceseries AS series ON series.id = hourly.series_id AND series.licence = 'lov2'"
        " JOIN readings_referencestation AS station ON station.id = series.station_id"
        " JOIN catalogue_observedproperty AS property ON property.code = series.property_id"
    ),
    order="hour, hourly.series_id",
    latest="max(imported_at)",
    mark="concat(count(*), max(imported_at), sum(value))",
    licence=LICENCE_OUVERTE,
)


def copy_as_csv(query: str, parameters: Sequence[Parameter]) -> Generator[bytes]:
    """Stream a query as CSV with a header: UTF-8, commas, points, LF; an absent figure is empty."""
    connection.ensure_connection()
    statement = f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER true)"
    # COPY takes no parameters from the server's side: this cursor writes them into the statement, quoted.
    with ClientCursor(connection.connection) as cursor, cursor.copy(statement, parameters) as copy:
        block = bytearray()
        for row in copy:
            block += row
            if len(block) >= BLOCK_BYTES:
                yield bytes(block)
                block.clear()
        yield bytes(block)


def begun(blocks: Generator[bytes]) -> Generator[bytes]:
    """Take the first block at once, so that a query that fails is an error page and not half a file.

    Closing the answer early, as when a reader goes away, ends the COPY on the server.
    """
    first = next(blocks)

    def all_blocks() -> Generator[bytes]:
        try:
            yield first
            yield from blocks
        finally:
            blocks.close()

    return all_blocks()
