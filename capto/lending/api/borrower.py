"""What a borrower's program asks: what is free, own holds and loans; staff ask for someone with `person`."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from capto.catalogue.models import Kit, KitModel, LendingPoint
from capto.lending.api import shapes
from capto.lending.api.answered import acted, hold_as_said, loan_as_said
from capto.lending.api.callers import caller_of, hold_for, loan_for, open_point, person_at, point_for
from capto.lending.api.problems import Told
from capto.lending.api.shapes import Key, LoanId, Number, Slug
from capto.lending.asking import campaign_of
from capto.lending.by_post import note_arrival, note_posted_back
from capto.lending.calendar import calendar
from capto.lending.days import local_day
from capto.lending.models import Act, Hold, Loan, Policy, Problem
from capto.members.models import BorrowerCategory, BorrowerGroup, Person
from capto.members.roles import Capability

router = Router()
MOST_DAYS = 120  # of a calendar
NOTHING_DONE = {400: shapes.Problem, 401: shapes.Problem, 403: shapes.Problem, 404: shapes.Problem,
                409: shapes.Problem, 422: shapes.Problem, 503: shapes.Problem}  # fmt: skip
READ_REFUSED = {401: shapes.Problem, 403: shapes.Problem, 404: shapes.Problem, 422: shapes.Problem}


@router.get("/kinds", response={200: list[shapes.Kind]}, auth=None, tags=["what is free"])
def kinds(request: HttpRequest) -> Any:
    """List the kinds of kits that are lent."""
    found = KitModel.objects.filter(is_offered=True).order_by("name")
    return [{"kind": one.slug, "name": one.name} for one in found]


@router.get("/points", response={200: list[shapes.Point]}, auth=None, tags=["what is free"])
def points(request: HttpRequest) -> Any:
    """List the lending points."""
    found = LendingPoint.objects.filter(is_active=True).select_related("organisation").order_by("name")
    return [
        {"point": one.slug, "name": one.name, "organisation": one.organisation.name, "lends_by_post": one.lends_by_post}
        for one in found
    ]  # fmt: skip


@router.get(
    "/kinds/{kind}/free",
    response={200: shapes.Free, 404: shapes.Problem, 422: shapes.Problem},
    auth=None,
    tags=["what is free"],
)
def free(
    request: HttpRequest,
    kind: Slug,
    point: Slug,
    from_: Annotated[date | None, Query(alias="from")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 56,
) -> Any:
    """Say when a kind of kit is free at a point, from today or later, as its public page does."""
    kit_model, place, now = _kind(kind), open_point(point), timezone.now()
    policy = Policy.of(kit_model, category=BorrowerCategory.RESIDENT, organisation=place.organisation)
    today = local_day(now)
    first = min(max(from_ or today, today), date(today.year + 2, 1, 1))
    found = calendar(
        kit_model, point=place, first=first, days=days, length_days=policy.loan_days, policy=policy, now=now
    )
    return {
        "kind": kind,
        "point": point,
        "loan_days": policy.loan_days,
        "days": [day._asdict() for day in found],
    }


def _kind(slug: str) -> KitModel:
    found = KitModel.objects.filter(slug=slug, is_offered=True).first()
    if found is None:
        raise Told(404, "no-such-kind", "There is no such kind of kit; GET kinds lists them.")
    return found


def group_of(person: Person, pk: int | None) -> BorrowerGroup | None:
    """Give a group that a person answers for, None where none is named. Raises Told."""
    if pk is None:
        return None
    found = BorrowerGroup.objects.filter(pk=pk, responsible=person).first()
    if found is None:
        raise Told(404, "no-such-group", "This person answers for no such group.")
    return found


@router.get("/mine", response={200: shapes.Mine, **READ_REFUSED}, tags=["own holds and loans"])
def mine(request: HttpRequest) -> Any:
    """List own loans that are out and own holds that run, each hold with its rank and why."""
    person, now = caller_of(request).person, timezone.now()
    loans = Loan.objects.open().filter(person=person).select_related("kit__model", "point").order_by("due_on")
    holds = Hold.objects.running().filter(person=person)
    holds = holds.select_related("kit_model", "kit", "point__organisation", "group", "person")
    return {
        "loans": [loan_as_said(loan, now=now) for loan in loans],
        "holds": [hold_as_said(hold, now=now) for hold in holds.order_by("starts_on", "pk")],
    }


@router.get("/loans/{loan}", response={200: shapes.Loan, **READ_REFUSED}, tags=["own holds and loans"])
def one_loan(request: HttpRequest, loan: LoanId) -> Any:
    """Give one loan to its borrower or to the staff of its lending point."""
    found, _is_staff = loan_for(caller_of(request), loan)
    return loan_as_said(found, now=timezone.now())


@router.post("/holds", response={201: shapes.HoldAnswer, **NOTHING_DONE}, tags=["own holds and loans"])
def ask(request: HttpRequest, key: Key, asked: shapes.AskHold) -> HttpResponse:
    """Ask for a kind of kit and days, for oneself, or as staff for a `person`."""
    caller, kit_model = caller_of(request), _kind(asked.kind)
    if asked.person is None:
        point, person = open_point(asked.point), caller.person
    else:
        point = point_for(caller, asked.point, Capability.SERVE_ON_BEHALF)
        person = person_at(asked.person, point=point)
    group = group_of(person, asked.group)
    if asked.by_post and not point.lends_by_post:
        raise Told(422, "not-by-post", "This lending point sends nothing by post.")

    def work(act: Act, now: Any) -> dict[str, Any]:
        hold = Hold.ask(
            kit_model,
            person=person,
            point=point,
            starts_on=asked.starts_on,
            ends_on=asked.ends_on,
            now=now,
            group=group,
            campaign=campaign_of(person, first=asked.starts_on, last=asked.ends_on),
            by_post=asked.by_post,
            by=caller.person if person != caller.person else None,
            entry=Act.Entry.API,
            act=act,
        )
        return {"hold": hold_as_said(hold, now=now)}

    return acted(request, key, asked, work, status=201)


@router.post(
    "/holds/{hold}/cancel", response={200: shapes.HoldAnswer, **NOTHING_DONE}, tags=["own holds and loans"]
)
def cancel(request: HttpRequest, key: Key, hold: Number, asked: shapes.Nothing) -> HttpResponse:
    """Give a hold up; the next in the queue has its kit."""
    caller = caller_of(request)
    found = hold_for(caller, hold)

    def work(act: Act, now: Any) -> dict[str, Any]:
        found.cancel(now=now, by=caller.person, entry=Act.Entry.API, act=act)
        return {"hold": hold_as_said(found, now=now)}

    return acted(request, key, asked, work)


@router.post(
    "/loans/{loan}/renew", response={200: shapes.LoanAnswer, **NOTHING_DONE}, tags=["own holds and loans"]
)
def renew(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Nothing) -> HttpResponse:
    """Keep the kit longer, by the days of the policy; the borrower may, and staff."""
    caller = caller_of(request)
    found, _is_staff = loan_for(caller, loan)

    def work(act: Act, now: Any) -> dict[str, Any]:
        found.renew(now=now, by=caller.person, entry=Act.Entry.API, act=act)
        return {"loan": loan_as_said(found, now=now)}

    return acted(request, key, asked, work)


def _parcel(request: HttpRequest, key: UUID, loan: str, asked: shapes.Nothing, *, back: bool) -> HttpResponse:
    caller = caller_of(request)
    found, _is_staff = loan_for(caller, loan)

    def work(act: Act, now: Any) -> dict[str, Any]:
        verb = note_posted_back if back else note_arrival
        verb(found, by=caller.person, now=now, entry=Act.Entry.API, act=act)
        return {"loan": loan_as_said(found, now=now)}

    return acted(request, key, asked, work)


@router.post("/loans/{loan}/arrived", response={200: shapes.LoanAnswer, **NOTHING_DONE}, tags=["by post"])
def arrived(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Nothing) -> HttpResponse:
    """Note that the parcel has come."""
    return _parcel(request, key, loan, asked, back=False)


@router.post("/loans/{loan}/posted-back", response={200: shapes.LoanAnswer, **NOTHING_DONE}, tags=["by post"])
def posted_back(request: HttpRequest, key: Key, loan: LoanId, asked: shapes.Nothing) -> HttpResponse:
    """Note that the parcel goes back: no reminder asks for it any more."""
    return _parcel(request, key, loan, asked, back=True)


@router.post(
    "/kits/{kit}/problems", response={201: shapes.ProblemAnswer, **NOTHING_DONE}, tags=["own holds and loans"]
)
def report(request: HttpRequest, key: Key, kit: shapes.Code, asked: shapes.Report) -> HttpResponse:
    """Say that something is wrong with a kit: its borrower and the staff who look after it may."""
    caller, found = caller_of(request), kit_named(kit)
    has_it = Loan.objects.open().filter(kit=found, person=caller.person).exists()
    organisations = (found.owner, found.point.organisation)
    if not has_it and not any(caller.may(Capability.LEND, within=one) for one in organisations):
        raise Told(403, "not-yours", "You have not borrowed this kit, and it is not of your lending points.")

    def work(act: Act, now: Any) -> dict[str, Any]:
        problem = Problem.report(
            found, kind=asked.kind, text=asked.text, now=now, by=caller.person, entry=Act.Entry.API, act=act
        )
        return {
            "ticket": problem.ticket_id,
            "blocks_lending": problem.ticket.blocks_lending,
            "loan": problem.loan.public_id if problem.loan else None,
        }

    return acted(request, key, asked, work, status=201)


def kit_named(code: str) -> Kit:
    """Give a kit by the code of its label. Raises Told."""
    kits = Kit.objects.select_related("model", "owner", "point__organisation")
    found = kits.filter(code__iexact=code.strip()).first()
    if found is None:
        raise Told(404, "no-such-kit", "No kit has this code.")
    return found
