"""Filters that write figures, hours and grades as `dashboards.words` says."""

from datetime import UTC, date, datetime
from math import floor, isfinite, log10

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

from calibration.flags import FAILING, VOCABULARY
from capto.readings.models import ReferenceStation, Threshold
from dashboards import week, words
from dashboards.hours_table import table_rows

register = template.Library()

register.filter("figure", words.figure)
register.filter("percent", words.percent)
register.filter("amount", words.amount)
register.filter("hour_of", words.hour_of)
register.filter("interval_of", words.interval_of)
register.filter("day_of", words.day_of)
register.filter("short_day_of", words.short_day_of)
register.filter("full_day_of", words.full_day_of)
register.filter("utc_hour", words.utc_hour)
register.filter("utc_time", words.utc_time)
register.filter("name_of", words.name_of)
register.filter("of_quantity", words.of_quantity)
register.filter("inside_sentence", words.inside_sentence)
register.filter("grade_in_a_word", words.grade_in_a_word)
register.filter("grade_in_a_sentence", words.grade_in_a_sentence)
register.filter("distance", words.distance)
register.filter("reasons_of", words.reasons_of)
register.filter("table_rows", table_rows)


@register.simple_tag
def failing_flags() -> str:
    """Name the flags that set an hour aside, as the column `flags` of the files writes them."""
    return " ".join(term.code for term in VOCABULARY if term.flag & FAILING)


@register.filter
def written(value: float | int | str | datetime | None) -> str:
    """Write a figure of a trail: four significant digits, times in UTC and to the second, text as it is."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, float):
        if not isfinite(value):
            return "–"
        places = max(0, 3 - floor(log10(abs(value)))) if value else 0
        decimals = len(f"{value:.{places}f}".rstrip("0").partition(".")[2]) if places else 0
        return words.figure(value, decimals)
    return str(value)


@register.filter
def kind_of_station(station: ReferenceStation) -> str:
    """Say what a station stands for, '' where the source does not say."""
    return words.station_kind(station.siting, station.influence)


@register.filter
def first_reason(flags: int) -> str:
    """Say the gravest thing that the checks said of an hour."""
    reasons = words.reasons_of(flags)
    return reasons[0] if reasons else _("aucune valeur ne peut être donnée")


@register.filter
def small_first(sentence: str) -> str:
    """Begin a sentence with a small letter, as after a colon."""
    return sentence[:1].lower() + sentence[1:]


@register.filter
def kind_in_brackets(station: ReferenceStation) -> str:
    """Say what a station stands for between brackets after its name, nothing where the source does not say."""
    kind = kind_of_station(station)
    return f" ({kind})" if kind else ""


@register.filter
def threshold_amount(row: Threshold) -> str:
    """Write the figure of a threshold as its text does: without decimals where it has none."""
    return week.amount_short(row.value, row.unit)


@register.filter
def threshold_statistic(row: Threshold) -> str:
    """Say of what a threshold is the bound, in the reader's language."""
    return row.statistic if words.french() else row.statistic_en


@register.filter
def threshold_per(row: Threshold) -> str:
    """Say in what period exceedances are counted."""
    if words.french():
        return row.per
    return {"an": "year"}.get(row.per, row.per.replace("an, en moyenne de 3 ans", "year, mean of 3 years"))


@register.filter
def plain_day(day: date) -> str:
    """Write a day with its year: 21 octobre 2010."""
    return formats.date_format(day, "j F Y")
