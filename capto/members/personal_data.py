"""What this package holds of a person, for their own copy."""

from typing import Any

from capto.members.models import Person


def held_by(person: Person) -> dict[str, Any]:
    """Give the account, roles, groups, consents, seats in campaigns and messages."""
    return {
        "account": {
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "postal_address": person.postal_address,
            "commune": str(person.territory or ""),
            "language": person.language,
            "card": person.card_code,
            "joined_at": person.joined_at,
            "email_confirmed_at": person.email_confirmed_at,
            "last_login": person.last_login,
            "only_loan_messages": person.only_loan_messages,
        },
        "roles": list(
            person.staff_roles.order_by("pk").values("role", "organisation__name", "starts_at", "ends_at")
        ),
        "groups": list(person.groups_led.order_by("pk").values("name", "category", "size")),
        "consents": list(
            person.consents.order_by("pk").values(
                "purpose", "is_given", "at", "way", "charter__version", "text_shown"
            )
        ),
        "campaigns": list(
            person.campaign_seats.order_by("pk").values("campaign__question", "taken_at", "left_at")
        ),
        "messages": list(
            person.messages.order_by("pk").values(
                "nature", "channel", "queued_at", "sent_at", "subject", "body"
            )
        ),
    }
