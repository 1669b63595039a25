"""Places gathered by commune and by sensor model, and one chart alone for somebody else's page."""

from datetime import date, datetime, timedelta

from csp.decorators import csp_replace
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt

from capto.catalogue.models import ObservedProperty, SensorModel
from capto.charts.scales import PARIS
from dashboards import around, figures
from dashboards.days import Day
from dashboards.gathered_days import days_drawn, days_together, place_days, profile_together
from dashboards.hours import nearest_station, place_hours, station_hours
from dashboards.kept import kept
from dashboards.models import PublishedHour, PublishedSeries, Withdrawal
from dashboards.views.year import calendar_of

CHART = timedelta(hours=48)
TWO_WEEKS = timedelta(days=13)  # and today
GRADES_OVER = timedelta(days=7)


@kept
def commune(request: HttpRequest, code: str) -> HttpResponse:
    """Show the places of one commune with their latest hour, and the stations around."""
    now = timezone.now()
    named = PublishedSeries.objects.exclude(purpose="co_location").filter(insee_code=code)
    ever = list(named.order_by("commune").values_list("commune", "public_id").distinct())
    if not ever:
        raise Http404
    quantities = around.quantities_measured(now=now)
    wanted = request.GET.get("grandeur", "")
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {
        "commune": ever[0][0],
        "n_ever": len({public_id for _, public_id in ever}),
        "quantities": quantities,
        "quantity": quantity,
    }
    if quantity:
        places = [place for place in around.places_now(quantity.code, now=now) if place.insee_code == code]
        context["places"] = places
        context["lent"] = around.together(places)
        context["stations"] = around.stations_now(quantity.code, now=now)
        idents = named.filter(property=quantity).values_list("series_id", flat=True)
        context |= _two_weeks(set(idents), name=ever[0][0], quantity=quantity, now=now)
        context["code"] = code
    return render(request, "dashboards/commune.html", context)


@kept
def sensor_model(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where a model of sensor stands, and the grades that its hours of a week got."""
    now = timezone.now()
    model = get_object_or_404(SensorModel, slug=slug)
    series = PublishedSeries.objects.standing(now=now).filter(sensor_model=model)
    standing = set(series.values_list("public_id", flat=True))
    quantities = around.quantities_measured(now=now)
    wanted = request.GET.get("grandeur", "")
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {
        "model": model,
        "n": len(standing),
        "quantities": quantities,
        "quantity": quantity,
    }
    if quantity:
        context["places"] = [p for p in around.places_now(quantity.code, now=now) if p.public_id in standing]
        context["grades"] = (
            PublishedHour.objects.between(now - GRADES_OVER, now)
            .filter(series_id__in=list(series.filter(property=quantity).values_list("series_id", flat=True)))
            .values_list("grade")
            .annotate(n=Count("hour"))
            .order_by("grade")
        )
        idents = set(series.filter(property=quantity).values_list("series_id", flat=True))
        context |= _two_weeks(idents, name=str(model), quantity=quantity, now=now)
    return render(request, "dashboards/sensor_model.html", context)


def _two_weeks(
    series: set[int], *, name: str, quantity: ObservedProperty, now: datetime
) -> dict[str, object]:
    """Draw what several places measured in the last two weeks, day by day and by hour of the day; two queries."""
    last = now.astimezone(PARIS).date()
    first = last - TWO_WEEKS
    days = days_together(place_days(series, first=first, last=last), first=first, last=last)
    return {
        "days": [day for day in reversed(days) if day.n],
        "drawings": days_drawn(days, name=name, quantity=quantity, ident="jours"),
        "profile": profile_together(series, first=first, last=last, name=name, quantity=quantity),
    }


@kept
def commune_year(request: HttpRequest, code: str, quantity: str) -> HttpResponse:
    """Show the last twelve months of a commune: the middle of its places, one cell a day."""
    now = timezone.now()
    series = (
        PublishedSeries.objects.exclude(purpose="co_location")
        .filter(insee_code=code, property_id=quantity, property__is_pollutant=True)
        .select_related("property")
    )
    found = list(series)
    if not found:
        raise Http404
    last = now.astimezone(PARIS).date()
    first = date(last.year, 1, 1)
    days = days_together(
        place_days({s.series_id for s in found}, first=first, last=last), first=first, last=last
    )
    context = {
        "label": found[0].commune,
        "page_url": reverse("commune", args=[code]),
        "years": [],
        "data_url": reverse("data"),
        "is_together": True,
        **calendar_of(
            [Day(d.day, d.middle, d.uncertainty, d.n, now) for d in days if d.middle is not None],
            quantity=found[0].property,
            year=last.year,
            today=last,
        ),
    }
    return render(request, "dashboards/year.html", context)


@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]  # it hands on whatever the address captures
@kept
def embedded(request: HttpRequest, public_id: str, quantity: str) -> HttpResponse:
    """Show the last two days of a place alone, so that any page may frame it."""
    now = timezone.now()
    series = (
        PublishedSeries.objects.of_place(public_id)
        .filter(property_id=quantity)
        .select_related("property")
        .first()
    )
    if series is None:
        gone = Withdrawal.objects.of(public_id)
        if gone is None:
            raise Http404
        return render(request, "dashboards/withdrawn_embedded.html", {"gone": gone}, status=410)
    if not series.property.is_pollutant:
        raise Http404
    until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if series.public_until and series.public_until < until:
        until = series.public_until
    start = until - CHART
    hours = place_hours(public_id, quantity=quantity, start=start, end=until)
    near = nearest_station(series.latitude, series.longitude, quantity=quantity)
    station = station_hours(near.series, start=start, end=until) if near else []
    latest = next((hour for hour in reversed(hours) if hour.value is not None and not hour.is_failed), None)
    context = {
        "place": series,
        "quantity": series.property,
        "near": near,
        "latest": latest,
        "drawings": figures.hours_drawings(
            hours,
            station=station,
            station_name=near.station.name if near else "",
            place_name=series.label,
            quantity=series.property,
            start=start,
            end=until,
        ),
    }
    return render(request, "dashboards/embedded.html", context)
