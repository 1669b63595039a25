"""The lending verbs as a program calls them: each act once per key, by the rules of the desk, within its scope."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from capto.catalogue.models import UpkeepTicket
from capto.lending.models import Act, Hold, Loan, Problem
from tests.lending.conftest import Library
from tests.lending.programs import API, Program, asked, borrower, lend


def test_a_program_lends_and_the_history_names_its_person(desk: Program, today: Library) -> None:
    loan = lend(desk, today, collected_by="Dora")
    found = Loan.objects.get(public_id=loan["id"])
    assert found.lent_by == desk.token.person and found.collected_by == "Dora"
    assert loan["state"] == "open" and loan["kind"] == "particules-dehors" and not loan["overdue"]
    act = Act.objects.get(loan=found)
    assert act.kind == Act.Kind.LEND and act.entry == Act.Entry.API and act.by == desk.token.person
    events: Any = Loan._meta.get_field("events").related_model
    event = events.objects.select_related("pgh_context").get(pgh_obj=found, pgh_label="insert")
    assert event.pgh_context.metadata["user"] == desk.token.person.pk


def test_a_program_returns_a_kit_and_counts_its_parts(desk: Program, today: Library) -> None:
    loan = lend(desk, today)
    charger = Loan.objects.get(public_id=loan["id"]).kit.accessories.get(name="chargeur")
    told = {"kit": loan["kit"], "point": "mediatheque", "parts": [{"part": charger.code, "present": 0}]}
    answer = desk.post("/returns", told).json()
    assert answer["loan"]["state"] == "checked"
    assert answer["missing"] == [{"code": charger.code, "name": "chargeur", "missing": 1}]
    counted = desk.post(f"/loans/{loan['id']}/parts").json()
    assert counted["missing"] == []  # found behind the shelf: those not named are all there


def test_a_return_with_a_part_of_another_kit_changes_nothing(desk: Program, today: Library) -> None:
    loan = lend(desk, today)
    told = {"kit": loan["kit"], "point": "mediatheque", "parts": [{"part": "A-0000-0", "present": 1}]}
    answer = desk.post("/returns", told)
    assert answer.status_code == 404 and answer.json()["code"] == "no-such-part"
    assert Loan.objects.get(public_id=loan["id"]).state == "open"
    assert not Act.objects.filter(kind=Act.Kind.RETURN).exists()


def test_a_program_renews_extends_swaps_and_closes_as_lost(desk: Program, today: Library) -> None:
    loan = lend(desk, today)
    where = f"/loans/{loan['id']}"
    renewed = desk.post(f"{where}/renew").json()["loan"]
    assert renewed["renewals"] == 1 and renewed["due_on"] > loan["due_on"]
    far = (today.now + timedelta(days=200)).date().isoformat()
    refusal = desk.post(f"{where}/extend", {"until": far})
    assert refusal.status_code == 409 and refusal.json()["can_be_overridden"]
    extended = desk.post(f"{where}/extend", {"until": far, "override": "stage d’été"}).json()["loan"]
    assert extended["due_on"] >= far
    other = today.kit()
    swapped = desk.post(f"{where}/swap", {"kit": other.code, "reason": "muet"}).json()["loan"]
    assert swapped["kit"] == other.code and swapped["id"] == loan["id"]
    assert desk.post(f"{where}/lost", {"reason": "tombé dans le lac"}).json()["loan"]["state"] == "lost"
    found = Loan.objects.get(public_id=loan["id"])
    kinds = list(Act.objects.filter(loan=found, refused="").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["lend", "renew", "renew", "swap", "lose"]  # one act each, none beside it


def test_a_program_undoes_its_last_act(desk: Program, today: Library) -> None:
    loan = lend(desk, today)
    answer = desk.post("/undo", {"point": "mediatheque"}).json()
    assert answer["undone"] == "lend" and answer["loan"]["state"] == "cancelled"
    assert not Loan.objects.open().exists()
    again = desk.post("/undo", {"point": "mediatheque"})
    assert again.status_code == 409 and again.json()["code"] == "NothingToUndo"
    assert loan["id"] == answer["loan"]["id"]


def test_a_parcel_goes_comes_and_goes_back_by_program(desk: Program, today: Library) -> None:
    today.kit()
    today.point.lends_by_post = True
    today.point.save()
    person, client = borrower(today)
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


def test_a_borrower_asks_lists_and_gives_up(today: Library) -> None:
    today.kit()
    _person, client = borrower(today)
    _other, second = borrower(today, "Basile")
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


def test_staff_asks_for_someone_by_her_card(desk: Program, today: Library) -> None:
    today.kit()
    person = today.person()
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


def test_a_problem_is_told_by_who_has_the_kit_and_by_nobody_else(desk: Program, today: Library) -> None:
    person, client = borrower(today)
    _stranger, other = borrower(today, "Basile")
    loan = today.lend(today.kit(), person)
    where, told = f"/kits/{loan.kit.code}/problems", {"kind": "damaged", "text": "boîte fendue"}
    assert asked(other, where, told).status_code == 403
    answer = asked(client, where, told)
    assert answer.status_code == 201 and answer.json()["blocks_lending"]
    assert Problem.objects.get().loan == loan
    assert UpkeepTicket.objects.get().what == "boîte fendue"
    assert desk.post(where, {"kind": "other"}).status_code == 201


def test_a_refusal_says_what_the_desk_says(desk: Program, today: Library) -> None:
    kit, alice, basile = today.kit(), today.person(), today.person("Basile")
    today.lend(kit, alice)
    told = {"kit": kit.code, "person": basile.card(), "point": "mediatheque"}
    answer = desk.post("/loans", told)
    assert answer.status_code == 409 and answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["code"] == "AlreadyOnLoan" and said["type"] == "/api/lending/#AlreadyOnLoan"
    assert said["detail"].startswith(f"Le kit {kit.code} est encore prêté à Alice")
    assert said["way_out"] == "Pour le rendre : Échap, puis scannez-le seul."
    assert Act.objects.get(refused="AlreadyOnLoan").entry == Act.Entry.API


@pytest.mark.parametrize("key", [None, "1", "not-a-uuid"])
def test_without_a_key_nothing_is_done(desk: Program, today: Library, key: str | None) -> None:
    told = {"kit": today.kit().code, "person": today.person().card(), "point": "mediatheque"}
    answer = desk.post("/loans", told, key=key)
    assert answer.status_code == 400 and answer.json()["code"] == "key-missing"
    assert answer.json()["detail"].startswith("Send the header Idempotency-Key with a UUID")
    assert not Loan.objects.exists()


def test_the_same_key_gives_the_same_answer_and_another_question_is_refused(
    desk: Program, today: Library
) -> None:
    kit, person, key = today.kit(), today.person(), uuid4()
    told = {"kit": kit.code, "person": person.card(), "point": "mediatheque"}
    first = desk.post("/loans", told, key=key)
    second = desk.post("/loans", told, key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == {**first.json(), "again": True} and not first.json()["again"]
    assert second["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    other = desk.post("/loans", {**told, "kit": today.kit().code}, key=key)
    assert other.status_code == 422 and other.json()["code"] == "KeyAlreadyUsed"
    assert desk.post("/returns", {"kit": kit.code, "point": "mediatheque"}, key=key).status_code == 422
    assert Loan.objects.count() == 1 and Act.objects.filter(key=key).count() == 1


def test_a_refusal_is_an_answer_that_the_key_keeps(desk: Program, today: Library) -> None:
    kit, person, key = today.kit(), today.person(may_borrow=False), uuid4()
    told = {"kit": kit.code, "person": person.card(), "point": "mediatheque"}
    first = desk.post("/loans", told, key=key)
    assert first.status_code == 409 and first.json()["code"] == "CharterNotAccepted"
    today.accept_charter(person)
    today.train(person)
    again = desk.post("/loans", told, key=key)
    assert again.status_code == 409 and again["Idempotent-Replayed"] == "true"
    assert desk.post("/loans", told).status_code == 201  # a new act has a new key


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_key_from_twenty_threads_lends_once(
    today: Library, at_once: Callable[..., list[Any]]
) -> None:
    desk = Program(today.staff(), today.organisation)
    told = {"kit": today.kit().code, "person": today.person().card(), "point": "mediatheque"}
    key = uuid4()
    answers = at_once(lambda _n: desk.post("/loans", told, key=key), list(range(20)))
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.json()["loan"]["id"] for answer in answers}) == 1
    assert sum(answer.json()["again"] for answer in answers) == 19
    assert Loan.objects.count() == 1 and Act.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_programs_ask_for_the_last_kit_and_one_has_it(
    today: Library, at_once: Callable[..., list[Any]]
) -> None:
    desk = Program(today.staff(), today.organisation)
    kit = today.kit()
    cards = [today.person(f"P{n}").card() for n in range(20)]
    told = [{"kit": kit.code, "person": card, "point": "mediatheque"} for card in cards]
    answers = at_once(lambda one: desk.post("/loans", one), told)
    assert sorted(answer.status_code for answer in answers)[0] == 201
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert {answer.json().get("code") for answer in answers} <= {None, "AlreadyOnLoan", "Busy"}
    assert Loan.objects.open().count() == 1


def test_a_field_that_nobody_reads_is_refused_in_words(desk: Program, today: Library) -> None:
    answer = desk.post("/loans", {"kit": "K-1", "persone": "x", "point": "mediatheque"})
    assert answer.status_code == 422
    said = answer.json()
    assert {one["where"] for one in said["errors"]} == {"person", "persone"}
