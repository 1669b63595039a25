"""What a loan opens and closes in the readings: one placement per sensor of the kit."""

from datetime import datetime

from capto.catalogue.models import LendingPoint, Sensor
from capto.lending.models import Loan, LoanPlacement
from capto.lending.refusals import SensorInstalled
from capto.members.models import BorrowerCategory
from capto.readings.models import Place, Placement
from capto.readings.published_cell import published_cell

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


def open_placements(loan: Loan, *, place: Place, at: datetime) -> None:
    """Open one placement per sensor of the loan's kit.

    A sensor that still stands on the bench leaves it now. Raises SensorInstalled where it is installed for long.
    """
    for sensor in loan.kit.sensors.order_by("pk"):
        open_placement(loan, sensor, place=place, at=at)


def open_placement(
    loan: Loan, sensor: Sensor, *, place: Place, at: datetime, public_id: str | None = None
) -> Placement:
    """Open the placement of one sensor, under a public id that a swap keeps."""
    for standing in Placement.objects.filter(sensor=sensor, ends_at=None):
        if standing.purpose != Placement.Purpose.CO_LOCATION:
            raise SensorInstalled(sensor=sensor.inventory_code)
        standing.end(at=at)
    placement = Placement.objects.create(
        sensor=sensor,
        place=place,
        purpose=Placement.Purpose.LOAN,
        starts_at=at,
        **({"public_id": public_id} if public_id else {}),
    )
    LoanPlacement.objects.create(loan=loan, placement=placement)
    return placement


def placements_of(loan: Loan) -> list[Placement]:
    """List the placements of a loan, also those that a swap ended, in the order of their beginning."""
    return list(
        Placement.objects.filter(loan_placement__loan=loan)
        .select_related("sensor__model", "place")
        .order_by("starts_at", "pk")
    )


def close_placements(loan: Loan, *, at: datetime) -> list[int]:
    """End the placements that the loan still has open; gives their ids, which undoing needs."""
    ended = [placement for placement in placements_of(loan) if placement.ends_at is None]
    for placement in ended:
        placement.end(at=at)
    return [placement.pk for placement in ended]
