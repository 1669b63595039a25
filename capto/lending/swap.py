"""Exchanging a broken kit in mid-loan: the borrower's pages and files go on under the same public ids."""

from datetime import datetime

from capto.catalogue.models import Kit, UpkeepTicket
from capto.lending import room
from capto.lending.days import end_of, local_day
from capto.lending.locks import locked
from capto.lending.models import Act, Loan, LoanPart, Occupancy, Policy
from capto.lending.models.occupancy import half_open
from capto.lending.placements import open_placements, placements_of
from capto.lending.refusals import AlreadyOnLoan, KitReserved, KitRests, LoanClosed, NotTheSameKind
from capto.lending.rules import KitFacts, check_kit, decide
from capto.lending.take_back import SHORTEST
from capto.members.models import Person
from capto.readings.models import Placement


def swap(
    loan: Loan,
    new_kit: Kit,
    *,
    now: datetime,
    reason: str,
    by: Person | None,
    entry: str,
    act: Act | None = None,
) -> None:
    """Exchange a loan's kit (see `Loan.swap`)."""
    with locked(kit_models=[loan.kit.model_id, new_kit.model_id], kits=[loan.kit, new_kit]):
        loan.refresh_from_db()
        if loan.state != Loan.State.OPEN:
            raise LoanClosed
        old_kit = loan.kit
        facts = KitFacts.read(new_kit.pk)
        new_kit = facts.kit
        if new_kit.model_id != old_kit.model_id:
            raise NotTheSameKind(kit=new_kit.code)
        out = Loan.objects.open().filter(kit=new_kit).select_related("person").first()
        if out is not None:
            raise AlreadyOnLoan(
                kit=new_kit.code, person=out.person.name if out.person else "", due=out.due_on
            )
        decide(check_kit(facts, point=loan.point, now=now), override="", by=by, point=loan.point)
        policy = Policy.of(old_kit.model, category=loan.category, organisation=loan.point.organisation)
        end = end_of(max(loan.due_on, local_day(now))) + policy.rest
        for other in room.in_the_way(new_kit, start=now, end=end):
            if other.hold is None:
                raise KitRests(kit=new_kit.code, until=other.ends_at, reason=other.reason)
            if not room.move_elsewhere(other, now=now):
                raise KitReserved(kit=new_kit.code, starts=other.hold.starts_on)
        _exchange_occupancy(loan, old_kit, new_kit, end=end, reason=reason, now=now)
        placements = placements_of(loan)
        standing = [placement for placement in placements if placement.ends_at is None]
        Placement.end_all(standing, at=now)
        loan.kit = new_kit
        loan.save(update_fields=["kit"])
        ids = [placement.public_id for placement in standing]
        open_placements(loan, place=placements[-1].place, at=now, public_ids=ids)
        LoanPart.objects.bulk_create(
            LoanPart(loan=loan, accessory=part, out=part.present) for part in new_kit.accessories.all()
        )
        UpkeepTicket.objects.create(
            kit=old_kit, what=reason, blocks_lending=True, opened_at=now, opened_by=by
        )
        Act.note(
            act,
            Act.Kind.SWAP,
            now=now,
            entry=entry,
            kit=new_kit,
            loan=loan,
            by=by,
            point=loan.point,
            reason=reason,
            memory={"old_kit": old_kit.pk},
        )


def _exchange_occupancy(
    loan: Loan, old_kit: Kit, new_kit: Kit, *, end: datetime, reason: str, now: datetime
) -> None:
    """Leave the old kit occupied until now for history, as a block, and occupy the new one."""
    own = Occupancy.objects.get(loan=loan)
    start = own.starts_at
    own.delete()
    Occupancy.objects.create(
        kit=old_kit, period=half_open(start, max(now, start + SHORTEST)), reason=f"échangé : {reason}"[:200]
    )
    Occupancy.objects.create(kit=new_kit, loan=loan, period=half_open(now, end))
