"""How large a published cell is: by dated rows on the population of the commune, never finer than the rule."""

from datetime import date

import pytest
from django.db import IntegrityError

from capto.readings.models import CellRule

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("population", "metres"), [(1_999, 1_000), (2_000, 200), (158_000, 200), (0, 1_000), (None, 200)]
)
def test_a_small_commune_has_cells_of_a_kilometre(population: int | None, metres: int) -> None:
    assert CellRule.objects.smallest_cell(population=population, on=TODAY) == metres


def test_of_several_rules_the_largest_cell_counts() -> None:
    CellRule.objects.create(below_population=200, size_m=5_000, valid_from=TODAY, reason="hameaux")
    assert CellRule.objects.smallest_cell(population=150, on=TODAY) == 5_000
    assert CellRule.objects.smallest_cell(population=250, on=TODAY) == 1_000


def test_a_rule_holds_until_it_ends() -> None:
    CellRule.objects.update(valid_to=date(2027, 1, 1))
    assert CellRule.objects.smallest_cell(population=100, on=date(2026, 12, 31)) == 1_000
    assert CellRule.objects.smallest_cell(population=100, on=date(2027, 1, 1)) == 200


def test_a_cell_without_a_size_is_refused() -> None:
    with pytest.raises(IntegrityError, match="a_published_cell_has_a_size"):
        CellRule.objects.create(below_population=10, size_m=0, valid_from=TODAY, reason="x")
