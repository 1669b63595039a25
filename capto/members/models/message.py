from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capto.members.models.person import Person


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self, *, now: datetime) -> "MessageQuerySet":
        """List what should leave now, oldest first."""
        return self.filter(sent_at=None, dropped_at=None, send_after__lte=now).order_by("send_after", "pk")

    def solicitations_of(self, person: Person, *, since: datetime) -> "MessageQuerySet":
        """List the solicitations that left to a person since a moment."""
        return self.filter(person=person, nature=Message.Nature.SOLICITATION, sent_at__gte=since)


class Message(models.Model):
    """One message to one person: queued once per `key`, composed when it leaves, kept as it left.

    `compose` is the dotted path of a function `(person, *, about, now) -> Letter | None`, called at sending: what is
    true then is written, and None means that there is nothing left to say.
    """

    class Nature(models.TextChoices):
        LOAN = "loan", _("à propos d’un prêt")
        ACCOUNT = "account", _("à propos du compte")
        SAFETY = "safety", _("sécurité")
        SOLICITATION = "solicitation", _("sollicitation")

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")
        PAPER = "paper", _("papier")

    key = models.CharField(max_length=120, unique=True)  # such as loan:12:due_soon:2026-11-21
    person = models.ForeignKey(Person, models.CASCADE, related_name="messages")
    nature = models.CharField(max_length=12, choices=Nature)
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL)
    compose = models.CharField(max_length=200)
    about = models.CharField(max_length=80, blank=True)
    queued_at = models.DateTimeField()
    send_after = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_because = models.CharField(max_length=40, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(dropped_at__isnull=True),
                name="a_message_is_sent_or_dropped",
            ),
        ]
        indexes = [
            models.Index(
                fields=["send_after"],
                condition=Q(sent_at__isnull=True, dropped_at__isnull=True),
                name="messages_that_wait",
            ),
            models.Index(fields=["person", "sent_at"]),
        ]

    def __str__(self) -> str:
        return self.key

    @classmethod
    def queue(
        cls,
        person: Person,
        *,
        key: str,
        compose: str,
        nature: str,
        now: datetime,
        about: str = "",
        send_after: datetime | None = None,
    ) -> "Message":
        """Queue a message; the same key again is the same message, also from two processes at once.

        It enters the database with the caller's transaction: what is rolled back is never sent.
        """
        message = cls(
            key=key,
            person=person,
            nature=nature,
            compose=compose,
            about=about,
            queued_at=now,
            send_after=send_after or now,
            channel=cls.Channel.EMAIL if person.email else cls.Channel.PAPER,
        )
        # One statement that waits for another transaction's same key, and no savepoint to hold it.
        cls.objects.bulk_create([message], ignore_conflicts=True)
        return cls.objects.get(key=key)

    def drop(self, *, because: str, now: datetime) -> None:
        """Give up a message that has nothing to say or may not be sent; its row says why."""
        type(self).objects.filter(pk=self.pk, sent_at=None, dropped_at=None).update(
            dropped_at=now, dropped_because=because
        )
        self.refresh_from_db()
