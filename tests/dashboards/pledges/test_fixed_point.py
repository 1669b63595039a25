"""Who is held, against exhaustive search and against the published table of vectors."""

import doctest
import random
import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.pledges import fixed_point, held, missing

VECTORS = [  # reference table of the rule: conditions -> how many are held
    ([], 0), ([0], 1), ([1], 0), ([1, 1], 2), ([0, 1, 2, 5], 3), ([3, 3, 3], 0), ([3, 3, 3, 3], 4),
    ([2, 2, 2, 9], 3), ([0, 0, 3], 2), ([5, 4, 3, 2, 1, 0], 6), ([1, 1, 3, 3, 9], 4), ([0, 5, 5], 1),
    ([1, 1, 3, 3], 4), ([2, 2, 0], 3),
]  # fmt: skip
SMALL = st.lists(st.integers(-3, 9), max_size=8)
ANY = st.lists(st.one_of(st.integers(-3, 30), st.integers(), st.integers(10**18, 10**40)), max_size=60)


def largest_set(required: list[int]) -> set[int]:
    """Try every set, the largest first, and give the first whose members all see their condition met."""
    for size in range(len(required), 0, -1):
        for members in combinations(range(len(required)), size):
            if all(required[one] <= size - 1 for one in members):
                return set(members)
    return set()


@pytest.mark.parametrize(("required", "number"), VECTORS)
def test_the_table_of_the_rule(required: list[int], number: int) -> None:
    assert sum(held(required)) == number


@given(SMALL)
def test_it_is_the_largest_set_that_exhaustive_search_finds(required: list[int]) -> None:
    found = held(required)
    assert len(found) == len(required)
    assert sum(found) == len(largest_set(required))
    # of one size there may be several sets only where conditions are equal: all of them are in the largest
    assert {i for i, one in enumerate(found) if one} == largest_set(required)


@given(ANY)
def test_everyone_held_sees_the_condition_met_and_nobody_else_could_join(required: list[int]) -> None:
    found = held(required)
    size = sum(found)
    assert all(required[i] <= size - 1 for i, one in enumerate(found) if one)
    assert all(required[i] > size - 1 for i, one in enumerate(found) if not one)


@given(ANY, st.randoms())
def test_the_order_of_arrival_changes_nothing(required: list[int], draw: random.Random) -> None:
    order = list(range(len(required)))
    draw.shuffle(order)
    shuffled = held([required[i] for i in order])
    assert [shuffled[order.index(i)] for i in range(len(required))] == held(required)


@given(ANY, st.integers(-5, 40))
def test_one_more_pledge_frees_nobody(required: list[int], newcomer: int) -> None:
    before, after = held(required), held([*required, newcomer])
    assert all(not was or still for was, still in zip(before, after, strict=False))


@given(SMALL, st.integers(-2, 12))
def test_what_is_missing_is_the_least_number_that_holds_the_threshold(
    required: list[int], threshold: int
) -> None:
    least = next(a for a in range(40) if sum(held([*required, *[threshold] * a])) > max(threshold, 0))
    assert missing(required, threshold=threshold) == least


def test_a_million_pledges_are_answered_exactly() -> None:
    draw = random.Random(8)
    required = [draw.randrange(1_500_000) for _ in range(1_000_000)]
    found = held(required)
    ordered = sorted(required)
    size = max((k for k, x in enumerate(ordered, 1) if x <= k - 1), default=0)  # the sorted form of the rule
    assert sum(found) == size and found == [x <= size - 1 for x in required]


def test_half_a_person_is_no_condition() -> None:
    with pytest.raises(TypeError):
        held([2.5])  # type: ignore[list-item]


def test_the_rule_needs_no_django() -> None:
    asks = "import sys; from dashboards.pledges import held; print(held([1, 1]), 'django' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True, env={})
    assert said.stdout.strip() == "[True, True] False"


def test_its_examples_hold() -> None:
    assert doctest.testmod(fixed_point) == (0, doctest.testmod(fixed_point).attempted)
    assert doctest.testmod(fixed_point).attempted >= 10
