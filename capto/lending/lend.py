"""Lending a kit: one transaction, in the order of locks, that checks every rule and then does everything."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from capto.catalogue.models import Kit, LendingPoint, Transfer
from capto.lending import room
from capto.lending.days import end_of, local_day, start_of
from capto.lending.locks import locked
from capto.lending.models import Act, Hold, Loan, LoanPart, Occupancy, Policy
from capto.lending.models.occupancy import half_open
from capto.lending.notices import tell
from capto.lending.placements import open_placements, provisional_place
from capto.lending.refusals import (
    AlreadyLentToThem,
    AlreadyOnLoan,
    DatesInDisorder,
    KitReserved,
    KitRests,
    Refusal,
    TooLong,
)
from capto.lending.rules import Borrower, KitFacts, check_kit, check_person, decide, next_open_day
from capto.lending.take_back import SHORTEST
from capto.members.models import BorrowerCategory, BorrowerGroup, Person


def lend(
    kit: Kit,
    *,
    to: Person,
    point: LendingPoint,
    now: datetime,
    group: BorrowerGroup | None,
    collected_by: str,
    due_on: date | None,
    by: Person | None,
    by_post: bool,
    override: str,
    entry: str,
    act: Act | None,
) -> Loan:
    """Lend a kit (see `Loan.lend`)."""
    with locked(person=to, kit_models=[kit.model_id], kits=[kit]):
        facts = KitFacts.read(kit.pk)
        kit, to = facts.kit, Person.objects.get(pk=to.pk)
        borrower = Borrower(to, now)
        _refuse_if_out(kit, to)
        hold = _hold_of(borrower, kit=kit)
        group = group or (hold.group if hold else None)
        category = group.category if group else BorrowerCategory.RESIDENT
        policy = Policy.of(kit.model, category=category, organisation=point.organisation)
        today = local_day(now)
        last, refusals = _last_day(due_on, hold=hold, policy=policy, point=point, today=today)
        refusals = [
            *check_kit(facts, point=point, now=now),
            *check_person(
                borrower,
                kit_model=kit.model,
                group=group,
                policy=policy,
                point=point,
                first=today,
                last=last,
                apart_from=hold,
            ),
            *refusals,
        ]
        own = Occupancy.objects.filter(hold=hold).first() if hold else None
        last, in_the_way = _room(kit, own=own, last=last, policy=policy, point=point, now=now)
        overridden = decide([*refusals, *in_the_way], override=override, by=by, point=point)
        begins = now
        if in_the_way:
            begins = _clear(kit, own=own, until=end_of(last) + policy.rest, now=now)
        loan = Loan.objects.create(
            kit=kit,
            person=to,
            group=group,
            collected_by=collected_by,
            point=point,
            policy=policy if policy.pk else None,
            hold=hold,
            campaign=hold.campaign if hold else None,
            lent_at=now,
            due_on=last,
            lent_by=by,
            charter=borrower.charter,
            by_post=by_post,
            is_simulated=to.is_simulated,
        )
        memory = _consume(hold, own=own, now=now)
        Occupancy.objects.create(kit=kit, loan=loan, period=half_open(begins, end_of(last) + policy.rest))
        LoanPart.objects.bulk_create(
            LoanPart(loan=loan, accessory=part, out=part.present) for part in kit.accessories.all()
        )
        place = (hold.place if hold else None) or provisional_place(point, category=category)
        open_placements(loan, place=place, at=now)
        if facts.on_its_way is not None:
            Transfer.objects.filter(kit=kit, received_at=None).update(received_at=now, received_by=by)
        if kit.point_id != point.pk:
            kit.move_to(point)
        Act.note(
            act,
            Act.Kind.LEND,
            now=now,
            entry=entry,
            memory=memory,
            kit=kit,
            loan=loan,
            person=to,
            by=by,
            point=point,
            overridden=overridden,
            reason=override if overridden else "",
        )
        tell(to, "lent", about=loan.pk, now=now)
        return loan


def _refuse_if_out(kit: Kit, to: Person) -> None:
    """Refuse a kit that is out, and say so differently where the same person has it already."""
    out = Loan.objects.open().filter(kit=kit).select_related("person", "group").first()
    if out is None:
        return
    holder = out.group.name if out.group else (out.person.name if out.person else "")
    refusal = AlreadyLentToThem if out.person_id == to.pk else AlreadyOnLoan
    raise refusal(kit=kit.code, person=holder, due=out.due_on)


def _hold_of(borrower: Borrower, *, kit: Kit) -> Hold | None:
    """Find the hold that this hand-over answers: today's, that of this very kit first, else the next to come."""
    today = local_day(borrower.now)
    return min(
        (hold for hold in borrower.holds if hold.kit_model_id == kit.model_id and hold.ends_on >= today),
        key=lambda hold: (hold.starts_on > today, hold.kit_id != kit.pk, hold.starts_on, hold.pk),
        default=None,
    )


