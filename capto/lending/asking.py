"""Asking for a kind of kit, and giving the asking up."""

from datetime import date, datetime, timedelta

from capto.catalogue.models import KitModel, LendingPoint
from capto.lending.days import local_day
from capto.lending.locks import locked
from capto.lending.models import Act, Hold, Loan, Occupancy, Policy
from capto.lending.notices import tell
from capto.lending.queue import allocate
from capto.lending.refusals import (
    AlreadyHeld,
    ClosedThatDay,
    DatesInDisorder,
    HoldClosed,
    Refusal,
    TooFarAhead,
    TooLong,
)
from capto.lending.rules import Borrower, check_person, next_open_day
from capto.members.models import BorrowerCategory, BorrowerGroup, Campaign, Person
from capto.readings.models import Place


def ask(
    kit_model: KitModel,
    *,
    person: Person,
    point: LendingPoint,
    starts_on: date,
    ends_on: date,
    now: datetime,
    group: BorrowerGroup | None,
    campaign: Campaign | None,
    place: Place | None,
    by_post: bool,
    by: Person | None,
    entry: str,
    act: Act | None = None,
) -> Hold:
    """Ask for a kind of kit (see `Hold.ask`)."""
    with locked(person=person, kit_models=[kit_model.pk]):
        person = Person.objects.get(pk=person.pk)
        category = group.category if group else BorrowerCategory.RESIDENT
        policy = Policy.of(kit_model, category=category, organisation=point.organisation)
        _check_days(starts_on, ends_on, policy=policy, point=point, by_post=by_post, now=now)
        _refuse_twice(person, kit_model, starts_on, ends_on)
        refusals: list[Refusal] = check_person(
            Borrower(person, now),
            kit_model=kit_model,
            group=group,
            policy=policy,
            point=point,
            first=starts_on,
            last=ends_on,
            at_hand_over=False,
        )
        if refusals:
            raise refusals[0]
        hold = Hold.objects.create(
            kit_model=kit_model,
            person=person,
            group=group,
            point=point,
            starts_on=starts_on,
            ends_on=ends_on,
            campaign=campaign,
            place=place,
            by_post=by_post,
            asked_at=now,
            asked_by=by,
        )
        Act.note(act, Act.Kind.HOLD, now=now, entry=entry, hold=hold, person=person, by=by, point=point)
        tell(person, "asked", about=hold.pk, now=now)
        allocate(kit_model, point=point, now=now)
        hold.refresh_from_db()
        return hold


def campaign_of(person: Person, *, first: date, last: date) -> Campaign | None:
    """Give the campaign in which a person has a seat on days that meet [first, last]: its holds come first."""
    return Campaign.objects.filter(
        participants__person=person, participants__left_at=None, starts_on__lte=last, ends_on__gte=first
    ).first()


def _check_days(
    starts_on: date, ends_on: date, *, policy: Policy, point: LendingPoint, by_post: bool, now: datetime
) -> None:
    today = local_day(now)
    if starts_on < today or ends_on <= starts_on:
        raise DatesInDisorder
    latest = today + timedelta(days=policy.ahead_days)
    if starts_on > latest:
        raise TooFarAhead(rule=policy.name, most=policy.ahead_days, latest=latest)
    longest = next_open_day(point, starts_on + timedelta(days=policy.loan_days))
    if ends_on > longest:
        raise TooLong(rule=policy.name, most=policy.loan_days, latest=longest)
    if not by_post:
        for day in (starts_on, ends_on):
            opens = next_open_day(point, day)
            if opens != day:
                raise ClosedThatDay(point=point.name, day=day, next=opens)


def _refuse_twice(person: Person, kit_model: KitModel, starts_on: date, ends_on: date) -> None:
    """Refuse a second hold, or a hold of what is borrowed already, for days that meet."""
    held = Hold.objects.running().filter(person=person, kit_model=kit_model).meeting(starts_on, ends_on)
    lent = Loan.objects.open().filter(person=person, kit__model=kit_model, due_on__gte=starts_on)
    if held.exists() or lent.exists():
        raise AlreadyHeld(person=person.name, kind=kit_model.name)


def cancel(hold: Hold, *, now: datetime, by: Person | None, entry: str, act: Act | None = None) -> None:
    """Give a hold up (see `Hold.cancel`)."""
    with locked(person=hold.person, kit_models=[hold.kit_model_id]):
        hold.refresh_from_db()
        if hold.closed_at is not None:
            raise HoldClosed(state=hold.get_state_display())
        Occupancy.objects.filter(hold=hold).delete()
        hold.state, hold.closed_at = Hold.State.CANCELLED, now
        hold.save(update_fields=["state", "closed_at"])
        Act.note(
            act,
            Act.Kind.CANCEL_HOLD,
            now=now,
            entry=entry,
            hold=hold,
            person=hold.person,
            by=by,
            kit=hold.kit,
        )
        allocate(hold.kit_model_id, point=hold.point, now=now)
