"""The two pages of who pledged: confirming, and the own page, where one answers and withdraws."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from capto.members.chosen import key_of
from capto.members.models import Attempt
from capto.members.models.attempt import TooManyAttempts
from dashboards.pledges.models import HeldPledge, Pledge
from dashboards.pledges.season import answers_open


def _note_miss(request: HttpRequest) -> int:
    """Note a link that opens nothing; gives the status of the answer."""
    try:
        Attempt.note("pledge_link", str(request.META.get("REMOTE_ADDR", "")), now=timezone.now())
    except TooManyAttempts:
        return 429
    return 404


@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a press, then count the pledge; mail scanners that open the link confirm nothing."""
    now = timezone.now()
    pledge = Pledge.to_confirm(token, now=now)
    if pledge is None or (request.method == "POST" and not pledge.confirm(now=now)):
        return render(request, "pledges/spent.html", status=_note_miss(request))
    if request.method == "POST":
        return redirect("pledge-own", pledge.own_token())
    return render(request, "pledges/confirm.html", {"pledge": pledge, "campaign": pledge.campaign})


@never_cache
def own(request: HttpRequest, token: str) -> HttpResponse:
    """Show someone's own pledge: what is asked today, what they did, and the one step that withdraws it."""
    now = timezone.now()
    pledge = Pledge.of_own_page(token)
    if pledge is None:
        return render(request, "pledges/spent.html", status=_note_miss(request))
    if request.method == "POST":
        if "withdraw" in request.POST:
            pledge.withdraw(now=now)
        else:
            _answer(request, pledge)
        return redirect("pledge-own", token)
    held = list(
        pledge.calls.select_related("call__episode__level", "call__episode__zone").order_by("-call__day")
    )
    return render(
        request,
        "pledges/own.html",
        {
            "pledge": pledge,
            "campaign": pledge.campaign,
            "held": [(one, answers_open(one.call, now=now)) for one in held],
            "outcomes": HeldPledge.Outcome,
            "token": token,
        },
    )


def _answer(request: HttpRequest, pledge: Pledge) -> None:
    """Write an answer to one of this pledge's own days, while answers are open; anything else changes nothing."""
    now = timezone.now()
    number, outcome = request.POST.get("day", ""), request.POST.get("outcome", "")
    key = key_of(number)
    if key is None or outcome not in HeldPledge.Outcome.values:
        return
    one = pledge.calls.select_related("call").filter(pk=key).first()
    if one is not None and answers_open(one.call, now=now):
        one.answer(outcome, now=now)
