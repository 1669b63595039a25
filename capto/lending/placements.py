"""What a loan opens and closes in the readings: one placement per sensor of the kit."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Q

from capto.catalogue.models import LendingPoint
from capto.lending.locks import locked
from capto.lending.models import Act, Loan, LoanPlacement
from capto.lending.refusals import SensorInstalled
from capto.members.models import BorrowerCategory, Person
from capto.readings.models import CellRule, GridSquare, Place, Placement
from capto.readings.published_cell import published_cell

SAME_MOMENT = timedelta(milliseconds=1)  # acts on one sensor that nobody's clock tells apart
COARSE_M = (
    5_000  # metres: until the borrower says where the sensor stands, only the area of the desk is known
)


def provisional_place(point: LendingPoint, *, category: str) -> Place:
    """Make the place of a loan whose borrower has not yet said where the sensor stands: the area of the desk."""
    cell = published_cell(point.latitude, point.longitude, size_m=COARSE_M)
    return Place.objects.create(
        kind=Place.Kind.SCHOOL if category == BorrowerCategory.SCHOOL else Place.Kind.HOME,
        label=point.territory.name if point.territory else point.name,
        territory=point.territory,
        cell_latitude=cell.latitude,
        cell_longitude=cell.longitude,
        precision_m=COARSE_M,
    )


def open_placements(
    loan: Loan, *, place: Place, at: datetime, public_ids: Sequence[str] = ()
) -> list[Placement]:
    """Open one placement per sensor of the loan's kit, the first ones under public ids that a swap keeps.

    A sensor that still stands on the bench, or is tried at the desk, leaves it now. Raises SensorInstalled where it
    is installed for long. A number of queries that does not grow with the sensors.
    """
    sensors = list(loan.kit.sensors.order_by("pk"))
    begins = dict.fromkeys((sensor.pk for sensor in sensors), at)
    lately = Placement.objects.filter(sensor__in=sensors).filter(
        Q(ends_at=None) | Q(ends_at__gt=at, ends_at__lte=at + SAME_MOMENT)
    )
    for known in lately.select_related("sensor"):
        if known.ends_at is None:
            if known.purpose not in {Placement.Purpose.CO_LOCATION, Placement.Purpose.DEVICE_TEST}:
                raise SensorInstalled(sensor=known.sensor.inventory_code)
            known.end(at=at)
        assert known.ends_at is not None
        # What began and ended at this very moment lasts a microsecond: the next one begins after it.
        begins[known.sensor_id] = max(begins[known.sensor_id], known.ends_at)
    opened = Placement.objects.bulk_create(
        Placement(
            sensor=sensor,
            place=place,
            purpose=Placement.Purpose.LOAN,
            starts_at=begins[sensor.pk],
            **({"public_id": public_ids[number]} if number < len(public_ids) else {}),
        )
        for number, sensor in enumerate(sensors)
    )
    LoanPlacement.objects.bulk_create(LoanPlacement(loan=loan, placement=placement) for placement in opened)
    return opened


def placements_of(loan: Loan) -> list[Placement]:
    """List the placements of a loan, also those that a swap ended, in the order of their beginning."""
    return list(
        Placement.objects.filter(loan_placement__loan=loan)
        .select_related("sensor__model", "place")
        .order_by("starts_at", "pk")
    )


def close_placements(loan: Loan, *, at: datetime) -> list[int]:
    """End the placements that the loan still has open; gives their ids, which undoing needs."""
    open_ones = Placement.objects.filter(loan_placement__loan=loan, ends_at=None)
    return [placement.pk for placement in Placement.end_all(open_ones.order_by("pk"), at=at)]


def set_paused(
    loan: Loan, paused: bool, *, by: Person, now: datetime, entry: str = "page", act: Act | None = None
) -> None:
    """Pause or resume what the loan's sensors measure; the bridge drops what arrives in a pause."""
    with locked(kits=[loan.kit]):
        for placement in placements_of(loan):
            if placement.ends_at is None:
                placement.pause(paused)
        Act.note(
            act,
            Act.Kind.PAUSE,
            now=now,
            entry=entry,
            loan=loan,
            by=by,
            reason="paused" if paused else "resumed",
        )


def stand_at(
    loan: Loan, *, latitude: float, longitude: float, precision_m: int, is_indoor: bool, on: date
) -> Place:
    """Note where the loan's sensors stand: the exact point (degrees, WGS 84) and the cell that is published.

    The borrower may choose a coarser cell, never one finer than the rules say on that day.
    """
    with locked(kits=[loan.kit]):
        standing = placements_of(loan)
        kind = standing[-1].place.kind if standing else Place.Kind.HOME
        area = standing[-1].place if standing else None
        territory = area.territory if area else loan.point.territory
        smallest = CellRule.objects.smallest_cell(
            population=territory.population if territory else None,
            households=GridSquare.objects.households_at(latitude, longitude),
            on=on,
        )
        place = Place.at(
            latitude,
            longitude,
            precision_m=max(precision_m, smallest),
            kind=kind,
            label=area.label if area else loan.point.name,
            territory=territory,
            is_indoor=is_indoor,
        )
        for placement in standing:
            placement.move_to(place)
        return place
