"""Which evenings were the worst: ranked, with what they are the mean of."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from tests.dashboards.conftest import City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def page(client: Client) -> str:
    answer = client.get("/soirs/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def evening(day: int) -> datetime:
    """The end of 23 h in Paris (22 UTC) of a day of November 2026."""
    return datetime(2026, 11, day, 22, tzinfo=UTC)


def test_evenings_are_ranked_by_the_middle_of_the_sensors(client: Client, city: City) -> None:
    city.reference(city.station(), [9.0] * 200)
    for label, low, high in (("Berriat", 10.0, 30.0), ("Capuche", 12.0, 40.0), ("Villeneuve", 20.0, 90.0)):
        placement = city.place(label)
        city.hours(placement, [low] * 5, end=evening(17))
        city.hours(placement, [high] * 5, end=evening(18))
        city.hours(placement, [500.0] * 5, end=datetime(2026, 11, 18, 12, tzinfo=UTC))  # at noon: no evening
        city.hours(placement, [1.0])
    found = page(client)
    assert "Ces deux dernières semaines, le mercredi 18 novembre : 40,0 µg/m³ de 18 h à 23 h" in found
    rows = found.split("<tbody>")[1]
    assert rows.index("mercredi 18 novembre") < rows.index("mardi 17 novembre")
    assert (
        '12,0 <span class="soft">± 3,0</span></td><td class="number">3</td><td class="number">9,0</td>'
        in rows
    )


def test_two_sensors_are_not_summed_up_and_the_station_still_is(client: Client, city: City) -> None:
    city.reference(city.station(), [9.0] * 200)
    for label in ("Berriat", "Capuche"):
        city.hours(city.place(label), [50.0] * 5, end=evening(18))
        city.hours(city.place(label + " 2"), [1.0])
    found = page(client)
    assert "50,0" not in found and "9,0 µg/m³ de 18 h à 23 h" in found


def test_two_variants_of_one_sensor_are_never_blended(client: Client, city: City) -> None:
    for label in ("Berriat", "Capuche", "Villeneuve"):
        placement = city.place(label)
        city.hours(placement, [10.0] * 5, end=evening(18))
        city.hours(placement, [30.0] * 5, end=evening(18), variant="cf1", calibration_id=None)
        city.hours(placement, [1.0])
    assert "10,0 µg/m³ de 18 h à 23 h" in page(client)


def test_an_empty_library_has_no_evening(client: Client) -> None:
    assert "Aucun soir n’a encore de mesure à interpréter." in page(client)


def test_how_to_reach_people_is_a_page(client: Client, settings: object) -> None:
    found = client.get("/contact/").content.decode()
    assert "Aucun moyen de contact n’est encore réglé sur ce site." in found
    settings.SITE_CONTACT = "bonjour@exemple.test"  # type: ignore[attr-defined]
    assert 'href="mailto:bonjour@exemple.test"' in client.get("/contact/").content.decode()
