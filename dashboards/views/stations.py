"""The page of one reference station."""

from datetime import date, datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from capto.charts.scales import PARIS
from capto.readings.models import ReferenceSeries, ReferenceStation
from dashboards import around, figures
from dashboards.drawn import (
    Chart,
    File,
    days_of_analyser,
    embedding,
    hours_of_station,
    present,
    profile_of_analyser,
)
from dashboards.hours import WIND, station_hours
from dashboards.kept import kept
from dashboards.week import DAYS, HOURLY, Week, hourly_lines, levels_of, thresholds_of, week_of
from dashboards.wind import Wind, wind_drawings, wind_of

CHART = timedelta(hours=48)
WEEK = timedelta(days=7)
PROFILE = timedelta(days=14)


@kept
def station(request: HttpRequest, code: str, quantity: str = "") -> HttpResponse:
    """Show what one station measures, and which lent sensors stand around it."""
    return render(request, "dashboards/station.html", station_context(code, quantity))


def station_context(code: str, quantity: str) -> dict[str, object]:
    """Gather what the page of a station says."""
    now = timezone.now()
    found = get_object_or_404(ReferenceStation.objects.select_related("territory"), code=code)
    analysers: dict[str, ReferenceSeries] = {}
    for series in found.series.select_related("property").order_by("property_id", "provider", "discriminant"):
        analysers.setdefault(series.property_id, series)
    mast = (analysers[WIND[0]], analysers[WIND[1]]) if all(code in analysers for code in WIND) else None
    analysers = {code: series for code, series in analysers.items() if code not in WIND}
    quantities = sorted((s.property for s in analysers.values()), key=lambda q: (around.rank(q.code), q.code))
    if quantity and quantity not in analysers:
        raise Http404
    shown = analysers[quantity].property if quantity else (quantities[0] if quantities else None)
    context: dict[str, object] = {"station": found, "quantities": quantities, "quantity": shown}
    if shown:
        context |= _evidence(found, analysers[shown.code], mast=mast, now=now)
        context["place"] = None
        context["neighbours"] = around.places_near(
            found.latitude, found.longitude, places=around.places_now(shown.code, now=now)
        )
    return context


def _evidence(
    found: ReferenceStation,
    series: ReferenceSeries,
    *,
    mast: tuple[ReferenceSeries, ReferenceSeries] | None,
    now: datetime,
) -> dict[str, object]:
    """Draw the last two days and the daily profile of one analyser, and the wind where it is known."""
    until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    points = station_hours(series, start=until - PROFILE, end=until)
    start = until - CHART
    recent = [point for point in points if point.hour >= start]
    today = (until - timedelta(microseconds=1)).astimezone(PARIS).date()
    thresholds = thresholds_of(series.property, on=today)
    week = week_of(
        [],
        station=points,
        name=found.name,
        quantity=series.property,
        last=today,
        thresholds=thresholds,
        levels=levels_of(series.property, on=today),
    )
    profile = figures.station_profile(points, name=found.name, quantity=series.property)
    drawings = figures.hours_drawings(
        [],
        station=recent,
        station_name=found.name,
        place_name="",
        quantity=series.property,
        start=start,
        end=until,
        thresholds=hourly_lines(thresholds),
    )
    charts = _charts(series, drawings=drawings, week=week, profile=profile, until=until, today=today)
    wind = wind_of(mast, start=start, end=until) if mast else None
    if wind:
        charts["vent"] = _wind_chart(wind, of=series, start=start, end=until)
    return {
        "week": week,
        "profile": profile,
        "wind": wind,
        "charts": charts,
        "hourly_thresholds": [row for row in thresholds if row.statistic == HOURLY],
        "analyser": series,
        "latest": recent[-1] if recent else None,
        "rows": figures.rows_of([], station=recent),
    }


def _charts(
    series: ReferenceSeries,
    *,
    drawings: figures.Drawings,
    week: Week | None,
    profile: figures.ProfileFigure | None,
    until: datetime,
    today: date,
) -> dict[str, Chart]:
    """Name the files and the frames of the station's charts."""
    name = series.station.name

    def chart(figure: str, drawn: figures.Drawings, url: str, hours_url: str = "") -> Chart:
        frame = embedding("station", series.station.code, quantity=series.property_id, figure=figure)
        return Chart(figure, drawn, present([File(name, url, "reference")]), frame, name, hours_url)

    charts = {"heures": chart("heures", drawings, hours_of_station(series, start=until - CHART, end=until))}
    if week:
        days = days_of_analyser(series, first=today - timedelta(days=DAYS - 1), last=today)
        behind = hours_of_station(series, start=until - WEEK, end=until)
        charts["semaine"] = chart("semaine", week.drawings, days, behind)
    if profile:
        means = profile_of_analyser(series, start=until - PROFILE, end=until)
        behind = hours_of_station(series, start=until - PROFILE, end=until)
        charts["profil"] = chart("profil", profile.drawings, means, behind)
    return charts


def _wind_chart(wind: Wind, *, of: ReferenceSeries, start: datetime, end: datetime) -> Chart:
    """Draw the wind of a station, framed beside the analyser that the page shows."""
    name = wind.station.name
    return Chart(
        "vent",
        wind_drawings(wind, quantity=wind.speed.property, start=start, end=end),
        present([File(name, hours_of_station(wind.speed, start=start, end=end), "reference")]),
        embedding("station", wind.station.code, quantity=of.property_id, figure="vent"),
        name,
        hours_of_station(wind.direction, start=start, end=end),
    )
