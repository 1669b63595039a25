from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, Value

from capto.catalogue.models import KitModel
from capto.members.models import Person
from capto.training.models.course import Course


class BorrowingRightQuerySet(models.QuerySet["BorrowingRight"]):
    def valid(self, *, now: datetime) -> "BorrowingRightQuerySet":
        """List the rights that run at a moment."""
        return self.filter(granted_at__lte=now, expires_at__gt=now, revoked_at=None)

    def ending(self, *, now: datetime) -> "BorrowingRightQuerySet":
        """List the rights that end within the days of notice of their course, and lasted longer than these."""
        notice = ExpressionWrapper(F("course__warn_days") * timedelta(days=1), DurationField())
        return self.valid(now=now).filter(
            expires_at__lte=Value(now, DateTimeField()) + notice, granted_at__lt=F("expires_at") - notice
        )

    def of(self, person: Person, *, kit_model: KitModel, now: datetime) -> "BorrowingRightQuerySet":
        """List the running rights of a person to borrow this kind of kit."""
        return self.valid(now=now).filter(person=person, course__kit_models=kit_model)


class BorrowingRight(models.Model):
    """The right to borrow that attendance gives, or that staff gives on the spot with a reason. The one source."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="borrowing_rights")
    course = models.ForeignKey(Course, models.PROTECT, related_name="rights")
    enrolment = models.OneToOneField("training.Enrolment", models.SET_NULL, null=True, blank=True)
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_because = models.CharField(max_length=200, blank=True)

    objects: ClassVar[BorrowingRightQuerySet] = BorrowingRightQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("granted_at")), name="a_right_expires_after_it_is_granted"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoked_because=""),
                name="a_revoked_right_says_why",
            ),
        ]
        indexes = [models.Index(fields=["person", "expires_at"])]

    @classmethod
    def grant(
        cls, person: Person, *, course: Course, reason: str, by: Person, now: datetime
    ) -> "BorrowingRight":
        """Give the right on the spot to someone who knows already; the reason and who gave it stay."""
        return cls.objects.create(
            person=person,
            course=course,
            granted_at=now,
            granted_by=by,
            reason=reason,
            expires_at=now + timedelta(days=course.right_days),
        )

    def is_followed(self, *, now: datetime) -> bool:
        """True where the person has a right of the same course that runs longer."""
        later = type(self).objects.valid(now=now).filter(person=self.person_id, course=self.course_id)
        return later.filter(expires_at__gt=self.expires_at).exists()

    def revoke(self, *, because: str, now: datetime) -> None:
        """Take the right back, with a reason; a second time changes nothing."""
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now, revoked_because=because)
        self.refresh_from_db()
