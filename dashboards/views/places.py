"""The list of places and the page of one place."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from calibration.flags import names
from capto.catalogue.models import ObservedProperty
from capto.charts.hours import BESIDE
from capto.charts.scales import PARIS
from dashboards import around, comparison, figures, neighbours, phrases
from dashboards.chosen import (
    MOST_OTHERS,
    Other,
    Span,
    hours_of_others,
    kept_choices,
    others_near,
    span_of,
)
from dashboards.drawn_of_place import charts_of_place
from dashboards.hours import Hour, NearStation, nearest_station, place_hours, station_hours
from dashboards.kept import kept
from dashboards.models import PublishedSeries
from dashboards.told import told_around
from dashboards.views.withdrawals import gone_page
from dashboards.week import HOURLY, hourly_lines, levels_of, thresholds_of, week_of
from dashboards.wind import wind_of

CHART = timedelta(hours=48)
WEEK = timedelta(days=7)
PROFILE = timedelta(days=14)
NEXT_HOUR = timedelta(hours=1)
PAGE = "dashboards/place.html"


@kept
def places(request: HttpRequest) -> HttpResponse:
    """List every place where a sensor stands, by commune."""
    now = timezone.now()
    quantities = around.quantities_measured(now=now)
    wanted = request.GET.get("grandeur", "")
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    found = around.places_now(quantity.code, now=now) if quantity else []
    communes: dict[str, list[around.PlaceNow]] = {}
    for place in found:
        communes.setdefault(place.commune, []).append(place)
    stations = around.stations_now(quantity.code, now=now) if quantity else []
    context: dict[str, object] = {
        "quantities": quantities,
        "quantity": quantity,
        "communes": communes,
        "stations": stations,
    }
    if quantity:
        others = neighbours.foreign_now(quantity.code, now=now)
        context["others"] = others
        context["map_drawings"] = figures.map_drawings(
            found, stations=stations, quantity=quantity, others=others
        )
    return render(request, "dashboards/places.html", context)


@kept
def place(request: HttpRequest, public_id: str, quantity: str = "") -> HttpResponse:
    """Say what one place's hours show, with its evidence."""
    context = place_context(request, public_id, quantity)
    return gone_page(request, public_id) if context is None else render(request, PAGE, context)


def place_context(request: HttpRequest, public_id: str, quantity: str) -> dict[str, Any] | None:
    """Gather what the page of a place says; None where nothing of the place is published."""
    now = timezone.now()
    series = list(
        PublishedSeries.objects.of_place(public_id)
        .select_related("property", "sensor_model")
        .order_by("-public_from")
    )
    if not series:
        return None
    pollutants = {s.property_id: s.property for s in series if s.property.is_pollutant}
    quantities = sorted(pollutants.values(), key=lambda q: (around.rank(q.code), q.code))
    shown = pollutants.get(quantity) if quantity else (quantities[0] if quantities else None)
    if shown is None:
        raise Http404
    context = {
        "place": series[0],
        "quantity": shown,
        "quantities": quantities,
        "is_home": series[0].kind == "home",
        "page_url": settings.SITE_URL + reverse("place-quantity", args=[public_id, shown.code]),
        "preview_url": settings.SITE_URL + reverse("place-preview", args=[public_id, shown.code]),
        **_period(series, now=now),
    }
    span = span_of(request.GET, since=context["since"], until=context["until"])
    others = others_near(series[0], quantity=shown.code, asked=request.GET.getlist("avec"), now=now)
    context |= {
        "span": span,
        "others": others,
        "most_others": MOST_OTHERS,
        "is_chosen": bool(request.GET),
    }
    context |= _evidence(series[0], quantity=shown, until=context["until"], span=span, others=others)
    return context


def _period(series: list[PublishedSeries], *, now: datetime) -> dict[str, Any]:
    """Give the public period of a place, and the end of what its page draws: now, or the end of the loan."""
    ends = [s.public_until for s in series]
    has_ended = all(end is not None and end <= now for end in ends)
    last = max((end for end in ends if end is not None), default=now)
    until = min(last, now) if has_ended else now
    until = until.replace(minute=0, second=0, microsecond=0)
    if not has_ended:
        until += NEXT_HOUR
    return {
        "until": until,
        "has_ended": has_ended,
        "since": min(s.public_from for s in series),
        "not_yet": min(s.public_from for s in series) > now,
    }


