"""Letters on paper, a new e-mail address, a group that ends, and the adult who came for the kit."""

from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.utils import timezone

from capto.members.models import BorrowerGroup, Message, Person
from tests.readers import signed_in

if TYPE_CHECKING:
    from tests.lending.conftest import Library


@pytest.fixture(autouse=True)
def _today(library: "Library", settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()


def test_who_has_no_e_mail_gets_a_letter_that_staff_prints_and_notes(library: "Library") -> None:
    rose = library.person("Rose")
    rose.correct(email=None, postal_address="3 rue du Lac")
    library.lend(library.kit(), rose)
    lila = signed_in(library.staff())
    page = lila.get("/courriers/").content.decode()
    assert "Rose" in page and "Vous avez emprunté le kit" in page
    assert lila.get("/courriers/tous.pdf").content.startswith(b"%PDF-")
    lila.post("/courriers/", {"message": Message.objects.get(person=rose).pk})
    assert Message.objects.get(person=rose).sent_at is not None
    assert "Rien n’attend" in lila.get("/courriers/").content.decode()


def test_a_letter_that_is_no_longer_true_is_not_printed(library: "Library") -> None:
    rose = library.person("Rose")
    rose.correct(email=None)
    loan = library.lend(library.kit(), rose)
    library.take_back(loan.kit)
    page = signed_in(library.staff()).get("/courriers/").content.decode()
    assert "Vous avez emprunté" not in page and "est bien rendu" in page


def test_a_new_address_is_taken_when_its_owner_confirms_it(library: "Library") -> None:
    alice, bruno = library.person(), library.person("Bruno")
    mine = signed_in(alice)
    mine.post("/ma-page/adresse/", {"email": str(bruno.email)})
    assert mail.outbox == []  # an address of another account: nothing is said, nothing is sent
    mine.post("/ma-page/adresse/", {"email": "nouvelle@exemple.test"})
    link = next(word for word in mail.outbox[0].body.split() if "/ma-page/adresse/" in word)
    path = "/ma-page/adresse/" + link.partition("/ma-page/adresse/")[2]
    before = alice.email
    signed_in(bruno).post(path)
    assert not Person.objects.filter(email="nouvelle@exemple.test").exists()
    mine.get(path)
    alice.refresh_from_db()
    assert alice.email == before
    mine.post(path)
    alice.refresh_from_db()
    assert alice.email == "nouvelle@exemple.test"


def test_a_group_is_corrected_and_ended_by_its_responsible_adult_only(library: "Library") -> None:
    paul = library.person("Paul")
    group = BorrowerGroup.objects.create(name="CM2", category="school", responsible=paul)
    address = f"/ma-page/groupe/{group.pk}/"
    assert signed_in(library.person("Bruno")).get(address).status_code == 404
    mine = signed_in(paul)
    mine.post(address, {"name": "CM2, école Jaurès", "category": "school", "size": 26})
    group.refresh_from_db()
    assert (group.name, group.size) == ("CM2, école Jaurès", 26)
    mine.post(address, {"end": "1"})
    group.refresh_from_db()
    assert not group.is_active


def test_the_adult_who_came_for_the_kit_is_noted_by_staff(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    lila = signed_in(library.staff())
    lila.post(f"/prets/{loan.public_id}/retire-par/", {"name": "Mme Roseau, directrice"})
    loan.refresh_from_db()
    assert loan.collected_by == "Mme Roseau, directrice"
