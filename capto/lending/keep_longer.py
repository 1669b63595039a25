"""Keeping a kit longer: renewals by the policy, extensions by staff, never over someone else's booking."""

from datetime import date, datetime, timedelta

from capto.lending import room
from capto.lending.days import end_of, local_day
from capto.lending.lend import last_day_before
from capto.lending.locks import locked
from capto.lending.models import Act, Loan, LoanExtension, Occupancy, Policy
from capto.lending.notices import tell
from capto.lending.refusals import (
    DatesInDisorder,
    ExtensionMeetsBooking,
    LoanClosed,
    NoRenewalLeft,
    Refusal,
    TooLong,
)
from capto.lending.rules import decide, next_open_day
from capto.members.models import Person


def renew(
    loan: Loan,
    *,
    now: datetime,
    by: Person | None,
    until: date | None,
    override: str,
    entry: str,
    act: Act | None = None,
) -> None:
    """Keep a kit longer (see `Loan.renew`)."""
    with locked(person=loan.person, kit_models=[loan.kit.model_id], kits=[loan.kit]):
        loan.refresh_from_db()
        if loan.state != Loan.State.OPEN:
            raise LoanClosed
        point = loan.point
        policy = Policy.of(loan.kit.model, category=loan.category, organisation=point.organisation)
        longest = next_open_day(point, max(loan.due_on, local_day(now)) + timedelta(days=policy.renewal_days))
        last = longest if until is None else next_open_day(point, until)
        if last <= loan.due_on or last < local_day(now):
            raise DatesInDisorder
        refusals: list[Refusal] = []
        if loan.renewals >= policy.renewals:
            refusals.append(
                NoRenewalLeft(rule=policy.name, count=loan.renewals, most=policy.renewals, due=loan.due_on)
            )
        if last > longest:
            refusals.append(TooLong(rule=policy.name, most=policy.renewal_days, latest=longest))
        overridden = decide(refusals, override=override, by=by, point=point)
        own = Occupancy.objects.get(loan=loan)
        for other in room.in_the_way(loan.kit, start=now, end=end_of(last) + policy.rest, apart_from=own):
            if other.hold is not None and room.move_elsewhere(other, now=now):
                continue
            latest = last_day_before(other.starts_at, policy=policy, point=point) or loan.due_on
            starts = other.hold.starts_on if other.hold is not None else local_day(other.starts_at)
            raise ExtensionMeetsBooking(rule=policy.name, starts=starts, latest=max(latest, loan.due_on))
        LoanExtension.objects.create(
            loan=loan, number=loan.renewals + 1, from_due=loan.due_on, to_due=last, at=now, by=by
        )
        loan.renewals, loan.due_on = loan.renewals + 1, last
        loan.save(update_fields=["renewals", "due_on"])
        own.set_period(own.starts_at, end_of(last) + policy.rest)
        Act.note(
            act,
            Act.Kind.RENEW,
            now=now,
            entry=entry,
            loan=loan,
            by=by,
            point=point,
            overridden=overridden,
            reason=override if overridden else "",
        )
        if loan.person is not None:
            tell(loan.person, "renewed", about=loan.pk, on=last, now=now)
