"""The page of one reference station."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from capto.charts.scales import PARIS
from capto.readings.models import Level, ReferenceSeries, ReferenceStation
from dashboards import around, figures
from dashboards.hours import station_hours
from dashboards.kept import kept
from dashboards.week import HOURLY, hourly_lines, thresholds_of, week_of
from dashboards.words import utc_hour

CHART = timedelta(hours=48)
WEEK = timedelta(days=7)
PROFILE = timedelta(days=14)


@kept
def station(request: HttpRequest, code: str, quantity: str = "") -> HttpResponse:
    """Show what one station measures, and which lent sensors stand around it."""
    now = timezone.now()
    found = get_object_or_404(ReferenceStation.objects.select_related("territory"), code=code)
    analysers: dict[str, ReferenceSeries] = {}
    for series in found.series.select_related("property").order_by("property_id", "provider", "discriminant"):
        analysers.setdefault(series.property_id, series)
    quantities = sorted((s.property for s in analysers.values()), key=lambda q: (around.rank(q.code), q.code))
    if quantity and quantity not in analysers:
        raise Http404
    shown = analysers[quantity].property if quantity else (quantities[0] if quantities else None)
    context: dict[str, object] = {"station": found, "quantities": quantities, "quantity": shown}
    if shown:
        context |= _evidence(found, analysers[shown.code], now=now)
        context["place"] = None
        context["neighbours"] = around.places_near(
            found.latitude, found.longitude, places=around.places_now(shown.code, now=now)
        )
    return render(request, "dashboards/station.html", context)


def _evidence(found: ReferenceStation, series: ReferenceSeries, *, now: datetime) -> dict[str, object]:
    """Draw the last two days and the daily profile of one analyser."""
    until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    points = station_hours(series, start=until - PROFILE, end=until)
    start = until - CHART
    recent = [point for point in points if point.hour >= start]
    today = (until - timedelta(microseconds=1)).astimezone(PARIS).date()
    thresholds = thresholds_of(series.property, on=today)
    return {
        "week": week_of(
            [],
            station=points,
            name=found.name,
            quantity=series.property,
            last=today,
            thresholds=thresholds,
            levels=Level.objects.in_force(pollutant=series.property_id, on=today),
        ),
        "week_url": f"{reverse('station-csv', args=[found.code])}?"
        + urlencode({"quantity": series.property_id, "from": utc_hour(until - WEEK), "to": utc_hour(until)}),
        "profile": figures.station_profile(points, name=found.name, quantity=series.property),
        "profile_url": f"{reverse('station-csv', args=[found.code])}?"
        + urlencode(
            {"quantity": series.property_id, "from": utc_hour(until - PROFILE), "to": utc_hour(until)}
        ),
        "hourly_thresholds": [row for row in thresholds if row.statistic == HOURLY],
        "analyser": series,
        "latest": recent[-1] if recent else None,
        "data_url": f"{reverse('station-csv', args=[found.code])}?"
        + urlencode({"quantity": series.property_id, "from": utc_hour(start), "to": utc_hour(until)}),
        "rows": figures.rows_of([], station=recent),
        "drawings": figures.hours_drawings(
            [],
            station=recent,
            station_name=found.name,
            place_name="",
            quantity=series.property,
            start=start,
            end=until,
            thresholds=hourly_lines(thresholds),
        ),
    }
