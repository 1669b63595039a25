"""Parquet from the same query as CSV, group of rows by group of rows, in constant memory.

The CSV of the database is read and typed by the dictionary: both formats hold the same numbers.
"""

import io
from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa
from pyarrow import csv, parquet

from dashboards.open_data.dictionary import UNITS, Column

ROWS_IN_A_GROUP = 131_072  # about 20 MB of hours before compression
CSV_BYTES_AT_ONCE = 4 * 1024 * 1024

TYPES = {
    "datetime": pa.timestamp("us", tz="UTC"),
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


def schema(columns: Sequence[Column]) -> pa.Schema:
    """Give the schema of a file: the type of each column; its meaning in French and its unit (UCUM) as metadata."""
    return pa.schema(
        [pa.field(column.name, TYPES[column.type], metadata=_told(column)) for column in columns]
    )


def _told(column: Column) -> dict[str, str]:
    told = {"description": str(column.meaning)}
    return told | ({"unit": UNITS[column.name]} if column.name in UNITS else {})


def as_parquet(blocks: Generator[bytes], *, columns: pa.Schema) -> Generator[bytes]:
    """Write CSV, given as blocks of whole rows after a header, as one Parquet file; zstd inside, no index of pandas."""
    sink = _Sink()
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), columns, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        rows = 0
        for table in _tables(blocks, columns):
            waiting.append(table)
            rows += table.num_rows
            if rows >= ROWS_IN_A_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting, rows = [], 0
                yield sink.taken()
        if rows:
            writer.write_table(pa.concat_tables(waiting))
    yield sink.taken()


def _tables(blocks: Iterator[bytes], columns: pa.Schema) -> Iterator[pa.Table]:
    """Read blocks of whole rows, the header in the first, some at a time and in this thread."""
    waiting = bytearray(next(blocks).split(b"\n", 1)[1])
    for block in blocks:
        if len(waiting) >= CSV_BYTES_AT_ONCE:
            yield _read(bytes(waiting), columns)
            waiting.clear()
        waiting += block
    if waiting:
        yield _read(bytes(waiting), columns)


def _read(rows: bytes, columns: pa.Schema) -> pa.Table:
    return csv.read_csv(
        pa.BufferReader(rows),
        read_options=csv.ReadOptions(column_names=columns.names, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={field.name: field.type for field in columns},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true"],
            false_values=["false"],
        ),
    ).cast(columns)


class _Sink(io.RawIOBase):
    """A file that is written once from front to back, and emptied as it goes."""

    def __init__(self) -> None:
        self._written = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._written += data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken
