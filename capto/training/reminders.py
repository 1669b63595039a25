"""Reminders of sessions, one per seat, the day before; and of a right to borrow that ends, one per right."""

from datetime import datetime, timedelta

from django.utils import timezone

from capto.members.models import Message
from capto.training.models import BorrowingRight, Enrolment
from capto.training.models.enrolment import NOTICES

MORNING = 8  # o'clock, where we are: nobody is told at night that a right ends
BEFORE = timedelta(hours=30)  # a morning message for the next day's evening


def queue_reminders_now() -> None:
    """Queue the reminders of sessions (the scheduled task)."""
    now = timezone.now()
    queue_reminders(now=now)
    queue_endings(now=now)


def queue_reminders(*, now: datetime) -> int:
    """Queue one reminder per seat of the sessions of the next hours; again queues nothing more."""
    seats = Enrolment.objects.filter(
        state=Enrolment.State.SEATED,
        session__starts_at__gt=now,
        session__starts_at__lte=now + BEFORE,
        session__cancelled_at=None,
    ).select_related("person")
    for enrolment in seats:
        Message.queue(
            enrolment.person,
            key=f"enrolment:{enrolment.pk}:reminder",
            compose=f"{NOTICES}reminder",
            about=str(enrolment.pk),
            nature=Message.Nature.LOAN,
            now=now,
        )
    return len(seats)


def queue_endings(*, now: datetime) -> int:
    """Tell each holder of a right that ends soon, once per right and in the morning; gives how many are due.

    It invites to a training, so whoever wants messages about loans only is not written to.
    """
    rights = [
        right
        for right in BorrowingRight.objects.ending(now=now).select_related("person")
        if right.person.is_active and not right.is_followed(now=now)
    ]
    morning = timezone.localtime(now).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    for right in rights:
        Message.queue(
            right.person,
            key=f"right:{right.pk}:ends",
            compose=f"{NOTICES}right_ends",
            about=str(right.pk),
            nature=Message.Nature.SOLICITATION,
            now=now,
            send_after=max(now, morning),
        )
    return len(rights)
