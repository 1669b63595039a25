"""Where the simulated sensors stand over the year."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from capto.simulation.city import City
from capto.simulation.stays import Stay, stays
from capto.simulation.units import INDOOR
from capto.simulation.weather import DAY

OPENED = int(datetime(2026, 11, 21, 4, tzinfo=UTC).timestamp())
CITY = City(seed=3, opened_at=OPENED)
START = OPENED - 365 * DAY


@pytest.fixture(scope="module")
def fleet() -> list[list[Stay]]:
    return [list(stays(CITY, number, start=START, end=OPENED)) for number in range(1, 31)]


def test_every_loan_is_between_two_comparisons(fleet):
    for of_one in fleet:
        assert [stay.kind == "bench" for stay in of_one] == [turn % 2 == 0 for turn in range(len(of_one))]
        assert len(of_one) >= 10


def test_a_sensor_is_at_one_place_at_a_time_and_still_at_the_last(fleet):
    for of_one in fleet:
        assert all(stay.ends_at is not None for stay in of_one[:-1])
        assert of_one[-1].ends_at is None
        for before, after in pairwise(of_one):
            assert 0 < after.starts_at - before.ends_at < 2 * DAY


def test_loans_last_three_to_six_weeks_and_comparisons_two_to_three(fleet):
    for of_one in fleet:
        for turn, stay in enumerate(of_one[1:-1], start=1):
            days = (stay.ends_at - stay.starts_at) / DAY
            if stay.kind == "bench":
                assert 14.0 < days < 20.5, turn
            elif turn > 1:
                assert 19.0 < days < 45.0, turn


def test_today_some_are_lent_and_some_are_beside_a_station(fleet):
    beside = sum(of_one[-1].kind == "bench" for of_one in fleet)
    assert 3 <= beside <= 16


def test_both_stations_and_every_kind_of_borrower_are_served(fleet):
    all_stays = [stay for of_one in fleet for stay in of_one]
    assert {stay.station.code for stay in all_stays if stay.station} == {"SIM001", "SIM002"}
    assert {stay.kind for stay in all_stays} == {"bench", "home", "school", "public"}
    assert sum(stay.spot.is_indoor for stay in all_stays) > 5
    assert {stay.number for stay in all_stays if stay.spot.is_indoor} == {INDOOR}


def test_every_place_says_that_it_is_simulated(fleet):
    assert all("simulé" in stay.label for of_one in fleet for stay in of_one)


def test_a_year_of_thirty_sensors_is_about_a_million_and_a_half_messages(fleet):
    seconds = sum((stay.ends_at or OPENED) - stay.starts_at for of_one in fleet for stay in of_one)
    assert 1_480_000 < seconds / 600 < 1_600_000


def test_kits_change_hands_while_the_desk_is_open(fleet):
    for of_one in fleet:
        for stay in of_one[1:]:
            if stay.kind == "bench":
                continue
            for moved in (stay.starts_at, stay.ends_at):
                if moved is not None:
                    when = datetime.fromtimestamp(moved, ZoneInfo("Europe/Paris"))
                    assert when.weekday() in (1, 2, 3, 4, 5)
                    assert 10 <= when.hour <= 18
