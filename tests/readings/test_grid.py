"""Insee's grid: squares with few households get larger published cells, once the grid is imported."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from capto.readings.models import CellRule, GridSquare
from capto.readings.published_cell import published_cell, square_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 27)
# The origin of EPSG:3035's projection is 52 N 10 E, at 4,321,000 m east and 3,210,000 m north.
ORIGIN = (52.0, 10.0)
HERE = "CRS3035RES200mN3210000E4321000"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "grid.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_position_lies_in_the_square_of_its_projection() -> None:
    assert square_of(52.0001, 10.0001) == (4_321_000, 3_210_000)
    assert square_of(51.9999, 9.9999) == (4_320_800, 3_209_800)
    cell = published_cell(52.0001, 10.0001, size_m=200)
    assert square_of(cell.latitude, cell.longitude) == (4_321_000, 3_210_000)


def test_a_grid_is_imported_and_corrected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(
        tmp_path, '"Idcar_200m";"men";"ind"', f"{HERE};12,5;30", "CRS3035RES200mN3210200E4321000;3;6"
    )
    call_command("import_grid", path)
    assert "2 squares" in capsys.readouterr().out
    assert GridSquare.objects.households_at(52.0001, 10.0001) == 12.5
    call_command("import_grid", written(tmp_path, "idcar_200m,men", f"{HERE},9"))
    assert GridSquare.objects.households_at(52.0001, 10.0001) == 9.0
    assert GridSquare.objects.count() == 2


def test_a_square_without_a_row_is_empty_near_the_grid_and_unknown_far_from_it(tmp_path: Path) -> None:
    call_command("import_grid", written(tmp_path, "idcar_200m,men", f"{HERE},9"))
    assert GridSquare.objects.households_at(52.05, 10.0) == 0.0  # 5.6 km north
    assert GridSquare.objects.households_at(45.19, 5.72) is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("N3210000E4321000,9", "line 3: 'N3210000E4321000' names no square of 200 m"),
        ("CRS3035RES1000mN3210000E4321000,9", "names no square of 200 m"),
        ("CRS3035RES200mN3210100E4321000,9", "no corner of the grid"),
        (f"{HERE},many", "line 3: could not convert"),
        (f"{HERE},-1", "-1 households"),
        (f"{HERE},nan", "nan households"),
        (HERE, "line 3"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(tmp_path: Path, row: str, said: str) -> None:
    path = written(tmp_path, "idcar_200m,men", "CRS3035RES200mN3210200E4321000,3", row)
    with pytest.raises(CommandError, match=said.replace("(", r"\(")):
        call_command("import_grid", path)
    assert not GridSquare.objects.exists()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="line 1: there is no column idcar_200m and no column men"):
        call_command("import_grid", written(tmp_path, "a,b", "1,2"))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_grid", tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"idcar_200m,men,\xe9\n")
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("import_grid", tmp_path / "latin.csv")


@pytest.mark.parametrize(
    ("population", "households", "metres"),
    [
        (158_000, 10.5, 1_000),
        (158_000, 11.0, 200),
        (158_000, None, 200),
        (1_000, 50.0, 1_000),
        (None, 0.0, 1_000),
    ],
)
def test_few_households_make_a_larger_cell(
    population: int | None, households: float | None, metres: int
) -> None:
    assert CellRule.objects.smallest_cell(population=population, households=households, on=TODAY) == metres


def test_a_rule_counts_people_or_households_and_not_both() -> None:
    with pytest.raises(IntegrityError, match="a_cell_rule_counts_one_thing"):
        CellRule.objects.create(
            below_population=1, below_households=1, size_m=1, valid_from=TODAY, reason="x"
        )
