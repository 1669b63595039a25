import pytest
from scipy import stats

from calibration.student import TABLE, quantiles, widening


def test_the_table_is_that_of_scipy() -> None:
    for inverse, outer, inner in TABLE[1:]:
        expected = stats.t.ppf(0.975, 1 / inverse), stats.t.ppf(0.95, 1 / inverse)
        assert (outer, inner) == pytest.approx(expected, abs=1e-6)
    assert TABLE[0][1:] == pytest.approx((stats.norm.ppf(0.975), stats.norm.ppf(0.95)), abs=1e-6)


@pytest.mark.parametrize("spells", [1.0, 1.2, 2.3, 5.6, 17.0, 400.0])
def test_between_the_rows_it_is_near_enough(spells: float) -> None:
    assert quantiles(spells) == pytest.approx(
        (stats.t.ppf(0.975, spells), stats.t.ppf(0.95, spells)), rel=5e-3
    )


def test_fewer_spells_make_a_wider_interval_and_never_fewer_than_one() -> None:
    assert widening(1.5) > widening(3.0) > widening(30.0) > stats.norm.ppf(0.975) / stats.norm.ppf(0.95)
    assert widening(0.2) == widening(1.0)
