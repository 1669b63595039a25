"""What the API answers when it does nothing: application/problem+json (RFC 9457), a refusal or a plain sentence."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from capto.lending.refusals import Busy, KeyAlreadyUsed, NotAllowed, Refusal

KEY_HEADER = "Idempotency-Key"
STATUS_OF: dict[type[Refusal], int] = {NotAllowed: 403, Busy: 503, KeyAlreadyUsed: 422}
REFUSED = 409


class Told(Exception):
    """What the API says instead of acting: a status, a short name and a sentence."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def _problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": f"{reverse('lending-api')}#{code}", "title": code, "status": status, "code": code,
            "detail": detail, **more}  # fmt: skip


def of_refusal(refusal: Refusal) -> dict[str, Any]:
    """Tell a refusal as the desk does: which rule, what happened, what to do."""
    status = STATUS_OF.get(type(refusal), REFUSED)
    return {
        "status": status,
        "body": _problem(
            status,
            refusal.code,
            refusal.what,
            rule=refusal.rule,
            way_out=refusal.way_out,
            can_be_overridden=refusal.can_be_overridden,
        ),
    }


def answer(status: int, body: dict[str, Any], *, again: bool = False) -> HttpResponse:
    """Write an answer; one that was given before says so."""
    if status >= 400:
        kind = "application/problem+json"
    else:
        body, kind = {**body, "again": again}, "application/json"
    response = HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=kind)
    response["Cache-Control"] = "no-store"
    if again:
        response["Idempotent-Replayed"] = "true"
    if status == 503:
        response["Retry-After"] = "3"
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def told(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer an error that this API raises itself."""
    assert isinstance(error, Told)
    return answer(error.status, _problem(error.status, error.code, error.detail))


def refused(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer a refusal that came before a key was needed."""
    assert isinstance(error, Refusal)
    found = of_refusal(error)
    return answer(found["status"], found["body"])


def invalid(request: HttpRequest, error: Any) -> HttpResponse:
    """Say which part of a request cannot be read; a missing key first, in plain words."""
    assert isinstance(error, ValidationError)
    parts = [_where(one["loc"]) for one in error.errors]
    if any(KEY_HEADER.lower() in part.lower() for part in parts):
        said = f"Send the header {KEY_HEADER} with a UUID, a new one for each act; the same one asks again."
        return answer(400, _problem(400, "key-missing", said))
    errors = [{"where": part, "what": str(one["msg"])} for part, one in zip(parts, error.errors, strict=True)]
    said = "This request cannot be read: " + "; ".join(f"{one['where']}: {one['what']}" for one in errors)
    return answer(422, _problem(422, "unreadable", said, errors=errors))


def _where(loc: tuple[Any, ...]) -> str:
    """Name a field as who sent it does: without the name that the code gives to the body."""
    steps = loc[2:] if loc[0] == "body" else loc[1:]
    return ".".join(str(step) for step in steps) or str(loc[0])


def http_error(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer what the framework refuses: no sign-in, a body that is no JSON, a form token that is missing."""
    assert isinstance(error, HttpError)
    if isinstance(error, AuthenticationError):
        said = "Sign in, or show a token: Authorization: Bearer capto_…"
        return answer(401, _problem(401, "sign-in", said))
    return answer(error.status_code, _problem(error.status_code, "unreadable", str(error)))
