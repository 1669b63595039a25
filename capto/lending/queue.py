"""Allocation: ready holds take kits in the published order; what is not collected goes to the next."""

from datetime import date, datetime, timedelta

from django.utils import timezone

from capto.catalogue.models import KitModel, LendingPoint, NoOpenDay
from capto.lending import room
from capto.lending.days import end_of, local_day
from capto.lending.lend import first_moment
from capto.lending.locks import locked
from capto.lending.models import Act, Hold, Loan, Occupancy, Policy
from capto.lending.models.occupancy import half_open
from capto.lending.notices import tell
from capto.lending.ranking import ranked


def allocate(kit_model: KitModel | int, *, point: LendingPoint, now: datetime) -> list[Hold]:
    """Put kits aside for the waiting holds whose time has come, by rank; gives those that became ready.

    Runs inside `locked(...)` of the kind. A hold that finds no kit for its days does not hold up the next.
    """
    today = local_day(now)
    waiting = list(
        Hold.objects.filter(kit_model=kit_model, point=point, state=Hold.State.WAITING, ends_on__gte=today)
        .select_related("person", "group", "kit_model", "point__organisation")
        .order_by("pk")
    )
    ready = []
    for _rank, hold in ranked(waiting, now=now):
        policy = Policy.of(hold.kit_model, category=hold.category, organisation=point.organisation)
        if hold.starts_on > today + timedelta(days=policy.allocation_days):
            continue
        start = max(first_moment(hold.starts_on, policy=policy), now)
        end = end_of(hold.ends_on) + policy.rest
        kits = room.free_kits(kit_model, point=point, start=start, end=end, now=now)
        if not kits:
            continue
        Occupancy.objects.create(kit=kits[0], hold=hold, period=half_open(start, end))
        hold.state, hold.kit, hold.ready_at = Hold.State.READY, kits[0], now
        hold.collect_by = _collect_by(hold, policy=policy, today=today)
        hold.save(update_fields=["state", "kit", "ready_at", "collect_by"])
        if hold.person is not None:
            tell(hold.person, "ready", about=hold.pk, on=today, now=now)
        ready.append(hold)
    return ready


def _collect_by(hold: Hold, *, policy: Policy, today: date) -> date:
    """Give the last open day on which the kit waits for its borrower."""
    first = max(hold.starts_on, today)
    try:
        return min(hold.point.open_days_after(first, policy.pickup_open_days), hold.ends_on)
    except NoOpenDay:
        return hold.ends_on


def turn_now() -> None:
    """Turn the queues (the scheduled task)."""
    turn(now=timezone.now())


def turn(*, now: datetime) -> None:
    """Expire what was not collected, make room after late loans, and allocate; safe to run at any time, twice."""
    today = local_day(now)
    for hold in Hold.objects.filter(state=Hold.State.READY, collect_by__lt=today):
        expire(hold, now=now)
    for hold in Hold.objects.filter(state=Hold.State.WAITING, ends_on__lt=today):
        expire(hold, now=now)
    for loan in Loan.objects.overdue(now=now).select_related("kit"):
        push_on(loan, now=now)
    queues = Hold.objects.filter(state=Hold.State.WAITING).values_list("kit_model", "point").distinct()
    for kit_model, point in list(queues):
        with locked(kit_models=[kit_model]):
            allocate(kit_model, point=LendingPoint.objects.get(pk=point), now=now)


def expire(hold: Hold, *, now: datetime) -> None:
    """Close a hold whose kit was not collected, or whose days went by; its kit goes to the next."""
    with locked(person=hold.person, kit_models=[hold.kit_model_id]):
        hold.refresh_from_db()
        if hold.state not in (Hold.State.READY, Hold.State.WAITING):
            return
        was_ready = hold.state == Hold.State.READY
        Occupancy.objects.filter(hold=hold).delete()
        hold.state, hold.closed_at = Hold.State.EXPIRED, now
        hold.save(update_fields=["state", "closed_at"])
        Act.note(
            None,
            Act.Kind.CANCEL_HOLD,
            now=now,
            entry=Act.Entry.TASK,
            hold=hold,
            person=hold.person,
            kit=hold.kit,
        )
        if hold.person is not None:
            tell(hold.person, "expired" if was_ready else "not_served", about=hold.pk, now=now)
        allocate(hold.kit_model_id, point=hold.point, now=now)


def push_on(loan: Loan, *, now: datetime) -> None:
    """Keep a late kit occupied for another day and find other kits for the holds that counted on it."""
    with locked(kit_models=[loan.kit.model_id], kits=[loan.kit]):
        loan.refresh_from_db()
        if not loan.is_overdue(now=now):
            return
        policy = Policy.of(loan.kit.model, category=loan.category, organisation=loan.point.organisation)
        own = Occupancy.objects.get(loan=loan)
        end = end_of(local_day(now)) + policy.rest
        if own.ends_at >= end:
            return
        for other in room.in_the_way(loan.kit, start=own.starts_at, end=end, apart_from=own):
            if other.hold is None:
                end = min(end, other.starts_at)
            elif not room.move_elsewhere(other, now=now):
                room.back_to_the_queue(other, now=now)
        if end > own.ends_at:
            own.set_period(own.starts_at, end)
