from datetime import datetime
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Max, Min
from django.db.models.functions import Coalesce

from capto.readings.models import Publication
from dashboards.models.published import PublishedSeries


class NothingToWithdraw(ValueError):
    """No published place has this id, or it is withdrawn already."""


class WithdrawalQuerySet(models.QuerySet["Withdrawal"]):
    def of(self, public_id: str) -> "Withdrawal | None":
        """Give why a place is no longer published, or None."""
        return self.filter(public_id=public_id).first()

    def withdraw(self, public_id: str, *, reason: str, author: str, now: datetime) -> "Withdrawal":
        """Unpublish a place: its pages, files and APIs say nothing more of it, its address says why.

        Releases made before stay as they are. Raises NothingToWithdraw where no such place is published, and
        ValueError without a reason or an author.
        """
        if not reason.strip() or not author.strip():
            raise ValueError("a withdrawal says its reason and its author")
        with transaction.atomic():
            period = PublishedSeries.objects.filter(public_id=public_id).aggregate(
                first=Min("public_from"), last=Max(Coalesce("public_until", now))
            )
            if period["first"] is None:
                raise NothingToWithdraw(f"no place {public_id} is published")
            Publication.objects.create(
                first_hour=min(period["first"], period["last"]), last_hour=period["last"], at=now
            )  # files that held its hours are other files from now on
            return self.create(public_id=public_id, reason=reason, author=author, at=now)


class Withdrawal(models.Model):
    """That a place is published no longer: since when, why, and who decided, by role rather than by name."""

    public_id = models.CharField(max_length=20, unique=True)
    reason = models.TextField()
    author = models.CharField(max_length=120)  # a role, such as "the association's data protection officer"
    at = models.DateTimeField()

    objects: ClassVar[WithdrawalQuerySet] = WithdrawalQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.public_id
