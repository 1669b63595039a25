"""Readings posted over HTTP: `/ingest/<format>` and the paths that devices know from their own networks.

A WSGI application of its own before the pages: no session, no cookie, no form token, one commit for many posts.
2xx is said after the commit and never before.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import Any, NamedTuple
from urllib.parse import quote

from firmware_bridge import reasons
from firmware_bridge.arrival import Arrival
from firmware_bridge.formats import Format
from firmware_bridge.http_limits import Limits
from firmware_bridge.http_routes import OURS, Environ, Proof, formats_of, headers_of, proof_of, topic_of
from firmware_bridge.http_writer import DatabaseAway, Post, Revoked, Writer
from firmware_bridge.intake import LARGEST_PAYLOAD
from firmware_bridge.registry import KnownCredential

logger = logging.getLogger(__name__)

READY_WITHIN_S = 10.0  # seconds that the first request waits for the tables to be read
TRY_AGAIN_S = 30  # seconds that a device shall wait when the database is away
# What devices send; some call JSON a form, or nothing at all.
MEDIA_TYPES = frozenset(
    {
        "",
        "application/json",
        "application/senml+json",
        "application/senml+cbor",
        "application/cbor",
        "application/octet-stream",
        "application/sbx-bytes",
        "application/sbx-bytes-ts",
        "application/x-protobuf",
        "application/x-www-form-urlencoded",
        "text/csv",
        "text/plain",
    }
)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Any, Any], Iterable[bytes]]


class Answer(NamedTuple):
    """A status line, what is said in JSON, and more headers."""

    status: str
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A request that is not taken; the answer says why."""

    def __init__(self, status: str, error: str, *headers: tuple[str, str]) -> None:
        super().__init__(error)
        self.answer = Answer(status, {"error": error}, headers)


