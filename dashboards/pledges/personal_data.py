"""What pledges hold of a person with an account: those made with their mailbox, and those recorded on paper."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from capto.members.models import Person
from capto.members.models.mailbox import reader_key, reader_of
from dashboards.pledges.models import Pledge


def _own(person: Person, *, now: datetime | None = None) -> "Q":
    own = Q(person=person) | Q(reader=reader_key(f"person:{person.pk}"))
    if person.email:
        own |= Q(email__iexact=person.email)
        if now is not None:
            own |= Q(reader=reader_of(person.email, now=now))
    return own


def held_by(person: Person) -> dict[str, Any]:
    """Give the pledges with their conditions and what became of them."""
    pledges = Pledge.objects.filter(_own(person)).order_by("pk")
    return {
        "pledges": list(
            pledges.values(
                "campaign__title", "required_others", "km_per_day", "way", "made_at", "confirmed_at", "withdrawn_at"
            )
        )
    }  # fmt: skip


def let_go(person: Person, *, now: datetime) -> None:
    """Take running pledges back and remove the addresses; the counts of past calls are kept apart and stay."""
    for pledge in Pledge.objects.filter(_own(person, now=now)):
        pledge.withdraw(now=now)
    Pledge.objects.filter(_own(person, now=now)).update(email="", person=None, reader="")