def _last_day(
    asked: date | None, *, hold: Hold | None, policy: Policy, point: LendingPoint, today: date
) -> tuple[date, list[Refusal]]:
    """Settle the day of return: as asked, as held, or after the policy's days; always an open day."""
    if asked is None:
        wanted = hold.ends_on if hold and hold.ends_on > today else today + timedelta(days=policy.loan_days)
        return next_open_day(point, wanted), []
    if asked < today:
        raise DatesInDisorder
    last = next_open_day(point, asked)
    longest = next_open_day(point, today + timedelta(days=policy.loan_days))
    if last > longest:
        return last, [TooLong(rule=policy.name, most=policy.loan_days, latest=longest)]
    return last, []


def _room(
    kit: Kit, *, own: Occupancy | None, last: date, policy: Policy, point: LendingPoint, now: datetime
) -> tuple[date, list[Refusal]]:
    """Make room: others' holds go to other kits; else the loan ends before them; else it is refused.

    Gives the day of return and the refusals that only an override waives.
    """
    found: list[Refusal] = []
    for occupancy in room.in_the_way(kit, start=now, end=end_of(last) + policy.rest, apart_from=own):
        hold = occupancy.hold
        if hold is not None and room.move_elsewhere(occupancy, now=now):
            continue
        begins = occupancy.starts_at
        latest = last_day_before(begins, policy=policy, point=point) if begins > now else None
        if latest is not None and latest >= local_day(now) + timedelta(days=policy.shortest_days):
            last = latest
            break
        if hold is not None:
            found.append(KitReserved(rule=policy.name, kit=kit.code, starts=hold.starts_on))
        else:
            reason = occupancy.reason or _("repos après un prêt")
            found.append(KitRests(rule=policy.name, kit=kit.code, until=occupancy.ends_at, reason=reason))
    return last, found


def last_day_before(moment: datetime, *, policy: Policy, point: LendingPoint) -> date | None:
    """Give the last open day whose loan leaves the kit its rest before a moment, None where none is near."""
    day = local_day(moment - policy.rest)
    if end_of(day) + policy.rest > moment:
        day -= timedelta(days=1)
    days = point.open_days(day - timedelta(days=62), day)
    return days[-1] if days else None


def _clear(kit: Kit, *, own: Occupancy | None, until: datetime, now: datetime) -> datetime:
    """Set aside what an override waived: holds go back to the queue, a rest or a block ends now.

    Gives the moment from which the kit is free: a microsecond after now where a loan began and ended now. Raises
    KitRests where a loan began later, as it may for a desk that was offline: no reason undoes what has happened.
    """
    free_from = now
    for occupancy in room.in_the_way(kit, start=now, end=until, apart_from=own):
        if occupancy.hold is not None:
            room.back_to_the_queue(occupancy, now=now)
        elif occupancy.starts_at < now:
            occupancy.set_period(occupancy.starts_at, now)
        elif occupancy.loan is None:
            occupancy.delete()
        elif occupancy.starts_at == now:
            occupancy.set_period(now, now + SHORTEST)
            free_from = occupancy.ends_at
        else:
            raise KitRests(kit=kit.code, until=occupancy.ends_at, reason=_("repos après un prêt"))
    return free_from


def _consume(hold: Hold | None, *, own: Occupancy | None, now: datetime) -> dict[str, Any]:
    """Close the hold that the loan answers and free its own kit; gives what undoing needs."""
    if hold is None:
        return {}
    memory = {
        "hold": hold.pk,
        "state": hold.state,
        "kit": hold.kit_id,
        "ready_at": hold.ready_at.isoformat() if hold.ready_at else None,
        "collect_by": hold.collect_by.isoformat() if hold.collect_by else None,
        "period": [own.starts_at.isoformat(), own.ends_at.isoformat()] if own else None,
    }
    if own is not None:
        own.delete()
    hold.state, hold.closed_at = Hold.State.COLLECTED, now
    hold.save(update_fields=["state", "closed_at"])
    return memory


def first_moment(day: date, *, policy: Policy) -> datetime:
    """Give the moment at which a kit is put aside for a hold that begins on a day."""
    return start_of(day) - policy.preparation
