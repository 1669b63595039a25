from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dashboards.episodes.models import Episode
from dashboards.pledges.models.campaign import PledgeCampaign
from dashboards.pledges.models.pledge import Pledge

ANSWERS_FOR = timedelta(days=3)  # after the day


class CallQuerySet(models.QuerySet["Call"]):
    def standing(self) -> CallQuerySet:
        """List the calls that were not cancelled before their day."""
        return self.filter(cancelled_at=None)


class Call(models.Model):
    """A campaign called for one day: who was counted and who is held is written once and never again."""

    campaign = models.ForeignKey(PledgeCampaign, models.CASCADE, related_name="calls")
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="calls")
    day = models.DateField()
    called_at = models.DateTimeField()
    counted = models.PositiveIntegerField()
    held = models.PositiveIntegerField()
    counted_ids = ArrayField(models.BigIntegerField(), default=list)  # the pledges counted; emptied with them
    cancelled_at = models.DateTimeField(null=True, blank=True)
    followed_up_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[CallQuerySet] = CallQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "day"], name="one_call_per_campaign_and_day")
        ]

    @property
    def answers_until(self) -> date:
        """Give the last day on which people may say what they did."""
        return self.day + ANSWERS_FOR


class HeldPledge(models.Model):
    """One pledge that a call binds, and what its person said of the day afterwards."""

    class Outcome(models.TextChoices):
        DONE = "done", _("fait")
        PARTLY = "partly", _("en partie")
        NOT = "not", _("pas fait")
        NOT_CONCERNED = "not_concerned", _("pas concerné")

    call = models.ForeignKey(Call, models.CASCADE, related_name="held_pledges")
    pledge = models.ForeignKey(Pledge, models.SET_NULL, null=True, related_name="calls")
    outcome = models.CharField(max_length=13, choices=Outcome, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call", "pledge"], name="a_pledge_is_held_once_per_call"),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(answered_at__isnull=False), name="an_answer_says_when"
            ),
        ]

    def answer(self, outcome: str, *, now: datetime) -> None:
        """Say what was done, or correct it, until the answers are counted."""
        self.outcome, self.answered_at = self.Outcome(outcome), now
        self.save(update_fields=["outcome", "answered_at"])
