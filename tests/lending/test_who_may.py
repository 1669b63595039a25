"""Who may open what: one table of roles and addresses, and staff that sees its own association only."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone

from capto.lending.models import Loan, Policy
from capto.lending.people import named_like
from capto.members.models import (
    BorrowerGroup,
    Campaign,
    Charter,
    Organisation,
    Person,
    RetentionRule,
    StaffRole,
    Territory,
)
from capto.members.roles import Role
from capto.training.models import BorrowingRight, Course, CourseSession, Enrolment
from tests.readers import signed_in

if TYPE_CHECKING:
    from capto.catalogue.models import LendingPoint
    from tests.lending.conftest import Library

STRANGER, BORROWER, OTHER = "stranger", "borrower", "another borrower"
VOLUNTEER, LIBRARIAN, METROLOGIST, MEDIATOR = (
    Role.DESK_VOLUNTEER, Role.LIBRARIAN, Role.METROLOGIST, Role.MEDIATOR,
)  # fmt: skip
AUTHORITY, ADMINISTRATOR = Role.AUTHORITY, Role.ADMINISTRATOR
EVERYONE = (STRANGER, BORROWER, OTHER, *Role)
SIGNED_IN = EVERYONE[1:]
DESK = {VOLUNTEER, LIBRARIAN, ADMINISTRATOR}
SEE_BORROWERS = DESK | {MEDIATOR}
MAY = {  # address (with {loan} and {person}) -> who reads it
    "/emprunter/": set(EVERYONE),
    "/formations/": set(EVERYONE),
    "/formations/fiche/premiere-pose/": set(EVERYONE),
    "/ma-page/": set(SIGNED_IN),
    "/ma-page/donnees/": set(SIGNED_IN),
    "/ma-page/donnees.json": set(SIGNED_IN),
    "/prets/{loan}/": {BORROWER} | SEE_BORROWERS,
    "/prets/{loan}/etat/": {BORROWER} | SEE_BORROWERS,
    "/prets/{loan}/bilan/": {BORROWER} | SEE_BORROWERS,
    "/prets/{loan}/carnet/": {BORROWER} | SEE_BORROWERS,
    "/prets/{loan}/classe/": {BORROWER} | SEE_BORROWERS,
    "/prets/{loan}/convention.pdf": {BORROWER} | SEE_BORROWERS,
    "/comptoir/": DESK,
    "/matin/": DESK,
    "/comptoir/personnes/nouvelle/": DESK,
    "/comptoir/personnes/{person}/": DESK,
    "/comptoir/personnes/{person}/carte.pdf": DESK,
    "/gestion/": SEE_BORROWERS,
    "/gestion/personnes/": DESK,
    "/gestion/personnes/{person}/corriger/": DESK,
    "/gestion/groupes/": DESK,
    "/gestion/seances/": SEE_BORROWERS,
    "/gestion/cours/": {LIBRARIAN, ADMINISTRATOR},
    "/gestion/regles/": {LIBRARIAN, ADMINISTRATOR},
    "/gestion/regles/nouveau/": {LIBRARIAN, ADMINISTRATOR},
    "/gestion/campagnes/": {LIBRARIAN, MEDIATOR, ADMINISTRATOR},
    "/gestion/organisations/": {LIBRARIAN, ADMINISTRATOR},
    "/gestion/chartes/": {LIBRARIAN, ADMINISTRATOR},
    "/gestion/equipe/": {ADMINISTRATOR},
    "/gestion/durees/": {ADMINISTRATOR},
    "/questions/": {LIBRARIAN, MEDIATOR, ADMINISTRATOR},
    "/metrologie/": {METROLOGIST, ADMINISTRATOR},
}


@pytest.fixture(autouse=True)
def _today(library: "Library", settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()


def _other_association(library: "Library") -> tuple[Organisation, "LendingPoint", Person]:
    """Add a second association of the instance with its desk and its librarian."""
    from datetime import time

    from capto.catalogue.models import LendingPoint, OpeningHours

    other = Organisation.objects.create(name="Air de la Plaine")
    point = LendingPoint.objects.create(
        organisation=other, name="Mairie", slug="mairie", latitude=45.5, longitude=6.0
    )
    for weekday in range(1, 8):
        OpeningHours.objects.create(point=point, weekday=weekday, opens_at=time(8), closes_at=time(20))
    odile = library.person("Odile", may_borrow=False)
    StaffRole.give(odile, role=Role.LIBRARIAN, organisation=other, now=library.now)
    return other, point, odile


@pytest.mark.parametrize("who", EVERYONE)
def test_each_role_opens_what_the_table_says_and_nothing_else(library: "Library", who: str) -> None:
    library.course.children_sheet = "Un capteur compte les poussières."
    library.course.save()
    alice = library.person()
    loan = library.lend(library.kit(), alice, now=library.now - timedelta(days=1))
    person = {STRANGER: None, BORROWER: alice}.get(who)
    if who == OTHER:
        person = library.person("Bruno")
    elif person is None and who != STRANGER:
        person = library.staff(Role(who))
    client, wrong = signed_in(person), []
    for address, allowed in MAY.items():
        answer = client.get(address.format(loan=loan.public_id, person=alice.pk))
        opened = answer.status_code == 200 or (
            answer.status_code == 302 and not answer["Location"].startswith("/connexion/")
        )
        refused = answer.status_code == 403 or (person is None and answer.status_code == 302)
        if not (opened if who in allowed else refused and not opened):
            wrong.append((address, answer.status_code))
    assert wrong == []


def test_staff_gives_a_second_factor_before_managing(library: "Library", settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    client = signed_in(library.staff(Role.ADMINISTRATOR))
    for address in (
        "/gestion/",
        "/gestion/regles/",
        "/gestion/equipe/nouveau/",
        "/questions/",
        "/gestion/personnes/",
    ):
        answer = client.get(address)
        assert answer.status_code == 302 and "/connexion/code/" in answer["Location"], address


def test_staff_of_another_association_sees_neither_people_nor_loans(library: "Library") -> None:
    alice = library.person("Alice")
    loan = library.lend(library.kit(), alice)
    _other, _point, odile = _other_association(library)
    theirs = signed_in(odile)
    assert theirs.get(f"/comptoir/personnes/{alice.pk}/").status_code == 404
    assert theirs.get(f"/comptoir/personnes/{alice.pk}/carte.pdf").status_code == 404
    assert theirs.get(f"/gestion/personnes/{alice.pk}/corriger/").status_code == 404
    assert theirs.post(f"/gestion/personnes/{alice.pk}/effacer/", {"sure": "yes"}).status_code == 404
    assert theirs.get(f"/prets/{loan.public_id}/").status_code == 403
    assert alice.name not in theirs.get("/gestion/personnes/?q=ali").content.decode()
    assert alice.name in signed_in(library.staff()).get("/gestion/personnes/?q=ali").content.decode()


def test_a_person_of_nobody_yet_is_found_by_every_desk(library: "Library") -> None:
    library.person("Nouvelle")
    other, _point, _odile = _other_association(library)
    assert [p.name for p in named_like("nouv", organisations=[other], at_most=5)] == ["Nouvelle"]


def test_who_spells_their_e_mail_or_shows_their_card_is_served_by_any_desk(library: "Library") -> None:
    alice = library.person("Alice")
    library.lend(library.kit(), alice)
    other, _point, odile = _other_association(library)
    assert named_like("alice", organisations=[other], at_most=5) == []
    assert named_like(str(alice.email), organisations=[other], at_most=5) == [alice]
    theirs = signed_in(odile)
    assert (
        alice.name in theirs.post("/comptoir/", {"code": alice.card(), "key": str(uuid4())}).content.decode()
    )
    assert (
        alice.name not in theirs.post("/comptoir/", {"code": "alice", "key": str(uuid4())}).content.decode()
    )


def test_a_pooled_kit_is_lent_by_both_and_another_by_its_owner_only(library: "Library") -> None:
    from capto.lending.refusals import Refusal

    _other, point, _odile = _other_association(library)
    pooled, own = library.kit(is_pooled=True), library.kit()
    loan = Loan.lend(pooled, to=library.person(), point=point, now=library.now)
    assert loan.point == point
    with pytest.raises(Refusal):
        Loan.lend(own, to=library.person(), point=point, now=library.now)


def test_rows_of_another_association_are_not_managed(library: "Library") -> None:
    other, _point, odile = _other_association(library)
    course, policy = library.course, Policy.objects.create(name="À nous", organisation=library.organisation)
    theirs = signed_in(odile)
    for address in (f"/gestion/cours/{course.pk}/", f"/gestion/regles/{policy.pk}/"):
        assert theirs.get(address).status_code == 404
    for address in ("/gestion/chartes/", "/gestion/organisations/nouveau/", "/gestion/durees/"):
        assert theirs.get(address).status_code == 403, address  # what binds both is for who governs both
    general = Policy.objects.get(organisation=None)
    assert theirs.get(f"/gestion/regles/{general.pk}/").status_code == 404
    answer = theirs.post("/gestion/regles/nouveau/", _policy(organisation=library.organisation.pk))
    assert answer.status_code == 200 and not Policy.objects.filter(name="Prêt long").exists()
    theirs.post("/gestion/regles/nouveau/", _policy(organisation=other.pk))
    assert Policy.objects.get(name="Prêt long").organisation == other


def _policy(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Prêt long", "loan_days": 40, "shortest_days": 7, "renewals": 1, "renewal_days": 14,
        "ahead_days": 90, "allocation_days": 14, "pickup_open_days": 3, "loans_at_once": 1,
        "buffer_before_hours": 0, "buffer_after_hours": 24, "quarantine_hours": 0, "under_covered_loans": 1,
        "needs_training": "on", "category": "school",
    } | fields  # fmt: skip


def test_a_librarian_writes_a_rule_and_is_told_of_one_that_is_there_already(library: "Library") -> None:
    lila = signed_in(library.staff())
    assert (
        lila.post("/gestion/regles/nouveau/", _policy(organisation=library.organisation.pk)).status_code
        == 302
    )
    policy = Policy.objects.get(name="Prêt long")
    assert (policy.category, policy.loan_days, policy.needs_charter) == ("school", 40, False)
    again = lila.post("/gestion/regles/nouveau/", _policy(organisation=library.organisation.pk))
    assert again.status_code == 200 and Policy.objects.filter(category="school").count() == 1
    backwards = _policy(organisation=library.organisation.pk, shortest_days=50)
    assert lila.post(f"/gestion/regles/{policy.pk}/", backwards).status_code == 200
    lila.post(f"/gestion/regles/{policy.pk}/", _policy(organisation=library.organisation.pk, loan_days=30))
    policy.refresh_from_db()
    assert policy.loan_days == 30


def test_a_librarian_adds_a_class_with_its_responsible_adult(library: "Library") -> None:
    teacher = library.person("Paul")
    lila = signed_in(library.staff())
    told = {"name": "CM2, école Jaurès", "category": "school", "size": 27, "is_active": "on"}
    unknown = lila.post("/gestion/groupes/nouveau/", told | {"responsible": "personne@exemple.test"})
    assert "Personne n’a cette adresse" in unknown.content.decode()
    lila.post("/gestion/groupes/nouveau/", told | {"responsible": teacher.email})
    group = BorrowerGroup.objects.get()
    assert (group.responsible, group.size) == (teacher, 27)
    assert "CM2, école Jaurès" in lila.get("/gestion/groupes/").content.decode()
    fields = {field.name for field in BorrowerGroup._meta.get_fields()}
    assert not {"pupils", "members", "photo", "birth_date"} & fields


def test_an_administrator_gives_a_role_and_ends_it(library: "Library") -> None:
    awa, bruno = signed_in(library.staff(Role.ADMINISTRATOR)), library.person("Bruno")
    told = {"member": bruno.email, "role": "desk_volunteer", "organisation": library.organisation.pk}
    awa.post("/gestion/equipe/nouveau/", told)
    awa.post("/gestion/equipe/nouveau/", told)
    role = StaffRole.objects.get(person=bruno)
    assert role.role == "desk_volunteer" and signed_in(bruno).get("/comptoir/").status_code == 200
    awa.post(f"/gestion/equipe/{role.pk}/fin/")
    role.refresh_from_db()
    assert role.ends_at is not None and signed_in(bruno).get("/comptoir/").status_code == 403


def test_a_campaign_needs_a_mediator_of_the_staff_and_keeps_its_seats(library: "Library") -> None:
    Territory.objects.create(name="Annecy", insee_code="74010", population=130_000)
    lila, theo = signed_in(library.staff()), library.staff(Role.MEDIATOR)
    told = {
        "question": "Que respire-t-on devant l’école ?", "organisation": library.organisation.pk, "commune": "Annecy",
        "mediator": library.person("Bruno").email, "starts_on": "2027-01-04", "ends_on": "2027-03-01", "seats": 2,
    }  # fmt: skip
    assert "n’anime pas" in lila.post("/gestion/campagnes/nouveau/", told).content.decode()
    assert lila.post("/gestion/campagnes/nouveau/", told | {"mediator": theo.email}).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.mediator, campaign.territory.name) == (theo, "Annecy")
    for _n in range(2):
        campaign.seat(library.person(), now=library.now)
    fewer = lila.post(f"/gestion/campagnes/{campaign.pk}/", told | {"mediator": theo.email, "seats": 1})
    assert "2 personnes ont déjà une place" in fewer.content.decode()


def test_a_version_of_the_charter_is_added_for_now_or_later_and_never_changed(library: "Library") -> None:
    lila = signed_in(library.staff())
    told = {"version": "2", "text": "Prendre soin du capteur.", "published_at": "2020-01-01T08:00"}
    assert "maintenant ou plus tard" in lila.post("/gestion/chartes/nouveau/", told).content.decode()
    at = timezone.localtime(library.now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    lila.post("/gestion/chartes/nouveau/", told | {"published_at": at})
    charter = Charter.objects.get(version="2")
    assert Charter.current(now=library.now) != charter
    assert Charter.current(now=library.now + timedelta(days=3)) == charter
    assert lila.get(f"/gestion/chartes/{charter.pk}/").status_code == 403


def test_a_session_is_made_widened_and_cancelled_without_a_developer(library: "Library") -> None:
    lila = signed_in(library.staff())
    at = timezone.localtime(library.now + timedelta(days=5))
    told = {
        "course": library.course.pk, "point": library.point.pk, "seats": 1,
        "starts_at": at.strftime("%Y-%m-%dT10:00"), "ends_at": at.strftime("%Y-%m-%dT12:00"),
    }  # fmt: skip
    nowhere = {name: value for name, value in told.items() if name != "point"}
    assert lila.post("/gestion/seances/nouveau/", nowhere).status_code == 200
    lila.post("/gestion/seances/nouveau/", told)
    session = CourseSession.objects.get()
    Enrolment.join(session, person=library.person(), now=library.now)
    waiting = Enrolment.join(session, person=library.person("Bruno"), now=library.now)
    lila.post(f"/gestion/seances/{session.pk}/", told | {"seats": 2})
    waiting.refresh_from_db()
    assert waiting.state == Enrolment.State.SEATED
    lila.post(f"/gestion/seances/{session.pk}/fin/")
    session.refresh_from_db()
    assert session.cancelled_at is not None


def test_a_right_is_given_on_the_spot_with_a_reason_and_taken_back(library: "Library") -> None:
    bruno = library.person("Bruno", may_borrow=False)
    lila, address = signed_in(library.staff()), f"/gestion/personnes/{bruno.pk}/droit/"
    lila.post(address, {"course": library.course.pk})
    assert not BorrowingRight.objects.filter(person=bruno).exists()
    lila.post(address, {"course": library.course.pk, "reason": "ancien formateur"})
    right = BorrowingRight.objects.get(person=bruno)
    assert right.reason == "ancien formateur" and right.expires_at > library.now
    assert signed_in(library.staff(Role.DESK_VOLUNTEER)).post(address, {}).status_code == 403
    lila.post(address, {"revoke": right.pk})
    right.refresh_from_db()
    assert right.revoked_at is not None and right.revoked_because


def test_a_town_joins_with_a_form_and_a_duration_is_changed_with_its_source(library: "Library") -> None:
    awa = signed_in(library.staff(Role.ADMINISTRATOR))
    awa.post("/gestion/organisations/nouveau/", {"name": "Ville de Sillingy", "answers_within_days": 2})
    town = Organisation.objects.get(name="Ville de Sillingy")
    assert StaffRole.objects.filter(organisation=town, role=Role.ADMINISTRATOR).exists()
    awa.post("/gestion/durees/loan_file/", {"days": 200, "source": "décision du bureau"})
    assert RetentionRule.objects.get(data="loan_file").days == 200
    assert Course.objects.count() == 1
