"""The one outbox: every message of the library leaves here, once, composed at the last moment, and stays logged.

To send: `Message.queue(person, key=..., compose="capto.lending.notices.due_soon", nature=..., now=...)` inside the
transaction of the act. The worker calls `send_waiting` every minute. Nobody gets more than
`settings.SOLICITATIONS_PER_30_DAYS` solicitations in 30 days, nor any when they asked for loan messages only.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from capto.members.models import Message, Person

log = logging.getLogger(__name__)

SOLICITATION_WINDOW = timedelta(days=30)
FIRST_WAIT = timedelta(minutes=5)  # after a failure; doubled at each further one
MOST_TRIES = 8  # with the doubling, about ten hours: a mail server's bad night
STOP_SALT = "capto.members.stop_messages"
COMPOSERS = ("capto.", "dashboards.")  # a row of the database calls no function from elsewhere


class Letter(NamedTuple):
    """What a message says, in the person's language."""

    subject: str
    body: str


Composer = Callable[..., Letter | None]


class Channel(Protocol):
    """A way to reach someone: `settings.SMS_CHANNEL` may name a class of this shape, none is wired."""

    def send(self, message: Message, letter: Letter) -> None:
        """Hand the letter over; raises any exception when it could not."""


class Email:
    """E-mail, in plain text."""

    def send(self, message: Message, letter: Letter) -> None:
        """Send by the configured mail server, with a header that lets the reader's program stop solicitations."""
        headers = {"X-Capto-Message": message.key}
        body = letter.body
        if message.nature == Message.Nature.SOLICITATION:
            link = stop_link(message.person)
            headers |= {
                "List-Unsubscribe": f"<{link}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
            body += "\n\n" + _("Ne plus recevoir que les messages de vos prêts : %s") % link
        EmailMessage(letter.subject, body, to=[str(message.person.email)], headers=headers).send()


def stop_link(person: Person) -> str:
    """Make the address that stops all messages but those of loans, in one step and without signing in."""
    return settings.SITE_URL + reverse("stop-messages", args=[signing.dumps(person.pk, salt=STOP_SALT)])


def person_of_stop_link(token: str) -> Person | None:
    """Give the person of a stop link; such a link does not age."""
    try:
        return Person.objects.filter(pk=signing.loads(token, salt=STOP_SALT)).first()
    except signing.BadSignature:
        return None


def send_waiting_messages() -> None:
    """Send what waits now (the scheduled task)."""
    send_waiting(now=timezone.now())


def send_waiting(*, now: datetime, most: int = 500) -> int:
    """Send up to `most` waiting messages, each in its own transaction; gives how many left."""
    sent = 0
    for _turn in range(most):
        with transaction.atomic():
            message = (
                Message.objects.waiting(now=now)
                .exclude(channel=Message.Channel.PAPER)
                .select_related("person")
                .select_for_update(of=("self",), skip_locked=True)
                .first()
            )
            if message is None:
                break
            sent += _send(message, now=now)
    return sent


def _send(message: Message, *, now: datetime) -> int:
    """Compose and send one locked message, or drop it; gives 1 where it left."""
    person = message.person
    reason = _why_not(message, now=now)
    if reason:
        message.drop(because=reason, now=now)
        return 0
    with translation.override(person.language):
        try:
            letter = compose(message, now=now)
            if letter is None:
                message.drop(because="nothing_left_to_say", now=now)
                return 0
            _channel(message).send(message, letter)
        except Exception as error:  # one message that fails must not hold up the others
            message.tries += 1
            message.error = f"{type(error).__name__}: {error}"[:300]
            message.send_after = now + FIRST_WAIT * 2 ** (message.tries - 1)
            message.save(update_fields=["tries", "error", "send_after"])
            log.warning(
                "message %s could not leave (try %d): %s", message.pk, message.tries, type(error).__name__
            )
            if message.tries >= MOST_TRIES:
                message.drop(because="could_not_be_sent", now=now)
            return 0
    message.subject, message.body, message.sent_at = letter.subject[:200], letter.body, now
    message.save(update_fields=["subject", "body", "sent_at"])
    return 1


def _why_not(message: Message, *, now: datetime) -> str:
    """Give the reason for which a message may not leave, '' where it may."""
    person = message.person
    if not person.is_active:
        return "account_closed"
    if message.nature != Message.Nature.SOLICITATION:
        return ""
    if person.only_loan_messages:
        return "only_loan_messages"
    since = now - SOLICITATION_WINDOW
    if Message.objects.solicitations_of(person, since=since).count() >= settings.SOLICITATIONS_PER_30_DAYS:
        return "too_many_solicitations"
    return ""


def compose(message: Message, *, now: datetime) -> Letter | None:
    """Write what the message says now, None where it has nothing left to say."""
    if not message.compose.startswith(COMPOSERS):
        raise ValueError(f"{message.compose} is no composer of this library")
    composer: Composer = import_string(message.compose)
    return composer(message.person, about=message.about, now=now)


def _channel(message: Message) -> Channel:
    if message.channel == Message.Channel.SMS:
        if not settings.SMS_CHANNEL:
            raise RuntimeError("no SMS provider is configured (SMS_CHANNEL)")
        channel: Channel = import_string(settings.SMS_CHANNEL)()
        return channel
    return Email()
