"""Reminders of loans: one per step, in the morning, none after the return."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from capto.lending.days import PARIS, local_day
from capto.lending.models import Loan
from capto.lending.notices import HERE
from capto.members.models import Message

SOON_DAYS = 3  # before the last day
LATE_DAYS = (1, 7, 21)  # after it: three steps, as libraries do (reference/lending.md, Koha)
MORNING = time(8)  # Paris; nobody is written to at night


def queue_reminders_now() -> None:
    """Queue the reminders of the day (the scheduled task)."""
    queue_reminders(now=timezone.now())


def queue_reminders(*, now: datetime) -> int:
    """Queue what is to be said today; again on the same day queues nothing more. Gives how many steps are due."""
    today = local_day(now)
    morning = datetime.combine(today, MORNING, tzinfo=PARIS)
    steps = [("due_soon", today + timedelta(days=SOON_DAYS)), ("due_today", today)]
    steps += [("late", today - timedelta(days=days)) for days in LATE_DAYS]
    count = 0
    for what, due_on in steps:
        for loan in Loan.objects.due_on_day(due_on).select_related("person"):
            if loan.person is None or (what == "due_soon" and local_day(loan.lent_at) == today):
                continue
            subject = f"{loan.pk}:{due_on.isoformat()}:{(today - due_on).days}"
            Message.queue(
                loan.person,
                key=f"lending:{what}:{subject}",
                compose=HERE + what,
                about=subject,
                nature=Message.Nature.LOAN,
                now=now,
                send_after=max(now, morning),
            )
            count += 1
    return count
