"""The watch over published hours: what it finds, once, and what a large drift leads to."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
import pytest_django

from calibration import Flag
from capto.catalogue.models import Kit, KitModel, LendingPoint, Sensor, UpkeepTicket
from capto.members.models import Organisation
from capto.readings.models import (
    DeviceState,
    HourlyValue,
    Placement,
    ReferenceSeries,
    ReferenceStation,
    ReferenceValue,
    Series,
)
from capto.validation import vigie
from capto.validation.models import Calibration, CoLocation, VigieItem
from capto.validation.recompute import after_decision
from tests.readings.conftest import MARCH
from tests.validation.conftest import HOUR, add_hours, linear, values

NOW = MARCH + timedelta(days=20)
DAY = timedelta(days=1)
RISE = [10.0 + 8.0 * float(np.sin(hour / 7.0)) + 3.0 * float(np.sin(hour / 31.0)) for hour in range(480)]


@pytest.fixture
def station(db: None) -> ReferenceStation:
    """A station two kilometres from the place of `make_placement`."""
    return ReferenceStation.objects.create(code="FR15043", name="Les Frênes", latitude=45.17, longitude=5.73)


@pytest.fixture
def hours_of(make_placement: Callable[..., Placement]) -> Callable[..., Series]:
    """Publish twenty days of hours of a sensor heard a moment ago."""

    def make(
        figures: list[float], *, flags: dict[int, int] | None = None, uncertainty: float = 4.0
    ) -> Series:
        placement = make_placement()
        DeviceState.objects.create(
            sensor=placement.sensor, first_received_at=MARCH, last_received_at=NOW - timedelta(minutes=5)
        )
        series = Series.objects.create(placement=placement, property_id="pm25")
        HourlyValue.objects.bulk_create(
            HourlyValue(
                series=series,
                hour=MARCH + number * HOUR,
                raw_mean=figure,
                value=figure,
                expanded_uncertainty=uncertainty,
                n=6,
                coverage=1.0,
                flags=(flags or {}).get(number, 0),
                grade="B",
                computed_at=NOW,
                code_version="1",
            )
            for number, figure in enumerate(figures)
        )
        return series

    return make


@pytest.fixture
def measured(reference: ReferenceSeries) -> ReferenceSeries:
    """The station's hours: the rise itself."""
    ReferenceValue.objects.bulk_create(
        ReferenceValue(series=reference, hour=MARCH + number * HOUR, value=figure, imported_at=NOW)
        for number, figure in enumerate(RISE)
    )
    return reference


def kinds() -> list[str]:
    return list(VigieItem.objects.open().values_list("kind", flat=True))


def test_a_sensor_that_agrees_with_its_station_is_not_in_the_inbox(
    hours_of: Callable[..., Series], measured: ReferenceSeries
) -> None:
    hours_of(RISE)
    assert vigie.watch(NOW) == 0


def test_a_sensor_of_which_nothing_came_for_a_day_is_found_once(
    make_placement: Callable[..., Placement],
) -> None:
    placement = make_placement()
    DeviceState.objects.create(
        sensor=placement.sensor, first_received_at=MARCH, last_received_at=NOW - 2 * DAY
    )
    assert vigie.watch(NOW) == 1 and vigie.watch(NOW + HOUR) == 1
    item = VigieItem.objects.get()
    assert (item.kind, item.begins_at, item.found) == ("silent", NOW - 2 * DAY, {"days": 2.0})


def test_a_sensor_far_from_its_station_in_most_hours_of_two_days_contradicts_it(
    hours_of: Callable[..., Series], measured: ReferenceSeries
) -> None:
    series = hours_of([*RISE[:460], *(figure + 30.0 for figure in RISE[460:])])
    vigie.watch(NOW)
    assert kinds() == []  # twenty of forty-eight hours are not most of them
    HourlyValue.objects.filter(series=series, hour__gte=MARCH + 450 * HOUR).update(value=60.0)
    vigie.watch(NOW)
    item = VigieItem.objects.get(kind="contradiction")
    assert item.found["hours"] == 30 and item.found["of"] == 48 and item.found["station"] == "Les Frênes"
    assert (item.gravity, item.begins_at) == (3, MARCH + 450 * HOUR)


