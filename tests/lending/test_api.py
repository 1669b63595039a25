"""The lending verbs as a program calls them: each act once per key, by the rules of the desk, within its scope."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from capto.catalogue.models import LendingPoint, UpkeepTicket
from capto.lending.models import Act, Hold, Loan, Problem
from capto.members.models import ApiToken, Organisation, Person, StaffRole
from capto.members.roles import Role
from tests.lending.conftest import Library

API = "/api/lending/v1"
ALL = ("desk", "holds", "override")


class Program:
    """A program that shows a token."""

    def __init__(self, person: Person, organisation: Organisation, *scope: str, days: int = 30) -> None:
        self.token, self.text = ApiToken.issue(
            person,
            organisation=organisation,
            name="borne",
            scope=scope or ALL,
            days=days,
            by=person,
            now=timezone.now(),
        )

    def get(self, path: str) -> Any:
        return Client().get(API + path, headers={"Authorization": f"Bearer {self.text}"})

    def post(self, path: str, told: Any = None, *, key: object = "", **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.text}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = str(key or uuid4())
        return Client().post(
            API + path, json.dumps(told or {}), content_type="application/json", headers=sent
        )


@pytest.fixture
def now_library(library: Library) -> Library:
    """The library of the tests, today: a program has no clock to hand over."""
    library.now = timezone.now()
    for weekday in (1, 7):
        library.point.opening_hours.create(weekday=weekday, opens_at="10:00", closes_at="18:00")
    return library


@pytest.fixture
def desk(now_library: Library) -> Program:
    return Program(now_library.staff(), now_library.organisation)


def borrower(library: Library, name: str = "Alice") -> tuple[Person, Client]:
    person = library.person(name)
    client = Client()
    client.force_login(person)
    return person, client


def asked(client: Client, path: str, told: Any = None, *, key: object = "") -> Any:
    return client.post(
        API + path,
        json.dumps(told or {}),
        content_type="application/json",
        headers={"Idempotency-Key": str(key or uuid4())},
    )


def lend(desk: Program, library: Library, **more: Any) -> dict[str, Any]:
    told = {"kit": library.kit().code, "person": library.person().card(), "point": "mediatheque", **more}
    answer = desk.post("/loans", told)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()["loan"]
    return found


def test_a_program_lends_and_the_history_names_its_person(desk: Program, now_library: Library) -> None:
    loan = lend(desk, now_library, collected_by="Dora")
    found = Loan.objects.get(public_id=loan["id"])
    assert found.lent_by == desk.token.person and found.collected_by == "Dora"
    assert loan["state"] == "open" and loan["kind"] == "particules-dehors" and not loan["overdue"]
    act = Act.objects.get(loan=found)
    assert act.kind == Act.Kind.LEND and act.entry == Act.Entry.API and act.by == desk.token.person
    events: Any = Loan._meta.get_field("events").related_model
    event = events.objects.select_related("pgh_context").get(pgh_obj=found, pgh_label="insert")
    assert event.pgh_context.metadata["user"] == desk.token.person.pk


def test_a_program_returns_a_kit_and_counts_its_parts(desk: Program, now_library: Library) -> None:
    loan = lend(desk, now_library)
    charger = Loan.objects.get(public_id=loan["id"]).kit.accessories.get(name="chargeur")
    told = {"kit": loan["kit"], "point": "mediatheque", "parts": [{"part": charger.code, "present": 0}]}
    answer = desk.post("/returns", told).json()
    assert answer["loan"]["state"] == "checked"
    assert answer["missing"] == [{"code": charger.code, "name": "chargeur", "missing": 1}]
    counted = desk.post(f"/loans/{loan['id']}/parts").json()
    assert counted["missing"] == []  # found behind the shelf: those not named are all there


def test_a_return_with_a_part_of_another_kit_changes_nothing(desk: Program, now_library: Library) -> None:
    loan = lend(desk, now_library)
    told = {"kit": loan["kit"], "point": "mediatheque", "parts": [{"part": "A-0000-0", "present": 1}]}
    answer = desk.post("/returns", told)
    assert answer.status_code == 404 and answer.json()["code"] == "no-such-part"
    assert Loan.objects.get(public_id=loan["id"]).state == "open"
    assert not Act.objects.filter(kind=Act.Kind.RETURN).exists()


def test_a_program_renews_extends_swaps_and_closes_as_lost(desk: Program, now_library: Library) -> None:
    loan = lend(desk, now_library)
    where = f"/loans/{loan['id']}"
    renewed = desk.post(f"{where}/renew").json()["loan"]
    assert renewed["renewals"] == 1 and renewed["due_on"] > loan["due_on"]
    far = (now_library.now + timedelta(days=200)).date().isoformat()
    refusal = desk.post(f"{where}/extend", {"until": far})
    assert refusal.status_code == 409 and refusal.json()["can_be_overridden"]
    extended = desk.post(f"{where}/extend", {"until": far, "override": "stage d’été"}).json()["loan"]
    assert extended["due_on"] >= far
    other = now_library.kit()
    swapped = desk.post(f"{where}/swap", {"kit": other.code, "reason": "muet"}).json()["loan"]
    assert swapped["kit"] == other.code and swapped["id"] == loan["id"]
    assert desk.post(f"{where}/lost", {"reason": "tombé dans le lac"}).json()["loan"]["state"] == "lost"
    found = Loan.objects.get(public_id=loan["id"])
    kinds = list(Act.objects.filter(loan=found, refused="").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["lend", "renew", "renew", "swap", "lose"]  # one act each, none beside it


def test_a_program_undoes_its_last_act(desk: Program, now_library: Library) -> None:
    loan = lend(desk, now_library)
    answer = desk.post("/undo", {"point": "mediatheque"}).json()
    assert answer["undone"] == "lend" and answer["loan"]["state"] == "cancelled"
    assert not Loan.objects.open().exists()
    again = desk.post("/undo", {"point": "mediatheque"})
    assert again.status_code == 409 and again.json()["code"] == "NothingToUndo"
    assert loan["id"] == answer["loan"]["id"]


def test_a_parcel_goes_comes_and_goes_back_by_program(desk: Program, now_library: Library) -> None:
    now_library.kit()
    now_library.point.lends_by_post = True
    now_library.point.save()
    person, client = borrower(now_library)
    person.correct(postal_address="1 rue du Lac, Annecy")
    today = timezone.localdate()
    told = {
        "kind": "particules-dehors",
        "point": "mediatheque",
        "by_post": True,
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=10)).isoformat(),
    }
    hold = asked(client, "/holds", told).json()["hold"]
    assert hold["state"] == "ready" and hold["kit"]
    assert asked(client, f"/holds/{hold['id']}/send").status_code == 403  # it is not hers to send
    loan = desk.post(f"/holds/{hold['id']}/send").json()["loan"]
    assert loan["posted_at"] and loan["by_post"]
    assert asked(client, f"/loans/{loan['id']}/arrived").json()["loan"]["arrived_at"]
    assert asked(client, f"/loans/{loan['id']}/posted-back").json()["loan"]["posted_back_at"]


def test_a_borrower_asks_lists_and_gives_up(now_library: Library) -> None:
    now_library.kit()
    _person, client = borrower(now_library)
    _other, second = borrower(now_library, "Basile")
    days = client.get(f"{API}/kinds/particules-dehors/free?point=mediatheque&days=30").json()["days"]
    start = next(day["day"] for day in days if day["can_begin"])
    end = next(day["day"] for day in days if day["is_open"] and day["day"] > start)
    told = {"kind": "particules-dehors", "point": "mediatheque", "starts_on": start, "ends_on": end}
    first = asked(client, "/holds", told)
    assert first.status_code == 201 and first.json()["hold"]["state"] == "ready"
    waiting = asked(second, "/holds", told).json()["hold"]
    assert waiting["state"] == "waiting" and waiting["rank"] == 1 and len(waiting["why"]) == 4
    (mine,) = client.get(f"{API}/mine").json()["holds"]
    assert mine["id"] == first.json()["hold"]["id"]
    assert asked(second, f"/holds/{mine['id']}/cancel").status_code == 403
    assert asked(client, f"/holds/{mine['id']}/cancel").json()["hold"]["state"] == "cancelled"
    assert second.get(f"{API}/mine").json()["holds"][0]["state"] == "ready"  # the next has the kit


def test_staff_asks_for_someone_by_her_card(desk: Program, now_library: Library) -> None:
    now_library.kit()
    person = now_library.person()
    today = timezone.localdate()
    told = {
        "kind": "particules-dehors", "point": "mediatheque", "person": person.card(),
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=7)).isoformat(),
    }  # fmt: skip
    key = uuid4()
    assert desk.post("/holds", told, key=key).status_code == 201
    assert desk.post("/holds", told, key=key).json()["again"]  # the key stays that of who sent it
    hold = Hold.objects.get()
    assert hold.person == person and hold.asked_by == desk.token.person


def test_a_problem_is_told_by_who_has_the_kit_and_by_nobody_else(desk: Program, now_library: Library) -> None:
    person, client = borrower(now_library)
    _stranger, other = borrower(now_library, "Basile")
    loan = now_library.lend(now_library.kit(), person)
    where, told = f"/kits/{loan.kit.code}/problems", {"kind": "damaged", "text": "boîte fendue"}
    assert asked(other, where, told).status_code == 403
    answer = asked(client, where, told)
    assert answer.status_code == 201 and answer.json()["blocks_lending"]
    assert Problem.objects.get().loan == loan
    assert UpkeepTicket.objects.get().what == "boîte fendue"
    assert desk.post(where, {"kind": "other"}).status_code == 201


def test_a_refusal_says_what_the_desk_says(desk: Program, now_library: Library) -> None:
    kit, alice, basile = now_library.kit(), now_library.person(), now_library.person("Basile")
    now_library.lend(kit, alice)
    told = {"kit": kit.code, "person": basile.card(), "point": "mediatheque"}
    answer = desk.post("/loans", told)
    assert answer.status_code == 409 and answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["code"] == "AlreadyOnLoan" and said["type"] == "/api/lending/#AlreadyOnLoan"
    assert said["detail"].startswith(f"Le kit {kit.code} est encore prêté à Alice")
    assert said["way_out"] == "Pour le rendre : Échap, puis scannez-le seul."
    assert Act.objects.get(refused="AlreadyOnLoan").entry == Act.Entry.API


@pytest.mark.parametrize("key", [None, "1", "not-a-uuid"])
def test_without_a_key_nothing_is_done(desk: Program, now_library: Library, key: str | None) -> None:
    told = {"kit": now_library.kit().code, "person": now_library.person().card(), "point": "mediatheque"}
    answer = desk.post("/loans", told, key=key)
    assert answer.status_code == 400 and answer.json()["code"] == "key-missing"
    assert answer.json()["detail"].startswith("Send the header Idempotency-Key with a UUID")
    assert not Loan.objects.exists()


def test_the_same_key_gives_the_same_answer_and_another_question_is_refused(
    desk: Program, now_library: Library
) -> None:
    kit, person, key = now_library.kit(), now_library.person(), uuid4()
    told = {"kit": kit.code, "person": person.card(), "point": "mediatheque"}
    first = desk.post("/loans", told, key=key)
    second = desk.post("/loans", told, key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == {**first.json(), "again": True} and not first.json()["again"]
    assert second["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    other = desk.post("/loans", {**told, "kit": now_library.kit().code}, key=key)
    assert other.status_code == 422 and other.json()["code"] == "KeyAlreadyUsed"
    assert desk.post("/returns", {"kit": kit.code, "point": "mediatheque"}, key=key).status_code == 422
    assert Loan.objects.count() == 1 and Act.objects.filter(key=key).count() == 1


def test_a_refusal_is_an_answer_that_the_key_keeps(desk: Program, now_library: Library) -> None:
    kit, person, key = now_library.kit(), now_library.person(may_borrow=False), uuid4()
    told = {"kit": kit.code, "person": person.card(), "point": "mediatheque"}
    first = desk.post("/loans", told, key=key)
    assert first.status_code == 409 and first.json()["code"] == "CharterNotAccepted"
    now_library.accept_charter(person)
    now_library.train(person)
    again = desk.post("/loans", told, key=key)
    assert again.status_code == 409 and again["Idempotent-Replayed"] == "true"
    assert desk.post("/loans", told).status_code == 201  # a new act has a new key


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_key_from_twenty_threads_lends_once(
    now_library: Library, at_once: Callable[..., list[Any]]
) -> None:
    desk = Program(now_library.staff(), now_library.organisation)
    told = {"kit": now_library.kit().code, "person": now_library.person().card(), "point": "mediatheque"}
    key = uuid4()
    answers = at_once(lambda _n: desk.post("/loans", told, key=key), list(range(20)))
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.json()["loan"]["id"] for answer in answers}) == 1
    assert sum(answer.json()["again"] for answer in answers) == 19
    assert Loan.objects.count() == 1 and Act.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_programs_ask_for_the_last_kit_and_one_has_it(
    now_library: Library, at_once: Callable[..., list[Any]]
) -> None:
    desk = Program(now_library.staff(), now_library.organisation)
    kit = now_library.kit()
    cards = [now_library.person(f"P{n}").card() for n in range(20)]
    told = [{"kit": kit.code, "person": card, "point": "mediatheque"} for card in cards]
    answers = at_once(lambda one: desk.post("/loans", one), told)
    assert sorted(answer.status_code for answer in answers)[0] == 201
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert {answer.json().get("code") for answer in answers} <= {None, "AlreadyOnLoan", "Busy"}
    assert Loan.objects.open().count() == 1


def test_a_volunteer_of_another_organisation_is_refused(desk: Program, now_library: Library) -> None:
    elsewhere = Organisation.objects.create(name="Air de la Mer")
    LendingPoint.objects.create(organisation=elsewhere, name="Port", slug="port", latitude=43, longitude=5)
    stranger = now_library.person("Mona", may_borrow=False)
    StaffRole.give(stranger, role=Role.LIBRARIAN, organisation=elsewhere, now=now_library.now)
    theirs = Program(stranger, elsewhere)
    loan = lend(desk, now_library)
    told = {"kit": now_library.kit().code, "person": now_library.person().card(), "point": "mediatheque"}
    for path, body in (
        ("/loans", told),
        ("/returns", {"kit": loan["kit"], "point": "mediatheque"}),
        (f"/loans/{loan['id']}/renew", {}),
        (f"/loans/{loan['id']}/swap", {"kit": told["kit"], "reason": "x"}),
        (f"/loans/{loan['id']}/lost", {"reason": "x"}),
        (f"/loans/{loan['id']}/parts", {}),
        (f"/kits/{loan['kit']}/problems", {"kind": "other"}),
        ("/undo", {"point": "mediatheque"}),
    ):
        answer = theirs.post(path, body)
        assert (path, answer.status_code) == (path, 403)
    assert theirs.get(f"/loans/{loan['id']}").status_code == 403
    assert Loan.objects.get().state == "open" and not Problem.objects.exists()


def test_a_borrower_sees_no_loan_of_others_and_lends_nothing(now_library: Library) -> None:
    person, client = borrower(now_library)
    other = now_library.person("Basile")
    loan = now_library.lend(now_library.kit(), other)
    assert client.get(f"{API}/mine").json() == {"loans": [], "holds": []}
    assert client.get(f"{API}/loans/{loan.public_id}").status_code == 403
    assert client.get(f"{API}/loans/nothing0").status_code == 403  # an address tells nothing
    assert asked(client, f"/loans/{loan.public_id}/renew").status_code == 403
    told = {"kit": now_library.kit().code, "person": person.card(), "point": "mediatheque"}
    assert asked(client, "/loans", told).status_code == 403


def test_staff_in_a_session_without_the_second_factor_may_only_what_a_borrower_may(
    now_library: Library,
) -> None:
    client = Client()
    client.force_login(now_library.staff())
    told = {"kit": now_library.kit().code, "person": now_library.person().card(), "point": "mediatheque"}
    assert asked(client, "/loans", told).status_code == 403
    assert client.get(f"{API}/mine").status_code == 200


def test_a_session_needs_the_form_token_and_a_program_needs_none(now_library: Library) -> None:
    person = now_library.person()
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    told = {
        "kind": "particules-dehors",
        "point": "mediatheque",
        "starts_on": "2030-01-01",
        "ends_on": "2030-01-09",
    }
    assert asked(client, "/holds", told).status_code == 403
    nobody = Client(enforce_csrf_checks=True)
    assert nobody.post(f"{API}/undo", "{}", content_type="application/json").status_code == 401


def test_the_scope_of_a_token_bounds_the_role(now_library: Library) -> None:
    staff = now_library.staff()
    only_desk = Program(staff, now_library.organisation, "desk")
    person = now_library.person(may_borrow=False)
    now_library.accept_charter(person)
    told = {"kit": now_library.kit().code, "person": person.card(), "point": "mediatheque"}
    assert only_desk.post("/loans", told).json()["code"] == "TrainingMissing"
    refused = only_desk.post("/loans", {**told, "override": "elle sait faire"})
    assert refused.status_code == 403 and refused.json()["code"] == "NotAllowed"
    hold = {"kind": "particules-dehors", "point": "mediatheque", "person": person.card(),
            "starts_on": "2030-01-01", "ends_on": "2030-01-09"}  # fmt: skip
    assert only_desk.post("/holds", hold).status_code == 403
    with_override = Program(staff, now_library.organisation, "desk", "override")
    assert with_override.post("/loans", {**told, "override": "elle sait faire"}).status_code == 201
    assert Act.objects.get(kind="lend").overridden == "TrainingMissing"


@pytest.mark.parametrize("how", ["revoked", "expired", "closed", "role ended", "wrong"])
def test_a_token_that_is_over_opens_nothing(now_library: Library, how: str) -> None:
    staff = now_library.staff()
    program = Program(staff, now_library.organisation)
    assert program.get("/mine").status_code == 200
    assert ApiToken.objects.get().last_used_at is not None
    now = timezone.now()
    if how == "revoked":
        program.token.revoke(now=now)
    elif how == "expired":
        ApiToken.objects.update(issued_at=now - timedelta(days=9), expires_at=now - timedelta(seconds=1))
    elif how == "closed":
        Person.objects.filter(pk=staff.pk).update(is_active=False)
    elif how == "role ended":
        StaffRole.objects.get(person=staff).end(now=now)
    else:
        program.text += "x"
    told = {"kit": now_library.kit().code, "person": now_library.person().card(), "point": "mediatheque"}
    answer = program.post("/loans", told)
    assert answer.status_code == (403 if how == "role ended" else 401)
    if how != "role ended":
        assert answer["WWW-Authenticate"] == "Bearer" and answer.json()["code"] == "sign-in"
    assert not Loan.objects.exists()


def test_the_database_keeps_no_text_of_a_token(now_library: Library) -> None:
    program = Program(now_library.staff(), now_library.organisation)
    kept = json.dumps(list(ApiToken.objects.values()), default=str)
    assert program.text not in kept and program.text[:12] in kept


def test_a_field_that_nobody_reads_is_refused_in_words(desk: Program, now_library: Library) -> None:
    answer = desk.post("/loans", {"kit": "K-1", "persone": "x", "point": "mediatheque"})
    assert answer.status_code == 422
    said = answer.json()
    assert {one["where"] for one in said["errors"]} == {"person", "persone"}
