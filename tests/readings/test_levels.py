"""Levels of the French scale: rows with their text, bounds inclusive, told apart from the official index."""

from datetime import date

import pytest
from django.db import IntegrityError

from capto.readings.models import Level, level_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("pollutant", "value", "name"),
    [  # arrêté of 10 July 2020: upper bounds are inclusive
        ("pm25", 0.0, "Bon"), ("pm25", 10.0, "Bon"), ("pm25", 10.4, "Bon"), ("pm25", 11.0, "Moyen"),
        ("pm25", 25.0, "Dégradé"), ("pm25", 50.0, "Mauvais"), ("pm25", 75.0, "Très mauvais"),
        ("pm25", 76.0, "Extrêmement mauvais"), ("pm25", -3.0, "Bon"), ("pm10", 50.0, "Dégradé"),
        ("no2", 90.0, "Moyen"), ("o3", 241.0, "Très mauvais"), ("so2", 751.0, "Extrêmement mauvais"),
    ],
)  # fmt: skip
def test_a_value_lies_in_the_level_of_the_text(pollutant: str, value: float, name: str) -> None:
    found = level_of(value, Level.objects.in_force(pollutant=pollutant, on=TODAY))
    assert found is not None and found.name == name


def test_particles_are_judged_by_the_mean_of_a_day_and_gases_by_its_highest_hour() -> None:
    statistics = dict(Level.objects.values_list("pollutant", "statistic").distinct())
    assert statistics == {
        "pm25": "daily_mean", "pm10": "daily_mean", "no2": "daily_maximum", "o3": "daily_maximum",
        "so2": "daily_maximum",
    }  # fmt: skip


def test_before_the_text_and_for_an_unknown_pollutant_there_is_no_level() -> None:
    assert level_of(12.0, Level.objects.in_force(pollutant="pm25", on=date(2020, 12, 31))) is None
    assert level_of(12.0, Level.objects.in_force(pollutant="pm1", on=TODAY)) is None


def test_a_new_text_is_new_rows_and_the_end_of_the_old_ones() -> None:
    Level.objects.filter(pollutant="pm25").update(valid_to=date(2027, 1, 1))
    Level.objects.create(
        scale="FR", pollutant="pm25", statistic="daily_mean", number=1, name="Bon", name_en="Good", colour="#50F0E6",
        upper=5.0, valid_from=date(2027, 1, 1), legal_reference="un texte futur", status="transcribed",
    )  # fmt: skip
    assert level_of(8.0, Level.objects.in_force(pollutant="pm25", on=TODAY)) is not None
    assert level_of(8.0, Level.objects.in_force(pollutant="pm25", on=date(2027, 1, 1))) is None


def test_one_level_per_number_and_first_day() -> None:
    with pytest.raises(IntegrityError, match="one_level_per_number_and_first_day"):
        Level.objects.create(
            scale="FR", pollutant="pm25", statistic="daily_mean", number=1, name="x", name_en="x", colour="#000000",
            valid_from=date(2021, 1, 1), legal_reference="x", status="verified",
        )  # fmt: skip