def test_four_abnormal_hours_in_a_day_are_a_cluster_three_are_not(hours_of: Callable[..., Series]) -> None:
    spikes = {number: int(Flag.SPIKE) for number in (470, 471, 474)}
    hours_of(RISE, flags=spikes)
    assert vigie.watch(NOW) == 0
    hours_of(RISE, flags=spikes | {476: int(Flag.STUCK)})
    assert vigie.watch(NOW) == 1
    item = VigieItem.objects.get()
    assert (item.kind, item.found["hours"]) == ("cluster", 4)
    assert item.found["flags"] == Flag.SPIKE | Flag.STUCK
    assert (item.begins_at, item.ends_at) == (MARCH + 470 * HOUR, MARCH + 477 * HOUR)


def test_a_slope_that_is_off_for_five_days_is_a_drift_though_the_mean_agrees(
    hours_of: Callable[..., Series], measured: ReferenceSeries
) -> None:
    middle = float(np.mean(RISE))
    hours_of([middle + 2.2 * (figure - middle) for figure in RISE], uncertainty=30.0)
    vigie.watch(NOW)
    item = VigieItem.objects.get()
    assert item.kind == "drifting" and item.found["slope"] == pytest.approx(1 / 2.2, abs=0.02)
    assert "slope_off" in item.found["reasons"]
    assert "multiplier par 0,45" in vigie.sentence(item)


def test_a_drift_of_more_than_thirty_per_cent_sends_the_kit_to_the_workshop_and_the_loan_to_grade_d(
    make_stay: Callable[..., CoLocation],
    make_placement: Callable[..., Placement],
    make_draft: Callable[..., Calibration],
    approve: Callable[..., Calibration],
) -> None:
    first = make_stay()
    sensor = first.sensor
    point = LendingPoint.objects.create(
        organisation=Organisation.objects.get(), name="Point", slug="point", latitude=45.0, longitude=5.0
    )
    kind = KitModel.objects.create(name="Mallette", slug="mallette")
    kit = Kit.add(kind, point=point, now=MARCH, sensors=[sensor])
    loan = make_placement(sensor=sensor, starts_at=MARCH + 8 * DAY, ends_at=MARCH + 20 * DAY)
    series = add_hours(loan, "pm25", [20.0 + hour % 5 for hour in range(48)], start=MARCH + 10 * DAY)
    second = make_stay(sensor=sensor, starts_at=MARCH + 21 * DAY)
    approve(first)
    drifted = make_draft(second, linear(slope=2.2, starts_at=second.starts_at, ends_at=second.ends_at))
    drifted.approve(reason="x", now=NOW, by_name="Ada")
    after_decision(drifted, now=MARCH + 60 * DAY, reason="x")
    after_decision(drifted, now=MARCH + 60 * DAY, reason="x")
    ticket = UpkeepTicket.objects.get(kit=kit)
    assert ticket.blocks_lending and "38" in ticket.what  # 2.2 / 1.6 - 1 = 0.375
    assert Sensor.objects.get(pk=sensor.pk).condition == "faulty"
    published = values(series)
    assert len(published) == 48 and {hour.grade for hour in published} == {"D"}
    assert all(hour.flags & Flag.DRIFT for hour in published)


def test_a_drift_of_less_sends_nothing(
    make_stay: Callable[..., CoLocation],
    make_draft: Callable[..., Calibration],
    approve: Callable[..., Calibration],
) -> None:
    first = make_stay()
    second = make_stay(sensor=first.sensor, starts_at=MARCH + 21 * DAY)
    approve(first)
    drifted = make_draft(second, linear(slope=2.0, starts_at=second.starts_at, ends_at=second.ends_at))
    drifted.approve(reason="x", now=NOW, by_name="Ada")
    after_decision(drifted, now=MARCH + 60 * DAY, reason="x")
    assert not UpkeepTicket.objects.exists()
    assert Sensor.objects.get(pk=first.sensor_id).condition == "good"


def test_an_association_says_itself_from_when_a_silence_or_a_cluster_is_shown(
    hours_of: Callable[..., Series], settings: pytest_django.Settings
) -> None:
    hours_of(RISE, flags={number: int(Flag.SPIKE) for number in (470, 471, 474)})
    assert vigie.watch(NOW) == 0
    settings.VIGIE_CLUSTER_HOURS = 3
    assert vigie.watch(NOW) == 1
    settings.VIGIE_SILENT_HOURS = -1.0  # even what came in this hour is late
    assert vigie.watch(NOW) == 2
