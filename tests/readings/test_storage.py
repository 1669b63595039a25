from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from capto.readings.models import (
    HourlyAggregate,
    HourlyValueChange,
    HourlyValueRevision,
    Placement,
    RawMessage,
    Series,
)
from tests.readings.conftest import MARCH, layout_of, scalar

pytestmark = pytest.mark.django_db

LARGE_TABLES = {
    "readings_raw_message",
    "readings_hourly_aggregate",
    "readings_hourly_value",
    "readings_reference_value",
}


def test_the_tables_that_grow_with_time_are_hypertables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hypertable_name FROM timescaledb_information.hypertables")
        assert {name for (name,) in cursor.fetchall()} >= LARGE_TABLES


def test_a_sensor_stands_in_one_place_at_a_time(make_placement: Callable[..., Placement]) -> None:
    first = make_placement(ends_at=MARCH + timedelta(days=21))
    with pytest.raises(IntegrityError, match="no_overlapping_placements_of_a_sensor"), transaction.atomic():
        make_placement(
            sensor=first.sensor, starts_at=MARCH + timedelta(days=20), ends_at=MARCH + timedelta(days=30)
        )
    make_placement(sensor=first.sensor, starts_at=MARCH + timedelta(days=21))  # [start, end) may touch


def delete(table: str, identity: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [identity])


def test_a_sensor_and_a_layout_with_messages_cannot_be_deleted(
    make_placement: Callable[..., Placement],
) -> None:
    placement, layout = make_placement(), layout_of(("pm25", "atm", ""))
    RawMessage.objects.create(
        sensor=placement.sensor, observed_at=MARCH, received_at=MARCH, layout=layout, values=[7.0]
    )
    placement.delete()
    for table, identity in (("catalogue_sensor", placement.sensor_id), ("readings_layout", layout.id)):
        with pytest.raises(IntegrityError, match="still has rows in readings_raw_message"):
            delete(table, identity)


def test_a_series_with_hours_cannot_be_deleted_and_one_without_can(
    make_placement: Callable[..., Placement],
) -> None:
    series = Series.objects.create(placement=make_placement(), property_id="pm25")
    empty = Series.objects.create(placement=series.placement, property_id="pm10")
    HourlyAggregate.objects.create(
        series=series, hour=MARCH, n=1, total=7.0, total_of_squares=49.0, minimum=7.0, maximum=7.0
    )
    with pytest.raises(IntegrityError, match="still has rows in readings_hourly_aggregate"):
        delete("readings_series", series.id)
    delete("readings_series", empty.id)
    assert scalar("SELECT count(*) FROM readings_series WHERE placement_id = %s", series.placement_id) == 1


def test_a_revision_is_read_hour_by_hour(make_placement: Callable[..., Placement]) -> None:
    series = Series.objects.create(placement=make_placement(), property_id="pm25")
    later = MARCH + timedelta(hours=1)
    HourlyValueRevision.objects.create(
        series=series,
        first_hour=MARCH,
        last_hour=later,
        changed_at=later,
        reason="approval",
        hours=[MARCH, later],
        old_values=[10.0, float("nan")],
        new_values=[8.0, 9.0],
        old_uncertainties=[float("nan")] * 2,
        new_uncertainties=[2.0, 3.0],
        old_grades="D-",
        new_grades="BC",
        old_calibrations=[0, 0],
        new_calibrations=[4, 4],
        old_second_calibrations=[0, 0],
        new_second_calibrations=[5, 0],
    )
    first, second = HourlyValueChange.objects.filter(series=series).order_by("hour")
    assert (first.old_value, first.new_value, first.old_grade, first.new_grade) == (10.0, 8.0, "D", "B")
    assert (first.old_calibration_id, first.new_calibration_id, first.new_second_calibration_id) == (
        None,
        4,
        5,
    )
    assert (second.hour, second.old_value, second.new_value, second.old_grade) == (later, None, 9.0, "")
    assert (second.old_expanded_uncertainty, second.new_second_calibration_id) == (None, None)
