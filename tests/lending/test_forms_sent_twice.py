"""Each form of lending carries a key: sent twice, at once or in turn, it makes one row and shows one answer."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from capto.lending.models import Act, LoanNote, ThreadEntry
from capto.lending.urls import urlpatterns
from capto.members.models import StaffRole
from capto.members.roles import Role
from capto.training.models import CourseSession, Enrolment
from tests.lending.conftest import Library
from tests.lending.form_cases import CASES, Case

READS = {  # answer GET alone, or change nothing
    "borrow", "lending-rule", "my-page", "my-data", "my-data-json", "my-data-csv", "my-loan", "loan-agreement",
    "class-page", "class-log", "loan-state", "loan-report", "loan-report-pdf", "loan-slip", "letters-pdf",
    "person", "person-card", "people", "manage", "manage-rows", "morning", "collection", "collection-export",
    "collection-export-loans", "collection-labels", "collection-points", "collection-costs",
    "collection-costs-csv", "collection-history", "lending-api", "catalogue-photo", "ticket-photo",
}  # fmt: skip
APART = {
    "desk": "its keys are those of its scans: tests/lending/test_desk.py",
    "desk-act": "the same, in JSON",
    "desk-point": "remembers a choice in the browser's session",
    "erase-me": "who is erased cannot be erased again, nor be told twice",
    "my-password": "sets one value, and signs nobody in twice",
    "manage-row": "sets the values of one row: the same values again are the same row",
}


def test_each_address_of_lending_is_known_here() -> None:
    names = {pattern.name for pattern in urlpatterns if hasattr(pattern, "name")}
    known = {name.partition(":")[0] for name in CASES} | READS | set(APART)
    assert names == known


def _told(case: Case) -> dict[str, Any]:
    """Fill in a file anew: a client reads it to its end."""
    told = dict(case.told)
    if "file" in told:
        told["file"] = SimpleUploadedFile("kits.csv", told["file"].encode(), content_type="text/csv")
    return told


@pytest.mark.parametrize("name", CASES)
def test_a_form_sent_twice_makes_one_row_and_says_the_same(
    today: Library, client: Client, settings: Any, name: str
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    case = CASES[name](today)
    client.force_login(case.by)
    before = case.rows.count()
    told = {**_told(case), "key": str(uuid4())}
    first = client.post(case.path, told, follow=True)
    assert first.status_code == 200
    assert case.rows.count() == before + 1, re.findall(r"errorlist[^<]*<li>([^<]*)", first.content.decode())
    second = client.post(case.path, {**told, **_told(case)}, follow=True)
    assert case.rows.count() == before + 1
    assert second.redirect_chain == first.redirect_chain
    if name != "api-tokens":  # the text of a token is told once
        assert _messages(second) == _messages(first)
    assert Act.objects.exclude(key=None).count() == 1


def _messages(answer: Any) -> list[str]:
    return re.findall(r'class="message[^"]*"[^>]*>([^<]*)<', answer.content.decode())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_double_click_from_ten_threads_makes_one_note(
    library: Library, settings: Any, at_once: Callable[..., list[Any]]
) -> None:
    case = CASES["loan-note"](library)
    clients = []
    for _n in range(10):
        clients.append(Client())
        clients[-1].force_login(case.by)
    told = {**case.told, "key": str(uuid4())}
    answers = at_once(lambda one: one.post(case.path, told), clients)
    assert [answer.status_code for answer in answers] == [302] * 10
    assert LoanNote.objects.count() == 1


def test_the_same_page_with_other_words_is_another_act(library: Library, client: Client) -> None:
    case = CASES["loan-note"](library)
    client.force_login(case.by)
    told = {**case.told, "key": str(uuid4())}
    client.post(case.path, told)
    client.post(case.path, {**told, "text": "j’ai aéré"})
    assert sorted(LoanNote.objects.values_list("text", flat=True)) == ["j’ai aéré", "j’ai cuisiné"]


def test_a_form_with_errors_leaves_its_key_free(library: Library, client: Client) -> None:
    case = CASES["borrow-kind"](library)
    client.force_login(case.by)
    key = str(uuid4())
    wrong = client.post(case.path, {**case.told, "ends_on": "", "key": key})
    assert wrong.status_code == 200 and not Act.objects.exists()


def test_a_stranger_cannot_replay_the_form_of_another(library: Library, client: Client) -> None:
    case = CASES["loan-note"](library)
    client.force_login(case.by)
    told = {**case.told, "key": str(uuid4())}
    client.post(case.path, told)
    client.force_login(library.person("Zoé"))
    assert client.post(case.path, told).status_code == 403


PAGES = [  # each page of lending that shows a form, for who sees it
    "/emprunter/particules-dehors/", "/ma-page/", "/ma-page/coordonnees/", "/ma-page/groupe/", "/ma-page/adresse/",
    "/prets/{loan}/", "/k/{kit}/", "/questions/", "/envois/", "/courriers/", "/matin/", "/comptoir/personnes/nouvelle/",
    "/comptoir/personnes/{person}/", "/gestion/personnes/{person}/corriger/", "/gestion/equipe/",
    "/gestion/regles/nouveau/", "/gestion/cles/", "/fonds/kits/{kit}/", "/fonds/kits/nouveau/", "/fonds/importer/",
    "/fonds/points/", "/fonds/points/mediatheque/",
]  # fmt: skip
WITHOUT = ("/deconnexion/", "/comptoir/", "sign-out", "/langue/")  # forms of every page, and the desk's own


@pytest.mark.parametrize("page", PAGES)
def test_every_form_that_a_page_shows_has_its_key(
    library: Library, client: Client, settings: Any, page: str
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()
    boss = library.staff(Role.ADMINISTRATOR)
    StaffRole.give(boss, role=Role.LIBRARIAN, organisation=library.organisation, now=library.now)
    kit = library.kit()
    alice = library.person()
    loan = library.lend(kit, alice)
    ThreadEntry.write(loan, author=alice, is_from_staff=False, text="Où ?", now=library.now)
    library.kit()
    client.force_login(boss)
    where = page.format(loan=loan.public_id, kit=kit.code, person=alice.pk)
    body = client.get(where).content.decode()
    main = body.partition("<main")[2].partition("</main>")[0]
    forms = re.findall(r'<form[^>]*method="post".*?</form>', main, flags=re.S)
    for form in forms:
        if not any(sign in form.partition(">")[0] for sign in WITHOUT):
            assert re.search(r'name="key" value="[0-9a-f-]{36}"', form), form[:300]
    keys = re.findall(r'name="key" value="([0-9a-f-]{36})"', main)
    assert len(keys) == len(set(keys)) and (
        keys or page in ("/matin/", "/envois/", "/courriers/", "/fonds/points/")
    )


def test_a_seat_given_back_twice_is_given_back_once(library: Library, client: Client) -> None:
    session = CourseSession.objects.create(
        course=library.course,
        starts_at=timezone.now() + timedelta(days=3),
        ends_at=timezone.now() + timedelta(days=3, hours=2),
        seats=5,
        place="Médiathèque",
    )
    client.force_login(library.person())
    for act in ("inscription", "inscription", "desinscription", "desinscription"):
        answer = client.post(f"/formations/{session.pk}/{act}/", follow=True)
        assert answer.status_code == 200
    assert Enrolment.objects.count() == 1 and not Enrolment.objects.running().exists()
    assert "Votre place est rendue" in answer.content.decode()
