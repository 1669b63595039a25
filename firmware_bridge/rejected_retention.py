"""Forget rejected messages in their time: they are kept whole, and may hold what devices should not have sent."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from capto.readings.models import RejectedMessage

REPLAYED_KEPT = timedelta(
    days=30
)  # their readings are stored; until then a mistaken replay can be understood


def forget_old(now: datetime | None = None) -> int:
    """Remove replayed messages after a month and the others after CAPTO_REJECTED_DAYS; gives how many. A task."""
    now = now or timezone.now()
    old = Q(replayed_at__lt=now - REPLAYED_KEPT)
    old |= Q(received_at__lt=now - timedelta(days=settings.REJECTED_DAYS))
    removed, _ = RejectedMessage.objects.filter(old).delete()
    return removed
