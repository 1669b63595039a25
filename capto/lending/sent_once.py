"""A posted form does what it asks once: its hidden key is a row, and the same form sent again shows the same answer.

The template writes the key with {% form_key %}; the view is decorated with `sent_once`. A double click, a reload, a
second tab of the same form are one act. The same page with other words, after the browser's Back, is another act.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID, uuid4, uuid5

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from capto.lending.models import Act
from capto.lending.once import Answer, once
from capto.lending.refusals import Refusal
from capto.members.models import Person

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
FIELD = "key"
NOT_ASKED = frozenset({"csrfmiddlewaretoken"})  # differs from one showing of a form to the next


class _NothingDone(Exception):
    """The view showed its page again, with errors: the key is free, and nothing is written."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


def key_of_form(request: HttpRequest) -> UUID:
    """Give the key of what a form asks: its hidden one, with who asks what where; a new one for a form without."""
    try:
        shown = UUID(request.POST.get(FIELD, ""))
    except ValueError:
        return uuid4()
    asked = hashlib.sha256(f"{request.user.pk}\0{request.get_full_path()}".encode())
    for name, values in sorted(request.POST.lists()):
        if name not in NOT_ASKED:
            asked.update("\0".join(["", name, *values]).encode(errors="surrogatepass"))
    for name, file in sorted(request.FILES.items()):
        asked.update(name.encode() + hashlib.sha256(_content(file)).digest())
    return uuid5(shown, asked.hexdigest())


def _content(file: Any) -> bytes:
    file.seek(0)
    content: bytes = file.read()
    file.seek(0)
    return content


def act_of(request: HttpRequest) -> Act | None:
    """Give the act that a posted form opened, for the verb to write what it did; None outside of `sent_once`."""
    return getattr(request, "act", None)


def sent_once(kind: Act.Kind) -> Callable[[View[P]], View[P]]:
    """Let a view do what its posted form asks once per key, and note it as an act of a kind.

    A redirect is an answer: sent again, the form is sent to the same page with the same words. A page shown again is
    none: it holds what is wrong, and the same form corrected is heard.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method != "POST":
                return view(request, *args, **kwargs)
            by = request.user if isinstance(request.user, Person) else None

            def work(act: Act) -> Answer:
                request.act = act  # type: ignore[attr-defined]
                before = len(messages.get_messages(request))
                response = view(request, *args, **kwargs)
                if not isinstance(response, HttpResponseRedirect):
                    raise _NothingDone(response)
                if act.kind == Act.Kind.SCAN and not act.refused:
                    act.kind = kind
                return {"to": response.url, "said": _said(request)[before:]}

            def refused(refusal: Refusal) -> Answer:
                return {"to": request.get_full_path(), "said": [[messages.ERROR, refusal.sentence]]}

            try:
                answer = once(
                    key_of_form(request),
                    work,
                    by=by,
                    now=timezone.now(),
                    entry=Act.Entry.PAGE,
                    refused=refused,
                )
            except _NothingDone as nothing:
                return nothing.response
            if answer.get("again"):
                for level, said in answer.get("said", []):
                    messages.add_message(request, level, said)
            return HttpResponseRedirect(answer.get("to", request.get_full_path()))

        return guarded

    return decorate


def _said(request: HttpRequest) -> list[list[Any]]:
    """Read the messages that wait for the next page, and leave them there."""
    waiting = cast(BaseStorage, messages.get_messages(request))
    said = [[message.level, str(message.message)] for message in waiting]
    waiting.used = False
    return said
