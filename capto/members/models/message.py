from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capto.members.models.person import Person


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self, *, now: datetime) -> "MessageQuerySet":
        """List what should leave now, oldest first."""
        return self.filter(sent_at=None, dropped_at=None, handed_over_at=None, send_after__lte=now).order_by(
            "send_after", "pk"
        )

    def uncertain(self) -> "MessageQuerySet":
        """List what was handed over and never answered: it may have left, so that it is not sent again."""
        return self.filter(sent_at=None, dropped_at=None, handed_over_at__isnull=False)

    def solicitations_of(
        self, person: Person | None, *, since: datetime, reader: str = ""
    ) -> "MessageQuerySet":
        """List the solicitations that left, or may have left, to a person or a mailbox since a moment."""
        whose = Q(reader=reader) if reader else Q(pk__in=())
        if person is not None:
            whose |= Q(person=person)
        return self.filter(whose, nature=Message.Nature.SOLICITATION, handed_over_at__gte=since)


class Message(models.Model):
    """One message to one person: queued once per `key`, composed when it leaves, kept as it left.

    Who has no account is reached at an `address` that they gave for one purpose. `compose` is the dotted path of a
    function `(person, *, about, now) -> Letter | None` (person None without an account), called at sending: what is
    true then is written, and None means that there is nothing left to say.

    `handed_over_at` is written just before the mail server is told that the message is complete, `sent_at` when it
    has agreed: whoever dies between the two leaves a message that is never sent a second time.
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
    person = models.ForeignKey(Person, models.CASCADE, related_name="messages", null=True, blank=True)
    address = models.EmailField(blank=True)  # of who has no account; emptied when its purpose ends
    language = models.CharField(max_length=2, default="fr")  # of who has no account
    reader = models.CharField(max_length=64, blank=True)  # key of the mailbox, for the cap
    nature = models.CharField(max_length=12, choices=Nature)
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL)
    compose = models.CharField(max_length=200)
    about = models.CharField(max_length=80, blank=True)
    queued_at = models.DateTimeField()
    send_after = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(person__isnull=False)
                | ~Q(address="")
                | Q(sent_at__isnull=False)
                | Q(dropped_at__isnull=False),
                name="a_message_that_waits_has_a_reader",
            ),
        ]
        indexes = [
            models.Index(
                fields=["send_after"],
                condition=Q(sent_at__isnull=True, dropped_at__isnull=True),
                name="messages_that_wait",
            ),
            models.Index(fields=["person", "sent_at"]),
            models.Index(
                fields=["reader", "handed_over_at"],
                condition=Q(nature="solicitation"),
                name="solicitations_of_a_reader",
            ),
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
        cls.queue_all(
            [
                cls.to_person(
                    person,
                    key=key,
                    compose=compose,
                    nature=nature,
                    now=now,
                    about=about,
                    send_after=send_after,
                )
            ]
        )
        return cls.objects.get(key=key)

    @classmethod
    def to_person(
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
        """Write, without storing it, a message to someone with an account; see `queue_all`."""
        return cls(
            key=key, person=person, nature=nature, compose=compose, about=about, queued_at=now,
            send_after=send_after or now, channel=cls.Channel.EMAIL if person.email else cls.Channel.PAPER,
        )  # fmt: skip

    @classmethod
    def to_address(
        cls,
        address: str,
        *,
        key: str,
        compose: str,
        nature: str,
        now: datetime,
        reader: str,
        about: str = "",
        language: str = "fr",
    ) -> "Message":
        """Write, without storing it, a message to someone who has no account; see `queue_all`."""
        return cls(
            key=key, address=address, reader=reader, language=language, compose=compose, nature=nature,
            about=about, queued_at=now, send_after=now,
        )  # fmt: skip

    @classmethod
    def queue_all(cls, messages: Iterable["Message"]) -> None:
        """Queue messages with one statement for many; a key that is known already is left as it is.

        It waits for another transaction's same key, and needs no savepoint to hold it.
        """
        cls.objects.bulk_create(messages, ignore_conflicts=True, batch_size=2_000)

    def drop(self, *, because: str, now: datetime) -> None:
        """Give up a message that has nothing to say or may not be sent; its row says why."""
        type(self).objects.filter(pk=self.pk, sent_at=None, dropped_at=None).update(
            dropped_at=now, dropped_because=because
        )
        self.refresh_from_db()

    @classmethod
    def forget_addresses(cls, readers: Iterable[str]) -> None:
        """Remove where and what was written to mailboxes without an account: the purpose has ended."""
        known = cls.objects.filter(person=None, reader__in=list(readers))
        known.filter(Q(sent_at__isnull=False) | Q(dropped_at__isnull=False)).update(
            address="", subject="", body=""
        )
        known.filter(sent_at=None, dropped_at=None).delete()

    def note_handed_over(self, *, now: datetime) -> None:
        """Write, before the last word to the mail server, that from here on the message may have left."""
        self.handed_over_at = now
        self.save(update_fields=["handed_over_at", "reader", "subject", "body"])

    def note_sent(self, *, now: datetime) -> None:
        """Write that the message left."""
        self.sent_at = now
        self.save(update_fields=["sent_at"])

    def note_told_by_staff(self, *, now: datetime) -> None:
        """Write that staff has told someone on paper or by telephone what the message was to say."""
        type(self).objects.filter(pk=self.pk, sent_at=None, dropped_at=None).update(
            handed_over_at=now, sent_at=now
        )
        self.refresh_from_db()

    def note_failure(self, error: Exception, *, send_after: datetime) -> None:
        """Write why the message did not leave and when it is tried again."""
        self.tries += 1
        self.error = f"{type(error).__name__}: {error}"[:300]
        self.send_after = send_after
        self.handed_over_at = None
        self.subject, self.body = "", ""
        self.save(update_fields=["tries", "error", "send_after", "handed_over_at", "subject", "body"])
