"""The lines that the desk shows beside its answer: what one needs to know, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capto.catalogue.models import Kit, LendingPoint, UpkeepTicket, upkeep_due
from capto.lending.days import local_day
from capto.lending.models import Act, Hold, Loan, LoanPart, Occupancy
from capto.members.models import BorrowerGroup, Charter, Consent, Person
from capto.training.models import BorrowingRight

SOON = timedelta(days=2)  # a kit held for a day this near is laid aside at once


def _day(day: Any) -> str:
    return date_format(day, "l j F")


def served(person: Person) -> dict[str, Any]:
    """Who the desk serves, as its page keeps it in play."""
    groups = BorrowerGroup.objects.filter(responsible=person, is_active=True).order_by("name")
    return {
        "mark": f"#{person.pk}",
        "name": person.name,
        "groups": [{"id": group.pk, "name": group.name} for group in groups],
    }


def about_person(person: Person, *, point: LendingPoint, now: datetime) -> list[str]:
    """Say what explains whether a person can borrow: loans, holds, charter, training."""
    today = local_day(now)
    lines = []
    for loan in Loan.objects.open().filter(person=person).select_related("kit__model").order_by("due_on"):
        words = _("En retard depuis le %s") if loan.due_on < today else _("En prêt jusqu’au %s")
        lines.append(f"{loan.kit.code} {loan.kit.model.name} · {words % _day(loan.due_on)}")
    holds = Hold.objects.running().filter(person=person).select_related("kit", "kit_model", "point", "group")
    for hold in holds.order_by("starts_on"):
        if hold.state == Hold.State.READY and hold.kit is not None:
            line = _("Mis de côté : %(kit)s %(kind)s, du %(first)s au %(last)s") % {
                "kit": hold.kit.code,
                "kind": hold.kit_model.name,
                "first": _day(hold.starts_on),
                "last": _day(hold.ends_on),
            }
        else:
            line = _("Demande en attente : %(kind)s, à partir du %(first)s") % {
                "kind": hold.kit_model.name,
                "first": _day(hold.starts_on),
            }
        lines.append(line + (f" ({hold.group})" if hold.group else ""))
    charter = Charter.current(now=now)
    if charter is not None and not Consent.stands(person, purpose=Consent.Purpose.CHARTER, charter=charter):
        lines.append(_("Charte %s à signer (F4 une fois signée)") % charter.version)
    rights = BorrowingRight.objects.valid(now=now).filter(person=person).select_related("course")
    names = [
        _("%(course)s jusqu’au %(day)s")
        % {"course": right.course.name, "day": _day(local_day(right.expires_at))}
        for right in rights
    ]
    lines.append(_("Formation : %s") % (", ".join(names) if names else _("aucune en cours de validité")))
    return lines


def about_kit(kit: Kit, *, point: LendingPoint, now: datetime) -> list[str]:
    """Say what is known of a kit on its shelf: state, tickets, upkeep, who it is laid aside for."""
    lines = []
    if kit.state != Kit.State.ACTIVE:
        lines.append(f"{kit.get_state_display()} · {kit.state_reason}")
    if kit.point_id != point.pk:
        lines.append(_("Rangé ailleurs : %s") % kit.point.name)
    lines += [
        _("Ticket : %s") % ticket.what[:100] for ticket in UpkeepTicket.objects.open().filter(kit=kit)[:3]
    ]
    lines += _upkeep(kit, now=now)
    lines += _next_hold(kit, now=now, within=None)
    return lines or [_("Rien à signaler. Pour le prêter, scannez d’abord une carte.")]


def about_loan(loan: Loan, *, act: Act) -> list[str]:
    """Say what is to be known when a kit leaves."""
    lines = []
    if act.overridden:
        lines.append(
            _("Règle levée (%(rules)s) : %(reason)s") % {"rules": act.overridden, "reason": act.reason}
        )
    if loan.hold is not None:
        lines.append(_("Répond à sa réservation."))
    if loan.group_id is not None and not loan.collected_by:
        lines.append(_("Quelqu’un d’autre est venu le chercher ? F6, puis sa carte ou son nom."))
    if loan.policy is not None and loan.hold is None:
        usual = loan.policy.loan_days
        days = (loan.due_on - local_day(loan.lent_at)).days
        if days < usual:
            lines.append(
                ngettext(
                    "Raccourci : réservé ensuite (%d jour au lieu de l’habituel)",
                    "Raccourci : réservé ensuite (%d jours au lieu de l’habituel)",
                    days,
                )
                % days
            )
    return lines


def about_return(loan: Loan, *, point: LendingPoint, now: datetime) -> list[str]:
    """Say what is to be done with a kit that came back."""
    kit = loan.kit
    lines = []
    if loan.point_id != point.pk:
        lines.append(_("Prêté ailleurs (%s), rendu ici.") % loan.point.name)
    lines += _upkeep(kit, now=now, last_return=loan.returned_at)
    lines += [
        _("Ticket : %s") % ticket.what[:100] for ticket in UpkeepTicket.objects.open().filter(kit=kit)[:3]
    ]
    lines += _next_hold(kit, now=now, within=SOON)
    return lines


def parts(loan: Loan) -> list[dict[str, Any]]:
    """List the checklist of a loan's kit, with how many should lie in the box."""
    rows = LoanPart.objects.filter(loan=loan, accessory__kit=loan.kit_id).select_related("accessory")
    return [
        {
            "id": row.accessory_id,
            "name": row.accessory.name,
            "code": row.accessory.code,
            "expected": row.out,
            "quantity": row.accessory.quantity,
        }
        for row in rows.order_by("accessory__position", "accessory__pk")
    ]


def _upkeep(kit: Kit, *, now: datetime, last_return: datetime | None = None) -> list[str]:
    if last_return is None:
        last_return = Loan.objects.filter(kit=kit).aggregate(at=Max("returned_at"))["at"]
    works = [due.plan.get_work_display() for due in upkeep_due(kit, now=now, last_return=last_return)]
    return [_("À faire : %s") % ", ".join(dict.fromkeys(works))] if works else []


def _next_hold(kit: Kit, *, now: datetime, within: timedelta | None) -> list[str]:
    rows = Occupancy.objects.filter(kit=kit, hold__isnull=False, period__endswith__gt=now)
    if within is not None:
        rows = rows.filter(period__startswith__lte=now + within)
    occupancy = rows.select_related("hold__person", "hold__group").order_by("period").first()
    if occupancy is None or occupancy.hold is None:
        return []
    hold = occupancy.hold
    who = hold.group.name if hold.group else (hold.person.name if hold.person else "")
    return [
        _("À mettre de côté pour %(who)s, à partir du %(day)s") % {"who": who, "day": _day(hold.starts_on)}
    ]
