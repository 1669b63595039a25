"""What the desk answers to a scan, a key or a typed name: the one way in of the desk's page and of its API.

An answer is a dictionary for the page's script and its template alike. The same key gives the same answer, from
the same act, however often it is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capto.catalogue.models import Accessory, Kit, LendingPoint
from capto.lending import desk_lines
from capto.lending.days import local_day
from capto.lending.desk_collector import note_collector
from capto.lending.models import Act, Hold, Loan, LoanPart
from capto.lending.once import Answer, once
from capto.lending.people import known_to, named_like
from capto.lending.refusals import CharterNotAccepted, NotAllowed, NotOnLoan, Refusal
from capto.lending.undo import last_act, undo
from capto.members.chosen import key_of
from capto.members.codes import CodeKind, Command, UnreadableCode, WrongCheckSign, read_code
from capto.members.models import BorrowerGroup, Charter, Consent, Person
from capto.members.roles import Capability

OLDEST = timedelta(hours=24)  # a desk that was offline for longer tells a person, not the table
FOUND = 8  # people listed for a name


@dataclass
class Gesture:
    """One thing that someone does at the desk."""

    key: UUID
    point: LendingPoint
    by: Person
    now: datetime
    at: datetime  # when it was done; the same as `now` but for a desk that was offline
    action: str = "scan"
    code: str = ""  # what was scanned or typed
    person: str = ""  # who is served: a card's code, or #id of someone found by name
    group: int | None = None
    loan: int | None = None
    reason: str = ""
    present: dict[int, int] = field(default_factory=dict)  # accessories counted, by id


def when(told: datetime | None, *, now: datetime) -> datetime:
    """Believe the desk's clock within a day back; a clock that is ahead or far behind is not believed."""
    if told is None or told > now or now - told > OLDEST:
        return now
    return told


def perform(gesture: Gesture) -> Answer:
    """Do what the gesture asks, once per key, and give the answer; a refusal is an answer too."""

    def work(act: Act) -> Answer:
        if not gesture.by.can(Capability.LEND, within=gesture.point.organisation):
            raise NotAllowed
        return ACTIONS.get(gesture.action, _scan)(gesture, act)

    return once(
        gesture.key,
        work,
        by=gesture.by,
        now=gesture.now,
        at=gesture.at,
        entry=Act.Entry.DESK,
        refused=lambda refusal: _refused(refusal, gesture),
        point=gesture.point,
    )


def _refused(refusal: Refusal, gesture: Gesture) -> Answer:
    may_override = refusal.can_be_overridden and gesture.by.can(
        Capability.OVERRIDE_RULES, within=gesture.point.organisation
    )
    return {
        "outcome": "refused",
        "tone": "bad",
        "refusal": refusal.code,
        "line": refusal.what,
        "rule": refusal.rule,
        "details": [refusal.way_out],
        "can_override": may_override,
        "offer": "charter" if isinstance(refusal, CharterNotAccepted) else "",
        "code": gesture.code,
    }


def _scan(gesture: Gesture, act: Act) -> Answer:
    try:
        code = read_code(gesture.code)
    except WrongCheckSign:
        return _unknown(_("Code mal lu : %s") % gesture.code, _("Scannez-le de nouveau, ou tapez-le."))
    except UnreadableCode:
        return _typed(gesture, act)
    if code.kind is CodeKind.COMMAND:
        action = {Command.ALL_PRESENT: "parts", Command.UNDO: "undo", Command.DONE: "done"}.get(
            Command(code.text.split("-")[1]), "done"
        )
        return ACTIONS[action](gesture, act)
    if code.kind is CodeKind.PERSON:
        person = Person.objects.filter(card_code=code.text).first()
        if person is None:
            return _unknown(_("Carte inconnue : %s") % code.text, _("Cherchez la personne par son nom."))
        return _person(person, gesture, act)
    if code.kind is CodeKind.ACCESSORY:
        return _accessory(code.text, gesture, act)
    return _kit(Kit.objects.filter(code__iexact=code.text).select_related("model").first(), gesture, act)


