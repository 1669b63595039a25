"""What must not be served to the world."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, register


@register(deploy=False)
def second_factor_is_off_only_here(**_: Any) -> list[Error]:
    """Refuse to start an instance of the network whose staff needs no second factor."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if settings.STAFF_SECOND_FACTOR or host in {"localhost", "127.0.0.1", "::1"}:
        return []
    return [
        Error(
            "CAPTO_STAFF_SECOND_FACTOR is off, but CAPTO_SITE_URL is not this machine.",
            hint="Remove CAPTO_STAFF_SECOND_FACTOR: it is for a demo that only this machine sees.",
            id="members.E001",
        )
    ]
