"""The wind at a station, where it is known: in a sentence, and hour by hour."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capto.catalogue.models import ObservedProperty
from capto.charts import Point
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from dashboards.figures import Drawings, hours_drawings
from dashboards.kept import kept_rows
from dashboards.words import amount, interval_of

SECTORS = (
    gettext_lazy("de nord"),
    gettext_lazy("de nord-est"),
    gettext_lazy("d’est"),
    gettext_lazy("de sud-est"),
    gettext_lazy("de sud"),
    gettext_lazy("de sud-ouest"),
    gettext_lazy("d’ouest"),
    gettext_lazy("de nord-ouest"),
)
WIDTH = 360.0 / len(SECTORS)  # degrees
CALM = 0.3  # m/s; below it a vane says nothing: force 0 of the Beaufort scale (WMO-No. 8)
# Upper bounds of the Beaufort scale in m/s, gathered in four words (forces 1-3, 4, 5, from 6 on).
FORCES = (
    (CALM, gettext_lazy("nul")),
    (5.5, gettext_lazy("faible")),
    (8.0, gettext_lazy("modéré")),
    (10.8, gettext_lazy("assez fort")),
)
STRONG = gettext_lazy("fort")
LEAST_HOURS = 6  # fewer make no sentence of a period
OFTEN = 1 / 3  # share of the hours that a sector needs to be named


@dataclass(frozen=True, slots=True)
class WindHour:
    """One hour: metres a second, and the degrees that the wind comes from (None in a calm)."""

    hour: datetime
    speed: float
    direction: float | None

    @property
    def words(self) -> str:
        """Say where it comes from, '' in a calm."""
        return "" if self.direction is None or self.speed < CALM else str(SECTORS[sector(self.direction)])


@dataclass(frozen=True, slots=True)
class Wind:
    """The wind of a period at a mast: its hours in order, and what is said of them."""

    station: ReferenceStation
    speed: ReferenceSeries
    direction: ReferenceSeries
    hours: Sequence[WindHour]
    sentence: str

    @property
    def latest_first(self) -> list[WindHour]:
        """The hours of the table."""
        return list(reversed(self.hours))


def sector(direction: float) -> int:
    """Give the number of the sector of 45 degrees, 0 for the north.

    >>> sector(350.0), sector(22.0), sector(23.0), sector(225.0)
    (0, 0, 1, 5)
    """
    return int(((direction + WIDTH / 2) % 360.0) // WIDTH)


def force(speed: float) -> str:
    """Name a speed of wind in a word."""
    return str(next((word for bound, word in FORCES if speed < bound), STRONG))


def wind_of(mast: tuple[ReferenceSeries, ReferenceSeries], *, start: datetime, end: datetime) -> Wind | None:
    """Read the wind of [start, end) at a mast; None where there is too little. One query, or none if kept."""
    speed, direction = mast
    rows = kept_rows(
        f"wind {speed.pk} {direction.pk} {start:%Y%m%d%H} {end:%Y%m%d%H}",
        lambda: list(
            ReferenceValue.objects.filter(series__in=mast, hour__gte=start, hour__lt=end, validity__gte=1)
            .order_by("hour")
            .values_list("series_id", "hour", "value")
        ),
    )
    degrees_at = {hour: value for series, hour, value in rows if series == direction.pk}
    hours = [
        WindHour(hour, value, degrees_at.get(hour)) for series, hour, value in rows if series == speed.pk
    ]
    if len(hours) < LEAST_HOURS:
        return None
    return Wind(speed.station, speed, direction, hours, _sentence(hours))


def _sentence(hours: Sequence[WindHour]) -> str:
    """Say how strong it was, where it mostly came from, and the latest hour."""
    moving = [one for one in hours if one.words]
    mean = fmean(one.speed for one in hours)
    said = {"force": force(mean), "mean": amount(mean, "m/s")}
    (most, times), *_rest = Counter(one.words for one in moving).most_common(1) or [("", 0)]
    if most and times >= OFTEN * len(hours):
        whole = _("Vent %(force)s (%(mean)s en moyenne), le plus souvent %(sector)s.") % {
            **said,
            "sector": most,
        }
    else:
        whole = _("Vent %(force)s (%(mean)s en moyenne), de directions variables.") % said
    last = hours[-1]
    latest = _("Dernière heure, %(interval)s : %(speed)s %(sector)s.") % {
        "interval": interval_of(last.hour),
        "speed": amount(last.speed, "m/s"),
        "sector": last.words,
    }
    return f"{whole} {latest.replace(' .', '.')}"


def wind_drawings(wind: Wind, *, quantity: ObservedProperty, start: datetime, end: datetime) -> Drawings:
    """Draw the speed of the wind hour by hour, as every series of a station is drawn."""
    return hours_drawings(
        [],
        station=[Point(one.hour, one.speed) for one in wind.hours],
        station_name=wind.station.name,
        place_name="",
        quantity=quantity,
        start=start,
        end=end,
    )
