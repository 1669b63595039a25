from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capto.members.models import Organisation, Person
from dashboards.pledges.models.call import Call
from dashboards.pledges.models.campaign import PledgeCampaign


class ReturnPromise(models.Model):
    """What a town, a firm or the association does in return when enough residents are held, and whether it did.

    Its condition is the size of the held set of residents; organisations are never counted among the others.
    """

    class Kind(models.TextChoices):
        TOWN = "town", _("collectivité")
        FIRM = "firm", _("entreprise")
        ASSOCIATION = "association", _("association")

    campaign = models.ForeignKey(PledgeCampaign, models.CASCADE, related_name="promises")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200)  # who promises, as shown
    kind = models.CharField(max_length=12, choices=Kind)
    promise = models.CharField(max_length=300)  # rend les bus gratuits ce jour-là
    required_held = models.PositiveIntegerField()
    act_url = models.URLField(max_length=500, blank=True)  # the deliberation, the letter
    made_at = models.DateTimeField()
    recorded_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # it stays readable

    class Meta:
        ordering = ["required_held", "pk"]

    def is_due(self, *, held: int) -> bool:
        """Whether so many held residents bind it."""
        return held >= self.required_held

    def withdraw(self, *, now: datetime) -> None:
        """Take the promise back for the days to come."""
        type(self).objects.filter(pk=self.pk, withdrawn_at=None).update(withdrawn_at=now)
        self.refresh_from_db()


class Keeping(models.Model):
    """For one called day: the promise was due, and was it kept? Public, with where it can be checked."""

    class Word(models.TextChoices):
        NOT_SAID = "not_said", _("pas encore dit")
        KEPT = "kept", _("tenue")
        PARTLY = "partly", _("tenue en partie")
        NOT_KEPT = "not_kept", _("non tenue")

    promise = models.ForeignKey(ReturnPromise, models.CASCADE, related_name="keepings")
    call = models.ForeignKey(Call, models.CASCADE, related_name="keepings")
    held = models.PositiveIntegerField()
    word = models.CharField(max_length=8, choices=Word, default=Word.NOT_SAID)
    said_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    url = models.URLField(max_length=500, blank=True)
    said_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["call__day"]
        constraints = [
            models.UniqueConstraint(fields=["promise", "call"], name="a_promise_is_due_once_per_call"),
            models.CheckConstraint(
                condition=Q(word="not_said") | Q(said_at__isnull=False), name="a_word_says_when"
            ),
        ]

    @property
    def day(self) -> date:
        """Give the day on which it was due."""
        return self.call.day

    def say(self, word: str, *, by: Person, now: datetime, note: str = "", url: str = "") -> None:
        """Write whether the word was kept."""
        self.word, self.said_at, self.note, self.url, self.said_by = self.Word(word), now, note, url, by
        self.save(update_fields=["word", "said_at", "note", "url", "said_by"])
