"""The rules of lending, checked in one place for the desk, the pages, the API and commands alike."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Max
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
from capto.members.models import BorrowerGroup, Charter, Consent, Person
from capto.members.roles import Capability
from capto.training.models import BorrowingRight, CourseSession


def check_kit(kit: Kit, *, point: LendingPoint, now: datetime) -> list[Refusal]:
    """List what keeps a kit from being lent at a point."""
    found: list[Refusal] = []
    if kit.state != Kit.State.ACTIVE:
        state = kit.get_state_display()
        found.append(KitOutOfService(kit=kit.code, state=state, reason=kit.state_reason))
    transfer = Transfer.objects.filter(kit=kit, received_at=None).select_related("to_point").first()
    if transfer is not None and transfer.to_point_id != point.pk:
        found.append(KitElsewhere(kit=kit.code, point=transfer.to_point.name))
    if kit.owner_id != point.organisation_id and not kit.is_pooled:
        found.append(NotYourKit(kit=kit.code, owner=kit.owner.name))
    ticket = UpkeepTicket.objects.open().filter(kit=kit, blocks_lending=True).first()
    if ticket is not None:
        found.append(TicketOpen(kit=kit.code, what=ticket.what[:120]))
    last_return = Loan.objects.filter(kit=kit).aggregate(at=Max("returned_at"))["at"]
    for due in upkeep_due(kit, now=now, last_return=last_return):
        if due.blocks:
            work = due.plan.get_work_display()
            found.append(UpkeepOverdue(rule=str(due.plan), kit=kit.code, work=work, since=due.since))
    missing = [part for part in kit.accessories.all() if part.is_essential and part.missing]
    if missing:
        found.append(PartsMissing(kit=kit.code, parts=", ".join(part.name for part in missing)))
    return found


def check_person(
    person: Person,
    *,
    kit_model: KitModel,
    group: BorrowerGroup | None,
    policy: Policy,
    point: LendingPoint,
    first: date,
    last: date,
    now: datetime,
    apart_from: Hold | None = None,
    at_hand_over: bool = True,
) -> list[Refusal]:
    """List what keeps a person from borrowing a kind of kit over [first, last].

    Training and charter are asked for when the kit is handed over, not when it is reserved.
    """
    name = person.name
    found: list[Refusal] = []
    if not person.is_active:
        found.append(AccountClosed(person=name))
    if not at_hand_over and person.email and person.email_confirmed_at is None:
        found.append(AddressNotConfirmed(person=name))
    if group is not None and (group.responsible_id != person.pk or not group.is_active):
        found.append(GroupNotTheirs(person=name, group=group.name))
    if at_hand_over and policy.needs_charter:
        charter = Charter.current(now=now)
        if charter is not None and not Consent.stands(
            person, purpose=Consent.Purpose.CHARTER, charter=charter
        ):
            found.append(CharterNotAccepted(rule=policy.name, person=name, version=charter.version))
    if at_hand_over and policy.needs_training:
        rights = BorrowingRight.objects.of(person, kit_model=kit_model, now=now)
        if not rights.exists():
            found.append(
                TrainingMissing(
                    rule=policy.name,
                    person=name,
                    kind=kit_model.name,
                    next=next_session(kit_model, point=point, now=now),
                )
            )
    loans = list(Loan.objects.open().filter(person=person).select_related("kit"))
    if policy.late_blocks:
        for loan in loans:
            if loan.is_overdue(now=now):
                found.append(HasLateLoan(rule=policy.name, person=name, kit=loan.kit.code, due=loan.due_on))
                break
    holds = Hold.objects.running().filter(person=person).meeting(first, last)
    if apart_from is not None:
        holds = holds.exclude(pk=apart_from.pk)
    meeting = [loan for loan in loans if loan.due_on >= first]
    count = len(meeting) + holds.count()
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
