"""The desk by its requests; its keys are in tests/journeys/test_one_loan_at_the_desk.py."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from capto.catalogue.models import Kit, UpkeepPlan
from capto.lending.models import Act, Hold, Loan
from capto.lending.refusals import Refusal
from capto.members.codes import CodeKind, write_code
from capto.members.models import BorrowerGroup, Consent, Organisation, Person, StaffRole
from capto.members.roles import Role

if TYPE_CHECKING:
    from tests.lending.conftest import Library

AtOnce = Callable[[Callable[[Any], Any], list[Any]], list[Any]]


class Desk:
    """A member of staff at a desk that speaks JSON, as the page's script does."""

    def __init__(self, library: "Library", client: Client, person: Person) -> None:
        self.library, self.client, self.person = library, client, person
        client.force_login(person)
        self.served = ""

    def act(self, action: str = "scan", *, key: str | None = None, **fields: Any) -> dict[str, Any]:
        told = {"key": key or str(uuid4()), "action": action, "person": self.served} | fields
        answer = self.client.post("/comptoir/geste/", data=json.dumps(told), content_type="application/json")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        if "person" in found and found["outcome"] != "returned":
            self.served = found["person"]["mark"]
        if found["outcome"] == "done":
            self.served = ""
        return found

    def scan(self, code: str, **fields: Any) -> dict[str, Any]:
        return self.act(code=code, **fields)


@pytest.fixture
def desk(library: "Library", client: Client, settings: Any) -> Desk:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()
    return Desk(library, client, library.staff())


def test_card_then_kits_lends_and_kits_alone_returns(library: "Library", desk: Desk) -> None:
    library.set_policy(loans_at_once=3)
    alice, kits = library.person(), [library.kit() for _n in range(3)]
    assert desk.scan(alice.card())["line"] == "Alice"
    for kit in kits:
        lent = desk.scan(kit.code)
        assert lent["outcome"] == "lent" and lent["line"].startswith(f"{kit.code} prêté à Alice jusqu’au")
    assert Loan.objects.open().count() == 3
    assert desk.act("done")["outcome"] == "done"
    for kit in kits:
        assert desk.scan(kit.code)["outcome"] == "returned"
    assert not Loan.objects.open().exists()
    assert Act.objects.filter(entry="desk").count() == 8 and desk.person == Act.objects.earliest("pk").by


