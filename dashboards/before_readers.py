"""Making the public pages once before the first reader comes: templates, addresses and caches of the code are ready.

What is made is thrown away: readers find no kept page of it.
"""

import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from dashboards.models import PublishedSeries

logger = logging.getLogger(__name__)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def addresses() -> list[str]:
    """Give the addresses of one page of each kind that most readers open; none while the database is away."""
    try:
        place = (
            PublishedSeries.objects.standing(now=timezone.now()).filter(property__is_pollutant=True).first()
        )
    except DatabaseError:
        return []
    found = [reverse("home"), reverse("map-points"), reverse("places"), "/api/sta/v1.1/Things?$top=1"]
    if place is not None:
        found += [
            reverse("place", args=[place.public_id]),
            f"/api/sta/v1.1/Datastreams({place.series_id * 2})/Observations?$top=1",
        ]
    return found


def make_once(pages: Application) -> None:
    """Ask the application for each of these pages; one that fails is logged, and the server serves nevertheless."""
    site = urlsplit(settings.SITE_URL)
    for address in addresses():
        path, _, query = address.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_HOST": site.netloc,
            "wsgi.url_scheme": site.scheme,
            "wsgi.input": BytesIO(),
        }
        setup_testing_defaults(environ)
        said: list[str] = []
        answer = pages(environ, lambda status, *_, said=said: said.append(status))
        try:
            b"".join(answer)
        finally:
            if close := getattr(answer, "close", None):
                close()
        if not said[0].startswith("200"):
            logger.warning("before the first reader: %s answered %s", address, said[0])
    caches["pages"].clear()
