"""Charts with their words: title, reading help, drawing for desk and phone, table, and the link to the same data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capto.catalogue.models import ObservedProperty
from capto.charts import Line, Point, Threshold, hours_chart, profile_chart
from capto.charts.days import THRESHOLD_ROOM
from capto.charts.hours import BESIDE
from capto.charts.lines import highest
from capto.charts.map import Spot, spots_map
from capto.charts.profile import Profile
from dashboards.around import PlaceNow, StationNow
from dashboards.comparison import by_hour_of_day, sound
from dashboards.hours import Hour
from dashboards.neighbours import ForeignNow
from dashboards.words import (
    amount,
    clock_hour,
    day_under_chart,
    figure,
    hour_of,
    interval_of,
    name_of,
    short_day_of,
    tick,
)


@dataclass(frozen=True, slots=True)
class Drawings:
    """One chart drawn twice, for a desk and for a phone; the stylesheet shows one of them."""

    desk: SafeString
    phone: SafeString


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table that says the same as the chart."""

    hour: datetime
    lent: Hour | None
    station: float | None
    others: tuple[Hour | None, ...] = ()


def hours_drawings(
    lent: Sequence[Hour],
    *,
    station: Sequence[Point],
    station_name: str,
    place_name: str,
    quantity: ObservedProperty,
    start: datetime,
    end: datetime,
    beside: Sequence[tuple[str, Sequence[Hour]]] = (),
    thresholds: Sequence[Threshold] = (),
) -> Drawings:
    """Draw the hours of a place with those of the station and of two more places, over [start, end)."""
    lines = []
    if station:
        lines.append(Line(station_name, "reference", station))
    if lent:
        lines.append(Line(place_name, "lent", [hour.point() for hour in lent]))
    for number, (name, hours) in enumerate(beside[: len(BESIDE)]):
        lines.append(Line(name, BESIDE[number], [hour.point() for hour in hours]))
    top = highest(lines)
    near = [threshold for threshold in thresholds if threshold.value <= THRESHOLD_ROOM * top]
    title = _("%(quantity)s heure par heure : %(names)s") % {
        "quantity": name_of(quantity),
        "names": ", ".join(line.name for line in lines),
    }
    description = " ".join(
        _line_in_words(line, quantity=quantity)
        for line in lines
        if any(p.value is not None for p in line.points)
    )

    def draw(narrow: bool) -> SafeString:
        return mark_safe(
            hours_chart(
                lines,
                start=start,
                end=end,
                unit=quantity.unit_label,
                title=title,
                description=description,
                ident="heures-etroit" if narrow else "heures",
                day_label=day_under_chart,
                hour_label=hour_of,
                figure=tick,
                thresholds=near,
                narrow=narrow,
            )
        )

    return Drawings(draw(False), draw(True))


def _line_in_words(line: Line, *, quantity: ObservedProperty) -> str:
    """Say a line's lowest, highest and last figure with their hours, for who cannot see it."""
    known = [(point.value, point.hour) for point in line.points if point.value is not None]
    low, high, last = min(known), max(known), known[-1]
    return _(
        "%(name)s : entre %(low)s et %(high)s ; le plus haut %(high_day)s %(high_hour)s ; dernière valeur %(last)s."
    ) % {
        "name": line.name,
        "low": figure(low[0]),
        "high": amount(high[0], quantity.unit_label),
        "high_day": short_day_of(high[1]),
        "high_hour": interval_of(high[1]),
        "last": amount(last[0], quantity.unit_label),
    }


def rows_of(
    lent: Sequence[Hour], *, station: Sequence[Point], beside: Sequence[tuple[str, Sequence[Hour]]] = ()
) -> list[Row]:
    """Lay the hours of a place, of a station and of other places side by side, the latest first."""
    ours = {hour.hour: hour for hour in lent}
    theirs = {point.hour: point.value for point in station}
    more = [{hour.hour: hour for hour in hours} for _name, hours in beside]
    every = sorted({*ours, *theirs, *(hour for one in more for hour in one)}, reverse=True)
    return [
        Row(hour, ours.get(hour), theirs.get(hour), tuple(one.get(hour) for one in more)) for hour in every
    ]


