"""Leave the metrologist of the demonstration something to do: a draft, a plan, context, what the vigie found."""

from datetime import datetime, timedelta
from typing import Final

from calibration import Refused
from capto.catalogue.models import Sensor
from capto.readings.models import Place, Placement, ReferenceStation
from capto.validation import vigie
from capto.validation.fitting import fit
from capto.validation.models import BenchFull, Calibration, CoLocation, PlaceContext, SensorElsewhere
from capto.validation.pairs import NoPairs

OTHER_METHOD: Final = "mlr_humidity"  # than the one that `publishing` approves
STAY: Final = timedelta(days=14)


def lay_out(*, now: datetime) -> None:
    """Draft another method on the newest stay, plan a stay, tell of two events, let the vigie look. Twice is once."""
    _draft(now)
    _plan(now)
    _tell(now)
    vigie.watch(now)


def _draft(now: datetime) -> None:
    if Calibration.objects.filter(status=Calibration.Status.DRAFT).exists():
        return
    stays = CoLocation.objects.filter(
        sensor__is_simulated=True, ends_at__lte=now, placement__isnull=False
    ).order_by("-ends_at")
    for stay in stays.select_related("sensor__model", "station", "placement")[:3]:
        try:
            fit(stay, quantity="pm25", method=OTHER_METHOD, now=now)
            return
        except (NoPairs, Refused):
            continue


def _plan(now: datetime) -> None:
    if CoLocation.objects.filter(placement=None).exists():
        return
    station = ReferenceStation.objects.filter(is_simulated=True).order_by("code").first()
    lent = Placement.objects.filter(ends_at=None, purpose=Placement.Purpose.LOAN).values("sensor")
    sensor = Sensor.objects.filter(is_simulated=True, pk__in=lent).order_by("pk").first()
    if station is None or sensor is None:
        return
    begins = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    try:
        CoLocation.plan(
            sensor, station=station, starts_at=begins, ends_at=begins + STAY, note="après son prêt (simulé)"
        )
    except (BenchFull, SensorElsewhere):
        return


def _tell(now: datetime) -> None:
    if PlaceContext.objects.exists():
        return
    station = ReferenceStation.objects.filter(is_simulated=True).order_by("code").first()
    place = (
        Place.objects.filter(kind=Place.Kind.HOME, placements__sensor__is_simulated=True)
        .order_by("pk")
        .first()
    )
    start = now.replace(minute=0, second=0, microsecond=0)
    if station is not None:
        PlaceContext.tell(
            station=station,
            kind=PlaceContext.Kind.WORKS,
            source=PlaceContext.Source.TOWN,
            starts_at=start - timedelta(days=4),
            ends_at=start - timedelta(days=3),
            note="Réfection de la chaussée devant la station (simulé)",
            now=now,
        )
    if place is not None:
        PlaceContext.tell(
            place=place,
            kind=PlaceContext.Kind.CHIMNEY,
            source=PlaceContext.Source.BORROWER,
            starts_at=start - timedelta(hours=20),
            ends_at=start - timedelta(hours=15),
            note="Premier feu de l’hiver (simulé)",
            now=now,
        )
