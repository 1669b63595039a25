"""The figures that a chart draws, as a small file: days, or hours of the day, of one source under one licence."""

import csv
import io
from collections.abc import Callable, Generator, Sequence
from datetime import date, datetime, timedelta
from hashlib import md5
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.members.models import Campaign
from capto.readings.models import ReferenceSeries
from dashboards.chosen import midnight
from dashboards.comparison import by_hour_of_day, sound
from dashboards.days import days_of_place, days_of_station
from dashboards.drawn import DAY, OPEN_LICENCE
from dashboards.evenings import evenings_of_sensors, evenings_of_station
from dashboards.gathered_days import days_together, hours_of_day_together, place_days
from dashboards.hours import place_hours, station_hours
from dashboards.models import PublishedSeries
from dashboards.open_data.answers import MEDIA_TYPES, File, NotUnderstood, answer_with, open_to_all
from dashboards.open_data.licences import LICENCE_OUVERTE, ODBL
from dashboards.views.campaigns import series_of_campaign
from dashboards.views.data import instant
from dashboards.views.gathered import series_of_commune, series_of_model
from dashboards.views.withdrawals import gone_file

LONGEST = timedelta(days=366)
DAYS = ("day", "value", "expanded_uncertainty", "n")
PROFILE = ("hour_of_day", "value", "expanded_uncertainty")

Row = tuple[object, ...]


class Period(NamedTuple):
    """The time [start, end) that an address asks for."""

    start: datetime
    end: datetime

    @property
    def days(self) -> tuple[date, date]:
        """Its first and its last day."""
        return self.start.date(), self.end.date() - DAY


@open_to_all
def chart_file(
    request: HttpRequest, subject: str, ident: str, quantity: str, figure: str
) -> HttpResponseBase:
    """Give the figures of one chart: `from` and `to` (excluded) are days of Paris, hours in UTC for a profile.

    `n` counts hours at one place or station, places where several are summed up, and is what the mean is made of.
    """
    measured = get_object_or_404(ObservedProperty, code=quantity, is_pollutant=True)
    rows_of = FIGURES.get((subject, figure))
    if rows_of is None:
        raise Http404
    if subject == "place" and not PublishedSeries.objects.of_place(ident).exists():
        return gone_file(ident)
    period = _period(request, in_days=figure != "profile")
    columns = PROFILE if figure == "profile" else DAYS
    rows = rows_of(request, ident, measured, period)
    content = _written(("quantity", "unit", *columns), [(measured.code, measured.unit, *row) for row in rows])
    return answer_with(
        request,
        File(
            name=f"capto-{subject}-{ident}-{quantity}-{figure}.csv",
            media_type=MEDIA_TYPES["csv"],
            mark=md5(content, usedforsecurity=False).hexdigest(),
            changed_at=None,
            licence=LICENCE_OUVERTE if subject == "station" else ODBL,
            make=lambda: _whole(content),
            is_kept=False,
        ),
    )


def _period(request: HttpRequest, *, in_days: bool) -> Period:
    asked = [request.GET.get("from", ""), request.GET.get("to", "")]
    if in_days:
        try:
            start, end = (midnight(date.fromisoformat(written)) for written in asked)
        except (ValueError, OverflowError):
            raise NotUnderstood(_("Écrivez la période ainsi : from=2026-11-14&to=2026-11-21.")) from None
    else:
        start, end = (instant(written) for written in asked)
    if not start < end or end - start > LONGEST or not 1970 <= start.year <= 2200:
        raise NotUnderstood(_("Demandez une période d’un jour à un an, le début avant la fin."))
    return Period(start, end)