@dataclass(frozen=True, slots=True)
class ProfileFigure:
    """The daily profile: drawings, and its 24 rows (label of the hour, here, station)."""

    drawings: Drawings
    rows: Sequence[tuple[str, float | None, float | None]]


def profile_figure(
    lent: Sequence[Hour], *, station: Sequence[Point], place_name: str, quantity: ObservedProperty
) -> ProfileFigure | None:
    """Draw the mean of each hour of the day; None where too few days have been measured."""
    valid = sound(lent)
    here = by_hour_of_day([(hour.hour, hour.value) for hour in valid])
    uncertainties = by_hour_of_day([(hour.hour, hour.uncertainty) for hour in valid])
    there = by_hour_of_day([(point.hour, point.value) for point in station])
    if sum(mean is not None for mean in here) < 12:
        return None
    profiles = [Profile("lent", here, uncertainties)]
    if any(mean is not None for mean in there):
        profiles.append(Profile("reference", there))
    return profile_drawn(profiles, here, there, name=place_name, quantity=quantity)


def station_profile(
    points: Sequence[Point], *, name: str, quantity: ObservedProperty
) -> ProfileFigure | None:
    """Draw the mean of each hour of the day at a station alone; None where too few days have been measured."""
    there = by_hour_of_day([(point.hour, point.value) for point in points])
    if sum(mean is not None for mean in there) < 12:
        return None
    return profile_drawn([Profile("reference", there)], there, there, name=name, quantity=quantity)


def profile_drawn(
    profiles: Sequence[Profile],
    here: Sequence[float | None],
    there: Sequence[float | None],
    *,
    name: str,
    quantity: ObservedProperty,
) -> ProfileFigure:
    """Draw profiles, with the 24 rows that say the same: here, and at the station."""
    title = _("%(quantity)s selon l’heure de la journée : %(place)s") % {
        "quantity": name_of(quantity),
        "place": name,
    }
    known = [(mean, hour) for hour, mean in enumerate(here) if mean is not None]
    description = _(
        "Le plus bas vers %(low_hour)s (%(low)s), le plus haut vers %(high_hour)s (%(high)s)."
    ) % {
        "low_hour": clock_hour(min(known)[1]),
        "low": amount(min(known)[0], quantity.unit_label),
        "high_hour": clock_hour(max(known)[1]),
        "high": amount(max(known)[0], quantity.unit_label),
    }

    def draw(narrow: bool) -> SafeString:
        return mark_safe(
            profile_chart(
                profiles,
                unit=quantity.unit_label,
                title=title,
                description=description,
                ident="profil-etroit" if narrow else "profil",
                hour_label=clock_hour,
                figure=tick,
                narrow=narrow,
            )
        )

    rows = [(clock_hour(hour), here[hour], there[hour]) for hour in range(24)]
    return ProfileFigure(Drawings(draw(False), draw(True)), rows)


def map_drawings(
    places: Sequence[PlaceNow],
    *,
    stations: Sequence[StationNow],
    quantity: ObservedProperty,
    others: Sequence[ForeignNow] = (),
) -> Drawings:
    """Draw where sensors, stations and sensors of other networks stand, with their latest figures."""
    spots = [
        Spot(
            place.latitude,
            place.longitude,
            "lent",
            place.label,
            place.commune,
            figure(place.value, 0) if place.value is not None else "",
        )
        for place in places
    ]
    for now in stations:
        if now.station.latitude is not None and now.station.longitude is not None:
            said = figure(now.value, 0) if now.value is not None else ""
            spots.append(
                Spot(now.station.latitude, now.station.longitude, "reference", now.station.name, figure=said)
            )
    spots += [
        Spot(one.latitude, one.longitude, "foreign", one.name, figure=figure(one.value, 0)) for one in others
    ]
    title = _("Carte : %(quantity)s") % {"quantity": name_of(quantity)}
    description = ngettext(
        "%(n)d capteur prêté et les stations de référence ; le tableau qui suit dit la même chose.",
        "%(n)d capteurs prêtés et les stations de référence ; le tableau qui suit dit la même chose.",
        len(places),
    ) % {"n": len(places)}

    def draw(narrow: bool) -> SafeString:
        ident = "carte-etroite" if narrow else "carte"
        return mark_safe(spots_map(spots, title=title, description=description, ident=ident, narrow=narrow))

    return Drawings(draw(False), draw(True))
