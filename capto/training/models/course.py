from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from capto.catalogue.models import KitModel, LendingPoint
from capto.members.models import Organisation, Person


class Course(models.Model):
    """What is taught before a first hand-over, for which kinds of kit, and for how long it gives the right."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="courses")
    kit_models = models.ManyToManyField(KitModel, related_name="courses", blank=True)
    description = models.TextField(blank=True)  # Markdown
    children_sheet = models.TextField(blank=True)  # Markdown, printed for a class, readable at ten
    right_days = models.PositiveIntegerField(default=730)  # how long attendance gives the right to borrow
    warn_days = models.PositiveIntegerField(default=30)  # before a right ends its holder is told; 0: never

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(right_days__gt=0), name="a_course_gives_a_right_for_a_while")
        ]

    def __str__(self) -> str:
        return self.name


class CourseSessionQuerySet(models.QuerySet["CourseSession"]):
    def to_come(self, *, now: datetime) -> "CourseSessionQuerySet":
        """List the sessions that have not begun and are not cancelled, soonest first."""
        return self.filter(starts_at__gt=now, cancelled_at=None).order_by("starts_at", "pk")


class CourseSession(models.Model):
    """One session: a place or a video link, a number of seats."""

    course = models.ForeignKey(Course, models.PROTECT, related_name="sessions")
    point = models.ForeignKey(LendingPoint, models.PROTECT, null=True, blank=True, related_name="sessions")
    place = models.CharField(max_length=200, blank=True)  # where it is not at a lending point
    video_link = models.URLField(blank=True)  # shown to who has a seat
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    seats = models.PositiveIntegerField()
    trainer = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    is_simulated = models.BooleanField(default=False)

    objects: ClassVar[CourseSessionQuerySet] = CourseSessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="a_session_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(seats__gt=0), name="a_session_has_seats"),
            models.CheckConstraint(
                condition=Q(point__isnull=False) | ~Q(place="") | ~Q(video_link=""),
                name="a_session_is_somewhere",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def where(self) -> str:
        """Where the session is held, as people read it; '' where only by video."""
        return self.place or (self.point.name if self.point else "")
