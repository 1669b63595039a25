from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class NoRule(Exception):
    """No rule is in force for this class of message: nothing of it may be published."""


class MessageClass(models.TextChoices):
    """What a public message is about; the rule of its class says who signs it."""

    TEACHING = "teaching", _("explication")
    LOCAL = "local", _("interprétation locale")
    HEALTH = "health", _("santé")
    EPISODE = "episode", _("épisode")


class SignedAs(models.TextChoices):
    """In which quality someone signs."""

    EXPERT = "expert", _("expertise de la mesure")
    MEDIATOR = "mediator", _("médiation")
    AUTHORITY = "authority", _("autorité compétente")


ADDED_ONLY = (
    pgtrigger.Protect(name="is_never_deleted", operation=pgtrigger.Delete),
    pgtrigger.Protect(
        name="is_never_rewritten",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("OLD.* IS DISTINCT FROM NEW.*"),
    ),
)


class MessageRule(models.Model):
    """Who must sign a class of messages, from a day on. Rows are added, never changed; each is public."""

    message_class = models.CharField(max_length=10, choices=MessageClass)
    version = models.PositiveSmallIntegerField()
    valid_from = models.DateTimeField()
    signatures = ArrayField(models.CharField(max_length=10, choices=SignedAs))
    sentences_only = models.BooleanField(default=False)  # made of approved sentences, nothing else
    beside_the_official = models.BooleanField(default=False)  # always shown with the official information
    decided_by = models.CharField(max_length=200)  # the body that adopted it
    decision_url = models.URLField(blank=True)

    class Meta:
        ordering = ["message_class", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["message_class", "version"], name="one_message_rule_per_version"),
            models.CheckConstraint(
                condition=~Q(message_class="health") | Q(sentences_only=True, beside_the_official=True),
                name="health_texts_are_approved_sentences_beside_the_official",
            ),
            models.CheckConstraint(condition=~Q(signatures=[]), name="a_message_rule_asks_for_a_signature"),
        ]
        triggers = ADDED_ONLY

    def __str__(self) -> str:
        return f"{self.get_message_class_display()} v{self.version}"

    @property
    def names_of_signatures(self) -> list[str]:
        """Name the qualities that must sign."""
        return [str(SignedAs(quality).label) for quality in self.signatures]

    @classmethod
    def in_force(cls, message_class: str, *, now: datetime) -> MessageRule:
        """Give the rule of a class at a moment; raises NoRule."""
        rule = (
            cls.objects.filter(message_class=message_class, valid_from__lte=now)
            .order_by("-valid_from", "-version")
            .first()
        )
        if rule is None:
            raise NoRule(message_class)
        return rule


class ApprovedSentenceQuerySet(models.QuerySet["ApprovedSentence"]):
    def usable(self, *, now: datetime, theme: str = "") -> ApprovedSentenceQuerySet:
        """List the sentences that are approved and in force at a moment."""
        found = self.filter(approved_at__lte=now).filter(Q(ends_at=None) | Q(ends_at__gt=now))
        return found.filter(theme=theme) if theme else found


class ApprovedSentence(models.Model):
    """A sentence that may be said to everyone; a correction is a new version, the old one is ended."""

    class Theme(models.TextChoices):
        HEALTH = "health", _("santé")
        EPISODE = "episode", _("épisode")
        PLEDGE = "pledge", _("engagement")

    code = models.SlugField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    theme = models.CharField(max_length=10, choices=Theme)
    text = models.CharField(max_length=500)
    text_en = models.CharField(max_length=500)
    source = models.CharField(max_length=300)  # where it was read, or `ours`
    approved_by = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ApprovedSentenceQuerySet] = ApprovedSentenceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["theme", "code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="one_sentence_per_code_and_version"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | ~Q(approved_by=""),
                name="an_approved_sentence_says_who_approved_it",
            ),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """Give the sentence in the reader's language."""
        return self.text if (get_language() or "fr").startswith("fr") else self.text_en

    def approve(self, *, by: str, now: datetime) -> None:
        """Approve the sentence, and end the version before it."""
        type(self).objects.filter(code=self.code, ends_at=None, approved_at__isnull=False).exclude(
            pk=self.pk
        ).update(ends_at=now)
        self.approved_by, self.approved_at = by, now
        self.save(update_fields=["approved_by", "approved_at"])


def sentences(codes: Sequence[str], *, now: datetime) -> list[str]:
    """Give approved sentences by their codes, in this order and in the reader's language; one query.

    Raises LookupError where one of them is not approved: nothing is said in its place.
    """
    found = {
        row.code: row
        for row in ApprovedSentence.objects.usable(now=now).filter(code__in=codes).order_by("version")
    }
    lost = [code for code in codes if code not in found]
    if lost:
        raise LookupError(f"no approved sentence: {', '.join(lost)}")
    return [found[code].words for code in codes]


class ClaimWord(models.Model):
    """A turn of phrase that states a level, so that a text that contradicts the authority is seen before it is out."""

    phrase = models.CharField(max_length=80, unique=True)  # plain small letters, without accents
    level = models.CharField(
        max_length=20, blank=True
    )  # the level's code; '' states that there is no episode

    def __str__(self) -> str:
        return self.phrase
