"""The one outbox: every message of the library leaves here, once, composed at the last moment, and stays logged.

To send: `Message.queue(person, key=..., compose="capto.lending.notices.due_soon", nature=..., now=...)` inside the
transaction of the act. The worker calls `send_waiting` every minute. Nobody gets more than
`settings.SOLICITATIONS_PER_30_DAYS` solicitations in 30 days, nor any when they asked for loan messages only;
spellings of one mailbox are one person, with an account or without.

What is promised when workers are killed: a message that the mail server has accepted is never sent again, one that
it cannot have accepted is sent by the next worker. Only who dies in the instant between writing `handed_over_at` and
the end of the message leaves one that may not have left; it is logged as such (`may_have_left`) and not repeated.
"""

import contextlib
import logging
import random
import smtplib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from capto.members.models import Message, Person, SilencedReader
from capto.members.models.mailbox import MailProviderRule, mailbox_of, reader_key, reader_of
from capto.members.smtp import OF_DJANGO, HandingOver, nothing

log = logging.getLogger(__name__)

SOLICITATION_WINDOW = timedelta(days=30)
FIRST_WAIT = timedelta(minutes=5)  # after a failure; doubled at each further one
MOST_TRIES = 8  # with the doubling, about ten hours: a mail server's bad night
MAY_HAVE_LEFT = "may_have_left"  # handed over, unanswered: not sent again
LOCKS = 0x6D61696C  # our part of the database's advisory locks: the letters "mail"
STOP_SALT = "capto.members.stop_messages"
COMPOSERS = ("capto.", "dashboards.")  # a row of the database calls no function from elsewhere


class Letter(NamedTuple):
    """What a message says, in the person's language."""

    subject: str
    body: str


Composer = Callable[..., Letter | None]


class MayHaveLeft(Exception):
    """The mail server was told that the message is complete and gave no answer."""


class Channel(Protocol):
    """A way to reach someone: `settings.SMS_CHANNEL` may name a class of this shape, none is wired."""

    def send(self, message: Message, letter: Letter) -> None:
        """Hand the letter over; raises any exception when it could not."""


class Email:
    """E-mail, in plain text, over one connection for as many messages as one turn sends."""

    def __init__(self) -> None:
        backend = settings.EMAIL_BACKEND
        self._connection: Any = HandingOver() if backend == OF_DJANGO else get_connection(backend)

    def send(
        self, message: Message, letter: Letter, *, before_it_leaves: Callable[[], None] = nothing
    ) -> None:
        """Send by the configured mail server; `before_it_leaves` is called where there is no way back.

        Raises MayHaveLeft where the server gave no answer after that moment, else what smtplib raises.
        """
        mail = EmailMessage(
            letter.subject,
            letter.body + _way_out(message),
            to=[_address_of(message)],
            headers=_headers_of(message),
            connection=self._connection,
        )
        has_left = False

        def last_dot() -> None:
            nonlocal has_left
            before_it_leaves()
            has_left = True

        try:
            if isinstance(self._connection, HandingOver):
                self._connection.before_last_dot(last_dot)
            else:
                before_it_leaves()
            mail.send()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self.close()
            if has_left and not isinstance(error, smtplib.SMTPResponseException):
                raise MayHaveLeft from error
            raise
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """End the connection; the next message opens another."""
        with contextlib.suppress(Exception):
            self._connection.close()


def _address_of(message: Message) -> str:
    return str(message.person.email) if message.person is not None else message.address


