"""Taking a kit back: it always succeeds for a kit that is out, whatever else was planned for it."""

from datetime import datetime, timedelta
from typing import Any

from capto.catalogue.models import Accessory, Kit, LendingPoint, UpkeepTicket
from capto.lending import room
from capto.lending.locks import locked
from capto.lending.models import Act, Loan, LoanPart, Occupancy, Policy
from capto.lending.notices import tell
from capto.lending.placements import close_placements
from capto.lending.refusals import LoanClosed, NotOnLoan
from capto.members.models import Person

SHORTEST = timedelta(microseconds=1)  # an occupancy is never empty


def take_back(
    kit: Kit, *, point: LendingPoint, now: datetime, by: Person | None, entry: str, act: Act | None
) -> Loan:
    """Take a kit back (see `Loan.take_back`)."""
    with locked(kit_models=[kit.model_id], kits=[kit]):
        loan = (
            Loan.objects.open()
            .filter(kit=kit)
            .select_related("kit__model", "kit__point", "point__organisation", "person", "group")
            .first()
        )
        if loan is None:
            raise NotOnLoan(kit=kit.code)
        kit = loan.kit
        at = max(now, loan.lent_at)
        ended = close_placements(loan, at=at)
        memory: dict[str, Any] = {"placements": ended, "point": kit.point_id}
        loan.state, loan.returned_at, loan.closed_at = Loan.State.RETURNED, at, at
        loan.returned_point = point
        loan.save(update_fields=["state", "returned_at", "closed_at", "returned_point"])
        _rest(loan, now=at)
        if kit.point_id != point.pk:
            kit.move_to(point)
        Act.note(
            act,
            Act.Kind.RETURN,
            now=now,
            entry=entry,
            memory=memory,
            kit=kit,
            loan=loan,
            by=by,
            point=point,
        )
        if loan.person is not None:
            tell(loan.person, "returned", about=loan.pk, now=now)
        return loan


def _rest(loan: Loan, *, now: datetime) -> None:
    """Shorten or lengthen the loan's occupancy to its true end and the kit's rest after it.

    Holds in the way go to other kits; where none is free the rest is cut, and what was due before now waits again.
    """
    policy = Policy.of(loan.kit.model, category=loan.category, organisation=loan.point.organisation)
    end = now + policy.rest
    own, others = room.of_loan(loan, end=end)
    for other in others:
        if other.hold is not None and room.move_elsewhere(other, now=now):
            continue
        if other.hold is not None and other.starts_at <= now:
            room.back_to_the_queue(other, now=now)
            continue
        end = min(end, other.starts_at)
    own.set_period(own.starts_at, max(end, own.starts_at + SHORTEST))


def count_parts(
    loan: Loan, present: dict[int, int], *, now: datetime, by: Person | None, entry: str, act: Act | None
) -> list[Accessory]:
    """Count the accessories of a loan (see `Loan.count_parts`)."""
    with locked(kits=[loan.kit]):
        loan.refresh_from_db()
        coming_back = loan.state in (Loan.State.RETURNED, Loan.State.CHECKED)
        missing = []
        for part in (
            LoanPart.objects.filter(loan=loan).select_related("accessory").order_by("accessory__position")
        ):
            counted = min(present.get(part.accessory_id, part.out), part.accessory.quantity)
            if coming_back:
                part.back = counted
            else:
                part.out = counted
            part.save(update_fields=["back", "out"])
            part.accessory.count(counted)
            if counted < part.accessory.quantity:
                missing.append(part.accessory)
        if coming_back and loan.state == Loan.State.RETURNED:
            loan.state = Loan.State.CHECKED
            loan.save(update_fields=["state"])
        Act.note(
            act,
            Act.Kind.PARTS,
            now=now,
            entry=entry,
            memory={"missing": [part.pk for part in missing]},
            loan=loan,
            by=by,
        )
        return missing


def lose(
    loan: Loan, *, now: datetime, reason: str, by: Person | None, entry: str, act: Act | None = None
) -> None:
    """Close the loan of a lost kit (see `Loan.lose`)."""
    with locked(kit_models=[loan.kit.model_id], kits=[loan.kit]):
        loan.refresh_from_db()
        if loan.state != Loan.State.OPEN:
            raise LoanClosed
        close_placements(loan, at=now)
        loan.state, loan.closed_at = Loan.State.LOST, now
        loan.save(update_fields=["state", "closed_at"])
        own = Occupancy.objects.get(loan=loan)
        own.set_period(own.starts_at, max(min(now, own.ends_at), own.starts_at + SHORTEST))
        loan.kit.set_state(Kit.State.MISSING, reason=reason)
        UpkeepTicket.objects.create(
            kit=loan.kit, what=reason, blocks_lending=True, opened_at=now, opened_by=by
        )
        for occupancy in Occupancy.objects.filter(kit=loan.kit, hold__isnull=False).select_related("hold"):
            if not room.move_elsewhere(occupancy, now=now):
                room.back_to_the_queue(occupancy, now=now)
        Act.note(
            act,
            Act.Kind.LOSE,
            now=now,
            entry=entry,
            loan=loan,
            by=by,
            point=loan.point,
            reason=reason,
        )