def _typed(gesture: Gesture, act: Act) -> Answer:
    """Answer to a name, an inventory number or something that is none of ours."""
    text = gesture.code.strip()
    kit = Kit.objects.filter(sensors__inventory_code__iexact=text).select_related("model").first()
    if kit is not None:
        return _kit(kit, gesture, act)
    if text.startswith("#"):
        person = person_of(text)
        if person is None or not known_to(
            [gesture.point.organisation], among=Person.objects.filter(pk=person.pk)
        ):
            return _unknown(_("Personne inconnue."), "")
        return _person(person, gesture, act)
    people = named_like(text, organisations=[gesture.point.organisation], at_most=FOUND + 1)
    if len(people) == 1:
        return _person(people[0], gesture, act)
    if not people:
        return _unknown(
            _("Rien ne porte ce code ou ce nom : %s") % text,
            _("Mis de côté dans « Inattendu » : rien n’a changé."),
        )
    more = len(people) > FOUND
    return {
        "outcome": "choose",
        "tone": "neutral",
        "line": ngettext("%d personne trouvée", "%d personnes trouvées", len(people)) % len(people[:FOUND]),
        "details": [_("Précisez le nom : il y en a d’autres.") if more else _("Flèches, puis Entrée.")],
        "people": [
            {"id": f"#{person.pk}", "name": person.name, "note": str(person.territory or person.email or "")}
            for person in people[:FOUND]
        ],
    }


def _unknown(line: str, detail: str) -> Answer:
    return {"outcome": "unknown", "tone": "warn", "line": line, "details": [detail] if detail else []}


def person_of(mark: str) -> Person | None:
    """Find the person whom the desk serves, by the code of a card or by #id."""
    if mark.startswith("#"):
        key = key_of(mark[1:])
        return None if key is None else Person.objects.filter(pk=key).first()
    try:
        return Person.objects.filter(card_code=read_code(mark).text).first() if mark else None
    except UnreadableCode:
        return None


def _person(person: Person, gesture: Gesture, act: Act) -> Answer:
    act.person = person
    return {
        "outcome": "person",
        "tone": "neutral" if person.is_active else "bad",
        "line": person.name if person.is_active else _("%s : compte fermé") % person.name,
        "details": desk_lines.about_person(person, point=gesture.point, now=gesture.now),
        "person": desk_lines.served(person),
    }


def _kit(kit: Kit | None, gesture: Gesture, act: Act) -> Answer:
    """A kit with a person in play is lent, alone it is returned, and alone on its shelf it is shown."""
    if kit is None:
        return _unknown(_("Ce kit n’est pas dans le catalogue."), _("Il a peut-être été étiqueté ailleurs."))
    if gesture.person:
        return _lend(kit, gesture, act)
    try:
        return _take_back(kit, gesture, act)
    except NotOnLoan:
        act.kit, act.kind = kit, Act.Kind.SCAN
        return {
            "outcome": "kit",
            "tone": "neutral",
            "line": _("%(kit)s est ici : %(kind)s") % {"kit": kit.code, "kind": kit.model.name},
            "details": desk_lines.about_kit(kit, point=gesture.point, now=gesture.now),
            "kit": kit.code,
        }


def _lend(kit: Kit, gesture: Gesture, act: Act) -> Answer:
    person = person_of(gesture.person)
    if person is None:
        return _unknown(_("Personne inconnue."), _("Scannez de nouveau sa carte."))
    group = (
        BorrowerGroup.objects.filter(pk=gesture.group, responsible=person).first() if gesture.group else None
    )
    loan = Loan.lend(
        kit,
        to=person,
        point=gesture.point,
        now=gesture.at,
        group=group,
        by=gesture.by,
        override=gesture.reason,
        entry=Act.Entry.DESK,
        act=act,
    )
    return {
        "outcome": "lent",
        "tone": "good",
        "line": _("%(kit)s prêté à %(who)s jusqu’au %(due)s")
        % {
            "kit": kit.code,
            "who": loan.group.name if loan.group else person.name,
            "due": date_format(loan.due_on, "l j F"),
        },
        "details": desk_lines.about_loan(loan, act=act),
        "kit": kit.code,
        "loan": loan.pk,
        "parts": desk_lines.parts(loan),
        "can_undo": True,
    }


def _take_back(kit: Kit, gesture: Gesture, act: Act) -> Answer:
    loan = Loan.take_back(
        kit, point=gesture.point, now=gesture.at, by=gesture.by, entry=Act.Entry.DESK, act=act
    )
    who = loan.group.name if loan.group else (loan.person.name if loan.person else "")
    late = (local_day(gesture.at) - loan.due_on).days
    line = _("%(kit)s rendu par %(who)s") % {"kit": kit.code, "who": who}
    if late > 0:
        line += " " + ngettext("(%d jour de retard)", "(%d jours de retard)", late) % late
    return {
        "outcome": "returned",
        "tone": "good",
        "line": line,
        "details": desk_lines.about_return(loan, point=gesture.point, now=gesture.at),
        "kit": kit.code,
        "loan": loan.pk,
        "parts": desk_lines.parts(loan),
        "can_undo": True,
    }


