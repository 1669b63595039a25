"""The effect: the published table of the reference, seeds, layers, and what may be said."""

import doctest
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from dashboards.pledges import effect, small_numbers, words
from dashboards.pledges.effect import Factor, Pledged, draw, estimate, times_too_small
from dashboards.pledges.models import FactorSet

DEFAULT = {  # reference: pledges and impact, sections 4 and 5
    "km_per_day": Factor(20, 6, 45),
    "kept": Factor(0.6, 0.3, 0.9),
    "not_replaced": Factor(0.85, 0.6, 1),
    "would_have_driven": Factor(0.9, 0.7, 1),
    "partly": Factor(0.5, 0.2, 0.8),
    "car_nox": Factor(0.30, 0.12, 0.60),
    "car_pm10": Factor(27, 22, 50),
    "car_pm25": Factor(17.5, 12.5, 30),
    "car_co2": Factor(0.192, 0.15, 0.22),
    "wood_kg": Factor(7, 3, 12),
    "wood_heat": Factor(15.2, 14, 16.5),
    "wood_pm25": Factor(820, 410, 1640, "lognormal"),
    "wood_pm10_ratio": Factor(1.02, 1, 1.05),
    "wood_nox": Factor(50, 30, 150, "lognormal"),
}
DECLARED = Pledged("car", 100, declared=True)


@pytest.mark.parametrize(
    ("key", "p5", "p50", "p95"),
    [  # 100 declared car pledges, 20 000 draws: the table of section 5
        ("vehicle_km", 490, 1_090, 2_080),
        ("nox_g", 138, 353, 793),
        ("pm10_g", 15, 35, 73),
        ("pm25_g", 9, 21, 44),
    ],
)
def test_a_hundred_declared_car_pledges_give_the_table_of_the_reference(
    key: str, p5: float, p50: float, p95: float
) -> None:
    found = estimate(DECLARED, DEFAULT, seed=1)[key]
    assert found == pytest.approx((p5, p50, p95), rel=0.03)


def test_one_open_fire_evening_weighs_89_grams() -> None:
    found = estimate(Pledged("wood", 1), DEFAULT, seed=1)["pm25_g"]
    assert found.p50 == pytest.approx(
        89, rel=0.02
    )  # the table of section 5; 7 kg x 15.2 MJ/kg x 820 g/GJ = 87 g
    assert found.p5 < 7 * 15.2 * 0.82 < found.p95


def test_the_same_seed_gives_the_same_figures_and_another_others() -> None:
    assert estimate(DECLARED, DEFAULT, seed=7) == estimate(DECLARED, DEFAULT, seed=7)
    assert estimate(DECLARED, DEFAULT, seed=7) != estimate(DECLARED, DEFAULT, seed=8)


def test_one_more_factor_moves_no_other_draw() -> None:
    more = {"a_new_one": Factor(1, 0.5, 2), **DEFAULT}
    assert estimate(DECLARED, more, seed=7) == estimate(DECLARED, DEFAULT, seed=7)


def test_nobody_avoids_nothing() -> None:
    for kind in ("car", "wood"):
        assert all(interval == (0, 0, 0) for interval in estimate(Pledged(kind, 0), DEFAULT, seed=1).values())


def test_twice_as_many_avoid_twice_as_much() -> None:
    once, twice = (estimate(Pledged("car", n), DEFAULT, seed=1)["nox_g"].p50 for n in (100, 200))
    assert twice == pytest.approx(2 * once)


@pytest.mark.parametrize("kind", ["car", "wood"])
def test_percentiles_are_in_order(kind: str) -> None:
    assert all(i.p5 <= i.p50 <= i.p95 for i in estimate(Pledged(kind, 3), DEFAULT, seed=1).values())


def test_certain_factors_give_the_closed_form_without_width() -> None:
    certain = {key: Factor(f.value, f.value, f.value, f.distribution) for key, f in DEFAULT.items()}
    found = estimate(DECLARED, certain, seed=1)["vehicle_km"]
    assert found == pytest.approx((1_020, 1_020, 1_020))  # 100 x 20 km x 0.6 x 0.85
    uncertain = estimate(DECLARED, DEFAULT, seed=1)["vehicle_km"]
    assert uncertain.p5 < 1_020 < uncertain.p95


