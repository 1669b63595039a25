"""Undoing the last minutes' loans and returns: what they changed is put back, and the acts stay on record."""

from datetime import date, datetime

from django.utils.dateparse import parse_datetime

from capto.catalogue.models import LendingPoint, UpkeepTicket
from capto.lending import room
from capto.lending.days import end_of
from capto.lending.locks import locked
from capto.lending.models import Act, Hold, Loan, LoanPart, LoanPlacement, Occupancy, Policy
from capto.lending.models.act import UNDO_WITHIN
from capto.lending.models.occupancy import half_open
from capto.lending.refusals import NothingToUndo, TooLateToUndo
from capto.members.models import Person
from capto.readings.models import Placement, Series


def last_act(*, by: Person, point: LendingPoint, now: datetime) -> Act:
    """Find the last loan or return that a member of staff may undo at a desk. Raises NothingToUndo."""
    acts = Act.objects.filter(
        by=by, point=point, kind__in=[Act.Kind.LEND, Act.Kind.RETURN], refused="", undone_at=None
    )
    found = acts.order_by("-noted_at", "-pk").first()
    if found is None or not found.can_be_undone(now=now):
        raise NothingToUndo
    return found


def undo(act: Act, *, by: Person, now: datetime, entry: str, into: Act | None = None) -> Act:
    """Undo one loan or return. Raises TooLateToUndo after UNDO_WITHIN, or where another act followed."""
    assert act.loan is not None
    loan = act.loan
    with locked(person=loan.person, kit_models=[loan.kit.model_id], kits=[loan.kit]):
        act.refresh_from_db()
        loan.refresh_from_db()
        last = (
            Act.objects.filter(
                kit=loan.kit, kind__in=[Act.Kind.LEND, Act.Kind.RETURN, Act.Kind.SWAP, Act.Kind.LOSE]
            )
            .filter(refused="", undone_at=None)
            .order_by("-noted_at", "-pk")
            .first()
        )
        if not act.can_be_undone(now=now) or last is None or last.pk != act.pk:
            raise TooLateToUndo(minutes=UNDO_WITHIN.seconds // 60)
        if act.kind == Act.Kind.LEND:
            _undo_lend(act, loan, now=now)
        else:
            _undo_return(act, loan, now=now)
        act.undone_at = now
        act.save(update_fields=["undone_at"])
        return Act.note(
            into,
            Act.Kind.UNDO,
            now=now,
            entry=entry,
            memory={"act": act.pk},
            loan=loan,
            by=by,
            point=act.point,
        )


def _undo_lend(act: Act, loan: Loan, *, now: datetime) -> None:
    Occupancy.objects.filter(loan=loan).delete()
    for tie in LoanPlacement.objects.filter(loan=loan).select_related("placement"):
        placement = tie.placement
        if Series.objects.filter(placement=placement).exists():
            placement.end(at=now)
        else:
            tie.delete()
            placement.delete()
    held = act.memory.get("hold")
    loan.state, loan.closed_at, loan.hold = Loan.State.CANCELLED, now, None
    loan.save(update_fields=["state", "closed_at", "hold"])
    if held:
        _give_back_hold(Hold.objects.get(pk=held), act.memory)


def _give_back_hold(hold: Hold, memory: dict[str, object]) -> None:
    """Let a consumed hold stand again, with its kit where it still is free."""
    hold.state, hold.kit, hold.ready_at, hold.collect_by, hold.closed_at = (
        Hold.State.WAITING,
        None,
        None,
        None,
        None,
    )
    period = memory.get("period")
    if memory.get("state") == Hold.State.READY and isinstance(period, list):
        start, end = (parse_datetime(str(moment)) for moment in period)
        assert start is not None and end is not None
        taken = Occupancy.objects.filter(kit=int(str(memory["kit"]))).overlapping(start, end).exists()
        if not taken:
            hold.state, hold.kit_id = Hold.State.READY, int(str(memory["kit"]))
            hold.ready_at = parse_datetime(str(memory["ready_at"]))
            hold.collect_by = date.fromisoformat(str(memory["collect_by"])) if memory["collect_by"] else None
            Occupancy.objects.create(kit_id=hold.kit_id, hold=hold, period=half_open(start, end))
    hold.save()


def _undo_return(act: Act, loan: Loan, *, now: datetime) -> None:
    policy = Policy.of(loan.kit.model, category=loan.category, organisation=loan.point.organisation)
    own = Occupancy.objects.get(loan=loan)
    end = max(end_of(loan.due_on) + policy.rest, own.ends_at)
    for other in room.in_the_way(loan.kit, start=own.starts_at, end=end, apart_from=own):
        if other.hold is not None and not room.move_elsewhere(other, now=now):
            room.back_to_the_queue(other, now=now)
        elif other.hold is None:
            end = min(end, other.starts_at)
    own.set_period(own.starts_at, end)
    loan.state, loan.returned_at, loan.closed_at, loan.returned_point = Loan.State.OPEN, None, None, None
    loan.save(update_fields=["state", "returned_at", "closed_at", "returned_point"])
    for placement in Placement.objects.filter(pk__in=act.memory.get("placements", [])):
        placement.reopen()
    for part in LoanPart.objects.filter(loan=loan).select_related("accessory"):
        part.back = None
        part.save(update_fields=["back"])
        part.accessory.count(part.out)
    UpkeepTicket.objects.filter(kit=loan.kit, closed_at=None, pk__in=act.memory.get("tickets", [])).update(
        stage=UpkeepTicket.Stage.GIVEN_UP, closed_at=now, outcome="annulé"
    )
    loan.kit.move_to(LendingPoint.objects.get(pk=act.memory.get("point", loan.kit.point_id)))
