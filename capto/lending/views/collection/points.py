"""Lending points: what people read about them, their week, the days on which they stay shut, what stands there."""

from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capto.catalogue.models import HoursInDisorder, Kit, LendingPoint, NoOpenDay, OpeningHours, Transfer
from capto.lending.closed_days import Moved, close, move_off_closed_days
from capto.lending.collection_forms import ClosureForm, HoursForm, PointForm
from capto.lending.days import local_day
from capto.lending.models import Act, Loan
from capto.lending.refusals import Refusal
from capto.lending.sent_once import act_of, sent_once
from capto.lending.views.collection.kits import organisations_of, points_of
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Person
from capto.members.roles import Capability


@requires(Capability.MEND_KITS)
def points(request: HttpRequest) -> HttpResponse:
    """List the points that who asks looks after, with their stock and what is on its way to them."""
    organisations = organisations_of(request, Capability.MEND_KITS)
    now = timezone.now()
    found = list(points_of(organisations).prefetch_related("opening_hours", "closures"))
    stock = _stock(found)
    opens: dict[int, Any] = {}
    for point in found:
        try:
            opens[point.pk] = point.next_open_day(local_day(now))
        except NoOpenDay:
            opens[point.pk] = None
    context = {
        "lines": [(point, stock.get(point.pk, {}), opens[point.pk]) for point in found],
        "arriving": Transfer.objects.filter(to_point__in=found, received_at=None)
        .select_related("kit__model", "from_point", "to_point")
        .order_by("sent_at"),
        "today": local_day(now),
    }
    return render(request, "lending/collection/points.html", context)


def _stock(points: list[LendingPoint]) -> dict[int, dict[str, int]]:
    """Count the kits of each point: all in service, out, on the shelf; one query."""
    out = Exists(Loan.objects.open().filter(kit=OuterRef("pk")))
    rows = (
        Kit.objects.filter(point__in=points, state=Kit.State.ACTIVE)
        .annotate(is_out=out)
        .values("point")
        .annotate(all=Count("pk"), out=Count("pk", filter=Q(is_out=True)))
    )
    return {row["point"]: {"out": row["out"], "here": row["all"] - row["out"]} for row in rows}


def _stock_by_kind(point: LendingPoint) -> list[dict[str, Any]]:
    out = Exists(Loan.objects.open().filter(kit=OuterRef("pk")))
    rows = (
        Kit.objects.filter(point=point, state=Kit.State.ACTIVE)
        .annotate(is_out=out)
        .values("model__name")
        .annotate(all=Count("pk"), out=Count("pk", filter=Q(is_out=True)))
        .order_by("model__name")
    )
    return [{**row, "here": row["all"] - row["out"]} for row in rows]


def _said(request: HttpRequest, moved: Moved) -> None:
    """Say what a closure or new hours changed for people."""
    if moved.loans:
        messages.info(
            request,
            ngettext(
                "%d retour est reporté au jour d’ouverture suivant ; la personne est prévenue.",
                "%d retours sont reportés au jour d’ouverture suivant ; les personnes sont prévenues.",
                moved.loans,
            )
            % moved.loans,
        )
    if moved.holds:
        messages.info(
            request,
            ngettext(
                "%d réservation est reportée ; la personne est prévenue.",
                "%d réservations sont reportées ; les personnes sont prévenues.",
                moved.holds,
            )
            % moved.holds,
        )
    if moved.left:
        messages.warning(
            request, _("Sans jour d’ouverture, à régler à la main : %s.") % ", ".join(moved.left[:20])
        )


@requires(Capability.MANAGE_POLICIES)
@sent_once(Act.Kind.POINT)
def point(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one point with its stock, and correct what is said of it, its week and its closures."""
    person, now = cast(Person, request.user), timezone.now()
    organisations = organisations_of(request, Capability.MANAGE_POLICIES)
    found = get_object_or_404(points_of(organisations), slug=slug)
    details = {name: getattr(found, name) for name in PointForm.base_fields}
    about = PointForm(initial=details, auto_id="about-%s")
    week = HoursForm(point=found, auto_id="week-%s")
    shut = ClosureForm(auto_id="closure-%s")
    doing = request.POST.get("do", "") if request.method == "POST" else ""
    if doing == "about":
        about = PointForm(request.POST, auto_id="about-%s")
        if about.is_valid():
            found.describe(**about.cleaned_data)
            messages.success(request, _("C’est noté."))
            return redirect("collection-point", slug)
    elif doing == "week":
        week = HoursForm(request.POST, point=found, auto_id="week-%s")
        if week.is_valid():
            try:
                found.set_hours(week.cleaned_data["week"])
            except HoursInDisorder as error:
                week.add_error(
                    f"day_{error.weekday}", _("Ces heures se croisent, ou finissent avant de commencer.")
                )
            else:
                messages.success(request, _("Les horaires sont notés."))
                _said(request, move_off_closed_days(found, now=now))
                return redirect("collection-point", slug)
    elif doing == "closure":
        shut = ClosureForm(request.POST, auto_id="closure-%s")
        if shut.is_valid():
            try:
                moved = close(found, by=person, now=now, act=act_of(request), **shut.cleaned_data)
            except Refusal as refusal:
                shut.add_error(None, refusal.sentence)
            else:
                messages.success(request, _("La fermeture est notée."))
                _said(request, moved)
                return redirect("collection-point", slug)
    elif doing == "reopen":
        chosen_or_404(found.closures.all(), request.POST.get("closure")).delete()
        messages.success(request, _("La fermeture est enlevée."))
        return redirect("collection-point", slug)
    context = {
        "point": found,
        "about": about,
        "week": week,
        "shut": shut,
        "closures": found.closures.filter(ends_on__gte=local_day(now)),
        "stock": _stock_by_kind(found),
        "days": OpeningHours.Weekday.choices,
    }
    return render(request, "lending/collection/point.html", context)
