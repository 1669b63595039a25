"""What training holds of a person."""

from datetime import datetime
from typing import Any

from capto.members.models import Person
from capto.training.models import AlreadyStarted, Enrolment, SessionCancelled


def held_by(person: Person) -> dict[str, Any]:
    """Give the seats at sessions and the rights that came of them."""
    return {
        "training": list(
            person.enrolments.order_by("pk").values(
                "session__course__name", "session__starts_at", "state", "asked_at"
            )
        ),
        "rights_to_borrow": list(
            person.borrowing_rights.order_by("pk").values(
                "course__name", "granted_at", "expires_at", "revoked_at", "revoked_because"
            )
        ),
    }


def let_go(person: Person, *, now: datetime) -> None:
    """Give back the seats of sessions to come, so that who waits moves up."""
    states = [Enrolment.State.SEATED, Enrolment.State.WAITING]
    for enrolment in Enrolment.objects.filter(person=person, state__in=states).select_related("session"):
        try:
            enrolment.leave(now=now)
        except (AlreadyStarted, SessionCancelled):
            continue
