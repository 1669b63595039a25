"""Nothing published is removed in silence: the address stays and says why."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

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
