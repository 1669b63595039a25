"""Insee's population grid, read from its CSV: which squares of 200 m hold how many households.

The names of the columns (`idcar_200m`, `men`) and of the squares (`CRS3035RES200mN2029800E4252400`) are those of the
localised data of Filosofi as we remember them, not checked against the file of a year: both names are options.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from capto.readings.models.grid_square import GridSquare

SQUARE = re.compile(r"CRS3035RES200mN(\d{4,8})E(\d{4,8})")
AT_ONCE = 10_000  # rows a statement
MOST_ERRORS = 20


class NotAGrid(ValueError):
    """The file is no grid of squares of 200 m; the text names the line and what is wrong, for each of the first."""


class _Square(NamedTuple):
    east: int
    north: int
    households: float


def import_grid(path: Path, *, id_column: str = "idcar_200m", count_column: str = "men") -> int:
    """Write the squares of a file, those already there anew; give how many. Nothing is written where a row is wrong.

    Raises NotAGrid and OSError.
    """
    with transaction.atomic():
        count = 0
        batch: list[GridSquare] = []
        for square in _read(path, id_column=id_column, count_column=count_column):
            batch.append(GridSquare(**square._asdict()))
            if len(batch) == AT_ONCE:
                count += _write(batch)
                batch = []
        return count + _write(batch)


def _write(batch: list[GridSquare]) -> int:
    GridSquare.objects.bulk_create(
        {(square.east, square.north): square for square in batch}.values(),
        update_conflicts=True, unique_fields=["east", "north"], update_fields=["households"],
    )  # fmt: skip
    return len(batch)


def _read(path: Path, *, id_column: str, count_column: str) -> Iterator[_Square]:
    errors: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            header = file.readline()
            delimiter = max(",;\t", key=header.count)
            names = [name.strip().strip('"').lower() for name in header.rstrip("\r\n").split(delimiter)]
            missing = [name for name in (id_column, count_column) if name.lower() not in names]
            if missing:
                raise NotAGrid(f"line 1: there is no column {' and no column '.join(missing)}")
            at, counted = names.index(id_column.lower()), names.index(count_column.lower())
            for number, row in enumerate(csv.reader(file, delimiter=delimiter), 2):
                if not row:
                    continue
                try:
                    yield _square(row[at], row[counted])
                except (ValueError, IndexError) as error:
                    errors.append(f"line {number}: {error}")
                    if len(errors) == MOST_ERRORS:
                        break
        except UnicodeDecodeError as error:
            raise NotAGrid("the file is not UTF-8 text") from error
    if errors:
        raise NotAGrid("; ".join(errors))


def _square(name: str, count: str) -> _Square:
    found = SQUARE.fullmatch(name.strip())
    if found is None:
        raise ValueError(f"'{name[:60]}' names no square of 200 m, such as CRS3035RES200mN2029800E4252400")
    north, east = int(found[1]), int(found[2])
    if north % 200 or east % 200:
        raise ValueError(f"'{name}' is no corner of the grid of 200 m")
    households = float(count.strip().replace(",", "."))
    if not 0 <= households < 1e6:
        raise ValueError(f"{count} households")
    return _Square(east, north, households)
