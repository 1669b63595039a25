"""The year of a place, as a calendar of daily means."""

from datetime import date, datetime
from typing import Any

from django.db.models import Max, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capto.catalogue.models import ObservedProperty
from capto.charts.calendar import calendar_chart
from capto.charts.scales import PARIS
from capto.readings.models import ReferenceSeries, ReferenceValue, Threshold
from dashboards.days import Day, days_of_place, days_of_station
from dashboards.drawn import (
    Chart,
    File,
    days_file,
    days_of_analyser,
    embedding,
    hours_of_place,
    hours_of_station,
    present,
)
from dashboards.figures import Drawings
from dashboards.kept import kept
from dashboards.models import PublishedSeries
from dashboards.views.withdrawals import gone_page
from dashboards.words import amount, day_of, name_of

# Shades of the calendar in µg/m³: round figures around the daily guidelines of the WHO (15, 45, 25), which are drawn
# as bounds too. A scale for the eye, without a judgement: thresholds stand in the table below, with their law.
BOUNDS = {"pm25": (5, 10, 15, 25), "pm10": (15, 30, 45, 60), "no2": (10, 25, 40, 60)}
OTHER_BOUNDS = (20, 40, 60, 100)
PAGE = "dashboards/year.html"


@kept
def year(request: HttpRequest, public_id: str, quantity: str, year: int = 0) -> HttpResponse:
    """Show a year of daily means of a place, the present one unless another is asked for."""
    context = year_context(public_id, quantity, year)
    return gone_page(request, public_id) if context is None else render(request, PAGE, context)


def year_context(public_id: str, quantity: str, year: int = 0) -> dict[str, Any] | None:
    """Gather a year of a place; None where nothing of it is published."""
    now = timezone.now()
    series = list(PublishedSeries.objects.of_place(public_id).filter(property_id=quantity))
    measured = get_object_or_404(ObservedProperty, code=quantity, is_pollutant=True)
    this_year = now.astimezone(PARIS).year
    if not series:
        return None
    first = min(s.public_from for s in series).astimezone(PARIS).year
    ends = [s.public_until for s in series]
    last = max((end.astimezone(PARIS).year if end else this_year for end in ends), default=this_year)
    last = min(last, this_year)
    shown = year or last
    if not first <= shown <= max(first, last):
        raise Http404
    days = days_of_place(public_id, quantity=quantity, first=date(shown, 1, 1), last=date(shown, 12, 31))
    drawn = calendar_of(days, quantity=measured, year=shown, today=now.astimezone(PARIS).date())
    begin, end = date(shown, 1, 1), date(shown, 12, 31)
    return {
        "place": series[0],
        "label": series[0].label,
        "page_url": reverse("place-quantity", args=[public_id, quantity]),
        "years": [
            (one, reverse("place-year", args=[public_id, quantity, one]))
            for one in range(first, max(first, last) + 1)
        ],
        "chart": Chart(
            "annee",
            drawn["drawings"],
            [File(series[0].label, days_file("place", public_id, quantity=quantity, first=begin, last=end))],
            embedding("lieu", public_id, quantity=quantity, figure=f"annee-{shown}"),
            series[0].label,
            hours_of_place(public_id, quantity=quantity, hours=(), **_bounds(shown)),
        ),
        **drawn,
    }


@kept
def station_year(request: HttpRequest, code: str, quantity: str, year: int = 0) -> HttpResponse:
    """Show a year of daily means of a station, the present one unless another is asked for."""
    return render(request, PAGE, station_year_context(code, quantity, year))


def station_year_context(code: str, quantity: str, year: int = 0) -> dict[str, Any]:
    """Gather a year of a station."""
    now = timezone.now()
    analyser = (
        ReferenceSeries.objects.filter(station__code=code, property_id=quantity)
        .select_related("station", "property")
        .order_by("provider", "discriminant")
        .first()
    )
    bounds = (
        ReferenceValue.objects.filter(series=analyser).aggregate(first=Min("hour"), last=Max("hour"))
        if analyser
        else {"first": None, "last": None}
    )
    if analyser is None or bounds["first"] is None:
        raise Http404
    first, last = (at.astimezone(PARIS).year for at in (bounds["first"], bounds["last"]) if at)
    shown = year or last
    if not first <= shown <= last:
        raise Http404
    days = days_of_station(analyser, first=date(shown, 1, 1), last=date(shown, 12, 31))
    drawn = calendar_of(days, quantity=analyser.property, year=shown, today=now.astimezone(PARIS).date())
    ours = days_of_analyser(analyser, first=date(shown, 1, 1), last=date(shown, 12, 31))
    return {
        "station": analyser.station,
        "label": analyser.station.name,
        "page_url": reverse("station-quantity", args=[code, quantity]),
        "years": [
            (one, reverse("station-year", args=[code, quantity, one])) for one in range(first, last + 1)
        ],
        "chart": Chart(
            "annee",
            drawn["drawings"],
            present([File(analyser.station.name, ours, "reference")]),
            embedding("station", code, quantity=quantity, figure=f"annee-{shown}"),
            analyser.station.name,
            hours_of_station(analyser, **_bounds(shown)),
        ),
        **drawn,
    }


def _bounds(year: int) -> dict[str, datetime]:
    return {"start": datetime(year, 1, 1, tzinfo=PARIS), "end": datetime(year + 1, 1, 1, tzinfo=PARIS)}


def calendar_of(days: list[Day], *, quantity: ObservedProperty, year: int, today: date) -> dict[str, Any]:
    """Draw a year of days, and give its scale, its table and the daily thresholds in force."""
    measured, shown = quantity, year
    bounds = BOUNDS.get(measured.code, OTHER_BOUNDS)
    unit = measured.unit_label

    def day_text(day: date, value: float | None) -> str:
        said = amount(value, unit) if value is not None else _("pas de moyenne")
        return f"{day_of(datetime(day.year, day.month, day.day, 12, tzinfo=PARIS))} : {said}"

    drawings = {
        name: mark_safe(
            calendar_chart(
                {day.day: day.mean for day in days},
                year=shown,
                bounds=bounds,
                title=_("%(name)s en %(year)d, jour par jour") % {"name": name_of(measured), "year": shown},
                description=ngettext(
                    "%(n)d jour a une moyenne ; le tableau dit la même chose.",
                    "%(n)d jours ont une moyenne ; le tableau dit la même chose.",
                    len(days),
                )
                % {"n": len(days)},
                ident=f"annee-{name}",
                day_text=day_text,
                month_label=lambda day: formats.date_format(day, "M"),
                narrow=name == "phone",
            )
        )
        for name in ("desk", "phone")
    }
    edges = [0, *bounds]
    return {
        "quantity": measured,
        "year": shown,
        "days": [(datetime(d.day.year, d.day.month, d.day.day, 12, tzinfo=PARIS), d) for d in days],
        "drawings": Drawings(**drawings),
        "scale": [(n, low, high) for n, (low, high) in enumerate(zip(edges, [*bounds, None], strict=True))],
        "thresholds": Threshold.objects.in_force(on=today).filter(
            pollutant=measured.code, statistic="moyenne journalière"
        ),
    }