def test_the_same_request_twice_is_one_act_and_one_answer(library: "Library", desk: Desk) -> None:
    """snipe-it#2347, #8625: a double click, a re-posted check-out."""
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    key = str(uuid4())
    first, second = desk.scan(kit.code, key=key), desk.scan(kit.code, key=key)
    assert second.pop("again") and second == first
    assert Loan.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_scan_from_twenty_threads_at_once_is_one_act(
    library: "Library", desk: Desk, at_once: AtOnce
) -> None:
    alice, kit = library.person(), library.kit()
    alice.card()
    body = {"key": str(uuid4()), "action": "scan", "code": kit.code, "person": alice.card_code}

    def post(_n: int) -> tuple[int, str]:
        client = Client()
        client.force_login(desk.person)
        answer = client.post("/comptoir/geste/", data=json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()["outcome"]

    assert set(at_once(post, list(range(20)))) == {(200, "lent")}
    assert Loan.objects.count() == 1 == Act.objects.count()


def test_a_refusal_names_the_rule_and_the_way_out_and_is_kept(library: "Library", desk: Desk) -> None:
    untrained = library.person("Bruno", may_borrow=False)
    library.accept_charter(untrained)
    desk.scan(untrained.card())
    refused = desk.scan(library.kit().code)
    assert (refused["outcome"], refused["tone"], refused["rule"]) == ("refused", "bad", "Règle générale")
    assert "formation" in refused["line"] and "séance" in refused["details"][0] and refused["can_override"]
    act = Act.objects.latest("pk")
    assert (act.refused, act.loan) == ("TrainingMissing", None)


def test_an_override_asks_for_a_reason_and_keeps_it(library: "Library", desk: Desk) -> None:
    untrained = library.person("Bruno", may_borrow=False)
    library.accept_charter(untrained)
    kit = library.kit()
    desk.scan(untrained.card())
    lent = desk.scan(kit.code, reason="formé hier, fiche en retard")
    assert lent["outcome"] == "lent" and "TrainingMissing" in lent["details"][0]
    act = Act.objects.latest("pk")
    assert (act.overridden, act.reason) == ("TrainingMissing", "formé hier, fiche en retard")


def test_a_volunteer_is_offered_no_override(library: "Library", desk: Desk, client: Client) -> None:
    volunteer = Desk(library, client, library.staff(Role.DESK_VOLUNTEER))
    untrained = library.person("Bruno", may_borrow=False)
    library.accept_charter(untrained)
    volunteer.scan(untrained.card())
    kit = library.kit()
    assert not volunteer.scan(kit.code)["can_override"]
    assert volunteer.scan(kit.code, reason="essai")["refusal"] == "NotAllowed"


def test_the_charter_signed_on_paper_opens_the_way(library: "Library", desk: Desk) -> None:
    bruno = library.person("Bruno", may_borrow=False)
    library.train(bruno)
    kit = library.kit()
    desk.scan(bruno.card())
    assert desk.scan(kit.code)["offer"] == "charter"
    assert desk.act("charter")["outcome"] == "charter"
    assert desk.scan(kit.code)["outcome"] == "lent"
    consent = Consent.objects.get(person=bruno)
    assert (consent.way, consent.recorded_by) == ("paper", desk.person)


def test_the_checklist_is_counted_at_both_ends(library: "Library", desk: Desk) -> None:
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    lent = desk.scan(kit.code)
    assert [(part["name"], part["expected"]) for part in lent["parts"]] == [
        ("boîte", 1),
        ("chargeur", 1),
        ("collier", 2),
    ]
    assert desk.act("parts", loan=lent["loan"])["line"] == f"{kit.code} : tout y est"
    desk.act("done")
    back = desk.scan(kit.code)
    charger = next(part for part in back["parts"] if part["name"] == "chargeur")
    counted = desk.act("parts", loan=back["loan"], present={charger["id"]: 0})
    assert counted["tone"] == "warn" and "chargeur (1)" in counted["line"]
    assert "ne sera plus prêté" in counted["details"][0]
    found = desk.scan(charger["code"])  # the charger turns up
    assert found["outcome"] == "part" and not kit.accessories.filter(missing__gt=0).exists()


def test_undo_takes_back_the_last_act_and_then_the_one_before(library: "Library", desk: Desk) -> None:
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    desk.scan(kit.code)
    desk.act("done")
    desk.scan(kit.code)
    assert desk.act("undo")["line"] == f"Retour annulé : {kit.code} est en prêt"
    assert Loan.objects.get().state == "open"
    assert desk.act("undo")["line"] == f"Prêt annulé : {kit.code} est ici"
    assert Loan.objects.get().state == "cancelled"
    assert desk.act("undo")["refusal"] == "NothingToUndo"


def test_orders_can_be_scanned(library: "Library", desk: Desk) -> None:
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    lent = desk.scan(kit.code)
    everything = desk.scan(write_code(CodeKind.COMMAND, 1), loan=lent["loan"])
    assert everything["outcome"] == "parts"
    assert desk.scan(write_code(CodeKind.COMMAND, 2))["outcome"] == "undone"
    assert desk.scan(write_code(CodeKind.COMMAND, 3))["outcome"] == "done"


def test_a_kit_on_its_shelf_is_shown_and_nothing_changes(library: "Library", desk: Desk) -> None:
    kit = library.kit()
    UpkeepPlan.objects.create(kit_model=library.kind, work="clean", interval_days=30)
    shown = desk.scan(kit.code)
    assert shown["outcome"] == "kit" and "À faire : nettoyer" in shown["details"]
    assert not Loan.objects.exists()


def test_what_is_none_of_ours_goes_to_the_unexpected(library: "Library", desk: Desk) -> None:
    assert desk.scan("3017620422003")["outcome"] == "unknown"
    assert "mal lu" in desk.scan("K-00017-Z")["line"]
    assert desk.scan("K-99999-" + write_code(CodeKind.KIT, 99999)[-1])["outcome"] == "unknown"


def test_a_name_finds_the_person_and_several_are_to_choose_from(library: "Library", desk: Desk) -> None:
    alice, bruno = library.person("Élodie Roy"), library.person("Bruno Roy")
    assert desk.scan("elodie")["person"]["name"] == "Élodie Roy"
    chosen = desk.scan("roy")
    assert chosen["outcome"] == "choose"
    assert {found["id"] for found in chosen["people"]} == {f"#{alice.pk}", f"#{bruno.pk}"}
    assert desk.scan(f"#{bruno.pk}")["line"] == "Bruno Roy"


def test_an_inventory_number_finds_the_kit(library: "Library", desk: Desk) -> None:
    kit = library.kit()
    assert desk.scan(kit.sensors.get().inventory_code)["kit"] == kit.code


def test_the_card_explains_what_the_person_can_do(library: "Library", desk: Desk) -> None:
    library.set_policy(loans_at_once=2)
    alice, out, aside = library.person(), library.kit(), library.kit()
    library.lend(out, alice)
    other = type(library.kind).objects.create(name="Bruit", slug="bruit")
    waiting = library.kit(other)
    hold = library.hold(alice, *_open_days(library, 2, 9), kind=other)
    assert hold.kit == waiting and aside != waiting
    details = desk.scan(alice.card())["details"]
    assert details[0].startswith(f"{out.code} Particules dehors · En prêt jusqu’au")
    assert details[1].startswith(f"Mis de côté : {waiting.code} Bruit")
    assert details[2].startswith("Formation : Première pose jusqu’au")


def _open_days(library: "Library", first: int, last: int) -> tuple[Any, Any]:
    today = timezone.localdate(library.now)
    point = library.point
    return (
        point.next_open_day(today + timedelta(days=first)),
        point.next_open_day(today + timedelta(days=last)),
    )


def test_a_returned_kit_that_someone_waits_for_is_to_be_put_aside(library: "Library", desk: Desk) -> None:
    library.set_policy(buffer_after_hours=0)
    kit = library.kit()
    loan = library.lend(
        kit, library.person(), due_on=library.point.next_open_day(timezone.localdate(library.now))
    )
    first = library.point.next_open_day(loan.due_on + timedelta(days=1))
    hold = library.hold(
        library.person("Bruno"), first, library.point.next_open_day(first + timedelta(days=7))
    )
    assert hold.state == Hold.State.READY
    details = desk.scan(kit.code)["details"]
    if first <= timezone.localdate(library.now) + timedelta(days=2):
        assert any(line.startswith("À mettre de côté pour Bruno") for line in details)


def test_a_class_is_chosen_at_the_desk(library: "Library", desk: Desk) -> None:
    teacher = library.person("Paul")
    group = BorrowerGroup.objects.create(name="CM2 Jaurès", category="school", responsible=teacher)
    served = desk.scan(teacher.card())["person"]
    assert served["groups"] == [{"id": group.pk, "name": "CM2 Jaurès"}]
    lent = desk.scan(library.kit().code, group=group.pk)
    assert "prêté à CM2 Jaurès" in lent["line"] and Loan.objects.get().group == group


def test_what_an_offline_desk_did_is_noted_at_its_own_time(library: "Library", desk: Desk) -> None:
    alice, kit = library.person(), library.kit()
    done_at = timezone.now() - timedelta(minutes=40)
    desk.scan(kit.code, person=alice.card(), at=done_at.isoformat())
    loan = Loan.objects.get()
    assert loan.lent_at == done_at and Act.objects.get().at == done_at
    for wrong in (timezone.now() + timedelta(hours=1), timezone.now() - timedelta(days=3)):
        desk.scan(kit.code, person="", at=wrong.isoformat())
    assert abs(Loan.objects.get().returned_at - timezone.now()) < timedelta(minutes=1)  # type: ignore[operator]


def test_a_desk_works_only_at_points_of_its_own_organisation(library: "Library", desk: Desk) -> None:
    other = Organisation.objects.create(name="Ailleurs")
    there = type(library.point).objects.create(
        organisation=other, name="Mairie", slug="mairie", latitude=45.8, longitude=6.2
    )
    answer = desk.client.post(
        "/comptoir/geste/",
        data=json.dumps({"key": str(uuid4()), "code": "x", "point": there.slug}),
        content_type="application/json",
    )
    assert answer.status_code == 404
    StaffRole.objects.update(ends_at=timezone.now() + timedelta(days=1))
    assert desk.client.get("/comptoir/").status_code == 403


def test_one_key_is_one_person_s(library: "Library", desk: Desk, client: Client) -> None:
    alice, kit, key = library.person(), library.kit(), str(uuid4())
    desk.scan(alice.card())
    desk.scan(kit.code, key=key)
    other = Desk(library, Client(), library.staff())
    assert "Alice" not in json.dumps(other.scan(kit.code, key=key), ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"key": "x"}',
        json.dumps({"key": str(uuid4()), "loan": "x"}),
        '{"key": 7, "present": [1]}',
    ],
)
def test_a_request_that_cannot_be_read_is_a_400(desk: Desk, body: str) -> None:
    answer = desk.client.post("/comptoir/geste/", data=body, content_type="application/json")
    assert answer.status_code == 400


