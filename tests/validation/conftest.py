"""Benches, stays and calibrations for the tests of validation; sums of hours written as if readings had come."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

import calibration as library
from capto.catalogue.models import Sensor
from capto.readings.models import (
    HourlyAggregate,
    HourlyValue,
    Place,
    Placement,
    ReferenceSeries,
    ReferenceStation,
    Series,
)
from capto.validation.models import Calibration, CoLocation
from tests.readings.conftest import MARCH, make_placement, make_sensor, place
from tests.validation.makers import ask, association, maker, metrologist, planned, texts

__all__ = [
    "ask", "association", "make_placement", "make_sensor", "maker", "metrologist", "place", "planned", "texts",
]  # fmt: skip

HOUR = timedelta(hours=1)
NOW = MARCH + timedelta(days=60)
BENCH_ENDS = MARCH + timedelta(days=7)  # the stay of `stay` begins on 1 March


def linear(
    *, intercept: float = 2.0, slope: float = 1.6, starts_at: datetime = MARCH, ends_at: datetime = BENCH_ENDS
) -> library.Model:
    """Make the model (raw - intercept) / slope with an interval of ± 4.0 and no other uncertainty."""
    return library.Model(
        method="linear",
        coefficients={"intercept": intercept, "slope": slope},
        covariance=((0.0, 0.0), (0.0, 0.0)),
        domain={"value": (0.0, 200.0)},
        spread=library.Spread(absolute=2.0, relative=0.0, factor=2.0),
        n=168,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )


def humid() -> library.Model:
    """Make the model 1 + 0.5 · raw - 0.1 · humidity, fitted between 20 and 90 % of humidity."""
    return library.Model(
        method="mlr_humidity",
        coefficients={"intercept": 1.0, "raw": 0.5, "humidity": -0.1},
        covariance=((0.0,) * 3,) * 3,
        domain={"value": (0.0, 200.0), "humidity": (20.0, 90.0)},
        spread=library.Spread(absolute=2.0, relative=0.0, factor=2.0),
        n=168,
        starts_at=MARCH.isoformat(),
        ends_at=BENCH_ENDS.isoformat(),
    )


@pytest.fixture
def station(db: None) -> ReferenceStation:
    return ReferenceStation.objects.create(code="FR15043", name="Grenoble Les Frênes")


@pytest.fixture
def reference(station: ReferenceStation) -> ReferenceSeries:
    return ReferenceSeries.objects.create(station=station, property_id="pm25", provider="lcsqa")


@pytest.fixture
def bench(station: ReferenceStation) -> Place:
    return Place.at(45.16, 5.73, precision_m=200, kind="bench", label="Les Frênes", station=station)


@pytest.fixture
def make_stay(make_sensor: Callable[..., Sensor], bench: Place) -> Callable[..., CoLocation]:
    """Let a new sensor, or the given one, stand at the bench for seven days from 1 March 2026."""

    def make(
        *, sensor: Sensor | None = None, starts_at: datetime = MARCH, ends_at: datetime | None = None
    ) -> CoLocation:
        until = ends_at or starts_at + timedelta(days=7)
        placement = Placement.objects.create(
            sensor=sensor or make_sensor(),
            place=bench,
            purpose="co_location",
            starts_at=starts_at,
            ends_at=until,
        )
        return CoLocation.of(placement, starts_at=starts_at, ends_at=until)

    return make


@pytest.fixture
def make_draft(reference: ReferenceSeries) -> Callable[..., Calibration]:
    """Keep a model as a draft for the PM2.5 of a stay."""

    def make(stay: CoLocation, model: library.Model | None = None) -> Calibration:
        return Calibration.draft(
            model or linear(starts_at=stay.starts_at, ends_at=stay.ends_at),
            co_location=stay,
            quantity="pm25",
            variant="",
            channel="",
            reference_series=reference,
            now=NOW,
        )

    return make


@pytest.fixture
def approve(make_draft: Callable[..., Calibration]) -> Callable[..., Calibration]:
    """Approve a model for the PM2.5 of a stay."""

    def approve(stay: CoLocation, model: library.Model | None = None) -> Calibration:
        draft = make_draft(stay, model)
        draft.approve(reason="residuals without pattern", now=NOW, by_name="Ada")
        return draft

    return approve


def add_hours(
    placement: Placement,
    quantity: str,
    means: list[float],
    *,
    start: datetime,
    n: int = 6,
    moves: bool = True,
    channel: str = "",
) -> Series:
    """Write the sums of hours with these means, from a sensor that sends six readings an hour.

    `moves`: the readings differ inside the hour (two thirds at the mean, one a unit below, one above it).
    """
    series, _ = Series.objects.get_or_create(placement=placement, property_id=quantity, channel=channel)
    step = 1.0 if moves and n >= 2 else 0.0
    HourlyAggregate.objects.bulk_create(
        HourlyAggregate(
            series=series,
            hour=start + number * HOUR,
            n=n,
            total=mean * n,
            total_of_squares=mean * mean * n + 2 * step * step,
            minimum=mean - step,
            maximum=mean + step,
        )
        for number, mean in enumerate(means)
    )
    return series


def values(series: Series) -> list[HourlyValue]:
    return list(HourlyValue.objects.filter(series=series).order_by("hour"))
