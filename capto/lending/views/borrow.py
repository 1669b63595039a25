"""Borrowing, as people come to it: which kits there are, when they are free, asking for one."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.catalogue.models import KitModel, LendingPoint, NoOpenDay
from capto.lending.asking import campaign_of
from capto.lending.calendar import Day, calendar
from capto.lending.days import local_day
from capto.lending.forms import HoldForm
from capto.lending.models import Act, Hold, Policy
from capto.lending.people import known_to
from capto.lending.refusals import Refusal
from capto.lending.sent_once import act_of, sent_once
from capto.lending.views.told import refusals_told
from capto.members.access import second_factor_is_given
from capto.members.chosen import chosen_or_404
from capto.members.markdown import rendered
from capto.members.models import BorrowerCategory, Person
from capto.members.roles import Capability

WEEKS = 8  # shown at once


def borrow(request: HttpRequest) -> HttpResponse:
    """List the kinds of kits and the lending points, in words."""
    kinds = KitModel.objects.filter(is_offered=True).prefetch_related("parts")
    points = LendingPoint.objects.filter(is_active=True).prefetch_related("opening_hours", "closures")
    today = timezone.localdate()
    shown = [(point, point.week(), point.closures_from(today)) for point in points.order_by("name")]
    return render(request, "lending/borrow.html", {"kinds": kinds, "points": shown})


def _served(request: HttpRequest) -> Person | None:
    """Give the person who borrows: who is signed in, or whom staff serves on behalf (?pour=)."""
    user = request.user
    if not isinstance(user, Person):
        return None
    mark = request.GET.get("pour", "")
    if not mark:
        return user
    if not (user.can(Capability.SERVE_ON_BEHALF) and second_factor_is_given(request)):
        return user
    organisations = user.organisations_where(Capability.SERVE_ON_BEHALF)
    return chosen_or_404(known_to(organisations), mark)


@sent_once()
def kind(request: HttpRequest, slug: str) -> HttpResponse:
    """Show when a kind of kit is free at a point, and take a request for days."""
    kit_model = get_object_or_404(KitModel, slug=slug, is_offered=True)
    points = list(
        LendingPoint.objects.filter(is_active=True, kits__model=kit_model)
        .distinct()
        .select_related("organisation")
        .order_by("name")
    )
    wanted = request.GET.get("point", "")
    point = next((known for known in points if known.slug == wanted), points[0] if points else None)
    now = timezone.now()
    context: dict[str, Any] = {
        "kind": kit_model,
        "points": points,
        "point": point,
        "description": rendered(kit_model.description),
    }
    if point is None:
        return render(request, "lending/kind.html", context)
    person = _served(request)
    context |= {"served": person, "is_on_behalf": person is not None and person != request.user}
    policy = Policy.of(kit_model, category=BorrowerCategory.RESIDENT, organisation=point.organisation)
    if person is not None:
        form = HoldForm(
            request.POST or None,
            person=person,
            lends_by_post=point.lends_by_post,
            initial=_days_from(request.GET.get("du", ""), point=point, policy=policy),
        )
        context["form"] = form
        if request.method == "POST" and form.is_valid():
            hold = _ask(request, form, kit_model=kit_model, point=point, person=person)
            if hold is not None:
                ready = _("Un kit est mis de côté pour ces dates.")
                waiting = _("Demande enregistrée. Votre rang et sa raison sont ci-dessous.")
                messages.success(request, ready if hold.state == Hold.State.READY else waiting)
                return redirect("morning" if context["is_on_behalf"] else "my-page")
    first = local_day(now)
    days = calendar(
        kit_model,
        point=point,
        first=first,
        days=WEEKS * 7 - first.isoweekday() + 1,
        length_days=policy.loan_days,
        policy=policy,
        now=now,
    )
    blanks: list[Day | None] = [None] * (first.isoweekday() - 1)
    cells = blanks + list(days)
    context |= {"policy": policy, "weeks": [cells[n : n + 7] for n in range(0, len(cells), 7)]}
    return render(request, "lending/kind.html", context)


def _days_from(text: str, *, point: LendingPoint, policy: Policy) -> dict[str, Any]:
    """Propose the days of a loan that begins on the day pressed in the calendar."""
    starts_on = parse_date(text) if text else None
    if starts_on is None:
        return {}
    try:
        ends_on = point.next_open_day(starts_on + timedelta(days=policy.loan_days))
    except NoOpenDay:
        return {"starts_on": starts_on}
    return {"starts_on": starts_on, "ends_on": ends_on}


def _ask(
    request: HttpRequest, form: HoldForm, *, kit_model: KitModel, point: LendingPoint, person: Person
) -> Hold | None:
    """Ask for the days of a valid form; a refusal becomes an error of the form."""
    now = timezone.now()
    told = form.cleaned_data
    user = cast(Person, request.user)
    try:
        return Hold.ask(
            kit_model,
            person=person,
            point=point,
            starts_on=told["starts_on"],
            ends_on=told["ends_on"],
            now=now,
            group=told.get("group"),
            campaign=campaign_of(person, first=told["starts_on"], last=told["ends_on"]),
            by_post=bool(told.get("by_post")),
            by=user if user != person else None,
            entry=Act.Entry.PAGE,
            act=act_of(request),
        )
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return None


@require_POST
@login_required
@sent_once()
def cancel_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a hold up."""
    person = cast(Person, request.user)
    hold = get_object_or_404(Hold, pk=pk, person=person)
    with refusals_told(request):
        hold.cancel(now=timezone.now(), by=person, act=act_of(request))
        messages.success(request, _("Réservation annulée."))
    return redirect("my-page")


def rule(request: HttpRequest) -> HttpResponse:
    """Publish the order of the queue and the policies, as they decide."""
    policies = Policy.objects.select_related("kit_model", "organisation").order_by("pk")
    return render(request, "lending/rule.html", {"policies": policies, "week": timedelta(days=7)})
