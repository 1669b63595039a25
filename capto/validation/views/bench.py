"""The bench calendar: plan who stands beside which station and when, and say when a sensor comes and goes."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.charts.scales import PARIS
from capto.members.access import requires
from capto.members.chosen import key_of
from capto.members.models import Person
from capto.members.roles import Capability
from capto.readings.models import ReferenceStation
from capto.validation.bench_calendar import WEEKS, calendar, waiting
from capto.validation.forms import PlanForm
from capto.validation.models import (
    Bench,
    BenchFull,
    Calibration,
    CoLocation,
    NotPlanned,
    SensorElsewhere,
    VigieItem,
)

USUAL_STAY = timedelta(days=13)  # the last day of two weeks, which make a full calibration


def stations() -> Any:
    """List the stations that measure something: those beside which a sensor can be compared."""
    return (
        ReferenceStation.objects.filter(Q(series__isnull=False) | Q(benches__isnull=False))
        .distinct()
        .order_by("name")
    )


@requires(Capability.CALIBRATE)
def page(request: HttpRequest) -> HttpResponse:
    """Show the weeks from Monday on, and take a plan."""
    person, now = cast(Person, request.user), timezone.now()
    organisations = person.organisations_where(Capability.CALIBRATE)
    today = now.astimezone(PARIS).date()
    first = _monday(parse_date(request.GET.get("du", "")) or today - timedelta(days=7))
    form = PlanForm(
        request.POST or None,
        organisations=organisations,
        stations=stations(),
        initial={
            "sensor": request.GET.get("capteur", ""),
            "first_day": today + timedelta(days=1),
            "last_day": today + timedelta(days=1) + USUAL_STAY,
        },
    )
    if request.method == "POST" and form.is_valid() and _plan(request, form, by=person):
        return redirect("benches")
    days, benches = calendar(organisations, first=first, now=now)
    context = {
        "days": days,
        "today": today,
        "benches": benches,
        "form": form,
        "waiting": waiting(organisations, now=now),
        "before": first - timedelta(days=7 * (WEEKS - 1)),
        "after": first + timedelta(days=7 * (WEEKS - 1)),
        "drafts": Calibration.objects.filter(
            status=Calibration.Status.DRAFT, sensor__owner__in=organisations
        ).count(),
        "open_items": VigieItem.objects.open().of_staff(organisations).count(),
    }
    return render(request, "validation/benches.html", context)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _plan(request: HttpRequest, form: PlanForm, *, by: Person) -> bool:
    told = form.cleaned_data
    try:
        stay = CoLocation.plan(
            told["sensor"],
            station=told["station"],
            starts_at=datetime.combine(told["first_day"], time.min, PARIS),
            ends_at=datetime.combine(told["last_day"] + timedelta(days=1), time.min, PARIS),
            by=by,
            note=told["note"],
        )
    except BenchFull:
        form.add_error("station", _("Toutes les places de cette station sont prises un de ces jours-là."))
        return False
    except SensorElsewhere as clash:
        form.add_error("sensor", _("Ce capteur est déjà prévu ailleurs : %s.") % clash)
        return False
    messages.success(
        request,
        _("%(sensor)s : prévu à %(station)s.") % {"sensor": stay.sensor, "station": stay.station.name},
    )
    return True


def _stay(request: HttpRequest, pk: int) -> CoLocation:
    organisations = cast(Person, request.user).organisations_where(Capability.CALIBRATE)
    stays = CoLocation.objects.filter(sensor__owner__in=organisations)
    return get_object_or_404(stays.select_related("sensor", "station", "placement"), pk=pk)


@require_POST
@requires(Capability.CALIBRATE)
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the sensor stands at the bench now."""
    stay = _stay(request, pk)
    try:
        stay.begin(now=timezone.now())
        messages.success(
            request, _("%s est au banc ; ses mesures y sont rattachées dès maintenant.") % stay.sensor
        )
    except SensorElsewhere as error:
        messages.error(
            request,
            _("%(sensor)s est encore posé : %(where)s. Rendez-le d’abord au comptoir.")
            % {"sensor": stay.sensor, "where": error},
        )
    except NotPlanned:
        messages.error(request, _("Ce projet a déjà commencé ou est terminé."))
    return redirect("benches")


@require_POST
@requires(Capability.CALIBRATE)
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the sensor leaves the bench now."""
    stay = _stay(request, pk)
    try:
        stay.finish(now=timezone.now())
    except NotPlanned:
        messages.error(request, _("Ce capteur n’est pas encore au banc."))
        return redirect("benches")
    messages.success(request, _("%s a quitté le banc : voici sa comparaison.") % stay.sensor)
    return redirect("co-location", pk=stay.pk)


@require_POST
@requires(Capability.CALIBRATE)
def give_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a plan up; its place is free again."""
    stay = _stay(request, pk)
    try:
        stay.give_up()
        messages.success(request, _("%s : projet abandonné, la place est libre.") % stay.sensor)
    except NotPlanned:
        messages.error(request, _("Ce projet a déjà commencé ou est terminé."))
    return redirect("benches")


@require_POST
@requires(Capability.CALIBRATE)
def places(request: HttpRequest, code: str) -> HttpResponse:
    """State how many sensors find room beside a station."""
    station = get_object_or_404(ReferenceStation, code=code)
    number = key_of(request.POST.get("places"))
    if number is not None and 0 < number <= 200:
        Bench.set_places(station, places=int(number))
        messages.success(request, _("%(station)s : %(n)s places.") % {"station": station.name, "n": number})
    else:
        messages.error(request, _("Un nombre de places, de 1 à 200."))
    return redirect("benches")
