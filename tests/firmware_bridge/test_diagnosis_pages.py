"""Diagnoses as people meet them: on the page of the loan with an answer, and in the staff's list with an act."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from capto.catalogue.models import UpkeepTicket
from capto.lending.models import Loan
from capto.members.models import Person
from capto.members.roles import Role
from capto.readings.models import DeviceState, Layout, LayoutChannel, Placement, RawMessage, Remark
from firmware_bridge.diagnosis_texts import WORDS
from firmware_bridge.diagnosis_watch import watch_for_silence
from firmware_bridge.models import Diagnosis
from tests.lending import conftest as lending
from tests.lending.conftest import Library

from .pages import Library as Other
from .pages import signed_in

pytestmark = pytest.mark.django_db
library = lending.library  # the fixture


class Lent:
    """A kit lent to Alice, with its one placement."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.alice = library.person("Alice")
        kit = library.kit()
        self.loan: Loan = library.lend(kit, self.alice)
        self.placement = Placement.objects.get(loan_placement__loan=self.loan)
        self.page = f"/prets/{self.loan.public_id}/"

    def says(self, value: float, at: datetime) -> None:
        layout, _ = Layout.objects.get_or_create(signature="pm25/native/")
        LayoutChannel.objects.get_or_create(layout=layout, position=1, property_id="pm25", variant="native")
        RawMessage.objects.create(
            sensor=self.placement.sensor, observed_at=at, layout=layout, received_at=at, values=[value]
        )

    def wrong(self, kind: str = "silent", **fields: Any) -> Diagnosis:
        at = timezone.now() - timedelta(hours=2)
        fields = {"since": at, "found_at": at, **fields}
        return Diagnosis.objects.create(placement=self.placement, kind=kind, **fields)

    def borrower(self) -> Client:
        return signed_in(self.alice)

    def staff(self, role: Role = Role.LIBRARIAN) -> tuple[Client, Person]:
        person = self.library.staff(role)
        return signed_in(person), person


@pytest.fixture
def lent(library: Library, settings: Settings) -> Lent:
    settings.STAFF_SECOND_FACTOR = False
    return Lent(library)


def test_before_the_first_message_the_page_waits_and_then_says_what_was_understood(lent: Lent) -> None:
    browser = lent.borrower()
    page = browser.get(lent.page).content.decode()
    assert "Pas encore de message" in page and "data-renew" in page
    lent.says(11.2, timezone.now())
    part = browser.get(f"{lent.page}appareils/").content.decode()
    assert "Première mesure reçue." in part and "11,2" in part and "µg/m³" in part
    assert "data-renew" not in part
    assert "Première mesure reçue." in browser.get(lent.page).content.decode()


@pytest.mark.parametrize("kind", Diagnosis.Kind.values)
def test_the_borrower_reads_each_diagnosis_in_one_sentence_with_what_to_do(lent: Lent, kind: str) -> None:
    lent.wrong(kind)
    page = lent.borrower().get(lent.page).content.decode()
    assert str(WORDS[kind].borrower) in page
    assert str(WORDS[kind].staff) not in page


def test_the_answer_is_kept_with_the_data_and_its_words_are_not_public(lent: Lent) -> None:
    one = lent.wrong("out_of_range")
    address = f"{lent.page}diagnostics/{one.pk}/"
    browser = lent.borrower()
    said = browser.post(address, {"answer": "cooking", "text": "des crêpes"}, follow=True)
    assert "votre réponse reste avec les mesures" in said.content.decode()
    remark = Remark.objects.get(placement=lent.placement)
    assert (remark.kind, remark.about, remark.text) == ("cooking", "out_of_range", "des crêpes")
    assert remark.starts_at == one.since and remark.ends_at > one.since
    again = browser.post(address, {"answer": "moved"}, follow=True).content.decode()
    assert "déjà répondu" in again and Remark.objects.count() == 1
    assert browser.post(address, {"answer": "nonsense"}).status_code == 302


def test_nobody_answers_for_another_loan(lent: Lent, library: Library) -> None:
    one = lent.wrong()
    other = Lent(library)
    assert other.borrower().post(f"{lent.page}diagnostics/{one.pk}/", {"answer": "moved"}).status_code == 403
    assert other.borrower().post(f"{other.page}diagnostics/{one.pk}/", {"answer": "moved"}).status_code == 404
    assert other.borrower().get(f"{lent.page}appareils/").status_code == 403


def test_what_is_right_again_can_still_be_answered_for_a_week(lent: Lent) -> None:
    now = timezone.now()
    lent.wrong("too_humid", until=now - timedelta(days=1))
    lent.wrong("stuck", until=now - timedelta(days=8))
    page = lent.borrower().get(lent.page).content.decode()
    assert "c’est réglé" in page and "Humidité dans le boîtier" in page and "Valeur figée" not in page


def test_staff_sees_what_waits_and_ends_it_with_an_act(lent: Lent) -> None:
    one = lent.wrong("fan_failing", evidence={"share_of_others": 0.08})
    browser, person = lent.staff()
    page = browser.get("/appareils/").content.decode()
    assert str(WORDS["fan_failing"].staff) in page and "rapport aux autres 0,08" in page
    assert lent.page in page  # the loan is one click away
    said = browser.post(f"/appareils/diagnostics/{one.pk}/", {"act": "ticket", "note": "bruit"}, follow=True)
    assert "Pris en charge" in said.content.decode()
    one.refresh_from_db()
    assert (one.act, one.handled_by, one.until) == ("ticket", person, None)
    assert "bruit" in UpkeepTicket.objects.get(kit=lent.loan.kit).what
    again = browser.post(f"/appareils/diagnostics/{one.pk}/", {"act": "ticket"}, follow=True)
    assert "déjà occupé" in again.content.decode() and UpkeepTicket.objects.count() == 1


def test_a_false_alarm_is_not_told_again_for_a_week(lent: Lent) -> None:
    now = timezone.now()
    heard = now - timedelta(hours=3)
    DeviceState.objects.create(sensor=lent.placement.sensor, first_received_at=heard, last_received_at=heard)
    Placement.objects.filter(pk=lent.placement.pk).update(starts_at=heard)
    assert watch_for_silence(now) == 1
    browser, _person = lent.staff()
    one = Diagnosis.objects.get()
    browser.post(f"/appareils/diagnostics/{one.pk}/", {"act": "false_alarm"})
    watch_for_silence(now + timedelta(days=6))
    assert Diagnosis.objects.filter(until=None).count() == 0
    watch_for_silence(now + timedelta(days=8))
    assert Diagnosis.objects.filter(until=None).count() == 1


def test_another_association_sees_nothing_of_it(lent: Lent) -> None:
    one = lent.wrong()
    stranger = signed_in(lent.library.person("Eve"))
    assert stranger.get("/appareils/").status_code == 403
    other = Other("Air du Sud").staff()
    assert "Plus de nouvelles" not in other.get("/appareils/").content.decode()
    assert other.post(f"/appareils/diagnostics/{one.pk}/", {"act": "called"}).status_code == 404


def test_the_borrowers_page_asks_the_database_a_fixed_number_of_questions(
    lent: Lent, django_assert_max_num_queries: Any
) -> None:
    browser = lent.borrower()
    for kind in ("stuck", "too_humid", "weak_signal"):
        lent.wrong(kind)
    lent.says(11.2, timezone.now())
    with django_assert_max_num_queries(16):
        browser.get(f"{lent.page}appareils/")
