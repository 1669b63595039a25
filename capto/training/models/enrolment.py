from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capto.members.models import BorrowerGroup, Message, Person
from capto.training.models.course import CourseSession
from capto.training.models.right import BorrowingRight

NOTICES = "capto.training.notices."


class AlreadyStarted(Exception):
    """The session has begun: nobody joins or leaves it any more."""


class SessionCancelled(Exception):
    """The session will not take place."""


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def running(self) -> "EnrolmentQuerySet":
        """List those who hold a seat or wait for one, in the order of asking."""
        return self.exclude(state=Enrolment.State.LEFT).order_by("asked_at", "pk")


class Enrolment(models.Model):
    """One person's seat at one session, or their place in its waiting list. No position is stored: asking orders."""

    class State(models.TextChoices):
        SEATED = "seated", _("place réservée")
        WAITING = "waiting", _("liste d’attente")
        LEFT = "left", _("désinscription")
        ATTENDED = "attended", _("présent")
        ABSENT = "absent", _("absent")

    session = models.ForeignKey(CourseSession, models.PROTECT, related_name="enrolments")
    person = models.ForeignKey(Person, models.CASCADE, related_name="enrolments")
    group = models.ForeignKey(BorrowerGroup, models.PROTECT, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State)
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects: ClassVar[EnrolmentQuerySet] = EnrolmentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "person"],
                condition=~Q(state="left"),
                name="one_seat_per_person_and_session",
            )
        ]
        indexes = [models.Index(fields=["session", "state", "asked_at"])]

    @classmethod
    @transaction.atomic
    def join(
        cls, session: CourseSession, *, person: Person, now: datetime, group: BorrowerGroup | None = None
    ) -> "Enrolment":
        """Take a seat, or a place in the waiting list where none is left; joining twice is joining once.

        The session's row is locked while seats are counted. Raises AlreadyStarted, SessionCancelled.
        """
        session = _open_session(session, now=now)
        already = cls.objects.filter(session=session, person=person).running().first()
        if already is not None:
            return already
        taken = cls.objects.filter(session=session, state=cls.State.SEATED).count()
        state = cls.State.SEATED if taken < session.seats else cls.State.WAITING
        enrolment = cls.objects.create(
            session=session, person=person, group=group, state=state, asked_at=now, changed_at=now
        )
        enrolment._tell("joined", now=now)
        return enrolment

    @transaction.atomic
    def leave(self, *, now: datetime) -> None:
        """Give the seat or the place back; the first who waits moves up. Leaving twice is leaving once."""
        session = _open_session(self.session, now=now)
        left = type(self).objects.filter(pk=self.pk, state__in=[self.State.SEATED, self.State.WAITING])
        if left.update(state=self.State.LEFT, changed_at=now):
            move_up(session, now=now)
        self.refresh_from_db()

    @transaction.atomic
    def tick(self, present: bool, *, by: Person | None, now: datetime) -> None:
        """Note who was there; presence gives the right to borrow from the session's end, absence takes it back."""
        enrolment = type(self).objects.select_for_update(no_key=True).get(pk=self.pk)
        enrolment.state = self.State.ATTENDED if present else self.State.ABSENT
        enrolment.changed_at = now
        enrolment.save(update_fields=["state", "changed_at"])
        course = enrolment.session.course
        if present:
            BorrowingRight.objects.update_or_create(
                enrolment=enrolment,
                defaults={
                    "person": enrolment.person,
                    "course": course,
                    "granted_at": now,
                    "granted_by": by,
                    "expires_at": enrolment.session.ends_at + timedelta(days=course.right_days),
                    "revoked_at": None,
                    "revoked_because": "",
                },
            )
        else:
            for right in BorrowingRight.objects.filter(enrolment=enrolment):
                right.revoke(because="absence", now=now)
        self.refresh_from_db()

    def rank_in_waiting_list(self) -> int:
        """Give the place in the waiting list, 1 for the next."""
        return (
            type(self)
            .objects.filter(session=self.session, state=self.State.WAITING)
            .filter(Q(asked_at__lt=self.asked_at) | Q(asked_at=self.asked_at, pk__lte=self.pk))
            .count()
        )

    def _tell(self, what: str, *, now: datetime) -> None:
        Message.queue(
            self.person,
            key=f"enrolment:{self.pk}:{what}",
            compose=f"{NOTICES}{what}",
            about=str(self.pk),
            nature=Message.Nature.LOAN,
            now=now,
        )


def _open_session(session: CourseSession, *, now: datetime) -> CourseSession:
    """Lock a session that can still be joined and left."""
    session = CourseSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if session.cancelled_at is not None:
        raise SessionCancelled
    if session.starts_at <= now:
        raise AlreadyStarted
    return session


def move_up(session: CourseSession, *, now: datetime) -> list[Enrolment]:
    """Give free seats to those who wait, in the order of asking, and tell them. The session's row is locked."""
    of_session = Enrolment.objects.filter(session=session)
    free = session.seats - of_session.filter(state=Enrolment.State.SEATED).count()
    if free <= 0:
        return []
    moved = list(of_session.filter(state=Enrolment.State.WAITING).order_by("asked_at", "pk")[:free])
    for enrolment in moved:
        enrolment.state, enrolment.changed_at = Enrolment.State.SEATED, now
        enrolment.save(update_fields=["state", "changed_at"])
        enrolment._tell("moved_up", now=now)
    return moved


@transaction.atomic
def set_seats(session: CourseSession, *, seats: int, now: datetime) -> None:
    """Change the number of seats; who waits moves up, and nobody seated loses a seat."""
    locked = _open_session(session, now=now)
    locked.seats = seats
    locked.save(update_fields=["seats"])
    move_up(locked, now=now)
    session.refresh_from_db()


@transaction.atomic
def cancel(session: CourseSession, *, now: datetime) -> None:
    """Cancel a session and tell everyone on its list; a second time tells nobody again."""
    locked = CourseSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if locked.cancelled_at is None:
        locked.cancelled_at = now
        locked.save(update_fields=["cancelled_at"])
        for enrolment in Enrolment.objects.filter(session=locked).running().select_related("person"):
            enrolment._tell("cancelled", now=now)
    session.refresh_from_db()
