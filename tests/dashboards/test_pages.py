"""The public pages: what they say, to whom, in how many queries."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from calibration.flags import Flag
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def page(client: Client, address: str, *, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def town(city: City) -> None:
    """Three lent sensors at 10, 12 and 20 beside a station at 11."""
    city.reference(city.station(), [11.0] * 3)
    for label, value in (("Berriat", 10.0), ("Capuche", 12.0), ("Villeneuve", 20.0)):
        city.hours(city.place(label), [value] * 3)


def test_an_empty_library_says_so(client: Client) -> None:
    assert "Aucun capteur n’est encore prêté" in page(client, "/")
    assert "Aucun capteur n’est encore prêté" in page(client, "/lieux/")


def test_home_sets_station_sensors_and_uncertainty_side_by_side(client: Client, city: City) -> None:
    town(city)
    found = page(client, "/")
    assert "L’air de 12 h à 13 h, vendredi 20 novembre" in found  # 11 to 12 UTC
    assert '11,0 <span class="unit">µg/m³</span>' in found
    assert '12,0 <span class="unit">µg/m³</span>' in found  # the middle of 10, 12, 20
    assert '± 3,0 <span class="unit">µg/m³</span>' in found
    assert "Capteurs prêtés et station disent la même chose, à l’incertitude près." in found


def test_home_says_when_sensors_and_station_differ(client: Client, city: City) -> None:
    city.reference(city.station(), [5.0] * 3)
    for label in ("Berriat", "Capuche", "Villeneuve"):
        city.hours(city.place(label), [12.0] * 3)
    assert "Les capteurs prêtés indiquent plus que la station, et l’écart dépasse l’incertitude." in page(
        client, "/"
    )


def test_two_sensors_are_not_summed_up(client: Client, city: City) -> None:
    city.hours(city.place("Berriat"), [10.0] * 3)
    city.hours(city.place("Capuche"), [12.0] * 3)
    assert "Moins de trois capteurs ont une valeur à interpréter pour cette heure." in page(client, "/")


def test_a_value_of_grade_d_is_not_counted_among_the_others(client: Client, city: City) -> None:
    town(city)
    city.hours(city.place("Teisseire"), [500.0] * 3, flags=int(Flag.STUCK), grade="D")
    assert '12,0 <span class="unit">µg/m³</span>' in page(client, "/")


def test_a_silent_place_stays_on_the_list_with_the_reason(client: Client, city: City) -> None:
    city.hours(city.place("Berriat"), [10.0] * 3, end=NOON - timedelta(hours=12))
    city.hours(city.place("Teisseire"), [None] * 3, flags=int(Flag.STUCK), grade="D")
    found = page(client, "/")
    assert "Pas de mesure ces trois dernières heures" in found
    assert "Valeur figée pendant plusieurs heures" in found


def test_home_takes_seven_queries_whatever_the_number_of_places(
    client: Client, city: City, django_assert_num_queries: Any
) -> None:
    town(city)
    # The official notice, quantities, latest hours, places, stations, other networks, banner.
    with django_assert_num_queries(7):
        client.get("/")


def test_a_place_that_says_the_same_as_its_station_says_so(client: Client, city: City) -> None:
    city.reference(city.station(), [11.0] * 100)
    home = city.place("Berriat")
    city.hours(home, [12.0] * 100)
    found = page(client, f"/lieu/{home.public_id}/")
    assert "<h1>Berriat : autant de particules PM2,5 qu’à la station Les Frênes</h1>" in found
    assert (
        "Ces sept derniers jours, 12,0 µg/m³ en moyenne ici, à 3,0 près, et 11,0 µg/m³ à la station Les Frênes."
        in found
    )
    assert "on ne peut pas les distinguer" in found


def test_a_place_whose_evenings_stand_out_says_so(client: Client, city: City) -> None:
    home = city.place("Rue Ampère")
    # the last value is of 11 UTC; evening is 17 to 21 UTC
    values = [30.0 if (12 + number) % 24 in range(17, 22) else 10.0 for number in range(10 * 24)]
    city.hours(home, values)
    assert "<h1>Rue Ampère : trois fois plus de particules PM2,5 le soir</h1>" in page(
        client, f"/lieu/{home.public_id}/"
    )


def test_a_place_without_enough_hours_draws_no_conclusion(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 5)
    assert "Berriat : ce que le capteur a mesuré" in page(client, f"/lieu/{home.public_id}/")


def test_a_place_shows_the_same_hours_as_drawing_table_and_file(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.34] * 30)
    found = page(client, f"/lieu/{home.public_id}/")
    assert 'role="img"' in found
    assert found.count("12,3</a> ± 3,0") == 30
    assert (
        f"/data/places/{home.public_id}/hourly.csv?quantity=pm25&amp;from=2026-11-18T13Z&amp;to=2026-11-20T13Z&amp;variant=atm"
        in found
    )


def test_a_place_takes_nine_queries(client: Client, city: City, django_assert_num_queries: Any) -> None:
    city.reference(city.station(), [11.0] * 100)
    home = city.place("Berriat")
    city.hours(home, [12.0] * 400)
    # Its series, other places, its hours, stations, the station’s hours, thresholds, levels, what was told, banner.
    with django_assert_num_queries(9):
        client.get(f"/lieu/{home.public_id}/")


def test_a_loan_that_ended_keeps_its_page(client: Client, city: City) -> None:
    home = city.place("Berriat", starts_at=NOON - timedelta(days=40), ends_at=NOON - timedelta(days=10))
    city.hours(home, [12.0] * 100, end=NOON - timedelta(days=11))
    found = page(client, f"/lieu/{home.public_id}/")
    assert "Ce prêt est terminé." in found
    assert 'role="img"' in found


def test_a_sensor_that_was_just_installed_explains_its_silence(client: Client, city: City) -> None:
    home = city.place("Berriat", starts_at=NOON - timedelta(hours=3))
    city.hours(home, [12.0] * 3)
    found = page(client, f"/lieu/{home.public_id}/")
    assert "Le premier jour d’un domicile n’est pas publié" in found
    assert "12,0" not in found


def test_a_sensor_swapped_in_mid_loan_continues_the_same_page(client: Client, city: City) -> None:
    first = city.place("Berriat", kind="public", ends_at=NOON - timedelta(hours=20))
    city.hours(first, [10.0] * 20, end=NOON - timedelta(hours=20))
    second = city.place(
        "Berriat", kind="public", starts_at=NOON - timedelta(hours=20), public_id=first.public_id
    )
    city.hours(second, [14.0] * 20)
    found = page(client, f"/lieu/{first.public_id}/")
    assert found.count("10,0</a> ± 3,0") == 20
    assert found.count("14,0</a> ± 3,0") == 20


@pytest.mark.parametrize(
    "address", ["/lieu/nothing/", "/lieu/nothing/pm25/", "/station/NOPE/", "/station/FR00001/pm25/"]
)
def test_what_does_not_exist_is_a_plain_404(client: Client, city: City, address: str) -> None:
    city.station()
    assert "Cette page n’existe pas, ou plus." in page(client, address, status=404)


def test_an_indoor_home_has_no_page(client: Client, city: City) -> None:
    inside = city.place("Séjour", is_indoor=True)
    city.hours(inside, [12.0] * 100)
    page(client, f"/lieu/{inside.public_id}/", status=404)


def test_a_station_shows_its_hours_and_its_neighbours(client: Client, city: City) -> None:
    station = city.station()
    city.reference(station, [11.5] * 30)
    city.hours(city.place("Berriat"), [12.0] * 3)
    found = page(client, f"/station/{station.code}/")
    assert "La station de référence Les Frênes" in found
    assert "Elle mesure l’air de fond de la ville." in found
    assert found.count('<td class="number">11,5</td>') == 30
    assert "Berriat" in found


def test_a_station_takes_eight_queries(client: Client, city: City, django_assert_num_queries: Any) -> None:
    station = city.station()
    city.reference(station, [11.5] * 30)
    # Station, analysers, hours, thresholds, levels, latest hours, places, banner.
    with django_assert_num_queries(8):
        client.get(f"/station/{station.code}/")


def test_pages_speak_english_to_who_asks(english: Client, city: City) -> None:
    city.reference(city.station(), [11.0] * 100)
    home = city.place("Berriat")
    city.hours(home, [12.0] * 100)
    found = page(english, f"/lieu/{home.public_id}/")
    assert "<h1>Berriat: the same level of PM2.5 particles as at the Les Frênes station</h1>" in found
    assert "12.0 µg/m³" in found


def test_map_points_are_the_published_cells_and_the_words_of_the_list(client: Client, city: City) -> None:
    town(city)
    points = client.get("/carte.json?grandeur=pm25").json()["points"]
    assert [(p["kind"], p["name"], p["figure"]) for p in points] == [
        ("lent", "Berriat", "10"),
        ("lent", "Capuche", "12"),
        ("lent", "Villeneuve", "20"),
        ("reference", "Les Frênes", "11"),
    ]
    assert client.get("/carte.json?grandeur=nothing").json() == {"points": []}


def test_pages_of_today_say_the_hour_in_paris_on_both_sides_of_the_clock_change(
    client: Client, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 25 October 2026 the hour from 2 h to 3 h comes twice: 00 UTC and 01 UTC."""
    night = datetime.fromisoformat("2026-10-25T02:30:00+00:00")
    monkeypatch.setattr("django.utils.timezone.now", lambda: night)
    home = city.place("Berriat", starts_at=night - timedelta(days=9))
    city.hours(home, [10.0, 11.0], end=night.replace(minute=0))
    found = page(client, f"/lieu/{home.public_id}/")
    assert found.count("dim. 25 oct. 2 h") == 2
