"""The rules of lending, checked in one place for the desk, the pages, the API and commands alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from capto.catalogue.models import Kit, KitModel, LendingPoint, NoOpenDay, Transfer, UpkeepTicket, upkeep_due
from capto.lending.models import Hold, Loan, Policy
from capto.lending.refusals import (
    AccountClosed,
    AddressNotConfirmed,
    CharterNotAccepted,
    GroupNotTheirs,
    HasLateLoan,
    KitElsewhere,
    KitOutOfService,
    NoOpenDayAhead,
    NotAllowed,
    NotYourKit,
    PartsMissing,
    Refusal,
    TicketOpen,
    TooManyLoans,
    TrainingMissing,
    UpkeepOverdue,
)
from capto.members.models import BorrowerGroup, Charter, Person
from capto.members.roles import Capability
from capto.training.models import BorrowingRight, CourseSession


@dataclass(frozen=True)
class KitFacts:
    """What decides whether a kit can be lent, read at one moment."""

    kit: Kit
    on_its_way: tuple[int, str] | None  # id and name of the point that an open transfer goes to
    ticket: str | None  # what an open ticket that blocks lending says
    last_return: datetime | None

    @classmethod
    def read(cls, pk: int) -> "KitFacts":
        """Read a kit with its kind, owner, point and accessories, in two queries."""
        transfers = Transfer.objects.filter(kit=OuterRef("pk"), received_at=None)
        tickets = UpkeepTicket.objects.open().filter(kit=OuterRef("pk"), blocks_lending=True)
        returns = (
            Loan.objects.filter(kit=OuterRef("pk")).order_by().values("kit").annotate(at=Max("returned_at"))
        )
        kit: Any = (
            Kit.objects.select_related("model", "owner", "point")
            .prefetch_related("accessories")
            .annotate(
                way_to=Subquery(transfers.values("to_point")[:1]),
                way_to_name=Subquery(transfers.values("to_point__name")[:1]),
                ticket=Subquery(tickets.values("what")[:1]),
                last_return=Subquery(returns.values("at")),
            )
            .get(pk=pk)
        )
        way = (kit.way_to, kit.way_to_name) if kit.way_to is not None else None
        return cls(kit=kit, on_its_way=way, ticket=kit.ticket, last_return=kit.last_return)


@dataclass
class Borrower:
    """What decides whether a person may borrow; each fact is read once, when a rule first asks for it."""

    person: Person
    now: datetime

    @cached_property
    def loans(self) -> list[Loan]:
        """The open loans."""
        return list(Loan.objects.open().filter(person=self.person).select_related("kit"))

    @cached_property
    def holds(self) -> list[Hold]:
        """The running holds."""
        running = Hold.objects.running().filter(person=self.person).order_by("pk")
        return list(running.select_related("group", "place", "campaign"))

    @cached_property
    def _charter(self) -> tuple[Charter | None, bool]:
        return Charter.before(self.person, now=self.now)

    @property
    def charter(self) -> Charter | None:
        """The version in force."""
        return self._charter[0]

    @property
    def accepts_charter(self) -> bool:
        """True where the person accepts the version in force."""
        return self._charter[1]

    def rights(self, kit_model: KitModel) -> "QuerySet[BorrowingRight]":
        """List the running rights to borrow a kind of kit."""
        return BorrowingRight.objects.of(self.person, kit_model=kit_model, now=self.now)


def check_kit(facts: KitFacts, *, point: LendingPoint, now: datetime) -> list[Refusal]:
    """List what keeps a kit from being lent at a point."""
    kit = facts.kit
    found: list[Refusal] = []
    if kit.state != Kit.State.ACTIVE:
        state = kit.get_state_display()
        found.append(KitOutOfService(kit=kit.code, state=state, reason=kit.state_reason))
    if facts.on_its_way is not None and facts.on_its_way[0] != point.pk:
        found.append(KitElsewhere(kit=kit.code, point=facts.on_its_way[1]))
    if kit.owner_id != point.organisation_id and not kit.is_pooled:
        found.append(NotYourKit(kit=kit.code, owner=kit.owner.name))
    if facts.ticket is not None:
        found.append(TicketOpen(kit=kit.code, what=facts.ticket[:120]))
    for due in upkeep_due(kit, now=now, last_return=facts.last_return):
        if due.blocks:
            work = due.plan.get_work_display()
            found.append(UpkeepOverdue(rule=str(due.plan), kit=kit.code, work=work, since=due.since))
    missing = [part for part in kit.accessories.all() if part.is_essential and part.missing]
    if missing:
        found.append(PartsMissing(kit=kit.code, parts=", ".join(part.name for part in missing)))
    return found


def check_person(
    borrower: Borrower,
    *,
    kit_model: KitModel,
    group: BorrowerGroup | None,
    policy: Policy,
    point: LendingPoint,
    first: date,
    last: date,
    apart_from: Hold | None = None,
    at_hand_over: bool = True,
) -> list[Refusal]:
    """List what keeps a person from borrowing a kind of kit over [first, last].

    Training and charter are asked for when the kit is handed over, not when it is reserved.
    """
    person, now = borrower.person, borrower.now
    name = person.name
    found: list[Refusal] = []
    if not person.is_active:
        found.append(AccountClosed(person=name))
    if not at_hand_over and person.email and person.email_confirmed_at is None:
        found.append(AddressNotConfirmed(person=name))
    if group is not None and (group.responsible_id != person.pk or not group.is_active):
        found.append(GroupNotTheirs(person=name, group=group.name))
    if at_hand_over and policy.needs_charter:
        charter = borrower.charter
        if charter is not None and not borrower.accepts_charter:
            found.append(CharterNotAccepted(rule=policy.name, person=name, version=charter.version))
    if at_hand_over and policy.needs_training and not borrower.rights(kit_model).exists():
        session = next_session(kit_model, point=point, now=now)
        found.append(TrainingMissing(rule=policy.name, person=name, kind=kit_model.name, next=session))
    if policy.late_blocks:
        for loan in borrower.loans:
            if loan.is_overdue(now=now):
                found.append(HasLateLoan(rule=policy.name, person=name, kit=loan.kit.code, due=loan.due_on))
                break
    lent = [loan for loan in borrower.loans if loan.due_on >= first]
    held = [hold for hold in borrower.holds if hold != apart_from and hold.meets(first, last)]
    count = len(lent) + len(held)
    if count >= policy.loans_at_once:
        found.append(TooManyLoans(rule=policy.name, person=name, count=count, most=policy.loans_at_once))
    return found


def next_session(kit_model: KitModel, *, point: LendingPoint, now: datetime) -> str:
    """Write when the next session for a kind of kit takes place in this organisation."""
    session = (
        CourseSession.objects.to_come(now=now)
        .filter(course__kit_models=kit_model, course__organisation=point.organisation)
        .first()
    )
    if session is None:
        return str(_("aucune n’est prévue"))
    return date_format(localtime(session.starts_at), "l j F, H:i")


def decide(refusals: Sequence[Refusal], *, override: str, by: Person | None, point: LendingPoint) -> str:
    """Raise the refusal that stands, the gravest first; give the names of those that staff waived.

    Raises NotAllowed where an override is asked for by someone who may not.
    """
    for refusal in refusals:
        if not refusal.can_be_overridden:
            raise refusal
    if not refusals:
        return ""
    if not override:
        raise refusals[0]
    if by is None or not by.can(Capability.OVERRIDE_RULES, within=point.organisation):
        raise NotAllowed
    return ",".join(refusal.code for refusal in refusals)[:200]


def next_open_day(point: LendingPoint, day: date) -> date:
    """Give the first open day from `day` on. Raises NoOpenDayAhead: a due date never falls on a closed day."""
    try:
        return point.next_open_day(day)
    except NoOpenDay as error:
        raise NoOpenDayAhead(point=point.name, day=day) from error