def test_without_a_script_the_form_does_the_same(library: "Library", desk: Desk) -> None:
    alice, kit = library.person(), library.kit()
    page = desk.client.post("/comptoir/", {"key": str(uuid4()), "code": alice.card(), "action": "scan"})
    assert "Alice" in page.content.decode()
    page = desk.client.post(
        "/comptoir/",
        {"key": str(uuid4()), "code": kit.code, "action": "scan", "person": f"#{alice.pk}", "loan": ""},
    )
    assert f"{kit.code} prêté à Alice" in page.content.decode()


def test_the_desk_page_needs_a_number_of_queries_that_does_not_grow(
    library: "Library", desk: Desk, django_assert_max_num_queries: Any
) -> None:
    for _n in range(3):
        library.lend(library.kit(), library.person())
    with django_assert_max_num_queries(24):
        desk.client.get("/comptoir/")


def test_each_scan_asks_the_database_a_known_number_of_times(library: "Library", desk: Desk) -> None:
    """However long the kit's past. 54, 37 and 20 of them were asked for a loan, a return and a card before."""
    alice, kit = library.person(), library.kit()
    for turn in range(4):
        past = library.now - timedelta(days=90 - 20 * turn)
        library.lend(
            kit, alice, now=past, due_on=library.point.next_open_day(past.date() + timedelta(days=7))
        )
        library.take_back(kit, now=past + timedelta(days=5))
    library.person("Bruno")
    scans = {
        "person": alice.card(),
        "lent": kit.code,
        "returned": kit.code,
        "kit": kit.code,
        "unknown": "Zoé",
    }
    counted = {}
    for outcome, code in scans.items():
        if outcome == "returned":
            desk.act("done")
        with CaptureQueriesContext(connection) as queries:
            assert desk.scan(code)["outcome"] == outcome
        counted[outcome] = len(queries)
    assert counted == {"person": 17, "lent": 38, "returned": 27, "kit": 20, "unknown": 12}


