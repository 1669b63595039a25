"""What would have gone by e-mail to people who have none: printed and posted, or told by telephone, by their staff."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils import translation

from capto.lending.people import known_to
from capto.members.messages import Letter, compose
from capto.members.models import Message, Organisation, Person

OURS = "capto."  # packages above have their own pages for what they write
AT_MOST = 100


class PaperLetter(NamedTuple):
    """One message to one person without e-mail, as it reads today."""

    message: Message
    person: Person
    letter: Letter


def waiting_letters(organisations: Iterable[Organisation], *, now: datetime) -> list[PaperLetter]:
    """Write today's text of what waits for paper, the oldest first; what has nothing left to say is dropped."""
    waiting = (
        Message.objects.waiting(now=now)
        .filter(
            channel=Message.Channel.PAPER,
            compose__startswith=OURS,
            person__in=known_to(organisations).values("pk"),
        )
        .select_related("person")[:AT_MOST]
    )
    found = []
    for message in waiting:
        person = message.person
        if person is None or not person.is_active:
            continue
        if message.nature == Message.Nature.SOLICITATION and person.only_loan_messages:
            message.drop(because="only_loan_messages", now=now)
            continue
        with translation.override(person.language):
            letter = compose(message, now=now)
        if letter is None:
            message.drop(because="nothing_left_to_say", now=now)
            continue
        found.append(PaperLetter(message, person, letter))
    return found
