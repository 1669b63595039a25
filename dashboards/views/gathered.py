"""Places gathered by commune and by sensor model."""

from datetime import date, datetime, timedelta

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from capto.catalogue.models import ObservedProperty, SensorModel
from capto.charts.scales import PARIS
from dashboards import around
from dashboards.days import Day
from dashboards.drawn import Chart, File, days_file, embedding
from dashboards.drawn_together import charts_together
from dashboards.gathered_days import days_drawn, days_together, place_days, profile_together
from dashboards.kept import kept
from dashboards.models import PublishedHour, PublishedSeries
from dashboards.views.year import calendar_of

TWO_WEEKS = timedelta(days=13)  # and today
GRADES_OVER = timedelta(days=7)


@kept
def commune(request: HttpRequest, code: str) -> HttpResponse:
    """Show the places of one commune with their latest hour, and the stations around."""
    return render(request, "dashboards/commune.html", commune_context(code, request.GET.get("grandeur", "")))


def commune_context(code: str, wanted: str) -> dict[str, object]:
    """Gather what the page of a commune says of one quantity."""
    now = timezone.now()
    named = PublishedSeries.objects.exclude(purpose="co_location").filter(insee_code=code)
    ever = list(named.order_by("commune").values_list("commune", "public_id").distinct())
    if not ever:
        raise Http404
    quantities = around.quantities_measured(now=now)
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
        idents = series_of_commune(code, quantity.code)
        context |= _two_weeks(idents, ("commune", code), name=ever[0][0], quantity=quantity, now=now)
        context["code"] = code
    return context


def series_of_commune(code: str, quantity: str) -> set[int]:
    """Give the series of a commune's places, whenever they were; one query."""
    return set(
        PublishedSeries.objects.exclude(purpose="co_location")
        .filter(insee_code=code, property_id=quantity)
        .values_list("series_id", flat=True)
    )


def series_of_model(slug: str, quantity: str) -> set[int]:
    """Give the series of the sensors of a model that stand outside now; one query."""
    return set(
        PublishedSeries.objects.standing(now=timezone.now())
        .filter(sensor_model__slug=slug, property_id=quantity)
        .values_list("series_id", flat=True)
    )


@kept
def sensor_model(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where a model of sensor stands, and the grades that its hours of a week got."""
    return render(
        request, "dashboards/sensor_model.html", model_context(slug, request.GET.get("grandeur", ""))
    )


def model_context(slug: str, wanted: str) -> dict[str, object]:
    """Gather what the page of a model says of one quantity."""
    now = timezone.now()
    model = get_object_or_404(SensorModel, slug=slug)
    series = PublishedSeries.objects.standing(now=now).filter(sensor_model=model)
    standing = set(series.values_list("public_id", flat=True))
    quantities = around.quantities_measured(now=now)
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {
        "model": model,
        "n": len(standing),
        "quantities": quantities,
        "quantity": quantity,
    }
    if quantity:
        context["places"] = [p for p in around.places_now(quantity.code, now=now) if p.public_id in standing]
        idents = series_of_model(slug, quantity.code)
        context["grades"] = (
            PublishedHour.objects.between(now - GRADES_OVER, now)
            .filter(series_id__in=list(idents))
            .values_list("grade")
            .annotate(n=Count("hour"))
            .order_by("grade")
        )
        context |= _two_weeks(idents, ("model", slug), name=str(model), quantity=quantity, now=now)
    return context


def _two_weeks(
    series: set[int], of: tuple[str, str], *, name: str, quantity: ObservedProperty, now: datetime
) -> dict[str, object]:
    """Draw what several places measured in the last two weeks, day by day and by hour of the day; two queries."""
    last = now.astimezone(PARIS).date()
    first = last - TWO_WEEKS
    days = days_together(place_days(series, first=first, last=last), first=first, last=last)
    profile = profile_together(series, first=first, last=last, name=name, quantity=quantity)
    return {
        "days": [day for day in reversed(days) if day.n],
        "profile": profile,
        "charts": charts_together(
            of,
            name=name,
            quantity=quantity,
            drawings=days_drawn(days, name=name, quantity=quantity, ident="jours"),
            profile=profile,
            first=first,
            last=last,
        ),
    }


@kept
def commune_year(request: HttpRequest, code: str, quantity: str) -> HttpResponse:
    """Show the year of a commune: the middle of its places, one cell a day."""
    return render(request, "dashboards/year.html", commune_year_context(code, quantity))


def commune_year_context(code: str, quantity: str) -> dict[str, object]:
    """Gather the year of a commune up to today."""
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
    drawn = calendar_of(
        [Day(d.day, d.middle, d.uncertainty, d.n, now) for d in days if d.middle is not None],
        quantity=found[0].property,
        year=last.year,
        today=last,
    )
    label = found[0].commune
    ours = days_file("commune", code, quantity=quantity, first=first, last=last)
    return {
        "label": label,
        "page_url": reverse("commune", args=[code]),
        "years": [],
        "is_together": True,
        "chart": Chart(
            "annee",
            drawn["drawings"],
            [File(label, ours)],
            embedding("commune", code, quantity=quantity, figure="annee"),
            label,
        ),
        **drawn,
    }