# One rule, every entry: the desk's request, the desk's form, a program's, the verb that commands call.


@pytest.mark.parametrize("entry", ["desk", "form", "api", "verb"])
@pytest.mark.parametrize("who", ["expired", "untrained", "over_limit"])
def test_who_may_not_borrow_may_not_at_any_entry(
    library: "Library", desk: Desk, entry: str, who: str
) -> None:
    """snipe-it#19037: the API skips the web's check; Circulate: eligibility only in the page."""
    person = library.person("Bruno", may_borrow=False)
    library.accept_charter(person)
    if who == "expired":
        right = library.train(person)
        right.expires_at = right.granted_at + timedelta(seconds=1)
        right.save()
    if who == "over_limit":
        library.train(person)
        library.lend(library.kit(), person)
    kit = library.kit()
    before = Loan.objects.count()
    if entry == "desk":
        assert desk.scan(kit.code, person=f"#{person.pk}")["outcome"] == "refused"
    elif entry == "form":
        fields = {"key": str(uuid4()), "code": kit.code, "action": "scan", "person": f"#{person.pk}"}
        assert "answer bad" in desk.client.post("/comptoir/", fields).content.decode()
    elif entry == "api":
        told = {"kit": kit.code, "person": person.card(), "point": library.point.slug}
        answer = desk.client.post(
            "/api/lending/v1/loans",
            json.dumps(told),
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code in (403, 409, 422) and answer.json()["title"], answer.content
    else:
        with pytest.raises(Refusal):
            Loan.lend(Kit.objects.get(pk=kit.pk), to=person, point=library.point, now=library.now)
    assert Loan.objects.count() == before
