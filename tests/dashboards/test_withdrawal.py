"""Nothing published is removed in silence: the address stays and says why."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from capto.catalogue.models import Sensor
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import Publication
from dashboards.models import NothingToWithdraw, Withdrawal
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def test_a_withdrawn_place_says_why_at_its_address_and_is_nowhere_else(client: Client, city: City) -> None:
    home, other = city.place("Berriat"), city.place("Capuche", position=(45.17, 5.73))
    for placement in (home, other):
        city.hours(placement, [12.0] * 24)
    before = Publication.objects.count()
    Withdrawal.objects.withdraw(
        home.public_id, reason="À la demande de l’habitant", author="Délégué à la protection", now=NOON
    )
    page = client.get(f"/lieu/{home.public_id}/")
    assert page.status_code == 410
    for said in ("À la demande de l’habitant", "Délégué à la protection", "20 novembre 2026"):
        assert said in page.content.decode()
    for address in (
        "/", "/lieux/", "/carte.json?grandeur=pm25", "/sitemap.xml", "/commune/38185/", "/api/v1/places",
        "/api/sta/v1.1/Things", "/data/hourly.csv?date=2026-11-20",
    ):  # fmt: skip
        answer = client.get(address)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert home.public_id not in content.decode(), address
    assert other.public_id in client.get("/lieux/").content.decode()
    assert Publication.objects.count() == before + 1  # kept copies of the files are old from now on


def test_what_is_not_published_cannot_be_withdrawn(city: City) -> None:
    home = city.place("Berriat", starts_at=NOON - timedelta(days=3))
    city.hours(home, [12.0] * 24)
    Withdrawal.objects.withdraw(home.public_id, reason="Motif", author="Équipe", now=NOON)
    for ident in ("nothing", home.public_id):
        with pytest.raises(NothingToWithdraw):
            Withdrawal.objects.withdraw(ident, reason="Motif", author="Équipe", now=NOON)


def test_a_withdrawal_without_a_reason_is_refused(city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 24)
    with pytest.raises(CommandError, match="says its reason"):
        call_command("withdraw", home.public_id, reason=" ", author="Équipe")
    assert Withdrawal.objects.of(home.public_id) is None


def test_every_address_of_a_withdrawn_place_says_why(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 24)
    addresses = [
        f"/lieu/{home.public_id}/pm25/", f"/lieu/{home.public_id}/pm25/annee/",
        f"/lieu/{home.public_id}/pm25/jours.atom",
        f"/integrer/{home.public_id}/pm25/", f"/lieu/{home.public_id}/pm25/2026-11-20T08Z/",
        f"/data/places/{home.public_id}/hourly.csv", f"/data/places/{home.public_id}/hourly.parquet",
        f"/integrer/lieu/{home.public_id}/pm25/semaine/", f"/integrer/lieu/{home.public_id}/pm25/annee/",
        f"/data/charts/place/{home.public_id}/pm25/days.csv?from=2026-11-19&to=2026-11-21",
    ]  # fmt: skip
    for address in addresses:
        if "T08Z" not in address:  # of these hours nothing raw is there to explain
            answer = client.get(address)
            assert answer.status_code == 200 and answer.getvalue()
    Withdrawal.objects.withdraw(
        home.public_id, reason="Capteur déplacé.", author="métrologue, Air d’ici", now=NOON
    )
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 410, address
        for said in ("Capteur déplacé", "métrologue, Air d’ici", "20 novembre 2026"):
            assert said in answer.content.decode(), address
    assert client.get("/data/places/unknown/hourly.csv").status_code == 404
    listed = client.get("/retires/").content.decode()
    assert home.public_id in listed and "Capteur déplacé." in listed


def metrologist(city: City, *, of: Organisation | None = None) -> Client:
    person = Person.objects.create_user("metro@exemple.test", name="Nom Secret")
    StaffRole.give(person, role=Role.METROLOGIST, organisation=of or city.owner, now=NOON)
    client = Client()
    client.force_login(person)
    return client


def test_staff_sees_what_would_leave_and_then_withdraws_it(city: City, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    home = city.place("Berriat")
    city.hours(home, [12.0] * 24)
    staff = metrologist(city)
    sent = {"place": f"https://air.example/lieu/{home.public_id}/pm25/", "reason": "Capteur déplacé"}
    shown = staff.post("/equipe/retraits/", sent).content.decode()
    assert "24 valeurs horaires, du 19 novembre 2026 au 20 novembre 2026, ne seront plus publiées." in shown
    assert Withdrawal.objects.count() == 0
    answer = staff.post("/equipe/retraits/", {**sent, "confirm": "1"}, follow=True)
    assert "Le lieu est retiré" in answer.content.decode()
    gone = Withdrawal.objects.get()
    assert (gone.public_id, gone.reason) == (home.public_id, "Capteur déplacé")
    assert gone.author == "métrologue, Air d’ici"  # the role, never the name
    again = staff.post("/equipe/retraits/", {**sent, "confirm": "1"})
    assert "Aucun lieu publié de votre association" in again.content.decode()


@pytest.mark.parametrize("sent", [{"place": "???", "reason": "x"}, {"place": "abcd2345", "reason": ""}, {}])
def test_a_withdrawal_needs_a_place_and_a_motive(city: City, settings: Any, sent: dict[str, str]) -> None:
    settings.STAFF_SECOND_FACTOR = False
    answer = metrologist(city).post("/equipe/retraits/", {**sent, "confirm": "1"})
    assert answer.status_code == 200 and 'class="error"' in answer.content.decode()
    assert Withdrawal.objects.count() == 0


def test_staff_of_another_house_and_strangers_withdraw_nothing(
    client: Client, city: City, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    home = city.place("Berriat")
    city.hours(home, [12.0] * 24)
    sent = {"place": home.public_id, "reason": "Motif", "confirm": "1"}
    assert client.post("/equipe/retraits/", sent).status_code == 302  # to sign in
    other = Organisation.objects.create(name="Ailleurs")
    assert Sensor.objects.filter(owner=other).count() == 0
    answer = metrologist(city, of=other).post("/equipe/retraits/", sent)
    assert "Aucun lieu publié de votre association" in answer.content.decode()
    assert Withdrawal.objects.count() == 0
