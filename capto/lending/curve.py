"""The borrower's own curve: the hours of a loan, drawn with the charts that every page uses.

The public pages show what may be published; this one shows the borrower all that their sensor said.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.charts import Line, Point, hours_chart
from capto.lending.days import PARIS
from capto.lending.models import Loan
from capto.readings.models import HourlyValue, Series

DAYS = 7
HOUR = timedelta(hours=1)
MOST_SERIES = 4  # as many as a reader tells apart
PREFERRED = ("pm25", "pm10", "pm1", "no2", "o3", "co2", "laeq", "temperature")


class Hour(NamedTuple):
    """One hour of the curve; `value` is the corrected value, else the raw mean."""

    hour: datetime
    value: float | None
    uncertainty: float | None
    is_corrected: bool
    is_provisional: bool
    raw: float | None = None
    grade: str = ""


class Curve(NamedTuple):
    """One quantity, drawn for a desk and for a phone, and the hours behind the drawing."""

    quantity: ObservedProperty
    hours: list[Hour]
    desk: SafeString
    phone: SafeString
    newest: Hour | None

    @property
    def name(self) -> str:
        """What is measured."""
        return self.quantity.name

    @property
    def unit(self) -> str:
        """Its unit, as people write it."""
        return self.quantity.unit_label


def curves(loan: Loan, *, now: datetime) -> list[Curve]:
    """Draw the last week of a loan, one curve per quantity, the pollutants first; three queries."""
    end = min(now, loan.returned_at or now)
    start = max(end - timedelta(days=DAYS), loan.lent_at)
    notes = list(loan.notes.values_list("starts_at", "text"))
    return [
        draw(quantity, hours, start=start, end=end, notes=notes)
        for quantity, hours in hours_of(loan, start=start, end=end)
    ]


def hours_of(loan: Loan, *, start: datetime, end: datetime) -> list[tuple[ObservedProperty, list[Hour]]]:
    """Read the hours of a loan that meet [start, end), by quantity, the pollutants first; two queries."""
    series = (
        Series.objects.filter(placement__loan_placement__loan=loan)
        .select_related("property")
        .order_by("placement__starts_at", "pk")
    )
    chosen: dict[str, list[Series]] = {}
    for one in series:
        chosen.setdefault(one.property_id, []).append(one)
    order = [code for code in PREFERRED if code in chosen][:MOST_SERIES]
    wanted = {one.pk: code for code in order for one in chosen[code]}
    rows = HourlyValue.objects.filter(series__in=wanted, hour__gt=start - HOUR, hour__lt=end).order_by("hour")
    hours: dict[str, dict[datetime, Hour]] = {code: {} for code in order}
    for row in rows:
        # Of several variants in one hour the corrected one is shown; never a blend.
        known = hours[wanted[row.series_id]].get(row.hour)
        if known is None or (row.value is not None and not known.is_corrected):
            hours[wanted[row.series_id]][row.hour] = Hour(
                row.hour,
                row.value if row.value is not None else row.raw_mean,
                row.expanded_uncertainty,
                row.value is not None and row.expanded_uncertainty is not None,
                row.is_provisional,
                row.raw_mean,
                row.grade,
            )
    return [
        (chosen[code][0].property, [hours[code][hour] for hour in sorted(hours[code])])
        for code in order
        if hours[code]
    ]


def draw(
    quantity: ObservedProperty,
    hours: Sequence[Hour],
    *,
    start: datetime,
    end: datetime,
    notes: Sequence[tuple[datetime, str]] = (),
    station: Sequence[Point] = (),
    station_name: str = "",
) -> Curve:
    """Draw hours over [start, end): gaps stay gaps, raw hours are dashed, hours with a note are hollow and say it."""
    said: dict[datetime, list[str]] = {}
    for at, text in notes:
        said.setdefault(at.replace(minute=0, second=0, microsecond=0), []).append(text)
    lent = Line(
        _("Votre capteur"),
        "lent",
        [
            Point(
                hour.hour,
                hour.value,
                hour.uncertainty,
                raw=hour.raw,
                is_provisional=hour.is_provisional or not hour.is_corrected,
                reasons=tuple(said.get(hour.hour, ())),
            )
            for hour in hours
        ],
    )
    lines = [Line(station_name, "reference", station), lent] if station else [lent]
    first = min(start, hours[0].hour) if hours else start
    words = _in_words(hours, quantity)

    def drawing(narrow: bool) -> SafeString:
        return mark_safe(
            hours_chart(
                lines,
                start=first,
                end=max(end, first + HOUR),
                unit=quantity.unit_label,
                title=quantity.name,
                description=words,
                ident=f"courbe-{quantity.pk}{'-etroit' if narrow else ''}",
                day_label=_day,
                hour_label=_clock,
                figure=tick,
                narrow=narrow,
            )
        )

    newest = next((hour for hour in reversed(hours) if hour.value is not None), None)
    return Curve(quantity, list(hours), drawing(False), drawing(True), newest)


def _in_words(hours: Sequence[Hour], quantity: ObservedProperty) -> str:
    """Say the lowest, highest and last hour, for who cannot see the drawing."""
    known = [hour.value for hour in hours if hour.value is not None]
    if not known:
        return ""
    return _("Entre %(low)s et %(high)s %(unit)s ; dernière heure %(last)s.") % {
        "low": number_format(min(known), 1),
        "high": number_format(max(known), 1),
        "last": number_format(known[-1], 1),
        "unit": quantity.unit_label,
    }


def tick(value: float) -> str:
    """Write the figure of a tick: as few decimals as it has."""
    return number_format(value + 0.0, len(f"{value:g}".partition(".")[2]))


def _day(at: datetime) -> str:
    return date_format(at.astimezone(PARIS), "D j")


def _clock(at: datetime) -> str:
    hour = at.astimezone(PARIS).hour
    return f"{hour:02d}:00" if get_language() == "en" else f"{hour}\u202fh"
