"""Which format a path speaks, and the credentials that a request carries, wherever its device can put them."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from firmware_bridge.formats import FORMATS, Format

OURS = "/ingest/"
_SECRET_PARAMETERS = frozenset({"u", "p", "token", "access_token"})  # never stored with the path
Environ = Mapping[str, Any]


class Proof(NamedTuple):
    """A user name and a secret, or a secret alone (user name '')."""

    username: str
    secret: str


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", path)
    return re.compile(
        "".join(f"(?P<{part[1:-1]}>[^/]+)" if part[:1] == "{" else re.escape(part) for part in parts) + "/?"
    )


_UPSTREAM = [
    (_pattern(path), format_)
    for format_ in FORMATS.values()
    for path in format_.http_paths
    if not path.startswith(OURS)
]


def formats_of(path: str) -> list[Format]:
    """List the formats that a path may speak: `/ingest/<format>`, or the path that devices know from upstream."""
    if path.startswith(OURS):
        found = FORMATS.get(path[len(OURS) :].split("/")[0])
        return [found] if found is not None else []
    return [format_ for pattern, format_ in _UPSTREAM if pattern.fullmatch(path)]


def proof_of(environ: Environ) -> Proof | None:
    """Read the credentials of a request: Basic, Bearer or Token, a bare token, InfluxDB's u and p, or in the path.

    None where there is none.
    """
    scheme, _, rest = environ.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    rest = rest.strip()
    if scheme.casefold() == "basic":
        try:
            username, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return Proof(username, secret)
    if scheme.casefold() in ("bearer", "token") and rest:
        username, mark, secret = rest.rpartition(":")
        return Proof(username if mark else "", secret)
    if scheme and not rest:
        return Proof("", scheme)
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if "u" in query and "p" in query:
        return Proof(query["u"], query["p"])
    for name in ("token", "access_token"):
        if query.get(name):
            return Proof("", query[name])
    for pattern, _ in _UPSTREAM:
        match = pattern.fullmatch(environ.get("PATH_INFO", ""))
        if match is not None and "token" in match.groupdict():
            return Proof("", match["token"])
    return None


def topic_of(environ: Environ, proof: Proof) -> str:
    """Give the path with its query as decoders read it, without anything secret."""
    path = str(environ.get("PATH_INFO", ""))
    path = path.replace(proof.secret, "…") if proof.secret else path
    query = [
        (key, value)
        for key, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if key not in _SECRET_PARAMETERS
    ]
    return f"{path}?{urlencode(query)}" if query else path


def headers_of(environ: Environ) -> dict[str, str]:
    """Give the headers that decoders read: those of devices (X-…) and the content type, never credentials."""
    headers = {
        f"X-{key[7:].replace('_', '-').title()}": value
        for key, value in environ.items()
        if key.startswith("HTTP_X_")
    }
    headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
    return headers