def test_kilometres_that_were_told_take_the_place_of_the_usual_ones() -> None:
    told = Pledged("car", 10, told_km=10, own_km=70.0)
    certain = {key: Factor(f.value, f.value, f.value) for key, f in DEFAULT.items()}
    assert estimate(told, certain, seed=1)["vehicle_km"].p50 == pytest.approx(70 * 0.9 * 0.85)


def test_who_did_a_part_counts_for_a_part() -> None:
    certain = {key: Factor(f.value, f.value, f.value) for key, f in DEFAULT.items()}
    found = estimate(Pledged("car", 10, partly=10, declared=True), certain, seed=1)["vehicle_km"]
    assert found.p50 == pytest.approx((10 + 5) * 20 * 0.6 * 0.85)


def test_the_log_normal_holds_95_percent_between_low_and_high() -> None:
    drawn = draw("x", Factor(820, 410, 1640, "lognormal"), seed=3, draws=100_000)
    assert ((drawn >= 410) & (drawn <= 1640)).mean() == pytest.approx(0.95, abs=0.003)


@pytest.mark.parametrize(
    "factor", [Factor(5, 6, 7), Factor(1, 0, 2, "lognormal"), Factor(1, 0.5, 2, "cauchy")]
)
def test_a_factor_that_makes_no_sense_is_refused(factor: Factor) -> None:
    with pytest.raises(ValueError, match="x: "):
        draw("x", factor, seed=1, draws=10)


@pytest.mark.django_db
def test_the_first_set_of_factors_is_that_of_the_reference_and_never_rewritten() -> None:
    factors = FactorSet.objects.get()
    numbers = factors.numbers()
    assert {key: numbers[key] for key in DEFAULT} == DEFAULT
    assert (
        factors.factors.filter(is_verified=False).count() > factors.factors.filter(is_verified=True).count()
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        factors.factors.update(value=1)


@pytest.mark.django_db
def test_a_hundred_cars_are_far_below_what_sensors_tell_apart_and_a_million_fires_are_not() -> None:
    numbers: dict[str, Any] = FactorSet.objects.get().numbers()
    cars = estimate(Pledged("car", 100), numbers, seed=1)["nox_g"]
    assert times_too_small(cars, numbers, smallest_seen=10.0, seed=1) > 100
    fires = estimate(Pledged("wood", 1_000_000), numbers, seed=1)["pm25_g"]
    assert times_too_small(fires, numbers, smallest_seen=4.0, seed=1) < 1
    assert times_too_small(effect.Interval(0, 0, 0), numbers, smallest_seen=4.0, seed=1) == float("inf")


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("pm25_g", 21.2, "21 g"), ("nox_g", 1_530, "1,5 kg"), ("co2_kg", 2_040.0, "2,0 t"),
        ("vehicle_km", 1_088, "1 100 km"), ("pm10_g", 0.0, "0 g"), ("pm10_g", 0.0432, "0,043 g"),
        ("evenings", 12.0, "12 soirées"), ("nox_g", 996.0, "1 000 g"),
    ],
)  # fmt: skip
def test_figures_are_written_with_two_digits(key: str, value: float, written: str) -> None:
    assert words.amount(key, value).replace("\xa0", " ").replace("\u202f", " ") == written


@pytest.mark.parametrize(
    ("pollutant", "first"), [("pm10", "pm25_g"), ("", "pm25_g"), ("no2", "nox_g"), ("o3", "nox_g")]
)
def test_what_counts_for_the_pollutant_comes_first(pollutant: str, first: str) -> None:
    results = dict.fromkeys(("nox_g", "pm10_g", "pm25_g", "co2_kg"), (1.0, 2.0, 3.0))
    assert words.lines(results, pollutant=pollutant)[0].key == first


def test_the_examples_of_the_small_numbers_hold() -> None:
    found = doctest.testmod(small_numbers)
    assert found.failed == 0 and found.attempted >= 5
