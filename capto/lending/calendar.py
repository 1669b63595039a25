"""What is free: for a kind of kit at a point, day by day, and on which days a loan can begin."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from capto.catalogue.models import Kit, KitModel, LendingPoint, Transfer, UpkeepTicket
from capto.lending.days import end_of, start_of
from capto.lending.models import Hold, Loan, Occupancy, Policy


class Day(NamedTuple):
    """One day of the calendar."""

    day: date
    free: int  # kits that nobody has on this day
    can_begin: bool  # a kit is free from this day on for the days asked, and the desk is open
    is_open: bool
    waiting: int  # holds that wait for a kit on this day


def calendar(
    kit_model: KitModel,
    *,
    point: LendingPoint,
    first: date,
    days: int,
    length_days: int,
    policy: Policy,
    now: datetime,
) -> list[Day]:
    """Say for each of `days` days from `first` how many kits are free and whether a loan can begin.

    `length_days` is how long the loan would last. Buffers of the policy count. A number of queries that does
    not grow with the stock; `first` is today or later.
    """
    last = first + timedelta(days=days - 1)
    kits = list(
        Kit.objects.lendable_by(point.organisation)
        .filter(model=kit_model, point=point)
        .exclude(Exists(Transfer.objects.filter(kit=OuterRef("pk"), received_at=None)))
        .exclude(Exists(UpkeepTicket.objects.filter(kit=OuterRef("pk"), closed_at=None, blocks_lending=True)))
        .values_list("pk", flat=True)
    )
    late = set(Loan.objects.overdue(now=now).filter(kit__in=kits).values_list("kit", flat=True))
    kits = [kit for kit in kits if kit not in late]
    window_end = end_of(last + timedelta(days=length_days)) + policy.rest
    busy: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    rows = Occupancy.objects.filter(kit__in=kits).overlapping(
        start_of(first) - policy.preparation, window_end
    )
    for kit, period in rows.order_by().values_list("kit", "period"):
        busy[kit].append((period.lower, period.upper))
    waiting = list(
        Hold.objects.filter(kit_model=kit_model, point=point, state=Hold.State.WAITING)
        .meeting(first, last)
        .values_list("starts_on", "ends_on")
    )
    open_days = set(point.open_days(first, last))
    always_free = sum(1 for kit in kits if not busy[kit])
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        begin, end = max(start_of(day), now), end_of(day)
        loan_begin = max(start_of(day) - policy.preparation, now)
        loan_end = end_of(day + timedelta(days=length_days)) + policy.rest
        free = always_free + sum(1 for taken in busy.values() if taken and not _meets(taken, begin, end))
        can_begin = bool(always_free) or any(
            taken and not _meets(taken, loan_begin, loan_end) for taken in busy.values()
        )
        found.append(
            Day(
                day=day,
                free=free,
                can_begin=can_begin and day in open_days,
                is_open=day in open_days,
                waiting=sum(1 for starts, ends in waiting if starts <= day <= ends),
            )
        )
    return found


def _meets(taken: list[tuple[datetime, datetime]], start: datetime, end: datetime) -> bool:
    return any(lower < end and upper > start for lower, upper in taken)
