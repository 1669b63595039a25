"""CSV straight from the database: COPY to the reader in blocks, in constant memory."""

from collections.abc import Generator, Sequence

from django.db import connection
from psycopg import ClientCursor

from dashboards.open_data.sources import Parameter

BLOCK_BYTES = 64 * 1024  # a block of the answer; small enough for memory, large enough not to count


def copy_as_csv(query: str, parameters: Sequence[Parameter], *, has_header: bool = True) -> Generator[bytes]:
    """Stream a query as CSV: UTF-8, commas, points, LF; an absent figure is empty."""
    connection.ensure_connection()
    statement = f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER {has_header})"
    # COPY takes no parameters from the server's side: this cursor writes them into the statement, quoted.
    with ClientCursor(connection.connection) as cursor, cursor.copy(statement, parameters) as copy:
        block = bytearray()
        for row in copy:
            block += row
            if len(block) >= BLOCK_BYTES:
                yield bytes(block)
                block.clear()
        if block:
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
