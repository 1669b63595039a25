"""What each form of lending posts where, by whom, and what must exist once afterwards."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from capto.catalogue.models import Closure, Kit, OpeningHours, UpkeepDone, UpkeepPlan, UpkeepTicket
from capto.lending.manage_forms import PolicyForm
from capto.lending.models import Act, Hold, Loan, LoanExtension, LoanNote, Policy, Problem, ThreadEntry
from capto.members.models import ApiToken, BorrowerGroup, Consent, Message, Person, StaffRole
from capto.members.roles import Role
from capto.training.models import BorrowingRight
from tests.lending.conftest import Library


class Case(NamedTuple):
    """What is posted where, by whom, and what must exist once afterwards."""

    path: str
    told: dict[str, Any]
    by: Person
    rows: Any


def _loan(library: Library, **fields: Any) -> tuple[Loan, Person]:
    alice = library.person()
    return library.lend(library.kit(), alice, **fields), alice


def _hold(library: Library, **fields: Any) -> tuple[Hold, Person]:
    alice = library.person()
    return library.hold(alice, library.day(0), library.day(10), **fields), alice


def _ask(library: Library) -> Case:
    library.kit()
    told = {"starts_on": library.day(0).isoformat(), "ends_on": library.day(10).isoformat()}
    return Case("/emprunter/particules-dehors/", told, library.person(), Hold.objects.all())


def _cancel(library: Library) -> Case:
    library.kit()
    hold, alice = _hold(library)
    return Case(f"/reservations/{hold.pk}/annuler/", {}, alice, Act.objects.filter(kind="cancel_hold"))


def _details(library: Library) -> Case:
    told = {"name": "Alice B.", "language": "fr"}
    return Case("/ma-page/coordonnees/", told, library.person(), Person.objects.filter(name="Alice B."))


def _of_loan(path: str, told: dict[str, Any], rows: Any) -> Callable[[Library], Case]:
    def case(library: Library) -> Case:
        loan, alice = _loan(library)
        return Case(f"/prets/{loan.public_id}/{path}/", told, alice, rows)

    return case


def _by_staff(path: str, told: dict[str, Any], rows: Any) -> Callable[[Library], Case]:
    def case(library: Library) -> Case:
        loan, _alice = _loan(library)
        return Case(f"/prets/{loan.public_id}/{path}/", told, library.staff(), rows)

    return case


def _swap(library: Library) -> Case:
    loan, _alice = _loan(library)
    told = {"code": library.kit().code, "reason": "muet"}
    return Case(f"/prets/{loan.public_id}/echanger/", told, library.staff(), UpkeepTicket.objects.all())


def _longer(library: Library) -> Case:
    loan, _alice = _loan(library)
    told = {"until": library.day(120).isoformat(), "reason": "chantier"}
    rows = LoanExtension.objects.all()
    return Case(f"/prets/{loan.public_id}/plus-longtemps/", told, library.staff(), rows)


def _parcel(library: Library) -> Case:
    library.kit()
    hold, alice = _hold(library, by_post=True)
    alice.correct(postal_address="1 rue du Lac")
    return Case("/envois/", {"hold": hold.pk}, library.staff(), Loan.objects.all())


def _moved(library: Library) -> Case:
    loan, alice = _loan(library, by_post=True)
    Loan.objects.update(posted_at=library.now)
    told = {"what": "arrived"}
    return Case(f"/prets/{loan.public_id}/colis/", told, alice, Loan.objects.filter(arrived_at__isnull=False))


def _letter(library: Library) -> Case:
    person = library.person()
    Person.objects.filter(pk=person.pk).update(email=None)
    library.lend(library.kit(), Person.objects.get(pk=person.pk))
    message = Message.objects.get(person=person)
    rows = Message.objects.filter(sent_at__isnull=False)
    return Case("/courriers/", {"message": message.pk}, library.staff(), rows)


def _answer(library: Library) -> Case:
    loan, alice = _loan(library)
    entry = ThreadEntry.write(loan, author=alice, is_from_staff=False, text="Où ?", now=library.now)
    rows = ThreadEntry.objects.filter(is_from_staff=True)
    return Case("/questions/", {"entry": entry.pk, "text": "Dehors."}, library.staff(), rows)


def _problem(library: Library) -> Case:
    loan, alice = _loan(library)
    told = {"kind": "damaged", "text": "fendu"}
    return Case(f"/k/{loan.kit.code}/", told, alice, Problem.objects.all())


def _new_person(library: Library) -> Case:
    told = {"name": "Odette", "way": "paper", "accepted": "on"}
    return Case("/comptoir/personnes/nouvelle/", told, library.staff(), Person.objects.filter(name="Odette"))


def _edit_person(library: Library) -> Case:
    told = {"name": "Alice C.", "language": "fr"}
    where = f"/gestion/personnes/{library.person().pk}/corriger/"
    return Case(where, told, library.staff(), Act.objects.filter(kind="person"))


def _right(library: Library) -> Case:
    person = library.person(may_borrow=False)
    told = {"course": library.course.pk, "reason": "sait faire"}
    return Case(f"/gestion/personnes/{person.pk}/droit/", told, library.staff(), BorrowingRight.objects.all())


def _erase(library: Library) -> Case:
    _out, alice = _loan(library)
    rows = Person.objects.filter(erasure_asked_at__isnull=False)
    return Case(f"/gestion/personnes/{alice.pk}/effacer/", {"sure": "yes"}, library.staff(), rows)


def _rule(library: Library) -> Case:
    usual = Policy()
    told = {
        name: getattr(usual, name)
        for name in PolicyForm.Meta.fields
        if name not in ("organisation", "kit_model") and getattr(usual, name) is not None
    }
    told |= {
        "name": "Été",
        "organisation": library.organisation.pk,
        "kit_model": library.kind.pk,
        "category": "",
    }
    return Case("/gestion/regles/nouveau/", told, library.staff(), Policy.objects.filter(name="Été"))


def _end(library: Library) -> Case:
    boss = library.staff(Role.ADMINISTRATOR)
    role = StaffRole.give(
        library.person("Max"), role=Role.LIBRARIAN, organisation=library.organisation, now=library.now
    )
    rows = StaffRole.objects.exclude(ends_at=None)
    return Case(f"/gestion/equipe/{role.pk}/fin/", {}, boss, rows)


def _upkeep(library: Library) -> Case:
    kit = library.kit()
    plan = UpkeepPlan.objects.create(kit_model=library.kind, work="charge", interval_days=30)
    return Case(
        "/matin/entretien/", {"kit": kit.code, "plan": plan.pk}, library.staff(), UpkeepDone.objects.all()
    )


def _remind(library: Library) -> Case:
    loan, _alice = _loan(library, now=library.now - timedelta(days=60))
    rows = Message.objects.filter(key__startswith="lending:late_by_hand")
    return Case("/matin/ecrire/", {"loan": loan.public_id}, library.staff(), rows)


def _extend(library: Library) -> Case:
    loan, _alice = _loan(library)
    return Case("/matin/prolonger/", {"loan": loan.public_id}, library.staff(), LoanExtension.objects.all())


def _on_kit(told: dict[str, Any], rows: Any) -> Callable[[Library], Case]:
    def case(library: Library) -> Case:
        return Case(f"/fonds/kits/{library.kit().code}/", told, library.staff(), rows)

    return case


def _new_kit(library: Library) -> Case:
    told = {"model": library.kind.pk, "point": library.point.pk}
    return Case("/fonds/kits/nouveau/", told, library.staff(), Kit.objects.all())


def _import(library: Library) -> Case:
    content = "kit,kit_model,point,sensor_model,inventory_code,device_id\n"
    content += "a,particules-dehors,mediatheque,airgradient-open-air,I-1,x1\n"
    told = {"organisation": library.organisation.pk, "really": "1", "file": content}
    return Case("/fonds/importer/", told, library.staff(), Kit.objects.all())


def _closure(library: Library) -> Case:
    told = {
        "do": "closure",
        "starts_on": library.day(30).isoformat(),
        "ends_on": library.day(31).isoformat(),
        "reason": "travaux",
    }
    return Case("/fonds/points/mediatheque/", told, library.staff(), Closure.objects.all())


def _week(library: Library) -> Case:
    OpeningHours.objects.exclude(weekday=2).delete()
    told = {"do": "week", "day_2": "09:00-17:00"}
    rows = Act.objects.filter(kind="point")
    return Case("/fonds/points/mediatheque/", told, library.staff(), rows)


def _token(library: Library) -> Case:
    boss = library.staff(Role.ADMINISTRATOR)
    told = {
        "name": "borne",
        "organisation": library.organisation.pk,
        "person": boss.pk,
        "scope": ["desk"],
        "days": 9,
    }
    return Case("/gestion/cles/", told, boss, ApiToken.objects.all())


def _revoke(library: Library) -> Case:
    boss = library.staff(Role.ADMINISTRATOR)
    token, _text = ApiToken.issue(
        boss, organisation=library.organisation, name="x", scope=["desk"], days=9, by=boss, now=timezone.now()
    )
    return Case(f"/gestion/cles/{token.pk}/fin/", {}, boss, ApiToken.objects.exclude(revoked_at=None))


def _group(library: Library) -> Case:
    told = {"name": "CM2", "category": "school", "size": 24}
    return Case("/ma-page/groupe/", told, library.person(), BorrowerGroup.objects.all())


def _edit_group(library: Library) -> Case:
    alice = library.person()
    group = BorrowerGroup.objects.create(responsible=alice, name="CM2", category="school", size=24)
    told = {"name": "CM2 B", "category": "school", "size": 25}
    return Case(f"/ma-page/groupe/{group.pk}/", told, alice, BorrowerGroup.objects.filter(name="CM2 B"))


def _address(library: Library) -> Case:
    told = {"email": "autre@exemple.test"}
    return Case("/ma-page/adresse/", told, library.person(), Act.objects.filter(kind="person"))


def _confirm(library: Library) -> Case:
    return Case("/ma-page/adresse/x/", {}, library.person(), Act.objects.filter(kind="person"))


CASES: dict[str, Callable[[Library], Case]] = {
    "borrow-kind": _ask,
    "cancel-hold": _cancel,
    "my-details": _details,
    "only-loan-messages": lambda library: Case(
        "/ma-page/messages/",
        {"only": "yes"},
        library.person(),
        Person.objects.filter(only_loan_messages=True),
    ),
    "new-group": _group,
    "edit-group": _edit_group,
    "new-address": _address,
    "confirm-address": _confirm,
    "loan-renew": _of_loan("prolonger", {}, LoanExtension.objects.all()),
    "loan-note": _of_loan(
        "notes", {"day": "2026-11-24", "hour": "10:00", "text": "j’ai cuisiné"}, LoanNote.objects.all()
    ),
    "loan-ask": _of_loan("questions", {"text": "Où le poser ?"}, ThreadEntry.objects.all()),
    "loan-pause": _of_loan("pause", {"paused": "yes"}, Act.objects.filter(kind="pause")),
    "loan-place": _of_loan(
        "place",
        {"latitude": "45.9", "longitude": "6.1", "precision_m": "200"},
        Act.objects.filter(kind="place"),
    ),
    "loan-charter": _of_loan("charte", {}, Consent.objects.filter(way="screen")),
    "loan-moved": _moved,
    "loan-swap": _swap,
    "loan-longer": _longer,
    "loan-collector": _by_staff("retire-par", {"name": "Dora"}, Loan.objects.filter(collected_by="Dora")),
    "loan-lost": _by_staff("perdu", {"reason": "au fond du lac"}, UpkeepTicket.objects.all()),
    "parcels": _parcel,
    "letters": _letter,
    "questions": _answer,
    "kit-by-code": _problem,
    "new-person": _new_person,
    "person-edit": _edit_person,
    "person-right": _right,
    "person-erase": _erase,
    "manage-add": _rule,
    "manage-end": _end,
    "upkeep-done": _upkeep,
    "morning-remind": _remind,
    "morning-extend": _extend,
    "collection-new-kit": _new_kit,
    "collection-kit": _on_kit({"do": "ticket", "what": "vis perdue"}, UpkeepTicket.objects.all()),
    "collection-import": _import,
    "collection-point": _closure,
    "collection-point: week": _week,
    "api-tokens": _token,
    "api-token-revoke": _revoke,
}