def _written(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode()


def _whole(content: bytes) -> Generator[bytes]:
    yield content


def _place_days(request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period) -> list[Row]:
    first, last = period.days
    days = days_of_place(
        ident,
        quantity=quantity.code,
        first=first,
        last=last,
        variant=request.GET.get("variant"),
        channel=request.GET.get("channel"),
    )
    return [(day.day, day.mean, day.uncertainty, day.n) for day in days]


def _place_profile(request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period) -> list[Row]:
    hours = sound(
        [
            hour
            for hour in place_hours(ident, quantity=quantity.code, start=period.start, end=period.end)
            if all(request.GET.get(name, given) == given for name, given in hour.output)
        ]
    )
    return _hours_of_day(
        by_hour_of_day([(hour.hour, hour.value) for hour in hours]),
        by_hour_of_day([(hour.hour, hour.uncertainty) for hour in hours]),
    )


def _hours_of_day(means: Sequence[float | None], spreads: Sequence[float | None]) -> list[Row]:
    return [(hour, means[hour], spreads[hour]) for hour in range(24) if means[hour] is not None]


def _analyser(request: HttpRequest, ident: str, quantity: ObservedProperty) -> ReferenceSeries:
    """Give the analyser that is asked for, the first of those whose hours may stand in a file where none is."""
    asked = {name: request.GET[name] for name in ("provider", "discriminant") if name in request.GET}
    found = (
        ReferenceSeries.objects.filter(station__code=ident, property=quantity, licence=OPEN_LICENCE, **asked)
        .order_by("provider", "discriminant")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _station_days(request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period) -> list[Row]:
    first, last = period.days
    days = days_of_station(_analyser(request, ident, quantity), first=first, last=last)
    return [(day.day, day.mean, None, day.n) for day in days]


def _station_profile(
    request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period
) -> list[Row]:
    points = station_hours(_analyser(request, ident, quantity), start=period.start, end=period.end)
    return _hours_of_day(by_hour_of_day([(point.hour, point.value) for point in points]), [None] * 24)


def _station_evenings(
    request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period
) -> list[Row]:
    means = evenings_of_station(_analyser(request, ident, quantity), start=period.start, end=period.end)
    return [(day, mean, None, n) for day, (mean, n) in sorted(means.items())]


def _evenings(request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period) -> list[Row]:
    if ident != "evenings":
        raise Http404
    found = evenings_of_sensors(quantity.code, start=period.start, end=period.end)
    return [(one.day, one.middle, one.uncertainty, one.n) for one in found if one.middle is not None]


SERIES: dict[str, Callable[[str, str], set[int]]] = {
    "commune": series_of_commune,
    "model": series_of_model,
    "campaign": lambda ident, quantity: {
        series.series_id
        for series in series_of_campaign(get_object_or_404(Campaign, slug=ident))
        if series.property_id == quantity
    },
}


def _together_days(subject: str) -> Callable[[HttpRequest, str, ObservedProperty, Period], list[Row]]:
    def rows(request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period) -> list[Row]:
        first, last = period.days
        found = place_days(SERIES[subject](ident, quantity.code), first=first, last=last)
        days = days_together(found, first=first, last=last)
        return [(day.day, day.middle, day.uncertainty, day.n) for day in days if day.middle is not None]

    return rows


def _together_profile(subject: str) -> Callable[[HttpRequest, str, ObservedProperty, Period], list[Row]]:
    def rows(request: HttpRequest, ident: str, quantity: ObservedProperty, period: Period) -> list[Row]:
        means, spreads = hours_of_day_together(
            SERIES[subject](ident, quantity.code), start=period.start, end=period.end
        )
        return _hours_of_day(means, spreads)

    return rows


FIGURES: dict[tuple[str, str], Callable[[HttpRequest, str, ObservedProperty, Period], list[Row]]] = {
    ("place", "days"): _place_days,
    ("place", "profile"): _place_profile,
    ("station", "days"): _station_days,
    ("station", "profile"): _station_profile,
    ("station", "evenings"): _station_evenings,
    ("all", "evenings"): _evenings,
    **{(subject, "days"): _together_days(subject) for subject in SERIES},
    **{(subject, "profile"): _together_profile(subject) for subject in SERIES},
}
