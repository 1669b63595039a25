"""A commune, a model, a station and a campaign, day by day, by hour of the day and over a year; and limits of rate."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from capto.members.models import Campaign, Person, Territory
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
MIDNIGHT = datetime(2026, 11, 19, 23, tzinfo=UTC)  # the end of 19 November in Paris


def page(client: Client, address: str, *, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


@pytest.fixture
def town(city: City) -> City:
    """Three places at 10, 12 and 20 on each of the six days before, and a fourth silent one."""
    for label, value in (("Berriat", 10.0), ("Capuche", 12.0), ("Villeneuve", 20.0)):
        placement = city.place(label)
        city.hours(placement, [value] * 24 * 6, end=MIDNIGHT)
        city.hours(placement, [value] * 13)
    city.place("Muet")
    return city


def test_a_commune_shows_the_middle_of_its_places_day_by_day(client: Client, town: City) -> None:
    found = page(client, "/commune/38185/")
    table = found.split('id="jours-titre"')[1].split("</table>")[0]
    # 12 is the middle of 10, 12, 20; the 20th has thirteen hours: no mean.
    assert table.count('12,0 <span class="soft">± 3,0</span></td><td class="number">3</td>') == 6
    assert "20 novembre 2026</th>" not in table
    assert 'id="profil-titre"' in found
    assert 'href="/commune/38185/pm25/annee/"' in found


def test_two_places_are_not_summed_up(client: Client, city: City) -> None:
    for label in ("Berriat", "Capuche"):
        placement = city.place(label)
        city.hours(placement, [10.0] * 24 * 6, end=MIDNIGHT)
        city.hours(placement, [10.0] * 3)
    assert 'id="jours-titre"' not in page(client, "/commune/38185/")


def test_the_year_of_a_commune_has_a_cell_for_each_day_with_three_places(client: Client, town: City) -> None:
    found = page(client, "/commune/38185/pm25/annee/")
    assert "Grenoble en 2026" in found
    drawing = found.split('id="annee-desk-t"')[1].split("</svg>")[0]
    assert drawing.count('class="cell shade-2"') == 6  # 10 < 12 <= 15
    page(client, "/commune/00000/pm25/annee/", status=404)
    page(client, "/commune/38185/o3/annee/", status=404)


def test_a_model_shows_what_its_sensors_measured(client: Client, town: City) -> None:
    found = page(client, "/modele/mesange/")
    assert found.split('id="jours-titre"')[1].split("</table>")[0].count("12,0 <span") == 6


def test_a_station_shows_its_week_its_profile_and_its_year(client: Client, city: City) -> None:
    station = city.station()
    city.reference(station, [11.0] * 24 * 10, end=MIDNIGHT)
    city.reference(station, [11.0] * 13)
    found = page(client, f"/station/{station.code}/")
    week = found.split('id="semaine-titre"')[1].split("</figure>")[0]
    assert week.count('<td class="number">11,0</td><td class="number">24</td><td>2, Moyen</td>') == 6
    assert 'id="profil-titre"' in found
    year = page(client, f"/station/{station.code}/pm25/annee/")
    assert "Les Frênes en 2026 : Particules PM2,5" in year
    assert year.split('id="annee-desk-t"')[1].split("</svg>")[0].count('class="cell shade-2"') == 10
    page(client, f"/station/{station.code}/pm25/annee/2020/", status=404)
    page(client, f"/station/{station.code}/o3/annee/", status=404)


def campaign(city: City, *, first: date, last: date, territory: Territory | None = None) -> Campaign:
    return Campaign.objects.create(
        question="D’où viennent les particules du soir ?", slug="soir", organisation=city.owner,
        territory=territory or city.commune, mediator=Person.objects.create_user("m@exemple.test", name="Nom Secret"),
        starts_on=first, ends_on=last, seats=3,
    )  # fmt: skip


def test_a_campaign_shows_its_period_its_places_and_nobody(client: Client, town: City) -> None:
    region = Territory.objects.create(name="Isère")
    town.commune.parent = region
    town.commune.save()
    campaign(town, first=date(2026, 11, 17), last=date(2026, 11, 18), territory=region)
    assert 'href="/campagne/soir/"' in page(client, "/campagnes/")
    found = page(client, "/campagne/soir/")
    assert "Isère, du 17 novembre 2026 au 18 novembre 2026, avec Air d’ici." in found
    assert found.split('id="jours-titre"')[1].split("</table>")[0].count("12,0 <span") == 2
    rows = found.split("<tbody>")[-1]
    assert '10,0 <span class="soft">± 3,0</span></td><td class="number">2</td>' in rows
    assert "Nom Secret" not in found


def test_a_campaign_to_come_and_one_without_places_say_so(client: Client, city: City) -> None:
    made = campaign(city, first=date(2026, 12, 1), last=date(2026, 12, 31))
    assert "Elle n’a pas commencé" in page(client, "/campagne/soir/")
    Campaign.objects.filter(pk=made.pk).update(starts_on=date(2026, 11, 1))
    found = page(client, "/campagne/soir/")
    assert "Elle est en cours" in found and "Aucun lieu n’y a encore été mesuré" in found
    page(client, "/campagne/nulle-part/", status=404)


@pytest.mark.parametrize(
    ("setting", "address"),
    [("READS_PER_MINUTE", "/api/sta/v1.1/Things"), ("FILES_PER_MINUTE", "/data/hourly.csv?date=2026-11-20")],
)
def test_who_asks_without_pause_hears_429_and_for_how_long(
    client: Client, city: City, settings: Any, setting: str, address: str
) -> None:
    caches["limits"].clear()
    setattr(settings, setting, 3)
    for _ in range(3):
        answer = client.get(address)
        assert answer.status_code == 200 and answer.getvalue()
    held = client.get(address)
    assert held.status_code == 429
    assert held["Retry-After"] == "60"  # noon sharp: the minute ends in sixty seconds
    assert held["Access-Control-Allow-Origin"] == "*"
    other = Client(REMOTE_ADDR="192.0.2.7").get(address)  # another reader is not held back
    assert other.status_code == 200 and other.getvalue()
    caches["limits"].clear()


def test_the_limit_is_far_above_what_a_person_asks_and_is_documented(client: Client, settings: Any) -> None:
    assert settings.FILES_PER_MINUTE >= 600 and settings.READS_PER_MINUTE >= 6000
    assert "600 fichiers et 6 000 réponses SensorThings par minute" in page(client, "/data/")
    assert NOON.minute == 0