class Ingestion:
    """Answer posts of devices; request threads share it. The writer starts with the first post."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._limits = Limits()
        self._last_us = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._take(environ)
        except Refused as refused:
            answer = refused.answer
        body = json.dumps(answer.body, ensure_ascii=False).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *answer.headers,
        ]
        start_response(answer.status, headers)
        return [body]

    def _take(self, environ: Environ) -> Answer:
        formats = formats_of(str(environ.get("PATH_INFO", "")))
        if not formats:
            raise Refused("404 Not Found", "no format has this name or path")
        if environ.get("REQUEST_METHOD") != "POST":
            raise Refused("405 Method Not Allowed", "readings are sent by POST", ("Allow", "POST"))
        writer = self._running_writer()
        proof, credential = self._credential(environ, writer)
        spoken = credential.wire_format
        if credential.sensor_id is not None:
            sensor = writer.registry.sensor_of(credential.sensor_id)
            spoken = sensor.wire_format if sensor is not None else "nothing"
        format_ = next((one for one in formats if one.name == spoken), None)
        if format_ is None:
            raise Refused("403 Forbidden", f"these credentials are of a sensor that speaks {spoken}")
        wait_s = self._limits.wait_s(credential.id, now=time.monotonic())
        if wait_s:
            raise Refused(
                "429 Too Many Requests", "too many posts from this sensor", ("Retry-After", str(wait_s))
            )
        arrival = self._arrival(environ, proof, credential, format_)
        post = Post(arrival, credential)
        try:
            writer.put(post)
        except Revoked:
            raise _unauthorized("these credentials were replaced or ended") from None
        except DatabaseAway:
            raise _away() from None
        return _answer(post)

    def _running_writer(self) -> Writer:
        with self._lock:
            if self._writer is None:
                self._writer = Writer()
        if not self._writer.is_ready.wait(READY_WITHIN_S):
            raise _away()
        return self._writer

    @staticmethod
    def _credential(environ: Environ, writer: Writer) -> tuple[Proof, KnownCredential]:
        proof = proof_of(environ)
        if proof is None:
            raise _unauthorized("credentials are missing: user name and password of the sensor")
        hashed = sha256(proof.secret.encode("utf-8", "replace")).digest()
        credentials = writer.registry.credentials
        # A user name that is the secret itself, as AirBeam sends it, or none.
        as_username = sha256(proof.username.encode("utf-8", "replace")).digest()
        found = credentials.get(proof.username) or (credentials.get(hashed) if not proof.username else None)
        if found is not None and compare_digest(found.secret_sha256, hashed):
            return proof, found
        found = credentials.get(as_username)
        if found is not None and compare_digest(found.secret_sha256, as_username):
            return Proof("", proof.username), found
        raise _unauthorized("no sensor has these credentials, or they have ended")

    def _arrival(
        self, environ: Environ, proof: Proof, credential: KnownCredential, format_: Format
    ) -> Arrival:
        encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().casefold()
        kind = environ.get("CONTENT_TYPE", "").split(";")[0].strip().casefold()
        if encoding not in ("", "identity"):
            raise Refused("415 Unsupported Media Type", "compressed bodies are not read")
        if kind not in MEDIA_TYPES:
            raise Refused(
                "415 Unsupported Media Type", f"this kind of content is not read: {quote(kind, '/+')[:60]}"
            )
        too_large = Refused(
            "413 Content Too Large", f"more than {LARGEST_PAYLOAD} bytes are not read at once"
        )
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > LARGEST_PAYLOAD:
            raise too_large
        payload = environ["wsgi.input"].read(LARGEST_PAYLOAD + 1)
        if len(payload) > LARGEST_PAYLOAD:
            raise too_large
        with self._lock:  # strictly increasing: a message without a time has this one
            received_us = self._last_us = max(time.time_ns() // 1_000, self._last_us + 1)
        return Arrival(
            topic_of(environ, proof),
            payload,
            received_us,
            "http",
            format_.name,
            headers=headers_of(environ),
            sensor_id=credential.sensor_id,
            behind=credential.behind,
        )


def in_front_of(pages: Application) -> Application:
    """Give posts of devices to an Ingestion and everything else to the pages."""
    ingestion = Ingestion()

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(OURS) or (environ.get("REQUEST_METHOD") == "POST" and formats_of(path)):
            return ingestion(environ, start_response)
        return pages(environ, start_response)

    return application


def _answer(post: Post) -> Answer:
    """Say what became of a post that was committed."""
    refused = [*post.refused_items]
    refused += [
        f"{refusal.reason}: {refusal.detail}"
        for refusal in post.refusals
        if refusal.reason != reasons.REFUSED_ITEMS
    ]
    body: dict[str, Any] = {"stored": post.rows}
    if refused:
        body["refused"] = refused
    if post.already_stored:
        body["already_stored"] = post.already_stored
    if post.rows:
        return Answer("201 Created", body)
    if post.already_stored:
        return Answer("200 OK", body)
    if post.paused:
        return Answer("200 OK", {**body, "note": "the borrower paused this sensor: nothing is kept"})
    said = {refusal.reason for refusal in post.refusals}
    if reasons.IDENTITY_MISMATCH in said:
        return Answer(
            "403 Forbidden", {**body, "error": "the message names another sensor than its credentials"}
        )
    if said == {reasons.CONFLICT}:
        return Answer(
            "409 Conflict", {**body, "error": "another value is stored for this time; the first one stays"}
        )
    if not refused and not said:
        return Answer("200 OK", {**body, "note": "the message holds no reading"})
    return Answer("422 Unprocessable Content", {**body, "error": "nothing in this message became a reading"})


def _unauthorized(error: str) -> Refused:
    return Refused("401 Unauthorized", error, ("WWW-Authenticate", 'Basic realm="capto", charset="UTF-8"'))


def _away() -> Refused:
    error = "the database does not answer: nothing was stored, send it again"
    return Refused("503 Service Unavailable", error, ("Retry-After", str(TRY_AGAIN_S)))
