"""Loans by post: sent, received, posted back; the return itself is the desk's, when the parcel is opened."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from capto.lending.locks import locked
from capto.lending.models import Act, Hold, Loan, LoanPlacement
from capto.lending.notices import tell
from capto.lending.refusals import AddressMissing, HoldClosed, LoanClosed, NotByPost
from capto.members.models import Organisation, Person
from capto.readings.models import RawMessage

LEAST_ON_THE_WAY = timedelta(hours=12)  # no post is faster; before that a sensor may still run at the desk


class Parcels(NamedTuple):
    """What the post concerns now, the oldest first."""

    to_send: list[Hold]
    on_the_way: list[Loan]
    coming_back: list[Loan]


def parcels(organisations: Iterable[Organisation]) -> Parcels:
    """Gather the holds to send and the parcels on the way of some organisations; three queries."""
    loans = Loan.objects.open().filter(by_post=True, point__organisation__in=organisations)
    loans = loans.select_related("kit__model", "person", "group", "point")
    holds = Hold.objects.filter(state=Hold.State.READY, by_post=True, point__organisation__in=organisations)
    return Parcels(
        list(
            holds.select_related("kit", "kit_model", "person", "group", "point").order_by("starts_on", "pk")
        ),
        list(loans.filter(arrived_at=None, posted_back_at=None).order_by("posted_at", "pk")),
        list(loans.filter(posted_back_at__isnull=False).order_by("posted_back_at", "pk")),
    )


@transaction.atomic
def send(
    hold: Hold, *, by: Person, now: datetime, entry: str = Act.Entry.PAGE, act: Act | None = None
) -> Loan:
    """Send the kit put aside for a hold: lends it by every rule, and notes that it left.

    Raises HoldClosed, AddressMissing and what `Loan.lend` refuses.
    """
    if hold.state != Hold.State.READY or hold.kit is None or hold.person is None:
        raise HoldClosed(state=hold.get_state_display())
    if not hold.person.postal_address.strip():
        raise AddressMissing(person=hold.person.name)
    loan = Loan.lend(
        hold.kit,
        to=hold.person,
        point=hold.point,
        now=now,
        group=hold.group,
        by=by,
        by_post=True,
        entry=entry,
        act=act,
    )
    loan.posted_at = now
    loan.save(update_fields=["posted_at"])
    _note(loan, "sent", by=by, now=now, entry=entry)
    tell(hold.person, "posted", about=loan.pk, now=now)
    return loan


def note_arrival(
    loan: Loan, *, by: Person | None, now: datetime, entry: str = Act.Entry.PAGE, act: Act | None = None
) -> None:
    """Note that the parcel has come; a second time changes nothing."""
    with locked(kits=[loan.kit]):
        _open_by_post(loan)
        if loan.arrived_at is None:
            loan.arrived_at = now
            loan.save(update_fields=["arrived_at"])
            _note(loan, "arrived", by=by, now=now, entry=entry, act=act)


def note_arrivals_heard_now() -> None:
    """Note the parcels whose sensors are heard (the scheduled task)."""
    note_arrivals_heard(now=timezone.now())


def note_arrivals_heard(*, now: datetime) -> int:
    """Note as arrived the parcels whose sensors measure at the borrower's; gives how many.

    What is heard within LEAST_ON_THE_WAY of the sending may still come from the desk. The arrival is when the first
    message after it was received.
    """
    waiting = Loan.objects.open().filter(by_post=True, posted_at__lte=now - LEAST_ON_THE_WAY, arrived_at=None)
    count = 0
    for loan in waiting.select_related("kit__model", "point", "person"):
        assert loan.posted_at is not None
        sensors = LoanPlacement.objects.filter(loan=loan, placement__ends_at=None).values("placement__sensor")
        heard = RawMessage.objects.filter(
            sensor__in=sensors, observed_at__gte=loan.posted_at + LEAST_ON_THE_WAY, observed_at__lte=now
        )
        at = heard.order_by("observed_at").values_list("received_at", flat=True).first()
        if at is not None:
            note_arrival(loan, by=None, now=at, entry=Act.Entry.TASK)
            count += 1
    return count


def note_posted_back(
    loan: Loan, *, by: Person, now: datetime, entry: str = Act.Entry.PAGE, act: Act | None = None
) -> None:
    """Note that the borrower sent the parcel back: no reminder asks for it any more. A second time is the first."""
    with locked(kits=[loan.kit]):
        _open_by_post(loan)
        if loan.posted_back_at is None:
            loan.arrived_at = loan.arrived_at or now
            loan.posted_back_at = now
            loan.save(update_fields=["arrived_at", "posted_back_at"])
            _note(loan, "posted back", by=by, now=now, entry=entry, act=act)


def _open_by_post(loan: Loan) -> None:
    loan.refresh_from_db()
    if loan.state != Loan.State.OPEN:
        raise LoanClosed
    if not loan.by_post:
        raise NotByPost


def _note(
    loan: Loan, what: str, *, by: Person | None, now: datetime, entry: str, act: Act | None = None
) -> None:
    Act.note(
        act,
        Act.Kind.POST,
        now=now,
        entry=entry,
        loan=loan,
        by=by,
        point=loan.point,
        reason=what,
    )
