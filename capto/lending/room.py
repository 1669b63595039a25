"""Room for a loan or a hold on a kit: who else has it then, and where they could go instead.

Every function here runs inside `locked(...)` of the kit's kind.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from capto.catalogue.models import Kit, KitModel, LendingPoint, Transfer, UpkeepTicket
from capto.lending.days import local_day
from capto.lending.models import Hold, Loan, Occupancy
from capto.lending.notices import tell


def free_kits(
    kit_model: KitModel | int,
    *,
    point: LendingPoint,
    start: datetime,
    end: datetime,
    now: datetime,
    apart_from: Sequence[int] = (),
) -> "list[Kit]":
    """List the kits of a kind that this point can lend over [start, end), oldest code first.

    Left out: what is occupied then, late, out of service, on its way, or waits for a repair that blocks lending.
    """
    of_kit = {"kit": OuterRef("pk")}
    kits = (
        Kit.objects.lendable_by(point.organisation)
        .filter(model=kit_model, point=point)
        .exclude(pk__in=apart_from)
        .exclude(Exists(Occupancy.objects.filter(**of_kit).overlapping(start, end)))
        .exclude(Exists(Loan.objects.overdue(now=now).filter(**of_kit)))
        .exclude(Exists(Transfer.objects.filter(**of_kit, received_at=None)))
        .exclude(Exists(UpkeepTicket.objects.filter(**of_kit, closed_at=None, blocks_lending=True)))
    )
    return list(kits.order_by("pk"))


def in_the_way(
    kit: Kit, *, start: datetime, end: datetime, apart_from: Occupancy | None = None
) -> list[Occupancy]:
    """List what else occupies a kit over [start, end), earliest first."""
    rows = Occupancy.objects.filter(kit=kit).overlapping(start, end).select_related("hold", "loan")
    if apart_from is not None:
        rows = rows.exclude(pk=apart_from.pk)
    return list(rows)


def of_loan(loan: Loan, *, end: datetime) -> tuple[Occupancy, list[Occupancy]]:
    """Give the occupancy of an open loan and what else would meet it if it lasted until `end`, in one query."""
    rows = Occupancy.objects.filter(kit=loan.kit, period__endswith__gt=loan.lent_at).order_by("period", "pk")
    found = list(rows.select_related("hold", "loan"))
    own = next(row for row in found if row.loan_id == loan.pk)
    return own, [row for row in found if row != own and own.starts_at < row.ends_at and row.starts_at < end]


def move_elsewhere(occupancy: Occupancy, *, now: datetime) -> bool:
    """Give a ready hold another kit of its kind for the same days; False where none is free."""
    hold = occupancy.hold
    assert hold is not None
    others = free_kits(
        hold.kit_model_id,
        point=hold.point,
        start=occupancy.starts_at,
        end=occupancy.ends_at,
        now=now,
        apart_from=[occupancy.kit_id],
    )
    if not others:
        return False
    occupancy.kit = hold.kit = others[0]
    occupancy.save(update_fields=["kit"])
    hold.save(update_fields=["kit"])
    return True


def back_to_the_queue(occupancy: Occupancy, *, now: datetime) -> None:
    """Take the kit from a ready hold; it waits again, at the rank of its first asking, and its person is told."""
    hold = occupancy.hold
    assert hold is not None
    occupancy.delete()
    hold.state, hold.kit, hold.ready_at, hold.collect_by = Hold.State.WAITING, None, None, None
    hold.save(update_fields=["state", "kit", "ready_at", "collect_by"])
    if hold.person is not None:
        tell(hold.person, "kit_taken_back", about=hold.pk, on=local_day(now), now=now)
