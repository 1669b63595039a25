from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import ObservedProperty
from capto.members.models import Organisation, Person
from capto.members.roles import Capability, roles_with
from dashboards.episodes.models import Episode, EpisodeZone
from dashboards.messages import contradictions
from dashboards.messages.models.rule import (
    ADDED_ONLY,
    ApprovedSentence,
    MessageClass,
    MessageRule,
    SignedAs,
)

SIGNED_BY = {  # which capability lets someone sign in which quality
    SignedAs.EXPERT: Capability.SIGN_AS_EXPERT,
    SignedAs.MEDIATOR: Capability.SIGN_AS_MEDIATOR,
    SignedAs.AUTHORITY: Capability.SIGN_AS_AUTHORITY,
}


class WrongState(Exception):
    """The message is not in the state from which this can be done."""


class SignatureMissing(Exception):
    """The rule of the class asks for signatures that are not there; `missing` names them."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class NotApproved(Exception):
    """The text is not made of approved sentences only, or its official information is missing."""


class HeldBack(Exception):
    """The message contradicts the authority or another live message, and nobody has explained why."""

    def __init__(self, found: Sequence[contradictions.Contradiction]) -> None:
        super().__init__("; ".join(one.sentence for one in found))
        self.found = found


class PublicMessageQuerySet(models.QuerySet["PublicMessage"]):
    def live(self, *, on: date) -> PublicMessageQuerySet:
        """List the published messages that speak of a day."""
        return self.filter(state=PublicMessage.State.PUBLISHED, first_day__lte=on, last_day__gte=on)


class PublicMessage(models.Model):
    """A message to the public: draft, checks, published, archived; each step is a public row of its log.

    The text of health messages is approved sentences and nothing else; `states_level` is the level that it states,
    '' for « no episode », None where only its words say.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("brouillon")
        CHECKS = "checks", _("en relecture")
        PUBLISHED = "published", _("publié")
        ARCHIVED = "archived", _("archivé")

    message_class = models.CharField(max_length=10, choices=MessageClass)
    title = models.CharField(max_length=160)
    body = models.TextField(blank=True)  # Markdown
    sentences = models.ManyToManyField(ApprovedSentence, blank=True, related_name="+")
    zone = models.ForeignKey(EpisodeZone, models.PROTECT, null=True, blank=True, related_name="messages")
    pollutant = models.ForeignKey(ObservedProperty, models.PROTECT, null=True, blank=True, related_name="+")
    states_level = models.CharField(max_length=20, null=True, blank=True)  # None and '' differ
    first_day = models.DateField()
    last_day = models.DateField()
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="public_messages")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    explanation = models.TextField(blank=True)  # why it says something else, shown with it
    rule = models.ForeignKey(MessageRule, models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    is_simulated = models.BooleanField(default=False)

    objects: ClassVar[PublicMessageQuerySet] = PublicMessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="a_message_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=~Q(message_class__in=["health", "episode"]) | Q(zone__isnull=False),
                name="a_health_or_episode_message_names_its_zone",
            ),
            models.CheckConstraint(
                condition=~Q(message_class="health") | Q(body=""), name="a_health_message_has_no_free_text"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["published", "archived"]) | Q(rule__isnull=False),
                name="what_was_published_names_its_rule",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def text(self) -> str:
        """Give what the message says, sentences first."""
        said = [sentence.words for sentence in self.sentences.all()] if self.pk else []
        return "\n\n".join([*said, self.body] if self.body else said)

    def days(self) -> Iterator[date]:
        """Yield the days that the message speaks of, at most a month of them."""
        for number in range(min((self.last_day - self.first_day).days, 31) + 1):
            yield self.first_day + timedelta(days=number)

    def live_beside(self) -> PublicMessageQuerySet:
        """List the other published messages of the zone that speak of one of these days."""
        return PublicMessage.objects.filter(
            zone=self.zone,
            state=self.State.PUBLISHED,
            first_day__lte=self.last_day,
            last_day__gte=self.first_day,
        ).exclude(pk=self.pk)

    def official(self) -> list[Episode]:
        """List what the authority says of the zone on the days of the message, the last word first."""
        if self.zone is None:
            return []
        return sorted(
            (e for day in self.days() for e in Episode.objects.official(zone=self.zone, day=day)),
            key=lambda episode: episode.day,
        )

    def submit(self, *, by: Person, now: datetime) -> None:
        """Hand a draft over to those who sign; it can be read by them and changed no more."""
        self._move(self.State.DRAFT, self.State.CHECKS, by=by, now=now)

    def send_back(self, *, by: Person, now: datetime, because: str) -> None:
        """Give it back to its author; signatures given so far are void."""
        self._move(self.State.CHECKS, self.State.DRAFT, by=by, now=now, because=because)
        self.signatures.filter(voided_at=None).update(voided_at=now)

    def sign(self, *, by: Person, signed_as: str, organisation: Organisation, now: datetime) -> Signature:
        """Sign in one quality, for an organisation that gave the role; raises PermissionError and WrongState."""
        if self.state != self.State.CHECKS:
            raise WrongState(self.state)
        may = roles_with(SIGNED_BY[SignedAs(signed_as)])
        if not by.running_roles().filter(organisation=organisation, role__in=may).exists():
            raise PermissionError(signed_as)
        if self.signatures.filter(person=by, voided_at=None).exclude(signed_as=signed_as).exists():
            raise PermissionError("one person signs in one quality")
        signature, is_new = self.signatures.get_or_create(
            signed_as=signed_as,
            voided_at=None,
            defaults={"person": by, "organisation": organisation, "at": now},
        )
        if is_new:
            self._log(
                "signed", by=by, now=now, because=f"{signature.get_signed_as_display()}, {organisation}"
            )
        return signature

    def explain(self, explanation: str, *, by: Person, now: datetime) -> None:
        """Say why the message differs from the authority or from another one: it is shown with the message."""
        if self.state not in (self.State.DRAFT, self.State.CHECKS):
            raise WrongState(self.state)
        self.explanation = explanation.strip()
        self.save(update_fields=["explanation"])
        self._log("explained", by=by, now=now, because=self.explanation)

    def missing_signatures(self, *, now: datetime) -> list[str]:
        """List the qualities whose signature the rule still asks for; raises NoRule."""
        rule = MessageRule.in_force(self.message_class, now=now)
        given = set(self.signatures.filter(voided_at=None).values_list("signed_as", flat=True))
        return [quality for quality in rule.signatures if quality not in given]

    def publish(self, *, by: Person, now: datetime) -> None:
        """Publish; raises WrongState, NoRule, SignatureMissing, NotApproved, or HeldBack, which leaves a line."""
        with transaction.atomic():
            here = type(self).objects.select_for_update(of=("self",)).get(pk=self.pk)
            if here.state != self.State.CHECKS:
                raise WrongState(here.state)
            rule = MessageRule.in_force(self.message_class, now=now)
            if missing := self.missing_signatures(now=now):
                raise SignatureMissing(missing)
            if rule.sentences_only and not self._is_of_approved_sentences(now=now):
                raise NotApproved
            found = contradictions.find(here)
            if not found or here.explanation:
                self.rule, self.published_at = rule, now
                self.save(update_fields=["rule", "published_at"])
                self._move(
                    self.State.CHECKS, self.State.PUBLISHED, by=by, now=now, because=f"v{rule.version}"
                )
                return
        self._log("held", by=by, now=now, because="; ".join(one.sentence for one in found))
        raise HeldBack(found)

    def _is_of_approved_sentences(self, *, now: datetime) -> bool:
        chosen = self.sentences.count()
        return bool(chosen) and not self.body and self.sentences.usable(now=now).count() == chosen

    def archive(self, *, by: Person, now: datetime, because: str) -> None:
        """Take it from the pages of the day; its address and its log stay."""
        self._move(self.State.PUBLISHED, self.State.ARCHIVED, by=by, now=now, because=because)

    def _move(self, start: str, end: str, *, by: Person, now: datetime, because: str = "") -> None:
        moved = type(self).objects.filter(pk=self.pk, state=start).update(state=end)
        if not moved:
            raise WrongState(self.state)
        self.state = end
        self._log(end, by=by, now=now, because=because)

    def _log(self, step: str, *, by: Person | None, now: datetime, because: str = "") -> None:
        MessageStep.objects.create(message=self, step=step, by=by, at=now, because=because[:2000])


class Signature(models.Model):
    """Who signed a message, in which quality and for whom."""

    message = models.ForeignKey(PublicMessage, models.CASCADE, related_name="signatures")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    signed_as = models.CharField(max_length=10, choices=SignedAs)
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "signed_as"],
                condition=Q(voided_at__isnull=True),
                name="one_signature_per_quality",
            ),
            models.UniqueConstraint(
                fields=["message", "person"],
                condition=Q(voided_at__isnull=True),
                name="one_person_signs_in_one_quality",
            ),
        ]


class MessageStep(models.Model):
    """One line of the public log: who wrote, signed, published, held back, archived, and when."""

    class Step(models.TextChoices):
        DRAFT = "draft", _("rendu à son auteur")
        CHECKS = "checks", _("soumis")
        SIGNED = "signed", _("signé")
        EXPLAINED = "explained", _("écart expliqué")
        HELD = "held", _("retenu")
        PUBLISHED = "published", _("publié")
        ARCHIVED = "archived", _("archivé")

    message = models.ForeignKey(PublicMessage, models.PROTECT, related_name="steps")
    step = models.CharField(max_length=10, choices=Step)
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    because = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        triggers = ADDED_ONLY
