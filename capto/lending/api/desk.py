"""What the staff's programs do: the acts of the desk, by the same verbs, refused by the same rules."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from capto.catalogue.models import Accessory
from capto.lending.api import shapes
from capto.lending.api.answered import acted, loan_as_said
from capto.lending.api.borrower import NOTHING_DONE, group_of, kit_named
from capto.lending.api.callers import caller_of, hold_for, person_at, point_for, staff_loan
from capto.lending.api.problems import Told
from capto.lending.api.shapes import Key, LoanId, Number
from capto.lending.by_post import send
from capto.lending.models import Act, Loan, LoanPart
from capto.lending.undo import last_act, undo
from capto.members.roles import Capability

router = Router(tags=["the desk"])


@router.post("/loans", response={201: shapes.LoanAnswer, **NOTHING_DONE})
def lend(request: HttpRequest, key: Key, asked: shapes.Lend) -> HttpResponse:
    """Lend a kit to a person at a point; it answers their hold where they have one."""
    caller = caller_of(request)
    point = point_for(caller, asked.point, Capability.LEND)
    person, kit = person_at(asked.person, point=point), kit_named(asked.kit)
    group = group_of(person, asked.group)

    def work(act: Act, now: Any) -> dict[str, Any]:
        loan = Loan.lend(
            kit,
            to=person,
            point=point,
            now=now,
            group=group,
            collected_by=asked.collected_by,
            due_on=asked.due_on,
            by=caller.person,
            override=caller.check_override(asked.override, at=point),
            entry=Act.Entry.API,
            act=act,
        )
        return {"loan": loan_as_said(loan, now=now)}

    return acted(request, key, asked, work, status=201)


@router.post("/returns", response={200: shapes.PartsAnswer, **NOTHING_DONE})
def take_back(request: HttpRequest, key: Key, asked: shapes.Return) -> HttpResponse:
    """Take a kit back, and count its parts where they are told."""
    caller = caller_of(request)
    point, kit = point_for(caller, asked.point, Capability.LEND), kit_named(asked.kit)

    def work(act: Act, now: Any) -> dict[str, Any]:
        loan = Loan.take_back(kit, point=point, now=now, by=caller.person, entry=Act.Entry.API, act=act)
        missing: list[Accessory] = []
        if asked.parts is not None:
            present = _counted(loan, asked.parts)
            missing = loan.count_parts(present, now=now, by=caller.person, entry=Act.Entry.API)
        return {"loan": loan_as_said(loan, now=now), "missing": _missing(missing)}

    return acted(request, key, asked, work)


def _counted(loan: Loan, parts: Iterable[shapes.Part]) -> dict[int, int]:
    """Give the accessories (ids) that their codes name, with how many lie in the box. Raises Told."""
    lines = LoanPart.objects.filter(loan=loan, accessory__kit=loan.kit_id).select_related("accessory")
    known = {line.accessory.code.lower(): line.accessory_id for line in lines}
    try:
        return {known[part.part.strip().lower()]: part.present for part in parts}
    except KeyError as error:
        raise Told(404, "no-such-part", f"This kit has no part {error.args[0]}.") from error


def _missing(parts: Iterable[Accessory]) -> list[dict[str, Any]]:
    return [{"code": part.code, "name": part.name, "missing": part.missing} for part in parts]


@router.post("/loans/{loan}/parts", response={200: shapes.PartsAnswer, **NOTHING_DONE})
def count(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Count) -> HttpResponse:
    """Count the checklist of a loan, as the kit leaves or when it is back; those not named are all there."""
    caller = caller_of(request)
    found = staff_loan(caller, loan)
    present = _counted(found, asked.parts)

    def work(act: Act, now: Any) -> dict[str, Any]:
        missing = found.count_parts(present, now=now, by=caller.person, entry=Act.Entry.API, act=act)
        return {"loan": loan_as_said(found, now=now), "missing": _missing(missing)}

    return acted(request, key, asked, work)


@router.post("/loans/{loan}/extend", response={200: shapes.LoanAnswer, **NOTHING_DONE})
def extend(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Extend) -> HttpResponse:
    """Let a kit stay out until a day; against the rule only with a reason and the right to waive it."""
    caller = caller_of(request)
    found = staff_loan(caller, loan)

    def work(act: Act, now: Any) -> dict[str, Any]:
        found.renew(
            now=now,
            by=caller.person,
            until=asked.until,
            override=caller.check_override(asked.override, at=found.point),
            entry=Act.Entry.API,
            act=act,
        )
        return {"loan": loan_as_said(found, now=now)}

    return acted(request, key, asked, work)


@router.post("/loans/{loan}/swap", response={200: shapes.LoanAnswer, **NOTHING_DONE})
def swap(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Swap) -> HttpResponse:
    """Exchange the kit in mid-loan: pages and files go on under the same public id."""
    caller = caller_of(request)
    found, kit = staff_loan(caller, loan), kit_named(asked.kit)

    def work(act: Act, now: Any) -> dict[str, Any]:
        found.swap(kit, now=now, reason=asked.reason, by=caller.person, entry=Act.Entry.API, act=act)
        return {"loan": loan_as_said(found, now=now)}

    return acted(request, key, asked, work)


@router.post("/loans/{loan}/lost", response={200: shapes.LoanAnswer, **NOTHING_DONE})
def lose(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Lost) -> HttpResponse:
    """Close the loan of a kit that will not come back; nobody is charged."""
    caller = caller_of(request)
    found = staff_loan(caller, loan)

    def work(act: Act, now: Any) -> dict[str, Any]:
        found.lose(now=now, reason=asked.reason, by=caller.person, entry=Act.Entry.API, act=act)
        return {"loan": loan_as_said(found, now=now)}

    return acted(request, key, asked, work)


@router.post("/holds/{hold}/send", response={201: shapes.LoanAnswer, **NOTHING_DONE}, tags=["by post"])
def post(request: HttpRequest, key: Key, hold: Number, asked: shapes.Nothing) -> HttpResponse:
    """Send the kit that is put aside for a hold: lends it by every rule, and notes that it left."""
    caller = caller_of(request)
    found = hold_for(caller, hold)
    if not caller.may(Capability.LEND, within=found.point.organisation):
        raise Told(403, "not-yours", "This act is for the staff of the lending point.")

    def work(act: Act, now: Any) -> dict[str, Any]:
        loan = send(found, by=caller.person, now=now, entry=Act.Entry.API, act=act)
        return {"loan": loan_as_said(loan, now=now)}

    return acted(request, key, asked, work, status=201)


@router.post("/undo", response={200: shapes.UndoneAnswer, **NOTHING_DONE})
def undo_last(request: HttpRequest, key: Key, asked: shapes.At) -> HttpResponse:
    """Undo the caller's last loan or return at a point, within five minutes and while no other act followed."""
    caller = caller_of(request)
    point = point_for(caller, asked.point, Capability.LEND)

    def work(act: Act, now: Any) -> dict[str, Any]:
        undone = last_act(by=caller.person, point=point, now=now)
        undo(undone, by=caller.person, now=now, entry=Act.Entry.API, into=act)
        assert undone.loan is not None
        undone.loan.refresh_from_db()
        return {"loan": loan_as_said(undone.loan, now=now), "undone": str(undone.kind)}

    return acted(request, key, asked, work)
