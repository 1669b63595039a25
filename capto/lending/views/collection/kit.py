"""One kit, as who looks after it sees it: where it is, what is in the box, what is wrong, what it cost."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from django import forms
from django.contrib import messages
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.catalogue.models import (
    CostEntry,
    Kit,
    OpenTransfer,
    TicketClosed,
    Transfer,
    UpkeepDone,
    UpkeepTicket,
    upkeep_due,
)
from capto.lending.collection_forms import CostForm, SendForm, StateForm, TicketForm, TicketStageForm
from capto.lending.days import local_day
from capto.lending.models import Act, Loan, Occupancy
from capto.lending.refusals import KitIsOut, KitOnItsWay, Refusal, TicketIsClosed
from capto.lending.sent_once import act_of, sent_once
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability


class _Doing(NamedTuple):
    """What one form of the page does: who may, its form, its verb, what is said then."""

    capability: Capability
    form: Callable[[Any, Kit], forms.Form]
    work: Callable[[Kit, dict[str, Any], Person, Act], str]


def _send(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    if Loan.objects.open().filter(kit=kit).exists():
        raise KitIsOut(kit=kit.code)
    try:
        Transfer.send(kit, to=told["to"], by=by, now=act.at, reason=told["reason"])
    except OpenTransfer as error:
        raise KitOnItsWay(kit=kit.code) from error
    act.kind, act.point, act.reason = Act.Kind.TRANSFER, told["to"], told["reason"]
    return _("%(kit)s part vers %(point)s.") % {"kit": kit.code, "point": told["to"].name}


def _receive(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    for transfer in Transfer.objects.filter(kit=kit, received_at=None).select_related("to_point", "kit"):
        transfer.receive(by=by, now=act.at)
        act.kind, act.point = Act.Kind.TRANSFER, transfer.to_point
        return _("%(kit)s est arrivé : %(point)s.") % {"kit": kit.code, "point": transfer.to_point.name}
    return _("%s est déjà arrivé.") % kit.code


def _enter_cost(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    CostEntry.enter(kit, kind=told["kind"], on=told["on"], euros=told["euros"], note=told["note"], by=by)
    act.kind, act.reason = Act.Kind.COST, told["note"]
    return _("La dépense est notée.")


def _set_state(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    if told["state"] != Kit.State.ACTIVE and Loan.objects.open().filter(kit=kit).exists():
        raise KitIsOut(kit=kit.code)
    kit.set_state(Kit.State(told["state"]), reason=told["reason"])
    act.kind, act.reason = Act.Kind.STATE, told["reason"]
    return f"{kit.code} : {kit.get_state_display()}."


def _open_ticket(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    UpkeepTicket.objects.create(
        kit=kit, what=told["what"], blocks_lending=told["blocks_lending"], opened_at=act.at, opened_by=by
    )
    act.kind, act.reason = Act.Kind.TICKET, told["what"][:300]
    return _("Le ticket est ouvert.")


def _advance_ticket(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    try:
        told["ticket"].advance(UpkeepTicket.Stage(told["stage"]), by=by, now=act.at, outcome=told["outcome"])
    except TicketClosed as error:
        raise TicketIsClosed from error
    act.kind, act.reason = Act.Kind.TICKET, told["outcome"][:300]
    return str(_("Le ticket avance : %s.") % told["ticket"].get_stage_display())


def _pool(kit: Kit, told: dict[str, Any], by: Person, act: Act) -> str:
    kit.pool(not kit.is_pooled)
    act.kind = Act.Kind.STATE
    act.reason = "pooled" if kit.is_pooled else "not pooled"
    if kit.is_pooled:
        return _("%s est mis en commun : les autres associations peuvent le prêter.") % kit.code
    return _("%s n’est plus mis en commun.") % kit.code


def _nothing(data: Any, kit: Kit) -> forms.Form:
    return forms.Form(data)


DOINGS: dict[str, _Doing] = {
    "send": _Doing(Capability.MANAGE_CATALOGUE, lambda data, kit: SendForm(data, kit=kit), _send),
    "receive": _Doing(Capability.MEND_KITS, _nothing, _receive),
    "cost": _Doing(Capability.MANAGE_CATALOGUE, lambda data, kit: CostForm(data), _enter_cost),
    "state": _Doing(Capability.MANAGE_CATALOGUE, lambda data, kit: StateForm(data), _set_state),
    "ticket": _Doing(Capability.MEND_KITS, lambda data, kit: TicketForm(data), _open_ticket),
    "advance": _Doing(
        Capability.MEND_KITS, lambda data, kit: TicketStageForm(data, kit=kit), _advance_ticket
    ),
    "pool": _Doing(Capability.MANAGE_CATALOGUE, _nothing, _pool),
}


@requires(Capability.MEND_KITS)
@sent_once(needs_act=True)
def kit(request: HttpRequest, code: str) -> HttpResponse:
    """Show a kit, and do what one of its forms asks; sent twice, a form does it once."""
    person, now = cast(Person, request.user), timezone.now()
    looked_after = Kit.objects.of_staff(person.organisations_where(Capability.MEND_KITS))
    found = get_object_or_404(
        looked_after.select_related("model", "owner", "point__organisation"), code__iexact=code
    )
    can = {
        capability: person.can(capability, within=found.owner)
        or person.can(capability, within=found.point.organisation)
        for capability in Capability
    }
    bound: dict[str, forms.Form] = {}
    name = request.POST.get("do", "")
    doing = DOINGS.get(name)
    if request.method == "POST" and doing is not None and can[doing.capability]:
        form = doing.form(request.POST, found)
        bound[name] = form
        if form.is_valid():
            act = act_of(request)
            assert act is not None
            act.kit = found
            try:
                messages.success(request, doing.work(found, form.cleaned_data, person, act))
                return redirect("collection-kit", found.code)
            except Refusal as refusal:
                form.add_error(None, refusal.sentence)
    return render(request, "lending/collection/kit.html", _context(found, bound, can=can, now=now))


def _stage_form(ticket: UpkeepTicket, kit: Kit) -> TicketStageForm:
    told = {"ticket": ticket.pk, "stage": ticket.stage}
    return TicketStageForm(kit=kit, initial=told, auto_id=f"ticket-{ticket.pk}-%s")


def _context(
    kit: Kit, bound: dict[str, forms.Form], *, can: dict[Capability, bool], now: Any
) -> dict[str, Any]:
    loans = Loan.objects.filter(kit=kit).exclude(state=Loan.State.CANCELLED)
    tickets = list(UpkeepTicket.objects.filter(kit=kit).order_by("-opened_at", "-pk")[:20])
    costs = CostEntry.objects.filter(kit=kit)
    last_return = loans.aggregate(at=Max("returned_at"))["at"]
    return {
        "kit": kit,
        "today": local_day(now),
        "may_manage": can[Capability.MANAGE_CATALOGUE],
        "sees_borrowers": can[Capability.SEE_BORROWERS],
        "sees_history": can[Capability.SEE_HISTORY],
        "sensors": kit.sensors.select_related("model").order_by("inventory_code"),
        "parts": kit.accessories.all(),
        "loan": loans.filter(state=Loan.State.OPEN).select_related("person", "group", "point").first(),
        "loans": loans.count(),
        "planned": Occupancy.objects.filter(kit=kit, period__endswith__gt=now)
        .select_related("hold__person", "hold__group", "loan")
        .order_by("period")[:8],
        "open_tickets": [
            (ticket, _stage_form(ticket, kit)) for ticket in tickets if ticket.closed_at is None
        ],
        "closed_tickets": [ticket for ticket in tickets if ticket.closed_at is not None],
        "due": upkeep_due(kit, now=now, last_return=last_return),
        "done": UpkeepDone.objects.filter(kit=kit).select_related("plan", "by").order_by("-at")[:10],
        "transit": Transfer.objects.filter(kit=kit, received_at=None).select_related("to_point").first(),
        "transfers": Transfer.objects.filter(kit=kit, received_at__isnull=False)
        .select_related("from_point", "to_point")
        .order_by("-sent_at")[:10],
        "costs": costs if can[Capability.MANAGE_CATALOGUE] else None,
        "cost_total": costs.aggregate(euros=Sum("euros"))["euros"],
        "send_form": bound.get("send") or SendForm(kit=kit, auto_id="send-%s"),
        "cost_form": bound.get("cost") or CostForm(initial={"on": local_day(now)}, auto_id="cost-%s"),
        "state_form": bound.get("state")
        or StateForm(initial={"state": kit.state, "reason": kit.state_reason}, auto_id="state-%s"),
        "ticket_form": bound.get("ticket") or TicketForm(auto_id="new-ticket-%s"),
        "refused": next((form.non_field_errors() for form in bound.values()), None),
    }
