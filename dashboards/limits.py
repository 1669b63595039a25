"""Hold back who asks without pause: a limit that a person never meets, counted in the memory of each web process."""

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.utils import timezone

MINUTE_S = 60


def seconds_to_wait(request: HttpRequest, *, what: str, per_minute: int) -> int:
    """Count a request of this reader; 0, or the seconds until the minute ends where it is one too many.

    A reader is an address of the network, the one that the proxy saw where there is one. Reading writes nothing to
    the database. `per_minute` 0 is no limit.
    """
    if not per_minute:
        return 0
    second = int(timezone.now().timestamp())
    name = f"{what}-{reader_of(request)}-{second // MINUTE_S}"
    counts = caches["limits"]
    counts.add(name, 0, MINUTE_S)
    try:
        asked = counts.incr(name)
    except ValueError:  # forgotten in between, to make room
        return 0
    return MINUTE_S - second % MINUTE_S if asked > per_minute else 0


def reader_of(request: HttpRequest) -> str:
    """Give the network address of a reader, as the last trusted proxy saw it."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.NINJA_NUM_PROXIES and forwarded:
        return str(forwarded.split(",")[-1].strip())
    return str(request.META.get("REMOTE_ADDR", ""))
