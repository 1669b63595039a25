"""Flags by people, the context of places, and the vigie: each act has a reason, an author and a time."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.members.access import requires
from capto.members.chosen import key_of
from capto.members.models import Person
from capto.members.roles import Capability
from capto.readings.models import Place, Placement
from capto.validation import recompute, vigie
from capto.validation.forms import ReasonForm, SetAsideForm, StaffContextForm, TellForm
from capto.validation.models import (
    AlreadyActedOn,
    DataChange,
    NotAnActOfThisItem,
    PlaceContext,
    SetAside,
    VigieItem,
)
from capto.validation.views.bench import stations

A_PAGE = 20


@requires(Capability.FLAG_DATA)
def flags(request: HttpRequest) -> HttpResponse:
    """List the hours that people set aside, and set more aside."""
    person, now = cast(Person, request.user), timezone.now()
    organisations = person.organisations_where(Capability.FLAG_DATA)
    form = SetAsideForm(
        request.POST or None,
        organisations=organisations,
        initial={
            name: request.GET[name] for name in ("series", "starts_at", "ends_at") if name in request.GET
        },
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        doubt = SetAside.put(
            told["series"],
            starts_at=told["starts_at"],
            ends_at=told["ends_at"],
            reason=told["reason"],
            now=now,
            by=person,
        )
        done = recompute.after_doubt(doubt, now=now)
        messages.success(
            request,
            _("%s heures écartées : elles restent publiées, marquées, avec la note D.") % done.changed,
        )
        return redirect("flags")
    doubts = (
        SetAside.objects.filter(series__placement__sensor__owner__in=organisations)
        .select_related("series__placement__sensor", "series__placement__place", "series__property")
        .order_by("-set_at")
    )
    context = {
        "form": form,
        "lift": ReasonForm(auto_id=False),
        "standing": doubts.filter(lifted_at=None),
        "lifted": doubts.filter(lifted_at__isnull=False)[:40],
        "changes": DataChange.objects.select_related("calibration", "set_aside")[:20],
    }
    return render(request, "validation/flags.html", context)


@requires(Capability.CALIBRATE)
def contexts(request: HttpRequest) -> HttpResponse:
    """List what was told of places and stations, and write more."""
    person, now = cast(Person, request.user), timezone.now()
    places = Place.objects.filter(
        placements__sensor__owner__in=person.organisations_where(Capability.CALIBRATE)
    ).distinct()
    form = StaffContextForm(
        request.POST or None,
        stations=stations(),
        places=places.order_by("label", "pk"),
        initial={
            name: request.GET[name] for name in ("where", "starts_at", "ends_at") if name in request.GET
        },
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        PlaceContext.tell(
            **form.told_of(),
            kind=told["kind"],
            source=told["source"],
            starts_at=told["starts_at"],
            ends_at=told["ends_at"],
            note=told["note"],
            now=now,
            by=person,
        )
        messages.success(request, _("Noté."))
        return redirect("contexts")
    rows = PlaceContext.objects.select_related("place", "station", "author").order_by("-starts_at")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    return render(request, "validation/contexts.html", {"form": form, "page": page})


@require_POST
@requires(Capability.CALIBRATE)
def context_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave the hours of a context out of fits, take them in again, or withdraw the context."""
    person, now = cast(Person, request.user), timezone.now()
    context = get_object_or_404(PlaceContext, pk=pk, withdrawn_at=None)
    act = request.POST.get("act", "")
    if act == "withdraw":
        context.withdraw(now=now, by=person)
        messages.success(request, _("Retiré ; la ligne reste, barrée."))
    elif act in ("exclude", "include"):
        context.exclude_from_fits(act == "exclude", now=now, by=person)
        messages.success(
            request,
            _("Les ajustements à venir laissent ces heures de côté.")
            if act == "exclude"
            else _("Les ajustements à venir reprennent ces heures."),
        )
    after = key_of(request.POST.get("stay"))
    return redirect("contexts") if after is None else redirect("co-location", pk=after)


@login_required
def tell(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let a borrower or a town tell what happened around a place."""
    placement = get_object_or_404(
        Placement.objects.filter(public_id=public_id).select_related("place").order_by("-starts_at")[:1]
    )
    form = TellForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        PlaceContext.tell(
            place=placement.place,
            kind=told["kind"],
            source=told["source"],
            starts_at=told["starts_at"],
            ends_at=told["ends_at"],
            note=told["note"],
            now=timezone.now(),
            by=cast(Person, request.user),
        )
        messages.success(
            request, _("Merci : la personne qui vérifie les mesures le lira à côté de la courbe.")
        )
        return redirect("tell-context", public_id=public_id)
    mine = PlaceContext.objects.filter(
        place=placement.place, author=cast(Person, request.user), withdrawn_at=None
    )
    return render(
        request,
        "validation/tell.html",
        {"form": form, "placement": placement, "mine": mine.order_by("-starts_at")},
    )


@requires(Capability.FLAG_DATA)
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits: the gravest first, the newest of them first, each with its curve and its three acts."""
    organisations = cast(Person, request.user).organisations_where(Capability.FLAG_DATA)
    items = (
        VigieItem.objects.open()
        .of_staff(organisations)
        .select_related("placement__sensor__model", "placement__place", "series__property")
    )
    page = Paginator(items, 8).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "page": page,
        "shown": [vigie.shown(item, now=timezone.now()) for item in page],
        "ended": VigieItem.objects.filter(closed_at__isnull=False)
        .of_staff(organisations)
        .select_related("placement__sensor", "placement__place", "set_aside", "ticket", "context")
        .order_by("-closed_at")[:20],
        "kinds": PlaceContext.Kind.choices,
    }
    return render(request, "validation/vigie.html", context)


@require_POST
@requires(Capability.FLAG_DATA)
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """End an item of the vigie by one of its acts."""
    person, now = cast(Person, request.user), timezone.now()
    items = VigieItem.objects.of_staff(person.organisations_where(Capability.FLAG_DATA))
    item = get_object_or_404(items.select_related("placement__sensor", "placement__place", "series"), pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Une décision demande son motif ; rien n’a changé."))
        return redirect("vigie")
    try:
        item.end(
            VigieItem.Act(request.POST.get("act", "")),
            reason=form.cleaned_data["reason"],
            context_kind=request.POST.get("kind", ""),
            now=now,
            by=person,
        )
    except AlreadyActedOn:
        messages.error(request, _("Quelqu’un vient de traiter cette alerte."))
        return redirect("vigie")
    except (NotAnActOfThisItem, ValueError):
        messages.error(request, _("Cet acte ne convient pas à cette alerte ; rien n’a changé."))
        return redirect("vigie")
    if item.set_aside is not None:
        recompute.after_doubt(item.set_aside, now=now)
    messages.success(
        request,
        _("%(sensor)s : %(act)s. C’est écrit.")
        % {"sensor": item.placement.sensor, "act": item.get_act_display()},
    )
    return redirect("vigie")