def _accessory(code: str, gesture: Gesture, act: Act) -> Answer:
    """Tick a part by its own label: it lies in the box."""
    part = Accessory.objects.filter(code__iexact=code).select_related("kit").first()
    if part is None:
        return _unknown(_("Aucune pièce ne porte ce code."), "")
    act.kit = part.kit
    loan = Loan.objects.filter(kit=part.kit).exclude(state=Loan.State.CANCELLED).order_by("-lent_at").first()
    if loan is not None and part.missing:  # a part that was missing comes back
        counted = {line.accessory_id: line.accessory.present for line in LoanPart.objects.filter(loan=loan)}
        loan.count_parts(counted | {part.pk: part.present + 1}, now=gesture.at, by=gesture.by, act=act)
    return {
        "outcome": "part",
        "tone": "good",
        "line": _("%(part)s : présent (%(kit)s)") % {"part": part.name, "kit": part.kit.code},
        "details": [],
        "part": part.pk,
        "kit": part.kit.code,
    }


def _parts(gesture: Gesture, act: Act) -> Answer:
    """Count the parts of the loan in play; those not named are all there."""
    loan = Loan.objects.filter(pk=gesture.loan or 0).select_related("kit").first()
    if loan is None:
        return _unknown(_("Aucune liste de pièces n’est ouverte."), _("Scannez d’abord un kit."))
    missing = loan.count_parts(gesture.present, now=gesture.at, by=gesture.by, entry=Act.Entry.DESK, act=act)
    if not missing:
        return {
            "outcome": "parts",
            "tone": "good",
            "line": _("%s : tout y est") % loan.kit.code,
            "details": [],
            "kit": loan.kit.code,
        }
    names = ", ".join(f"{part.name} ({part.missing})" for part in missing)
    return {
        "outcome": "parts",
        "tone": "warn",
        "line": _("%(kit)s : il manque %(parts)s") % {"kit": loan.kit.code, "parts": names},
        "details": [
            _("Le kit ne sera plus prêté tant qu’il manque une pièce indispensable.")
            if any(part.is_essential for part in missing)
            else _("Le kit peut repartir : ces pièces ne sont pas indispensables.")
        ],
        "kit": loan.kit.code,
    }


def _undo(gesture: Gesture, act: Act) -> Answer:
    undone = last_act(by=gesture.by, point=gesture.point, now=gesture.now)
    undo(undone, by=gesture.by, now=gesture.now, entry=Act.Entry.DESK, into=act)
    assert undone.kit is not None
    said = (
        _("Prêt annulé : %s est ici") if undone.kind == Act.Kind.LEND else _("Retour annulé : %s est en prêt")
    )
    return {
        "outcome": "undone",
        "tone": "neutral",
        "line": said % undone.kit.code,
        "details": [],
        "kit": undone.kit.code,
    }


def _charter(gesture: Gesture, act: Act) -> Answer:
    """Note that the person in play signed the charter on paper."""
    person, charter = person_of(gesture.person), Charter.current(now=gesture.now)
    if person is None or charter is None:
        return _unknown(_("Personne n’est au comptoir."), _("Scannez d’abord sa carte."))
    Consent.objects.create(
        person=person,
        purpose=Consent.Purpose.CHARTER,
        is_given=True,
        at=gesture.at,
        way=Consent.Way.PAPER,
        charter=charter,
        recorded_by=gesture.by,
    )
    act.kind, act.person = Act.Kind.CHARTER, person
    return {
        "outcome": "charter",
        "tone": "good",
        "line": _("Charte %(version)s signée par %(person)s")
        % {"version": charter.version, "person": person.name},
        "details": [_("Scannez de nouveau le kit.")],
        "person": desk_lines.served(person),
    }


def _collector(gesture: Gesture, act: Act) -> Answer:
    """Note who came for a group's kits; nobody has to be asked, so no scan more is needed to lend."""
    served = person_of(gesture.person)
    return note_collector(gesture.code, served=served, point=gesture.point, now=gesture.at, act=act)


def _done(gesture: Gesture, act: Act) -> Answer:
    return {"outcome": "done", "tone": "neutral", "line": _("Prêt pour la personne suivante"), "details": []}


ACTIONS: dict[str, Callable[[Gesture, Act], Answer]] = {
    "scan": _scan,
    "parts": _parts,
    "undo": _undo,
    "charter": _charter,
    "collector": _collector,
    "done": _done,
}


def holds_to_collect(point: LendingPoint) -> list[Hold]:
    """List the ready holds that wait at a point, those to be collected first on top."""
    return list(
        Hold.objects.filter(point=point, state=Hold.State.READY)
        .select_related("person", "group", "kit", "kit_model")
        .order_by("collect_by", "pk")
    )
