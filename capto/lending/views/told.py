"""What a page answers when a rule of the library forbids an act."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest

from capto.lending.refusals import Refusal
from capto.lending.sent_once import act_of


@contextmanager
def refusals_told(request: HttpRequest) -> Iterator[None]:
    """Tell a refusal on the next page: what happened and what to do; what follows inside is left undone."""
    try:
        yield
    except Refusal as refusal:
        act = act_of(request)
        if act is not None:
            act.refused = refusal.code
        messages.error(request, refusal.sentence)
