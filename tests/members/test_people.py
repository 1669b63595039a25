import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from capto.members.communes import SeveralCommunes, commune_of, import_communes
from capto.members.models import (
    BorrowerGroup,
    Campaign,
    Charter,
    Consent,
    NoSeatLeft,
    Organisation,
    Person,
    Territory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _person(name: str) -> Person:
    return Person.objects.create(name=name)


def test_people_are_found_by_parts_of_their_name_whatever_the_accents() -> None:
    wanted = _person("Éloïse D’Hérouville")
    _person("Émile Durand")
    assert list(Person.objects.named_like("eloise d'her")) == [wanted]
    assert list(Person.objects.named_like("HÉROU")) == [wanted]
    assert not Person.objects.named_like("50%")


def test_a_change_of_a_person_leaves_its_history_without_the_password() -> None:
    person = _person("Alice")
    Person.objects.filter(pk=person.pk).update(phone="06 00 00 00 00")  # no save(): the database sees it
    events = apps.get_model("members", "PersonEvent").objects.filter(pgh_obj=person.pk).order_by("pgh_id")
    assert [(e.pgh_label, e.phone) for e in events] == [("insert", ""), ("update", "06 00 00 00 00")]
    assert not hasattr(events[0], "password")


def test_a_card_is_drawn_once() -> None:
    person = _person("Alice")
    code = person.card()
    assert code.startswith("P-") and Person.objects.get(pk=person.pk).card() == code


def test_a_group_has_one_responsible_adult_and_no_field_for_a_pupil() -> None:
    fields = {field.name for field in BorrowerGroup._meta.get_fields()}
    assert not fields & {"members", "pupils", "students", "birth_date", "photo"}
    with pytest.raises(IntegrityError, match="a_group_is_no_resident"), transaction.atomic():
        BorrowerGroup.objects.create(name="CM2", category="resident", responsible=_person("Paul"))


def test_consent_is_what_was_said_last() -> None:
    alice = _person("Alice")
    charter = Charter.current(now=NOW)
    assert charter is not None and charter.version == "1"

    def say(given: bool) -> None:
        Consent.objects.create(
            person=alice, purpose="charter", is_given=given, at=NOW, way="screen", charter=charter
        )

    assert not Consent.stands(alice, purpose="charter", charter=charter)
    say(True)
    assert Consent.stands(alice, purpose="charter", charter=charter)
    say(False)
    assert not Consent.stands(alice, purpose="charter", charter=charter)


def test_a_new_charter_is_in_force_from_its_day_only() -> None:
    Charter.objects.create(version="2", text="...", published_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert getattr(Charter.current(now=NOW), "version", None) == "1"
    assert getattr(Charter.current(now=datetime(2027, 1, 1, tzinfo=UTC)), "version", None) == "2"


def _campaign(seats: int) -> Campaign:
    return Campaign.objects.create(
        question="Que respire-t-on rue Ampère ?",
        slug="ampere",
        organisation=Organisation.objects.create(name="Air du Lac"),
        territory=Territory.objects.create(name="Annecy"),
        mediator=_person("Théo"),
        starts_on=date(2026, 11, 1),
        ends_on=date(2026, 12, 15),
        seats=seats,
    )


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_threads_on_the_last_seat_of_a_campaign_give_it_once() -> None:
    campaign = _campaign(seats=1)
    people = [_person(f"Personne {n}") for n in range(20)]

    def take(person: Person) -> bool:
        try:
            campaign.seat(person, now=NOW)
            return True
        except NoSeatLeft:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(take, people)) == 1
    assert campaign.participants.count() == 1


def test_a_seat_asked_for_twice_is_the_same_seat() -> None:
    campaign = _campaign(seats=2)
    alice = _person("Alice")
    assert campaign.seat(alice, now=NOW) == campaign.seat(alice, now=NOW)


def _communes(tmp_path: Path, rows: list[tuple[str, str, str, int]]) -> Path:
    path = tmp_path / "communes.json"
    path.write_text(
        json.dumps([{"code": c, "nom": n, "departement": d, "population": p} for c, n, d, p in rows])
    )
    return path


def test_communes_come_in_once_and_are_corrected_when_they_change(tmp_path: Path) -> None:
    path = _communes(tmp_path, [("74010", "Annecy", "74", 128_199), ("31488", "Saint-Jean", "31", 11_000)])
    assert import_communes(path) == 2
    path = _communes(tmp_path, [("74010", "Annecy", "74", 131_766), ("31488", "Saint-Jean", "31", 11_000)])
    call_command("import_communes", str(path), stdout=open("/dev/null", "w"))  # noqa: SIM115
    assert Territory.objects.count() == 2
    assert Territory.objects.get(insee_code="74010").population == 131_766


def test_only_the_departments_asked_for_come_in(tmp_path: Path) -> None:
    path = _communes(tmp_path, [("74010", "Annecy", "74", 1), ("31488", "Saint-Jean", "31", 1)])
    assert import_communes(path, departments=["74"]) == 1


def test_a_file_that_is_no_list_of_communes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[{}]")
    with pytest.raises(CommandError, match="no list of communes"):
        call_command("import_communes", str(path))
    with pytest.raises(CommandError, match="deploy/setup"):
        call_command("import_communes", str(tmp_path / "absent.json"))


def test_a_commune_is_found_as_people_write_it(tmp_path: Path) -> None:
    import_communes(
        _communes(
            tmp_path,
            [
                ("74010", "Annecy", "74", 1),
                ("31488", "Saint-Jean", "31", 1),
                ("97801", "Saint-Jean", "978", 1),
            ],
        )
    )
    assert getattr(commune_of("annecy"), "insee_code", "") == "74010"
    assert getattr(commune_of("Saint-Jean (31)"), "insee_code", "") == "31488"
    assert getattr(commune_of("97801"), "name", "") == "Saint-Jean"
    assert commune_of("Atlantide") is None
    with pytest.raises(SeveralCommunes, match=r"Saint-Jean \(31\), Saint-Jean \(978\)"):
        commune_of("saint-jean")


def test_opening_an_account_sends_a_link_that_confirms_the_address(client: Client) -> None:
    client.post("/inscription/", {"name": "Alice", "email": "alice@exemple.test", "commune": ""})
    alice = Person.objects.get(email="alice@exemple.test")
    assert alice.email_confirmed_at is None and not alice.has_usable_password()
    link = next(word for word in mail.outbox[0].body.split() if word.startswith("http://localhost:8000/"))
    client.post(link.removeprefix("http://localhost:8000"))
    alice.refresh_from_db()
    assert alice.email_confirmed_at is not None


def test_opening_an_account_twice_sends_a_link_and_makes_no_second_person(client: Client) -> None:
    first = client.post("/inscription/", {"name": "Alice", "email": "alice@exemple.test"})
    second = client.post("/inscription/", {"name": "Autre", "email": "ALICE@exemple.test"})
    assert Person.objects.count() == 1 and len(mail.outbox) == 2
    assert first.content.decode().replace("alice@", "ALICE@") == second.content.decode()


def test_a_commune_that_several_bear_is_asked_again(client: Client, tmp_path: Path) -> None:
    import_communes(
        _communes(tmp_path, [("31488", "Saint-Jean", "31", 1), ("97801", "Saint-Jean", "978", 1)])
    )
    answer = client.post(
        "/inscription/", {"name": "Alice", "email": "alice@exemple.test", "commune": "Saint-Jean"}
    )
    assert "Saint-Jean (978)" in answer.content.decode() and not Person.objects.exists()
