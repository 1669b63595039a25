"""A stay beside a station on one screen, and the decision on a version: shown before it is confirmed."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

import calibration as library
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Person
from capto.members.roles import Capability
from capto.readings.models import Series
from capto.validation import recompute
from capto.validation.comparison import compare, drift_since, series_of
from capto.validation.drawings import residual_drawings, scatter_drawing, series_drawing
from capto.validation.fitting import fit
from capto.validation.forms import ReasonForm
from capto.validation.formulas import formula
from capto.validation.models import AlreadyLifted, Calibration, CoLocation, NotADraft, SetAside
from capto.validation.pairs import NoPairs
from capto.validation.words import is_french, name_of


def _stays(request: HttpRequest) -> Any:
    organisations = cast(Person, request.user).organisations_where(Capability.CALIBRATE)
    return CoLocation.objects.filter(sensor__owner__in=organisations).select_related(
        "sensor__model", "station", "placement__place"
    )


def _chosen(options: list[Series], wanted: str) -> Series | None:
    return next((one for one in options if str(one.pk) == wanted), options[0] if options else None)


@requires(Capability.CALIBRATE)
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a stay: series, scatter, residuals, outliers, competing models, verdict, drafts."""
    stay = get_object_or_404(_stays(request), pk=pk)
    options = series_of(stay)
    series = _chosen(options, request.GET.get("serie", ""))
    context: dict[str, Any] = {"stay": stay, "options": options, "series": series, "french": is_french()}
    if series is None:
        return render(request, "validation/co_location.html", context)
    try:
        found = compare(
            stay,
            series=series,
            method=request.GET.get("methode", ""),
            with_trees=bool(request.GET.get("arbres")),
        )
    except NoPairs as none:
        return render(request, "validation/co_location.html", context | {"no_pairs": str(none)})
    doubts = SetAside.objects.standing().filter(
        series=series, starts_at__lt=stay.ends_at, ends_at__gt=stay.starts_at
    )
    context |= {
        "found": found,
        "quantity": name_of(series.property),
        "unit": series.property.unit_label,
        "drawing": series_drawing(found),
        "scatter": scatter_drawing(found),
        "panels": residual_drawings(found),
        "doubts": doubts.order_by("starts_at"),
        "formula": formula(found.shown.method, found.shown.coefficients) if found.shown else "",
    }
    return render(request, "validation/co_location.html", context)


@require_POST
@requires(Capability.CALIBRATE)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a method's fit as the next version: a draft, which publishes nothing."""
    stay = get_object_or_404(_stays(request), pk=pk)
    series = chosen_or_404(Series, request.POST.get("series"), placement=stay.placement)
    method = request.POST.get("method", "")
    try:
        kept = fit(
            stay,
            quantity=series.property_id,
            variant=series.variant,
            channel=series.channel,
            method=method if method in library.METHODS else "",
            now=timezone.now(),
            by=cast(Person, request.user),
        )
    except (NoPairs, library.Refused) as refused:
        messages.error(
            request, refused.french if isinstance(refused, library.Refused) and is_french() else str(refused)
        )
        return redirect("co-location", pk=stay.pk)
    return redirect("calibration", pk=kept.pk)


def _versions(request: HttpRequest) -> Any:
    organisations = cast(Person, request.user).organisations_where(Capability.CALIBRATE)
    return Calibration.objects.filter(sensor__owner__in=organisations).select_related(
        "sensor__model", "co_location__station", "property", "reference_series__station"
    )


@requires(Capability.CALIBRATE)
def drafts(request: HttpRequest) -> HttpResponse:
    """List the versions that wait for a decision, and the last ones decided."""
    versions = _versions(request)
    return render(
        request,
        "validation/calibrations.html",
        {
            "drafts": versions.filter(status=Calibration.Status.DRAFT).order_by("-created_at"),
            "decided": versions.exclude(status=Calibration.Status.DRAFT).order_by("-decided_at")[:30],
        },
    )


@requires(Capability.CALIBRATE)
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a version and what approving it would change, before it is approved."""
    version = get_object_or_404(_versions(request), pk=pk)
    model, now = version.fitted(), timezone.now()
    is_draft = version.status == Calibration.Status.DRAFT
    touched = version.hours_touched(now=now)
    context = {
        "version": version,
        "model": model,
        "method": library.METHODS[version.method],
        "formula": formula(version.method, model.coefficients),
        "limit": library.at_limit_value(model),
        "touched": touched,
        "preview": recompute.preview(version, now=now) if is_draft else None,
        "replaces": version.replaces().exclude(pk=version.pk).first() if is_draft else None,
        "neighbour": drift_since(version),
        "changes": version.changes.order_by("at"),
        "form": ReasonForm(),
        "may_decide": cast(Person, request.user).can(
            Capability.APPROVE_CALIBRATIONS, within=version.sensor.owner
        ),
        "unit": version.property.unit_label,
        "french": is_french(),
    }
    return render(request, "validation/calibration.html", context)


@require_POST
@requires(Capability.APPROVE_CALIBRATIONS)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or refuse a version with a reason; an approval publishes again the hours that it touches."""
    version = get_object_or_404(_versions(request), pk=pk)
    person, now = cast(Person, request.user), timezone.now()
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Une décision demande son motif ; rien n’a changé."))
        return redirect("calibration", pk=version.pk)
    if not person.can(Capability.APPROVE_CALIBRATIONS, within=version.sensor.owner):
        messages.error(request, _("Vous n’êtes pas métrologue de l’association à qui ce capteur appartient."))
        return redirect("calibration", pk=version.pk)
    reason = form.cleaned_data["reason"]
    try:
        if request.POST.get("verdict") == "approve":
            version.approve(reason=reason, now=now, by=person)
            done = recompute.after_decision(
                version, now=now, reason=f"calibration {version.pk} approved: {reason}"
            )
            messages.success(
                request,
                _(
                    "Approuvé. %(changed)s heures publiées ont changé, %(new)s sont nouvelles ;"
                    " une ligne le dit au journal des données."
                )
                % {"changed": done.changed, "new": done.new},
            )
        else:
            version.refuse(reason=reason, now=now, by=person)
            messages.success(
                request, _("Refusé. La version reste, avec son motif ; rien n’est publié d’elle.")
            )
    except NotADraft:
        messages.error(request, _("Quelqu’un a déjà décidé de cette version."))
    return redirect("calibration", pk=version.pk)


@require_POST
@requires(Capability.FLAG_DATA)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Take hours back that were set aside."""
    person, now = cast(Person, request.user), timezone.now()
    doubts = SetAside.objects.filter(
        series__placement__sensor__owner__in=person.organisations_where(Capability.FLAG_DATA)
    )
    doubt = get_object_or_404(doubts, pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Une décision demande son motif ; rien n’a changé."))
        return redirect("flags")
    try:
        doubt.lift(reason=form.cleaned_data["reason"], now=now, by=person)
    except AlreadyLifted:
        messages.error(request, _("Ces heures ont déjà été reprises."))
        return redirect("flags")
    recompute.after_doubt(doubt, now=now)
    messages.success(request, _("Ces heures sont reprises ; l’ancien motif reste écrit."))
    return redirect("flags")
