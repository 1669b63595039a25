"""Residents who try a maker's device at home: what they agree to, how a unit reaches them, what the maker learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from capto.members.messages import send_waiting
from capto.members.models import Message, Person, Territory
from capto.validation.models import DeviceTest, HomeVolunteer, TooEarly, UnitTaken
from tests.readers import signed_in
from tests.validation.makers import AFTER, NOW, SCORING


@pytest.fixture(autouse=True)
def quiet(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STAFF_SECOND_FACTOR = False
    monkeypatch.setattr("capto.validation.views.device_tests.timezone.now", lambda: AFTER)


@pytest.fixture
def neighbour(db: None) -> Person:
    Territory.objects.get_or_create(name="Meylan", insee_code="38229")
    return Person.objects.create_user("voisine@exemple.test", name="Nadège Untel")


def test_an_offer_needs_an_agreement_and_keeps_its_words(
    planned: Callable[..., DeviceTest], neighbour: Person
) -> None:
    test = planned(wants_volunteers=True)
    client, address = signed_in(neighbour), f"/essais/{test.public_id}/volontaires/"
    client.post(address, {"commune": "Meylan"})
    assert not HomeVolunteer.objects.exists()
    client.post(address, {"commune": "Meylan", "agreed": "on"})
    offer = HomeVolunteer.objects.get()
    assert offer.commune == "Meylan" and offer.agreed_to.startswith("J’accepte que l’association garde")
    client.post(address, {"withdraw": "1"})
    assert not HomeVolunteer.objects.standing().exists()


def test_a_unit_goes_home_after_the_bench_to_one_volunteer_who_is_written_to(
    planned: Callable[..., DeviceTest], neighbour: Person
) -> None:
    test = planned(wants_volunteers=True)
    first, second = test.test_units.order_by("pk")
    offer = HomeVolunteer.offer(test, person=neighbour, commune="Meylan", now=NOW)
    with pytest.raises(TooEarly):
        offer.assign(first, now=SCORING[0])
    offer.assign(first, now=AFTER)
    with pytest.raises(UnitTaken):  # one unit a volunteer
        offer.assign(second, now=AFTER)
    other = Person.objects.create_user("voisin@exemple.test", name="Noé")
    late = HomeVolunteer.offer(test, person=other, commune="Crolles", now=AFTER)
    with pytest.raises(UnitTaken):  # and one volunteer a unit
        late.assign(first, now=AFTER)
    with pytest.raises(IntegrityError, match="a_unit_is_at_one_volunteers_home"), transaction.atomic():
        HomeVolunteer.objects.filter(pk=late.pk).update(unit=first, assigned_at=AFTER)
    assert send_waiting(now=AFTER) == 1
    assert mail.outbox[0].to == ["voisine@exemple.test"] and "Boîte Azur" in mail.outbox[0].body
    assert "Atelier fictif" not in mail.outbox[0].body
    offer.withdraw(now=AFTER)
    late.assign(first, now=AFTER)
    late.withdraw(now=AFTER)  # before its message left: nothing is left to say
    send_waiting(now=AFTER)
    assert (
        Message.objects.get(key=f"home-trial:{late.pk}:{first.pk}").dropped_because == "nothing_left_to_say"
    )


def test_the_maker_and_the_public_read_a_commune_and_a_number_and_staff_reads_who(
    planned: Callable[..., DeviceTest], maker: Person, metrologist: Person, neighbour: Person
) -> None:
    test = planned(wants_volunteers=True)
    offer = HomeVolunteer.offer(test, person=neighbour, commune="Meylan", now=NOW)
    unit = test.test_units.order_by("pk")[0]
    address = f"/essais/{test.public_id}/"
    staff = signed_in(metrologist)
    assert "Nadège Untel" in staff.get(address).content.decode()
    for reader in (signed_in(maker), Client()):
        refused = reader.post(f"{address}exemplaires/{unit.pk}/volontaire/", {"volunteer": offer.pk})
        assert refused.status_code in (302, 403) and offer.unit_id is None
    staff.post(f"{address}exemplaires/{unit.pk}/volontaire/", {"volunteer": offer.pk})
    offer.refresh_from_db()
    assert offer.unit_id == unit.pk
    for reader in (
        signed_in(maker),
        Client(),
        signed_in(Person.objects.create_user("x@exemple.test", name="X")),
    ):
        page = reader.get(address).content.decode()
        assert "Meylan\u00a0: 1" in page and "(1 exemplaire y est prêté)" in page
        for secret in ("Nadège", "voisine@", f'value="{offer.pk}"'):
            assert secret not in page
    own = signed_in(neighbour).get(address).content.decode()
    assert "Un exemplaire vous attend au comptoir" in own
