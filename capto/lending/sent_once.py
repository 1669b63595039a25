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


def shown_key(request: HttpRequest) -> UUID | None:
    """Give the hidden key of a posted form, None for a form without one."""
    try:
        return UUID(request.POST.get(FIELD, ""))
    except ValueError:
        return None


def key_of_form(request: HttpRequest) -> UUID:
    """Give the key of what a form asks: its hidden one, with who asks what where; a new one for a form without."""
    shown = shown_key(request)
    if shown is None:
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


def done_once(request: HttpRequest, kind: Act.Kind | None, work: Callable[[Act], Answer]) -> Answer:
    """Do `work` once per key of the form that was posted; sent again it gives the same answer, with "again"."""

    def noted(act: Act) -> Answer:
        answer = work(act)
        if kind is not None and act.kind == Act.Kind.SCAN and not act.refused:
            act.kind = kind
        return answer

    return once(
        key_of_form(request),
        noted,
        by=request.user if isinstance(request.user, Person) else None,
        now=timezone.now(),
        entry=Act.Entry.PAGE,
        refused=lambda refusal: {
            "to": request.get_full_path(),
            "said": [[messages.ERROR, refusal.sentence]],
            "new": True,
        },
    )


def sent_once(kind: Act.Kind | None = None, *, needs_act: bool = False) -> Callable[[View[P]], View[P]]:
    """Let a view do what its posted form asks once per key, and note it as an act of a kind.

    Without a kind, the verb that the view calls notes what it did. A redirect is an answer: sent again, the form is
    sent to the same page with the same words. A page shown again is none: it holds what is wrong, and the same form
    corrected is heard. What is posted without a key is done each time, as a new act where the view `needs_act`.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method != "POST" or not (needs_act or shown_key(request)):
                return view(request, *args, **kwargs)

            def work(act: Act) -> Answer:
                request.act = act  # type: ignore[attr-defined]
                before = len(messages.get_messages(request))
                response = view(request, *args, **kwargs)
                if not isinstance(response, HttpResponseRedirect):
                    raise _NothingDone(response)
                return {"to": response.url, "said": _said(request)[before:]}

            try:
                answer = done_once(request, kind, work)
            except _NothingDone as nothing:
                return nothing.response
            if answer.get("again") or answer.get("new"):  # nothing said it in this request
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
