from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.core import signing
from django.db import models, transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from capto.members.models import Message, Person, Territory
from capto.members.models.mailbox import reader_key, reader_of
from dashboards.pledges.models.campaign import PledgeCampaign

TO_CONFIRM = timedelta(hours=48)
_CONFIRM = "dashboards.pledges.confirm"
_OWN_PAGE = "dashboards.pledges.own_page"
LETTERS = "dashboards.pledges.letters."


class PledgeClosed(Exception):
    """The campaign takes no more pledges."""


class PledgeQuerySet(models.QuerySet["Pledge"]):
    def counting(self) -> PledgeQuerySet:
        """List the pledges that count: confirmed, not withdrawn."""
        return self.filter(confirmed_at__isnull=False, withdrawn_at=None)


class Pledge(models.Model):
    """One person's conditional promise: bound only when at least `required_others` others are.

    Made with an e-mail that a link confirms, or on paper by staff for someone who has none. No name is asked or
    shown. One per mailbox and campaign, whatever the spelling of the address (`reader`).
    """

    class Way(models.TextChoices):
        SCREEN = "screen", _("à l’écran")
        PAPER = "paper", _("sur papier")

    campaign = models.ForeignKey(PledgeCampaign, models.CASCADE, related_name="pledges")
    reader = models.CharField(max_length=64)  # key of the mailbox, or of the person served on paper
    email = models.EmailField(blank=True)
    person = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="pledges"
    )  # only of who has no e-mail
    language = models.CharField(max_length=2, default="fr")
    commune = models.ForeignKey(Territory, models.SET_NULL, null=True, blank=True, related_name="+")
    required_others = models.BigIntegerField()
    km_per_day = models.PositiveSmallIntegerField(null=True, blank=True)  # own usual car kilometres, if told
    way = models.CharField(max_length=6, choices=Way, default=Way.SCREEN)
    recorded_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    nonce = models.CharField(max_length=32, blank=True)  # of the confirming link; '' once it has served
    confirmed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PledgeQuerySet] = PledgeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "reader"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_pledge_per_person_and_campaign",
            ),
            models.CheckConstraint(
                condition=Q(required_others__gte=0), name="a_condition_is_a_number_of_others"
            ),
            models.CheckConstraint(
                condition=~Q(way="paper") | Q(recorded_by__isnull=False) | Q(person__isnull=True),
                name="a_pledge_on_paper_says_who_recorded_it",
            ),
        ]
        indexes = [models.Index(fields=["reader"])]

    @classmethod
    @transaction.atomic
    def ask(
        cls,
        campaign: PledgeCampaign,
        *,
        email: str,
        required_others: int,
        now: datetime,
        language: str = "fr",
        commune: Territory | None = None,
        km_per_day: int | None = None,
    ) -> Pledge:
        """Note a promise and send the link that confirms it; raises PledgeClosed, ValueError for no address.

        A second time before confirming corrects it and sends another link, which voids the first. Where the mailbox
        has confirmed already nothing changes, and the mail says where its page is: whoever asks learns nothing.
        """
        if not campaign.accepts(now=now):
            raise PledgeClosed(campaign.slug)
        pledge, _is_new = cls.objects.select_for_update(of=("self",)).get_or_create(
            campaign=campaign,
            reader=reader_of(email, now=now),
            withdrawn_at=None,
            defaults={"email": email, "required_others": required_others, "made_at": now},
        )
        if pledge.confirmed_at is None:
            pledge.email, pledge.language, pledge.commune = email, language, commune
            pledge.required_others, pledge.km_per_day = required_others, km_per_day
            pledge.nonce, pledge.made_at = secrets.token_hex(16), now
            pledge.save()
        Message.queue_all(
            [
                Message.to_address(
                    pledge.email,
                    key=f"pledge:{pledge.pk}:confirm:{pledge.nonce or f'{now:%Y%m%d%H%M%S}'}",
                    compose=f"{LETTERS}confirm",
                    about=str(pledge.pk),
                    nature=Message.Nature.ACCOUNT,
                    reader=pledge.reader,
                    language=language,
                    now=now,
                )
            ]
        )
        return pledge

    @classmethod
    def record_on_paper(
        cls, campaign: PledgeCampaign, *, person: Person, required_others: int, by: Person, now: datetime
    ) -> Pledge:
        """Record the signed paper of someone whom staff serve; it counts at once. Raises PledgeClosed."""
        if not campaign.accepts(now=now):
            raise PledgeClosed(campaign.slug)
        reader = reader_of(person.email, now=now) if person.email else reader_key(f"person:{person.pk}")
        pledge, _is_new = cls.objects.get_or_create(
            campaign=campaign,
            reader=reader,
            withdrawn_at=None,
            defaults={
                "email": person.email or "", "person": None if person.email else person, "language": person.language,
                "commune": person.territory, "required_others": required_others, "way": cls.Way.PAPER,
                "recorded_by": by, "made_at": now, "confirmed_at": now,
            },
        )  # fmt: skip
        if pledge.confirmed_at is None:
            pledge._confirm(now=now)
        return pledge

    def confirming_token(self) -> str:
        """Make the secret part of the link that confirms; it serves once, for two days."""
        return signing.dumps([self.pk, self.nonce], salt=_CONFIRM)

    @classmethod
    def to_confirm(cls, token: str, *, now: datetime) -> Pledge | None:
        """Give the pledge of a confirming link, None where it is forged, spent, replaced or older than two days."""
        try:
            pk, nonce = signing.loads(token, salt=_CONFIRM)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        pledge = cls.objects.select_related("campaign__action").filter(pk=pk, withdrawn_at=None).first()
        if pledge is None or not pledge.nonce or not constant_time_compare(pledge.nonce, str(nonce)):
            return None
        return pledge if now - pledge.made_at < TO_CONFIRM else None

    def confirm(self, *, now: datetime) -> bool:
        """Count the pledge from now on; False where another press of the same link was quicker."""
        done = (
            type(self)
            .objects.filter(pk=self.pk, nonce=self.nonce, confirmed_at=None, withdrawn_at=None)
            .exclude(nonce="")
        )
        if not done.update(confirmed_at=now, nonce=""):
            return False
        self.refresh_from_db()
        return True

    def _confirm(self, *, now: datetime) -> None:
        self.confirmed_at, self.nonce = now, ""
        self.save(update_fields=["confirmed_at", "nonce"])

    def own_token(self) -> str:
        """Make the secret part of the address of the person's own page: answer, withdraw."""
        return signing.dumps(self.pk, salt=_OWN_PAGE)

    @classmethod
    def of_own_page(cls, token: str) -> Pledge | None:
        """Give the pledge of an own page, None where the address is forged or the data were removed."""
        try:
            pk = signing.loads(token, salt=_OWN_PAGE)
        except signing.BadSignature:
            return None
        return cls.objects.select_related("campaign__action", "campaign__territory").filter(pk=pk).first()

    def withdraw(self, *, now: datetime) -> None:
        """Take the promise back, at any time and without a reason; a second time changes nothing."""
        type(self).objects.filter(pk=self.pk, withdrawn_at=None).update(withdrawn_at=now, nonce="")
        self.refresh_from_db()
