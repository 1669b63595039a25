"""The desk's page: keys and scans only; it works as a plain form, and better with its script."""

import json
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.catalogue.models import LendingPoint
from capto.lending import desk
from capto.lending.days import local_day
from capto.lending.models import Act, Loan
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability

SESSION_POINT = "desk_point"
SHOWN = 12  # lines of a list: a desk is read standing


def _points(person: Person) -> list[LendingPoint]:
    organisations = person.organisations_where(Capability.LEND)
    points = LendingPoint.objects.filter(organisation__in=organisations, is_active=True)
    return list(points.select_related("organisation", "territory").order_by("organisation__name", "name"))


def chosen_point(request: HttpRequest) -> LendingPoint | None:
    """Give the lending point at which this browser works: the one chosen, else the first."""
    return _chosen_of(_points(cast(Person, request.user)), request)


def _chosen_of(points: list[LendingPoint], request: HttpRequest) -> LendingPoint | None:
    slug = request.session.get(SESSION_POINT)
    return next((point for point in points if point.slug == slug), points[0] if points else None)


@never_cache
@requires(Capability.LEND)
def page(request: HttpRequest) -> HttpResponse:
    """Show the desk; without a script, a posted code is answered on the page itself."""
    person = cast(Person, request.user)
    points = _points(person)
    point = _chosen_of(points, request)
    if point is None:
        return render(request, "lending/desk_without_point.html", status=404)
    now = timezone.now()
    answer: dict[str, Any] = {}
    served = ""
    if request.method == "POST":
        gesture = _gesture(request.POST.dict(), point=point, by=person, now=now)
        answer = desk.perform(gesture)
        served = answer.get("person", {}).get("mark", "") or (
            "" if answer["outcome"] == "done" else gesture.person
        )
    today = local_day(now)
    context = {
        "point": point,
        "points": points,
        "answer": answer,
        "served": served,
        "key": uuid4(),
        "to_collect": desk.holds_to_collect(point)[:SHOWN],
        "due_today": Loan.objects.due_on_day(today)
        .filter(point=point)
        .select_related("kit", "person", "group")[:SHOWN],
        "last_acts": Act.objects.filter(
            point=point, kind__in=[Act.Kind.LEND, Act.Kind.RETURN], undone_at=None
        )
        .select_related("kit", "person", "loan__group")
        .order_by("-noted_at")[:6],
        "may_override": person.can(Capability.OVERRIDE_RULES, within=point.organisation),
    }
    return render(request, "lending/desk.html", context)


@require_POST
@requires(Capability.LEND)
def act(request: HttpRequest) -> HttpResponse:
    """Do one gesture sent by the page's script and answer as JSON; the same key is the same gesture."""
    points = _points(cast(Person, request.user))
    try:
        told = json.loads(request.body)
        assert isinstance(told, dict)
        wanted = told.get("point")
        if wanted:
            point = next((known for known in points if known.slug == wanted), None)
        else:
            point = _chosen_of(points, request)
        if point is None:
            return JsonResponse({"error": "no such lending point"}, status=404)
        gesture = _gesture(told, point=point, by=cast(Person, request.user), now=timezone.now())
    except (ValueError, TypeError, AttributeError, AssertionError):
        return JsonResponse({"error": "this request cannot be read"}, status=400)
    return JsonResponse(desk.perform(gesture))


def _gesture(told: dict[str, Any], *, point: LendingPoint, by: Person, now: datetime) -> desk.Gesture:
    """Read a gesture from a form or from JSON. Raises ValueError where a field is not of its kind."""
    present = told.get("present") or {}
    if isinstance(present, str):
        present = json.loads(present)
    return desk.Gesture(
        key=UUID(str(told["key"])) if "key" in told else _no_key(),
        point=point,
        by=by,
        now=now,
        at=desk.when(parse_datetime(str(told.get("at") or "")), now=now),
        action=str(told.get("action") or "scan"),
        code=str(told.get("code") or "")[:200],
        person=str(told.get("person") or "")[:40],
        group=int(told["group"]) if told.get("group") else None,
        loan=int(told["loan"]) if told.get("loan") else None,
        reason=str(told.get("reason") or "")[:300],
        present={int(key): int(value) for key, value in present.items()},
    )


def _no_key() -> UUID:
    raise ValueError("each gesture carries its key")


@require_POST
@requires(Capability.LEND)
def choose_point(request: HttpRequest) -> HttpResponse:
    """Remember at which lending point this browser works."""
    slug = request.POST.get("point", "")
    if slug in {point.slug for point in _points(cast(Person, request.user))}:
        request.session[SESSION_POINT] = slug
    return redirect("desk")
