"""Writing many rows of a model by COPY, and telling how far that is."""

import itertools
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

AT_ONCE = 5_000  # rows of a transaction: triggers of history and foreign keys are slow over many more


def say(text: str) -> None:
    """Tell how far the making is, to standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def copy(model: Any, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows by COPY, what a row does not say as its model's default; gives how many.

    The triggers of history, slow row by row, sleep meanwhile; what they would have written is written at the end.
    """
    from django.db import connection

    columns: dict[str, Any] = {}
    source = iter(rows)
    first = next(source, None)
    if first is None:
        return 0
    for field in model._meta.concrete_fields:
        if field.attname in first or not field.primary_key:
            columns[field.attname] = field
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        row: dict[str, Any] | None = first
        while row is not None:
            cells = (row[name] if name in row else field.get_default() for name, field in columns.items())
            yield "\t".join(map(cell, cells)) + "\n"
            count += 1
            row = next(source, None)

    names = ", ".join(f'"{field.column}"' for field in columns.values())
    connection.ensure_connection()
    source_of_lines = lines()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER")
        while part := "".join(itertools.islice(source_of_lines, AT_ONCE)):
            with cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as out:
                out.write(part)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {model._meta.db_table} ENABLE TRIGGER USER")
        for history in _histories(model):
            cursor.execute(history)
        cursor.execute(f"ANALYZE {model._meta.db_table}")  # later foreign keys are checked by its index
        if "id" in columns and "id" in first:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), "
                f"(SELECT max(id) FROM {model._meta.db_table}))"
            )
    say(f"{count} rows of {model._meta.db_table}")
    return count


def _histories(model: Any) -> Iterator[str]:
    """Give the statements that write the history of what is in a table and has none yet."""
    for relation in model._meta.related_objects:
        event = relation.related_model
        if relation.field.name != "pgh_obj":
            continue
        known = {field.column for field in model._meta.concrete_fields}
        names = ", ".join(
            f'"{field.column}"' for field in event._meta.concrete_fields if field.column in known
        )
        yield (
            f"INSERT INTO {event._meta.db_table} (pgh_created_at, pgh_label, pgh_obj_id, {names}) "
            f"SELECT now(), 'insert', id, {names} FROM {model._meta.db_table} made "
            f"WHERE NOT EXISTS (SELECT FROM {event._meta.db_table} told WHERE told.pgh_obj_id = made.id)"
        )


def cell(value: Any) -> str:
    """Write one value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return "{}"
    return str(value).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")
