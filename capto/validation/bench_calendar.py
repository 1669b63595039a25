"""The bench calendar: who stands or will stand beside which station on each day, and which places are free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from capto.catalogue.models import Sensor
from capto.charts.scales import PARIS
from capto.members.models import Organisation
from capto.readings.models import Placement, ReferenceStation
from capto.validation.models import Bench, CoLocation
from capto.validation.models.bench import USUAL_PLACES, days_between

WEEKS: Final = 5
WAITS_AFTER: Final = timedelta(days=1)


class Cell(NamedTuple):
    """One day of one sensor at one bench; kind: '', planned, standing or over."""

    day: date
    kind: str


@dataclass(frozen=True)
class StayRow:
    """One stay as a row of days."""

    stay: CoLocation
    kind: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class BenchRows:
    """A station with its stays and, for each day, the places that are free."""

    station: ReferenceStation
    places: int
    rows: Sequence[StayRow]
    free: Sequence[int]


def calendar(
    organisations: QuerySet[Organisation], *, first: date, now: datetime, weeks: int = WEEKS
) -> tuple[list[date], list[BenchRows]]:
    """Lay the stays of `weeks` weeks from `first` out by station: the days, and a bench for each station.

    A station is a bench where a place is bound to it or a stay is planned beside it. Sensors of other
    organisations take places and are shown by their code alone. Three queries.
    """
    days = days_between(first, first + timedelta(days=7 * weeks - 1))
    start, end = _midnight(days[0]), _midnight(days[-1] + timedelta(days=1))
    stays = list(
        CoLocation.objects.filter(starts_at__lt=end, ends_at__gt=start)
        .select_related("sensor__model", "placement")
        .order_by("starts_at", "pk")
    )
    stations = list(
        ReferenceStation.objects.filter(
            Q(benches__isnull=False) | Q(pk__in={stay.station_id for stay in stays}) | Q(bench__isnull=False)
        )
        .distinct()
        .order_by("name")
    )
    places = dict(Bench.objects.values_list("station", "places"))
    found = []
    for station in stations:
        rows = [_row(stay, days, now=now) for stay in stays if stay.station_id == station.pk]
        room = places.get(station.pk, USUAL_PLACES)
        free = [room - sum(bool(row.cells[number].kind) for row in rows) for number in range(len(days))]
        found.append(BenchRows(station, room, rows, free))
    return days, found


def _row(stay: CoLocation, days: Sequence[date], *, now: datetime) -> StayRow:
    kind = kind_of(stay, now=now)
    first = stay.starts_at.astimezone(PARIS).date()
    last = (stay.ends_at - timedelta(microseconds=1)).astimezone(PARIS).date()
    return StayRow(stay, kind, [Cell(day, kind if first <= day <= last else "") for day in days])


def kind_of(stay: CoLocation, *, now: datetime) -> str:
    """Tell whether a stay is planned, standing or over."""
    if stay.placement is None:
        return "planned"
    return "standing" if stay.ends_at > now and stay.placement.ends_at is None else "over"


def waiting(organisations: QuerySet[Organisation], *, now: datetime, at_most: int = 60) -> QuerySet[Sensor]:
    """List the sensors that came back from a loan and have no stay after it: they wait for a bench.

    The one that waits longest first.
    """
    latest = (
        Placement.objects.filter(purpose=Placement.Purpose.LOAN, ends_at__lte=now)
        .order_by("sensor", "-ends_at")
        .distinct("sensor")
        .values_list("sensor", "ends_at")
    )
    ended = {sensor: at for sensor, at in latest if at is not None}
    seen = {
        sensor
        for sensor, begins in CoLocation.objects.filter(sensor__in=ended).values_list("sensor", "starts_at")
        if begins >= ended[sensor] - WAITS_AFTER
    }
    open_ones = set(Placement.objects.filter(ends_at=None).values_list("sensor", flat=True))
    wanted = sorted(set(ended) - seen - open_ones, key=lambda sensor: ended[sensor])[:at_most]
    return Sensor.objects.filter(pk__in=wanted, owner__in=organisations).select_related("model", "kit")


def _midnight(at: date) -> datetime:
    return datetime.combine(at, time.min, PARIS)
