"""The charts of a place's page, each with the files of exactly what it draws."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from capto.catalogue.models import ObservedProperty
from capto.charts.hours import BESIDE
from capto.charts.scales import PARIS
from dashboards.chosen import Other, Span
from dashboards.drawn import (
    Chart,
    File,
    days_file,
    days_of_analyser,
    embedding,
    hours_of_place,
    hours_of_station,
    present,
    profile_file,
    profile_of_analyser,
)
from dashboards.figures import Drawings, ProfileFigure
from dashboards.hours import Hour, NearStation
from dashboards.models import PublishedSeries
from dashboards.week import DAYS, Week

PROFILE = timedelta(days=14)
MOMENT = timedelta(microseconds=1)


def charts_of_place(
    place: PublishedSeries,
    *,
    quantity: ObservedProperty,
    drawings: Drawings,
    week: Week | None,
    profile: ProfileFigure | None,
    hours: Sequence[Hour],
    shown: Sequence[Hour],
    chosen: Sequence[tuple[Other, Sequence[Hour]]],
    near: NearStation | None,
    span: Span,
    until: datetime,
    asked: str,
) -> dict[str, Chart]:
    """Name the files and the frames of the hours shown, of the week and of the daily profile; no query."""
    charts = {
        "heures": _hours(
            place,
            quantity=quantity,
            drawings=drawings,
            shown=shown,
            chosen=chosen,
            near=near,
            span=span,
            asked=asked,
        )
    }
    code, ident = quantity.code, place.public_id

    def beside_station(name: str, drawn: Drawings, ours: str, theirs: str, *, days: timedelta) -> Chart:
        files = present([File(place.label, ours), File(_name(near), theirs, "reference")])
        source = hours_of_place(ident, quantity=code, hours=hours, start=until - days, end=until)
        frame = embedding("lieu", ident, quantity=code, figure=name)
        return Chart(name, drawn, files, frame, place.label, source)

    if week:
        last = (until - MOMENT).astimezone(PARIS).date()
        first = last - timedelta(days=DAYS - 1)
        ours = days_file("place", ident, quantity=code, first=first, last=last, hours=hours)
        theirs = days_of_analyser(near.series, first=first, last=last) if near else ""
        charts["semaine"] = beside_station("semaine", week.drawings, ours, theirs, days=timedelta(days=DAYS))
    if profile:
        start = until - PROFILE
        ours = profile_file("place", ident, quantity=code, start=start, end=until, hours=hours)
        theirs = profile_of_analyser(near.series, start=start, end=until) if near else ""
        charts["profil"] = beside_station("profil", profile.drawings, ours, theirs, days=PROFILE)
    return charts


def _hours(
    place: PublishedSeries,
    *,
    quantity: ObservedProperty,
    drawings: Drawings,
    shown: Sequence[Hour],
    chosen: Sequence[tuple[Other, Sequence[Hour]]],
    near: NearStation | None,
    span: Span,
    asked: str,
) -> Chart:
    code, ident = quantity.code, place.public_id

    def file_of(public_id: str, hours: Sequence[Hour]) -> str:
        return hours_of_place(public_id, quantity=code, hours=hours, start=span.start, end=span.end)

    theirs = hours_of_station(near.series, start=span.start, end=span.end) if near else ""
    beside = [
        File(other.label, file_of(other.public_id, hours), line)
        for (other, hours), line in zip(chosen, BESIDE, strict=False)
    ]
    return Chart(
        "heures",
        drawings,
        present([File(place.label, file_of(ident, shown)), File(_name(near), theirs, "reference"), *beside]),
        embedding("lieu", ident, quantity=code, figure="heures", asked=asked),
        place.label,
    )


def _name(near: NearStation | None) -> str:
    return near.station.name if near else ""
