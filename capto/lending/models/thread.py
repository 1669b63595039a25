from datetime import date, datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from capto.lending.days import local_day
from capto.lending.models.loan import Loan
from capto.members.models import Message, Person


class LoanNote(models.Model):
    """What the borrower says about a stretch of the curve: "j'ai cuisiné". Kept with the loan, shown on its page."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="notes")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=300)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="a_note_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="a_note_says_something"),
        ]


def working_days_after(day: date, count: int) -> date:
    """Give the day `count` working days (Monday to Friday) after a day.

    >>> working_days_after(date(2026, 11, 27), 1)  # a Friday
    datetime.date(2026, 11, 30)
    """
    while count > 0:
        day += timedelta(days=1)
        count -= day.isoweekday() < 6
    return day


class QuestionQuerySet(models.QuerySet["ThreadEntry"]):
    def unanswered(self) -> "QuestionQuerySet":
        """List the last questions of the threads whose last word is the borrower's, oldest first."""
        later = ThreadEntry.objects.filter(loan=OuterRef("loan"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later), is_from_staff=False).order_by("at", "pk")


class ThreadEntry(models.Model):
    """One message of the thread between a borrower and the staff of their lending point."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="thread")
    author = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    is_from_staff = models.BooleanField()
    text = models.TextField()
    at = models.DateTimeField()

    objects: ClassVar[QuestionQuerySet] = QuestionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "thread entries"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="a_message_of_a_thread_says_something")
        ]

    @property
    def answer_due_on(self) -> date:
        """The last day of the delay within which the organisation promises an answer."""
        return working_days_after(local_day(self.at), self.loan.point.organisation.answers_within_days)

    def is_overdue(self, *, now: datetime) -> bool:
        """True where the promised delay is over. Never stored: it follows from the day."""
        return local_day(now) > self.answer_due_on

    @classmethod
    def write(
        cls, loan: Loan, *, author: Person, is_from_staff: bool, text: str, now: datetime
    ) -> "ThreadEntry":
        """Add a message; the borrower is told of an answer."""
        from capto.lending.notices import HERE

        entry = cls.objects.create(loan=loan, author=author, is_from_staff=is_from_staff, text=text, at=now)
        if is_from_staff and loan.person is not None:
            Message.queue(
                loan.person,
                key=f"lending:answered:{entry.pk}",
                compose=HERE + "answered",
                about=str(loan.pk),
                nature=Message.Nature.LOAN,
                now=now,
            )
        return entry
