"""Read a document of somebody else's server: over https alone, in bounded time and size."""

import http.client
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT_S = 30
MOST_BYTES = 20_000_000
THIS_MACHINE = ("localhost", "127.0.0.1")  # what tests and a proxy of one's own listen on


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows a redirection to https, and to nothing else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _refuse_plain(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def read_outside(
    address: str,
    *,
    timeout_s: float = TIMEOUT_S,
    most_bytes: int = MOST_BYTES,
    headers: Mapping[str, str] = {},
) -> bytes:
    """Give the document at an address.

    Raises ValueError for an address that is not https or a document that is too long, and OSError where the server
    does not answer, or not with success.
    """
    _refuse_plain(address)
    sent = {"User-Agent": f"capto ({settings.SITE_URL})", **headers}
    request = urllib.request.Request(address, headers=sent)
    try:
        with urllib.request.build_opener(_OnlyHttps).open(request, timeout=timeout_s) as answer:
            data: bytes = answer.read(most_bytes + 1)
    except http.client.HTTPException as error:
        raise OSError(f"it does not speak HTTP as it should: {error}") from error
    if len(data) > most_bytes:
        raise ValueError(f"more than {most_bytes:,} bytes: ask for less")
    return data


def _refuse_plain(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in THIS_MACHINE):
        raise ValueError("other servers are read over https")
