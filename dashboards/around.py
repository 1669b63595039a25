"""How the air is now: the latest hour of each station and each lent sensor, and what they say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from unicodedata import combining, normalize

from capto.catalogue.models import ObservedProperty
from capto.readings.models import ReferenceStation, ReferenceValue
from dashboards.hours import NEAR_KM, kilometres_between
from dashboards.models import PublishedHour, PublishedSeries
from dashboards.models.published import RECENT

FIRST_SHOWN = ("pm25", "pm10", "no2", "o3")  # what a page opens on, in this order


@dataclass(frozen=True, slots=True)
class StationNow:
    """The latest valid hour of a station; `value` is None where it has none of the last hours."""

    station: ReferenceStation
    hour: datetime | None
    value: float | None


@dataclass(frozen=True, slots=True)
class PlaceNow:
    """A place where a sensor stands, with its latest published hour if it is of now."""

    public_id: str
    label: str
    kind: str
    commune: str
    insee_code: str
    latitude: float
    longitude: float
    precision_m: int
    hour: datetime | None = None
    value: float | None = None
    uncertainty: float | None = None
    grade: str = ""
    flags: int = 0
    is_provisional: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether its value may stand beside others."""
        return self.value is not None and self.grade in {"B", "C"}


@dataclass(frozen=True, slots=True)
class LentTogether:
    """What the lent sensors of one hour say together: the middle one, the middle half, the usual uncertainty."""

    n: int
    n_standing: int
    middle: float
    low: float
    high: float
    uncertainty: float


def quantities_measured(*, now: datetime) -> list[ObservedProperty]:
    """List the pollutants that standing sensors measure, the usual ones first; one query."""
    codes = PublishedSeries.objects.standing(now=now).values("property_id")
    found = ObservedProperty.objects.filter(code__in=codes, is_pollutant=True)
    return sorted(found, key=lambda quantity: (rank(quantity.code), quantity.code))


def rank(code: str) -> int:
    """Give the order in which pages name a quantity."""
    return FIRST_SHOWN.index(code) if code in FIRST_SHOWN else len(FIRST_SHOWN)


def stations_now(quantity: str, *, now: datetime) -> list[StationNow]:
    """Give the stations that measure a quantity with their latest hour, background stations first; one query."""
    rows = (
        ReferenceValue.objects.filter(
            series__property_id=quantity,
            hour__gte=now - RECENT - timedelta(hours=1),
            hour__lt=now,
            validity__gte=1,
        )
        .select_related("series__station")
        .order_by("series__station_id", "-hour", "series__discriminant")
        .distinct("series__station_id")
    )
    found = [StationNow(row.series.station, row.hour, row.value) for row in rows]
    return sorted(found, key=lambda now: (now.station.influence != "fond", now.station.name))


def places_now(quantity: str, *, now: datetime) -> list[PlaceNow]:
    """Give every place where a sensor of a quantity stands, by commune and name; two queries."""
    latest = {row.public_id: row for row in PublishedHour.objects.now(quantity=quantity, now=now)}
    standing = (
        PublishedSeries.objects.standing(now=now)
        .filter(property_id=quantity)
        .order_by("public_id", "-public_from")
        .distinct("public_id")
        .values_list(
            "public_id", "label", "kind", "commune", "insee_code", "latitude", "longitude", "precision_m"
        )
    )
    found = []
    for row in standing:
        hour = latest.get(row[0])
        now_there = (
            (hour.hour, hour.value, hour.expanded_uncertainty, hour.grade, hour.flags, hour.is_provisional)
            if hour
            else ()
        )
        found.append(PlaceNow(*row, *now_there))
    return sorted(found, key=lambda p: (letters(p.commune), letters(p.label), p.public_id))


def letters(words: str) -> str:
    """Give the letters by which French sorts: without accents, capitals as small ones."""
    return "".join(c for c in normalize("NFD", words.casefold()) if not combining(c))


def together(places: Sequence[PlaceNow]) -> LentTogether | None:
    """Sum up the sound values of one hour; None where fewer than three are sound."""
    sound = [place for place in places if place.is_sound]
    values = sorted(place.value for place in sound if place.value is not None)
    if len(values) < 3:
        return None
    uncertainties = [place.uncertainty for place in sound if place.uncertainty is not None]
    quarter = len(values) // 4
    return LentTogether(
        n=len(values),
        n_standing=len(places),
        middle=median(values),
        low=values[quarter],
        high=values[-1 - quarter],
        uncertainty=median(uncertainties) if uncertainties else 0.0,
    )


def places_near(
    latitude: float | None, longitude: float | None, *, places: Sequence[PlaceNow], at_most: int = 8
) -> list[tuple[float, PlaceNow]]:
    """Give the nearest places to a point with their distance in kilometres, the nearest first."""
    if latitude is None or longitude is None:
        return []
    distances = [(kilometres_between(latitude, longitude, p.latitude, p.longitude), p) for p in places]
    near = [pair for pair in distances if pair[0] <= NEAR_KM]
    return sorted(near, key=lambda pair: (pair[0], pair[1].public_id))[:at_most]
