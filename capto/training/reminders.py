"""Reminders of sessions: one per seat, the day before."""

from datetime import datetime, timedelta

from django.utils import timezone

from capto.members.models import Message
from capto.training.models import Enrolment
from capto.training.models.enrolment import NOTICES

BEFORE = timedelta(hours=30)  # a morning message for the next day's evening


def queue_reminders_now() -> None:
    """Queue the reminders of sessions (the scheduled task)."""
    queue_reminders(now=timezone.now())


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