def _evidence(
    place: PublishedSeries,
    *,
    quantity: ObservedProperty,
    until: datetime,
    span: Span,
    others: Sequence[Other],
) -> dict[str, Any]:
    """Read the hours of the place and of its nearest station, and make of them the page's figures and sentences."""
    hours = place_hours(place.public_id, quantity=quantity.code, start=until - PROFILE, end=until)
    near = nearest_station(place.latitude, place.longitude, quantity=quantity.code)
    station = station_hours(near.series, start=until - PROFILE, end=until) if near else []
    week = [hour for hour in hours if hour.hour >= until - WEEK]
    compared = comparison.compare(week, [p for p in station if p.hour >= until - WEEK])
    finding = phrases.finding(
        place.label,
        quantity=quantity,
        swing=comparison.swing(hours),
        comparison=compared,
        station=near.station.name if near else "",
        hours=len(comparison.sound(week)),
    )
    last_days = [hour for hour in hours if hour.hour >= until - CHART]
    latest = next(
        (hour for hour in reversed(last_days) if hour.value is not None and not hour.is_failed), None
    )
    today = until.astimezone(PARIS).date()
    thresholds = thresholds_of(quantity, on=today)
    shown, shown_station = hours, station
    if span.start < until - PROFILE:
        shown = place_hours(place.public_id, quantity=quantity.code, start=span.start, end=span.end)
        shown_station = station_hours(near.series, start=span.start, end=span.end) if near else []
    shown = [hour for hour in shown if span.start <= hour.hour < span.end]
    shown_station = [point for point in shown_station if span.start <= point.hour < span.end]
    chosen = hours_of_others(others, quantity=quantity.code, start=span.start, end=span.end)
    beside = [(other.label, theirs) for other, theirs in chosen]
    seen = set(names(reduce(or_, (hour.flags for hour in shown), 0)))
    profile = figures.profile_figure(hours, station=station, place_name=place.label, quantity=quantity)
    days = week_of(
        hours,
        station=station,
        name=place.label,
        quantity=quantity,
        last=(until - timedelta(microseconds=1)).astimezone(PARIS).date(),
        thresholds=thresholds,
        levels=levels_of(quantity, on=today),
    )
    return {
        "finding": finding,
        "latest": latest,
        "latest_station": next((p for p in reversed(station) if p.hour >= until - CHART), None),
        "near": near,
        "wind": wind_of(near.mast, start=span.start, end=span.end) if near and near.mast else None,
        "compared": compared,
        "rows": figures.rows_of(shown, station=shown_station, beside=beside),
        "beside": [(other, kind) for (other, _), kind in zip(chosen, BESIDE, strict=False)],
        "profile": profile,
        "week": days,
        "charts": charts_of_place(
            place,
            quantity=quantity,
            drawings=figures.hours_drawings(
                shown,
                station=shown_station,
                station_name=near.station.name if near else "",
                place_name=place.label,
                quantity=quantity,
                start=span.start,
                end=span.end,
                beside=beside,
                thresholds=hourly_lines(thresholds),
            ),
            week=days,
            profile=profile,
            hours=hours,
            shown=shown,
            chosen=chosen,
            near=near,
            span=span,
            until=until,
            asked=kept_choices(span, others),
        ),
        "hourly_thresholds": [row for row in thresholds if row.statistic == HOURLY],
        "told": told_around(
            territory_id=place.territory_id,
            station=near.station if near else None,
            start=min(span.start, until - WEEK),
            end=until,
        ),
        "reasons": _reasons(shown, near=near, seen=seen),
        "grade": latest.grade if latest else "D",
        "set_aside_since": [
            hour for hour in last_days if hour.is_failed and (not latest or hour.hour > latest.hour)
        ],
        "spoken_against": [hour for hour in shown if hour.point().reasons],
    }


def _reasons(recent: list[Hour], *, near: NearStation | None, seen: set[str]) -> list[str]:
    if near is None or not recent:
        return []
    return phrases.why_they_may_differ(
        kilometres=near.kilometres,
        siting=near.station.siting,
        influence=near.station.influence,
        flags_seen=sorted(seen),
        is_provisional=recent[-1].is_provisional,
        is_uncalibrated="uncalibrated" in seen,
    )
