"""What a reader chooses on a place's page: a day, the week, other places beside it; and what the week says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from capto.members.models import Territory
from capto.validation.models import PlaceContext
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def test_a_day_is_drawn_from_midnight_to_midnight_in_paris(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [float(number) for number in range(100)])  # the last one is the hour of 11 UTC
    found = page(client, f"/lieu/{home.public_id}/?jour=2026-11-19")
    assert "Le 19 novembre 2026</h2>" in found
    assert "from=2026-11-18T23Z&amp;to=2026-11-19T23Z" in found
    assert found.split('<table class="hours">')[1].split("</table>")[0].count('<tr><th scope="row">') == 24
    assert f'href="/lieu/{home.public_id}/pm25/?jour=2026-11-18#deux-jours"' in found
    assert f'href="/lieu/{home.public_id}/pm25/?jour=2026-11-20#deux-jours"' in found
    assert '<meta name="robots" content="noindex">' in found


@pytest.mark.parametrize("asked", ["jour=1999-01-01", "jour=2027-01-01", "jour=hier", "periode=siecle"])
def test_a_day_that_is_not_published_is_the_last_two(client: Client, city: City, asked: str) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 100)
    assert "Les deux derniers jours</h2>" in page(client, f"/lieu/{home.public_id}/?{asked}")


def test_a_day_of_last_month_is_still_there(client: Client, city: City) -> None:
    home = city.place("Berriat", starts_at=NOON - timedelta(days=60))
    city.hours(home, [7.5] * 24, end=datetime(2026, 10, 1, 22, tzinfo=UTC))
    found = page(client, f"/lieu/{home.public_id}/?jour=2026-10-01")
    assert found.count("7,5</a> ± 3,0") == 24


def test_the_week_hour_by_hour_holds_seven_days(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 300)
    found = page(client, f"/lieu/{home.public_id}/?periode=semaine")
    assert "La semaine, heure par heure" in found
    assert "from=2026-11-13T13Z&amp;to=2026-11-20T13Z" in found


def test_two_places_and_the_station_stand_beside_the_place_and_a_third_does_not(
    client: Client, city: City
) -> None:
    city.reference(city.station(), [11.0] * 60)
    home = city.place("Berriat")
    city.hours(home, [12.0] * 60)
    others = [city.place(label) for label in ("Capuche", "Villeneuve", "Teisseire")]
    for number, other in enumerate(others):
        city.hours(other, [20.0 + number] * 60)
    asked = "&".join(f"avec={other.public_id}" for other in others)
    found = page(client, f"/lieu/{home.public_id}/?{asked}")
    drawing = found.split('id="heures-t"')[1].split("</svg>")[0]
    assert drawing.count('class="line second"') == 1 and drawing.count('class="line third"') == 1
    assert drawing.count('class="line reference"') == 1 and drawing.count('class="ribbon"') == 1
    assert found.count(" checked>") == 2
    files = found.split('id="heures-titre"')[1].split("</figure>")[0]
    assert files.count("celles de ") == 3  # the station's file and two places'


def test_a_place_beside_shows_its_values_with_their_uncertainty_in_the_table(
    client: Client, city: City
) -> None:
    home, other = city.place("Berriat"), city.place("Capuche")
    city.hours(home, [12.0] * 60)
    city.hours(other, [20.0] * 30, uncertainty=4.0)
    found = page(client, f"/lieu/{home.public_id}/?avec={other.public_id}")
    assert found.count("20,0 ± 4,0") >= 30
    assert f"/data/places/{other.public_id}/hourly.csv?quantity=pm25&amp;from=" in found


def test_a_withdrawn_or_unknown_place_is_not_set_beside(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 60)
    inside = city.place("Séjour", is_indoor=True)
    city.hours(inside, [99.0] * 60)
    found = page(client, f"/lieu/{home.public_id}/?avec={inside.public_id}&avec=nothing")
    assert "99,0" not in found and "Séjour" not in found


def test_the_week_gives_a_mean_a_level_and_the_law_of_each_threshold(client: Client, city: City) -> None:
    city.reference(city.station(), [11.0] * 300)
    home = city.place("Berriat")
    city.hours(home, [30.0] * 300)
    found = page(client, f"/lieu/{home.public_id}/")
    week = found.split('id="semaine-titre"')[1].split("</figure>")[0]
    # 14 to 19 November are whole; of the 20th only 13 hours are over.
    assert week.count("30,0 <span") == 6 and week.count("4, Mauvais") == 6  # 25 < 30 <= 50
    assert 'fill="#FF5050"' in week
    assert "Niveau indicatif (échelle ATMO)" in week and "arrêté du 10 juillet 2020" in week
    assert "ligne directrice de l’OMS : 15 µg/m³" in week
    assert "OMS, lignes directrices 2021" in week and "depuis le 22 septembre 2021" in week
    assert "indice ATMO" not in found


def test_a_day_of_seventeen_hours_has_no_mean_and_no_level(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [30.0] * 17, end=datetime(2026, 11, 19, 22, tzinfo=UTC))
    assert "La semaine, jour par jour" not in page(client, f"/lieu/{home.public_id}/")


def test_ozone_is_judged_by_the_highest_hour_of_the_day(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, ([40.0] * 23 + [120.0]) * 3, quantity="o3", end=datetime(2026, 11, 19, 23, tzinfo=UTC))
    assert page(client, f"/lieu/{home.public_id}/o3/").count("3, Dégradé") == 3  # 100 < 120 <= 130


def test_an_hourly_threshold_is_drawn_only_near_the_values_and_always_named(
    client: Client, city: City
) -> None:
    home = city.place("Berriat")
    city.hours(home, [100.0] * 60, quantity="no2")
    found = page(client, f"/lieu/{home.public_id}/no2/")
    assert "information et recommandation : 200 µg/m³" in found
    assert "Code de l’environnement R221-1" in found
    quiet = city.place("Capuche")
    city.hours(quiet, [10.0] * 60, quantity="no2")
    found = page(client, f"/lieu/{quiet.public_id}/no2/")
    assert 'class="threshold"' not in found.split('id="heures-t"')[1].split("</svg>")[0]
    assert "Code de l’environnement R221-1" in found


def test_what_a_town_told_stands_beside_the_hours_and_what_a_borrower_noted_does_not(
    client: Client, city: City
) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 60)
    told: dict[str, Any] = {
        "territory": city.commune, "starts_at": NOON - timedelta(days=3), "ends_at": NOON - timedelta(days=1),
        "note": "Rue Secrète", "written_at": NOON,
    }  # fmt: skip
    PlaceContext.objects.create(kind="works", source="town", **told)
    PlaceContext.objects.create(kind="fire", source="borrower", **told)
    PlaceContext.objects.create(kind="indoor", source="staff", **told)
    PlaceContext.objects.create(kind="traffic", source="staff", **{**told, "withdrawn_at": NOON})
    elsewhere = Territory.objects.create(name="Lyon", insee_code="69123")
    PlaceContext.objects.create(kind="farming", source="town", **{**told, "territory": elsewhere})
    PlaceContext.objects.create(
        kind="chimney", source="staff", place=home.place, **{**told, "territory": None}
    )
    found = page(client, f"/lieu/{home.public_id}/")
    assert "Travaux, du mardi 17 novembre au jeudi 19 novembre" in found
    for hidden in ("Rue Secrète", "Feu, incendie", "Cuisine", "inhabituelle", "Épandage", "Chauffage"):
        assert hidden not in found
