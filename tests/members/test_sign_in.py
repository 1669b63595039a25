import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from capto.members.models import Attempt, Organisation, Person, StaffRole
from capto.members.models.attempt import LIMITS, WINDOW, TooManyAttempts
from capto.members.roles import Role
from capto.members.sign_in_link import VALID_FOR, person_of_link, sign_in_link

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def alice() -> Person:
    return Person.objects.create_user("alice@exemple.test", "un-mot-long", name="Alice")


def test_the_right_password_opens_the_account(client: Client, alice: Person) -> None:
    answer = client.post("/connexion/", {"username": "Alice@Exemple.test", "password": "un-mot-long"})
    assert answer.status_code == 302
    assert answer["Location"] == "/ma-page/"
    assert "Alice" in client.get("/ma-page/").content.decode()


def test_a_wrong_password_says_so_and_keeps_the_door_closed(client: Client, alice: Person) -> None:
    answer = client.post("/connexion/", {"username": "alice@exemple.test", "password": "autre"})
    assert answer.status_code == 200
    assert "ne vont pas ensemble" in answer.content.decode()
    assert client.get("/ma-page/").status_code == 302


def test_sign_in_goes_on_to_the_page_asked_for_but_never_to_another_site(
    client: Client, alice: Person
) -> None:
    right = {"username": "alice@exemple.test", "password": "un-mot-long"}
    assert client.post("/connexion/", right | {"next": "/ma-page/?a=1"})["Location"] == "/ma-page/?a=1"
    assert client.post("/connexion/", right | {"next": "https://ailleurs.test/"})["Location"] == "/ma-page/"


def test_ten_wrong_passwords_close_the_door_for_a_quarter_of_an_hour(client: Client, alice: Person) -> None:
    for _n in range(LIMITS["sign_in"]):
        client.post("/connexion/", {"username": "alice@exemple.test", "password": "autre"})
    answer = client.post("/connexion/", {"username": "alice@exemple.test", "password": "un-mot-long"})
    assert answer.status_code == 429
    assert "un-mot-long" not in answer.content.decode()


def test_attempts_are_forgotten_after_the_window_and_hold_no_address() -> None:
    for _n in range(LIMITS["link"]):
        Attempt.note("link", "alice@exemple.test", now=NOW)
    with pytest.raises(TooManyAttempts):
        Attempt.note("link", "ALICE@exemple.test", now=NOW + WINDOW - timedelta(seconds=1))
    assert not Attempt.objects.filter(key__contains="alice").exists()
    Attempt.note("link", "alice@exemple.test", now=NOW + WINDOW + timedelta(seconds=1))
    assert Attempt.objects.count() == 1


def test_the_link_by_mail_signs_in_once(client: Client, alice: Person) -> None:
    client.post("/connexion/lien/", {"email": "alice@exemple.test"})
    (message,) = mail.outbox
    address = re.search(r"http://localhost:8000(/connexion/lien/\S+)", message.body)
    assert address is not None
    asked = client.get(address[1])
    assert asked.status_code == 200  # opening alone does nothing: mail scanners do that
    assert client.get("/ma-page/").status_code == 302
    assert client.post(address[1])["Location"] == "/ma-page/"
    assert client.get("/ma-page/").status_code == 200
    alice.refresh_from_db()
    assert alice.email_confirmed_at is not None
    assert Client().post(address[1]).status_code == 410


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client: Client, alice: Person) -> None:
    known = client.post("/connexion/lien/", {"email": "alice@exemple.test"}).content.decode()
    unknown = client.post("/connexion/lien/", {"email": "bruno@exemple.test"}).content.decode()
    assert known.replace("alice", "bruno") == unknown
    assert len(mail.outbox) == 1


def test_a_link_is_refused_when_old_forged_or_from_before_a_change_of_address(alice: Person) -> None:
    token = sign_in_link(alice, now=NOW).rstrip("/").rsplit("/", 1)[1]
    assert person_of_link(token, now=NOW + VALID_FOR - timedelta(seconds=1)) == alice
    assert person_of_link(token, now=NOW + VALID_FOR) is None
    assert person_of_link(token[:-1] + ("a" if token[-1] != "a" else "b"), now=NOW) is None
    Person.objects.filter(pk=alice.pk).update(email="nouvelle@exemple.test")
    assert person_of_link(token, now=NOW) is None


def _librarian() -> Person:
    person = Person.objects.create_user("lila@exemple.test", "un-mot-long", name="Lila")
    organisation = Organisation.objects.create(name="Air du Lac")
    StaffRole.give(person, role=Role.LIBRARIAN, organisation=organisation, now=NOW)
    return person


def test_staff_set_up_the_second_factor_then_give_it(client: Client) -> None:
    lila = _librarian()
    client.force_login(lila)
    asked = client.get("/connexion/code/?next=/ma-page/")
    assert asked["Location"].startswith("/connexion/code/reglage/")
    page = client.get("/connexion/code/reglage/").content.decode()
    assert "<svg" in page and "style=" not in page.split("<svg")[1].split("</svg>")[0]
    device = TOTPDevice.objects.get(user=lila, confirmed=False)
    wrong = client.post("/connexion/code/reglage/", {"code": "000000"})
    assert "pas le bon" in wrong.content.decode()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    done = client.post("/connexion/code/reglage/", {"code": f"{totp(device.bin_key):06}"})
    codes = re.findall(r"<code>(\w{8})</code>", done.content.decode())
    assert len(codes) == 8

    again = Client()
    again.force_login(lila)
    assert again.get("/connexion/code/reglage/").status_code == 302  # not without the code of now
    assert again.post("/connexion/code/", {"code": codes[0], "next": "/ma-page/"})["Location"] == "/ma-page/"
    third = Client()
    third.force_login(lila)
    assert third.post("/connexion/code/", {"code": codes[0]}).status_code == 200  # a spare code serves once


def test_the_account_page_names_the_roles(client: Client) -> None:
    client.force_login(_librarian())
    assert "responsable du prêt, Air du Lac" in client.get("/ma-page/").content.decode()
