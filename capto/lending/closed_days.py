"""Days of return and collection that new closures or hours put on a closed day: they move to the next open one."""

from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from capto.catalogue.models import Closure, LendingPoint, NoOpenDay
from capto.lending import room
from capto.lending.days import end_of, local_day
from capto.lending.lend import first_moment
from capto.lending.locks import locked
from capto.lending.models import Act, Hold, Loan, Occupancy, Policy
from capto.lending.notices import tell
from capto.lending.refusals import DatesInDisorder, NoOpenDayAhead
from capto.members.models import Person


class Moved(NamedTuple):
    """How many loans and holds got other days, and the codes of what no open day was found for."""

    loans: int
    holds: int
    left: list[str]


def close(
    point: LendingPoint,
    *,
    starts_on: date,
    ends_on: date,
    reason: str,
    office_only: bool = False,
    by: Person | None,
    now: datetime,
    act: Act | None = None,
) -> Moved:
    """Close a desk for days, and move what was due or to be collected then to the next open day; people are told.

    Raises DatesInDisorder, and NoOpenDayAhead where the desk would not open again within two months.
    """
    if ends_on < starts_on or ends_on < local_day(now):
        raise DatesInDisorder
    with transaction.atomic():
        Closure.objects.create(
            point=point, starts_on=starts_on, ends_on=ends_on, reason=reason, office_only=office_only
        )
        try:
            point.next_open_day(max(starts_on, local_day(now)))
        except NoOpenDay as error:
            raise NoOpenDayAhead(point=point.name, day=starts_on) from error
        Act.note(
            act, Act.Kind.CLOSURE, now=now, entry=Act.Entry.PAGE, by=by, point=point, reason=reason[:300]
        )
        return move_off_closed_days(point, now=now)


def move_off_closed_days(point: LendingPoint, *, now: datetime) -> Moved:
    """Move the days of running loans and holds that fall on a closed day of a point; again changes nothing.

    A longer loan pushes others' holds to other kits, or back to the queue at their rank. What goes by post needs no
    open desk.
    """
    today = local_day(now)
    loans = list(
        Loan.objects.open()
        .filter(point=point, due_on__gte=today, by_post=False)
        .select_related("kit", "person")
    )
    holds = list(
        Hold.objects.running()
        .filter(point=point, ends_on__gte=today, by_post=False)
        .select_related("person", "group", "kit_model", "point__organisation")
    )
    days = {loan.due_on for loan in loans}
    days |= {day for hold in holds for day in (hold.starts_on, hold.ends_on) if day >= today}
    if not days:
        return Moved(0, 0, [])
    open_days = set(point.open_days(min(days), max(days)))
    moved_loans = moved_holds = 0
    left: list[str] = []
    for loan in loans:
        if loan.due_on not in open_days:
            try:
                _move_loan(loan, now=now)
                moved_loans += 1
            except NoOpenDay:
                left.append(loan.kit.code)
    for hold in holds:
        closed = {day for day in (hold.starts_on, hold.ends_on) if day >= today} - open_days
        if closed:
            try:
                _move_hold(hold, now=now)
                moved_holds += 1
            except NoOpenDay:
                left.append(f"{hold.kit_model} {hold.starts_on:%d/%m}")
    return Moved(moved_loans, moved_holds, left)


def _move_loan(loan: Loan, *, now: datetime) -> None:
    with locked(kit_models=[loan.kit.model_id], kits=[loan.kit]):
        loan.refresh_from_db()
        last = loan.point.next_open_day(loan.due_on)
        if loan.state != Loan.State.OPEN or last == loan.due_on:
            return
        policy = Policy.of(loan.kit.model, category=loan.category, organisation=loan.point.organisation)
        own = Occupancy.objects.get(loan=loan)
        end = max(end_of(last) + policy.rest, own.ends_at)
        for other in room.in_the_way(loan.kit, start=own.starts_at, end=end, apart_from=own):
            if other.hold is None:
                end = min(end, other.starts_at)
            elif not room.move_elsewhere(other, now=now):
                room.back_to_the_queue(other, now=now)
        own.set_period(own.starts_at, end)
        loan.due_on = last
        loan.save(update_fields=["due_on"])
        if loan.person is not None:
            tell(loan.person, "due_day_moved", about=loan.pk, on=last, now=now)


def _move_hold(hold: Hold, *, now: datetime) -> None:
    with locked(person=hold.person, kit_models=[hold.kit_model_id]):
        hold.refresh_from_db()
        if hold.closed_at is not None:
            return
        first = hold.starts_on
        if first >= local_day(now):
            first = hold.point.next_open_day(first)
        last = hold.point.next_open_day(max(hold.ends_on, first))
        if (first, last) == (hold.starts_on, hold.ends_on):
            return
        hold.starts_on, hold.ends_on = first, last
        hold.save(update_fields=["starts_on", "ends_on"])
        own = Occupancy.objects.filter(hold=hold).first()
        if own is not None:
            _keep_kit(hold, own, now=now)
        if hold.person is not None:
            tell(hold.person, "hold_days_moved", about=hold.pk, on=first, now=now)


def _keep_kit(hold: Hold, own: Occupancy, *, now: datetime) -> None:
    """Keep the kit of a ready hold for its new days, or another one; where none is free it waits again."""
    policy = Policy.of(hold.kit_model, category=hold.category, organisation=hold.point.organisation)
    start, end = max(first_moment(hold.starts_on, policy=policy), now), end_of(hold.ends_on) + policy.rest
    if own.starts_at <= now:
        start = own.starts_at
    if room.in_the_way(own.kit, start=start, end=end, apart_from=own):
        others = room.free_kits(
            hold.kit_model_id, point=hold.point, start=start, end=end, now=now, apart_from=[own.kit_id]
        )
        if not others:
            room.back_to_the_queue(own, now=now)
            return
        own.kit = hold.kit = others[0]
        own.save(update_fields=["kit"])
    if hold.collect_by is not None:
        hold.collect_by = min(
            max(hold.point.open_days_after(hold.starts_on, policy.pickup_open_days), hold.starts_on),
            hold.ends_on,
        )
    hold.save(update_fields=["kit", "collect_by"])
    own.set_period(start, end)
