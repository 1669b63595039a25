"""Filters that write figures, hours and grades as `dashboards.words` says."""

from datetime import UTC, datetime
from math import floor, isfinite, log10

from django import template
from django.utils.translation import gettext as _

from capto.readings.models import ReferenceStation
from dashboards import words

register = template.Library()

register.filter("figure", words.figure)
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
def percent(share: float | None) -> str:
    """Write a share as a percentage without decimals."""
    return "–" if share is None else f"{words.figure(100 * share, 0)}\u202f%"


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