def _headers_of(message: Message) -> dict[str, str]:
    """Write a Message-ID that is the same at every try, and the header that lets a program stop solicitations."""
    headers = {"X-Capto-Message": message.key, "Message-ID": message_id(message)}
    if message.nature == Message.Nature.SOLICITATION:
        headers |= {
            "List-Unsubscribe": f"<{_stop_link_of(message)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return headers


def message_id(message: Message) -> str:
    """Name a message for mail servers, from its key: many keep only one of two with the same name."""
    name = salted_hmac("capto.members.message", message.key, algorithm="sha256").hexdigest()[:32]
    return f"<{name}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


def _way_out(message: Message) -> str:
    if message.nature != Message.Nature.SOLICITATION:
        return ""
    if message.person is not None:
        return "\n\n" + _("Ne plus recevoir que les messages de vos prêts : %s") % _stop_link_of(message)
    return "\n\n" + _("Ne plus rien recevoir de nous à cette adresse : %s") % _stop_link_of(message)


def _stop_link_of(message: Message) -> str:
    return stop_link(message.person) if message.person is not None else stop_link_of_reader(message.reader)


def stop_link(person: Person) -> str:
    """Make the address that stops all messages but those of loans, in one step and without signing in."""
    return settings.SITE_URL + reverse("stop-messages", args=[signing.dumps(person.pk, salt=STOP_SALT)])


def stop_link_of_reader(reader: str) -> str:
    """Make the address that stops every solicitation to a mailbox without an account."""
    return settings.SITE_URL + reverse("stop-messages", args=[signing.dumps(reader, salt=STOP_SALT)])


def person_of_stop_link(token: str) -> Person | None:
    """Give the person of a stop link; such a link does not age."""
    found = _of_stop_link(token)
    return Person.objects.filter(pk=found).first() if isinstance(found, int) else None


def reader_of_stop_link(token: str) -> str:
    """Give the mailbox's key of a stop link, '' where it is none."""
    found = _of_stop_link(token)
    return found if isinstance(found, str) else ""


def _of_stop_link(token: str) -> object:
    try:
        return signing.loads(token, salt=STOP_SALT)
    except signing.BadSignature:
        return None


def silence(reader: str, *, now: datetime) -> None:
    """Send no more solicitations to a mailbox; a second time changes nothing."""
    SilencedReader.objects.get_or_create(reader=reader, defaults={"since": now})


def send_waiting_messages() -> None:
    """Send what waits now (the scheduled task)."""
    send_waiting(now=timezone.now(), most=2_000)


def send_waiting(*, now: datetime, most: int = 500) -> int:
    """Send up to `most` waiting messages; gives how many left.

    Any number of workers may run this at once. Each message is sent by who holds the lock of its reader, a lock of
    the database session that ends with the process however it ends: the messages of a killed worker go on at once,
    and the cap of a person is never counted by two at the same moment. What a killed worker had handed over to the
    mail server without an answer is not sent again (`Message.handed_over_at`).
    """
    waiting = Message.objects.waiting(now=now).exclude(channel=Message.Channel.PAPER)
    rules = MailProviderRule.in_force(on=now.date())
    found = [
        (pk, _name_of(email, person, reader, rules=rules))
        for pk, person, email, reader in waiting.values_list("pk", "person_id", "person__email", "reader")[
            :most
        ]
    ]
    # Each worker goes through the readers in an order of its own, so that several seldom want the same one at once;
    # the messages of one reader stay in theirs.
    salt = random.random()
    found.sort(key=lambda one: hash((salt, one[1])))
    sent, email = 0, Email()
    busy: list[tuple[int, str]] = []
    try:
        for pk, name in found:
            with _lock_of(name, wait=False) as is_ours:
                if is_ours:
                    sent += _send(pk, email=email, now=now)
                else:
                    busy.append((pk, name))
        still = (
            set(waiting.filter(pk__in=[pk for pk, _ in busy]).values_list("pk", flat=True)) if busy else ()
        )
        for pk, name in busy:  # another worker wrote to the same reader: this one is told after it
            if pk in still:
                with _lock_of(name, wait=True):
                    sent += _send(pk, email=email, now=now)
        _close_the_uncertain(now=now)
    finally:
        email.close()
    return sent


def _name_of(
    email: str | None, person: int | None, reader: str, *, rules: Mapping[str, MailProviderRule]
) -> str:
    """Name a reader for their order and their lock: an account and its mailbox are one, as in the cap."""
    if person is None:
        return reader
    try:
        return reader_key(mailbox_of(email or "", rules=rules))
    except ValueError:  # reached by other ways than e-mail
        return f"person:{person}"


@contextlib.contextmanager
def _lock_of(name: str, *, wait: bool) -> Iterator[bool]:
    """Hold the lock of one reader, of the database session; gives False where another session holds it."""
    with connection.cursor() as cursor:
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        cursor.execute(f"SELECT {function}({LOCKS}, hashtext(%s))", [name])
        is_ours = wait or bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({LOCKS}, hashtext(%s))", [name])


def _close_the_uncertain(*, now: datetime) -> None:
    """Say of what a dead worker had handed over that it may have left, once nobody can be at it any more."""
    rules = MailProviderRule.in_force(on=now.date())
    for message in Message.objects.uncertain().select_related("person")[:100]:
        email = message.person.email if message.person else None
        name = _name_of(email, message.person_id, message.reader, rules=rules)
        with _lock_of(name, wait=False) as is_ours:
            if is_ours:
                message.drop(because=MAY_HAVE_LEFT, now=now)


def _send(pk: int, *, email: Email, now: datetime) -> int:
    """Compose and send one message whose reader is locked, or drop it; gives 1 where it left."""
    message = Message.objects.waiting(now=now).filter(pk=pk).select_related("person").first()
    if message is None:  # another worker was quicker
        return 0
    reason = _why_not(message, now=now)
    if reason:
        message.drop(because=reason, now=now)
        return 0
    with translation.override(message.person.language if message.person else message.language):
        try:
            letter = compose(message, now=now)
            if letter is None:
                message.drop(because="nothing_left_to_say", now=now)
                return 0
            message.subject, message.body = letter.subject[:200], letter.body
            _hand_over(message, letter, email=email, now=now)
        except MayHaveLeft:
            message.drop(because=MAY_HAVE_LEFT, now=now)
            log.warning("message %s was handed over without an answer: not sent again", message.pk)
            return 0
        except Exception as error:  # one message that fails must not hold up the others
            message.note_failure(error, send_after=now + FIRST_WAIT * 2**message.tries)
            log.warning(
                "message %s could not leave (try %d): %s", message.pk, message.tries, type(error).__name__
            )
            if message.tries >= MOST_TRIES:
                message.drop(because="could_not_be_sent", now=now)
            return 0
    message.note_sent(now=now)
    return 1


def _hand_over(message: Message, letter: Letter, *, email: Email, now: datetime) -> None:
    def before_it_leaves() -> None:
        message.note_handed_over(now=now)

    if message.channel == Message.Channel.EMAIL:
        email.send(message, letter, before_it_leaves=before_it_leaves)
        return
    if not settings.SMS_CHANNEL:
        raise RuntimeError("no SMS provider is configured (SMS_CHANNEL)")
    channel: Channel = import_string(settings.SMS_CHANNEL)()
    before_it_leaves()
    channel.send(message, letter)


def _why_not(message: Message, *, now: datetime) -> str:
    """Give the reason for which a message may not leave, '' where it may."""
    person = message.person
    if person is not None and not person.is_active:
        return "account_closed"
    if message.nature != Message.Nature.SOLICITATION:
        return ""
    if person is not None and person.only_loan_messages:
        return "only_loan_messages"
    if person is not None and person.email:
        message.reader = reader_of(person.email, now=now)
    if person is None and _is_silenced(message):
        return "stopped"
    since = now - SOLICITATION_WINDOW
    counted = Message.objects.solicitations_of(person, since=since, reader=message.reader).count()
    return "too_many_solicitations" if counted >= settings.SOLICITATIONS_PER_30_DAYS else ""


def _is_silenced(message: Message) -> bool:
    return (
        SilencedReader.objects.filter(reader=message.reader).exists()
        or Person.objects.filter(email__iexact=message.address, only_loan_messages=True).exists()
    )


def compose(message: Message, *, now: datetime) -> Letter | None:
    """Write what the message says now, None where it has nothing left to say."""
    if not message.compose.startswith(COMPOSERS):
        raise ValueError(f"{message.compose} is no composer of this library")
    composer: Composer = import_string(message.compose)
    return composer(message.person, about=message.about, now=now)
