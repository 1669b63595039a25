"""The wind as context: told where a mast is known, drawn in the grammar of all charts, silent elsewhere."""

from typing import Any

import pytest
from django.test import Client

from capto.catalogue.models import ObservedProperty
from dashboards.wind import force, sector
from tests.dashboards.conftest import City
from tests.dashboards.test_chart_parts import charts_of, rows_of_file

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def windy(city: City) -> City:
    """A station with a mast: 3 m/s from the north-west (310°) for 58 hours, then 6 m/s from the north, two hours."""
    for code, name, unit in (
        ("wind_speed", "Vitesse du vent", "m/s"),
        ("wind_direction", "Direction", "deg"),
    ):
        ObservedProperty.objects.create(
            code=code, medium="air", name=name, name_en=name, unit=unit, unit_label=unit
        )
    station = city.station()
    city.reference(station, [11.0] * 60)
    city.reference(station, [3.0] * 58 + [6.0] * 2, quantity="wind_speed")
    city.reference(station, [310.0] * 58 + [2.0] * 2, quantity="wind_direction")
    city.hours(city.place("Berriat", public_id="lieu0"), [12.0] * 60)
    return city


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def test_the_wind_is_told_in_a_sentence_at_its_station_and_at_the_places_near(
    client: Client, windy: City
) -> None:
    # 48 hours are shown, the last to come not over yet: 45 of 3 m/s and 2 of 6 m/s, (135 + 12) / 47 = 3.1.
    said = "Vent faible (3,1 m/s en moyenne), le plus souvent de nord-ouest."
    station = page(client, "/station/FR00001/")
    assert said in station and "6,0 m/s de nord." in station
    assert said in page(client, "/lieu/lieu0/")
    assert "Vitesse du vent</a>" not in station  # context, not a quantity to choose


def test_the_wind_has_a_table_a_file_of_its_hours_and_a_page_to_frame(client: Client, windy: City) -> None:
    chart = charts_of(client, "/station/FR00001/")[-1]
    ((line, address),) = chart["files"]
    rows = rows_of_file(client, address)
    assert line == "reference" and len(rows) == 47 == len(chart["rows"]) - 1
    assert {row["quantity"] for row in rows} == {"wind_speed"}
    assert chart["rows"][1][1:] == ["6,0", "de nord"]
    framed = page(client, "/integrer/station/FR00001/pm25/vent/")
    assert "Les Frênes : Vitesse du vent" in framed


def test_where_no_mast_is_known_nothing_is_said_and_nothing_more_is_asked(
    client: Client, city: City, django_assert_num_queries: Any
) -> None:
    city.reference(city.station(), [11.0] * 60)
    city.hours(city.place("Berriat", public_id="lieu0"), [12.0] * 60)
    assert 'id="vent"' not in page(client, "/station/FR00001/")
    with django_assert_num_queries(9):  # as many as without the wind
        assert "Le vent" not in page(client, "/lieu/lieu0/")
    assert client.get("/integrer/station/FR00001/pm25/vent/").status_code == 404


def test_directions_are_sectors_and_speeds_are_words() -> None:
    assert [sector(degrees) for degrees in (0.0, 22.4, 22.6, 180.0, 337.4, 337.6)] == [0, 0, 1, 4, 7, 0]
    assert [force(speed) for speed in (0.2, 3.0, 6.0, 9.0, 20.0)] == [
        "nul", "faible", "modéré", "assez fort", "fort",
    ]  # fmt: skip
