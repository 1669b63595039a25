from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from capto.readings.hourly import (
    aggregate_period,
    aggregate_touched,
    lock_sensors,
    mark_period,
    take_dirty_hours,
)
from capto.readings.models import (
    DirtyHour,
    HourlyAggregate,
    Layout,
    Placement,
    RawMessage,
    Series,
)
from tests.readings.conftest import MARCH, layout_of

NOON = MARCH + timedelta(hours=12)
EVENING = MARCH + timedelta(hours=18)
Sums = tuple[int, float, float, float, float]


@pytest.fixture
def pm(db: None) -> Layout:
    return layout_of(("pm25", "atm", ""), ("humidity", "", ""))


def send(
    placement: Placement, layout: Layout, at: datetime, values: list[float | None], **fields: object
) -> None:
    """Store a message as the bridge does: the row and the mark of its hour in one transaction."""
    with transaction.atomic():
        RawMessage.objects.create(
            sensor=placement.sensor, observed_at=at, received_at=at, layout=layout, values=values, **fields
        )
        hour = at.replace(minute=0, second=0, microsecond=0)
        DirtyHour.objects.create(sensor=placement.sensor, hour=hour)


def aggregate(now: datetime = EVENING) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        taken = take_dirty_hours(cursor, now=now)
        aggregate_touched(cursor)
    return taken


def sums(placement: Placement, quantity: str = "pm25") -> dict[datetime, Sums]:
    rows = HourlyAggregate.objects.filter(
        series__in=Series.objects.filter(placement=placement, property=quantity)
    )
    return {row.hour: (row.n, row.total, row.total_of_squares, row.minimum, row.maximum) for row in rows}


@pytest.mark.django_db
def test_a_finished_hour_is_summed_up_by_series(make_placement: Callable[..., Placement], pm: Layout) -> None:
    placement = make_placement()
    for minute, value in ((0, 1.0), (10, 2.0), (50, 6.0)):
        send(placement, pm, NOON + timedelta(minutes=minute), [value, 50.0])
    send(placement, pm, NOON + timedelta(hours=1), [9.0, 60.0])
    assert aggregate() == 2
    assert sums(placement) == {
        NOON: (3, 9.0, 41.0, 1.0, 6.0),
        NOON + timedelta(hours=1): (1, 9.0, 81.0, 9.0, 9.0),
    }
    assert sums(placement, "humidity")[NOON] == (3, 150.0, 7500.0, 50.0, 50.0)
    assert not DirtyHour.objects.exists()


@pytest.mark.django_db
def test_absent_flagged_infinite_and_time_uncertain_readings_count_in_no_hour(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement()
    send(placement, pm, NOON, [5.0, None])
    send(placement, pm, NOON + timedelta(minutes=1), [7.0, 40.0], value_flags={"0": "sensor_failure"})
    send(placement, pm, NOON + timedelta(minutes=2), [float("inf"), 1e200])
    send(placement, pm, NOON + timedelta(minutes=3), [float("nan"), 42.0])
    send(placement, pm, NOON + timedelta(minutes=4), [8.0, 44.0], time_uncertain=True)
    aggregate()
    assert sums(placement) == {NOON: (1, 5.0, 25.0, 5.0, 5.0)}
    assert sums(placement, "humidity") == {NOON: (2, 82.0, 3364.0, 40.0, 42.0)}


@pytest.mark.django_db
def test_an_hour_that_is_not_over_waits(make_placement: Callable[..., Placement], pm: Layout) -> None:
    placement = make_placement()
    send(placement, pm, NOON, [5.0, 50.0])
    assert aggregate(now=NOON + timedelta(minutes=61)) == 0  # the last message may still be on its way
    assert DirtyHour.objects.count() == 1
    assert aggregate(now=NOON + timedelta(minutes=62)) == 1


@pytest.mark.django_db
def test_a_late_reading_recomputes_its_hour_and_a_second_run_changes_nothing(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement()
    send(placement, pm, NOON, [5.0, 50.0])
    aggregate()
    send(placement, pm, NOON + timedelta(minutes=30), [7.0, 50.0])
    assert aggregate() == 1
    assert sums(placement) == {NOON: (2, 12.0, 74.0, 5.0, 7.0)}
    assert aggregate() == 0
    mark_period(placement.sensor_id, start=NOON, end=EVENING)
    assert aggregate() == 1
    assert sums(placement) == {NOON: (2, 12.0, 74.0, 5.0, 7.0)}


@pytest.mark.django_db
def test_a_reading_belongs_to_the_placement_in_which_it_was_observed(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    change = NOON + timedelta(minutes=30)
    first = make_placement(ends_at=change)
    second = make_placement(sensor=first.sensor, starts_at=change)
    send(first, pm, change - timedelta(microseconds=1), [5.0, 50.0])
    send(first, pm, change, [7.0, 50.0])
    aggregate()
    assert sums(first) == {NOON: (1, 5.0, 25.0, 5.0, 5.0)}
    assert sums(second) == {NOON: (1, 7.0, 49.0, 7.0, 7.0)}


@pytest.mark.django_db
def test_readings_before_the_first_placement_make_no_hour(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement(starts_at=NOON)
    send(placement, pm, NOON - timedelta(minutes=5), [5.0, 50.0])
    assert aggregate() == 1
    assert not HourlyAggregate.objects.exists()


@pytest.mark.django_db
def test_hours_that_leave_a_placement_leave_its_series(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement()
    send(placement, pm, NOON, [5.0, 50.0])
    send(placement, pm, NOON + timedelta(hours=2), [7.0, 50.0])
    aggregate()
    placement.end(at=NOON + timedelta(hours=1))  # a return that is noted later than it took place
    aggregate()
    assert list(sums(placement)) == [NOON]


@pytest.mark.django_db
def test_hours_come_back_to_a_placement_that_is_opened_again(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement()
    placement.end(at=NOON)
    send(placement, pm, NOON, [5.0, 50.0])
    aggregate()
    assert sums(placement) == {}
    placement.reopen()
    aggregate()
    assert list(sums(placement)) == [NOON]


@pytest.mark.django_db
def test_a_channel_that_comes_in_two_layouts_is_one_series(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement, alone = make_placement(), layout_of(("pm25", "atm", ""))
    send(placement, pm, NOON, [5.0, 50.0])
    send(placement, alone, NOON, [7.0])
    aggregate()
    assert sums(placement) == {NOON: (2, 12.0, 74.0, 5.0, 7.0)}


@pytest.mark.django_db
@pytest.mark.parametrize("by_sensor", [False, True])
def test_a_period_gives_the_same_rows_as_the_dirty_hours(
    make_placement: Callable[..., Placement], pm: Layout, by_sensor: bool
) -> None:
    placements = [make_placement(), make_placement()]
    for number, placement in enumerate(placements):
        for minute in range(0, 600, 7):
            send(placement, pm, MARCH + timedelta(minutes=minute), [minute / 4 + number, 50.0])
    aggregate()
    expected = [sums(placement) for placement in placements]
    HourlyAggregate.objects.all().delete()
    sensors = [placement.sensor_id for placement in placements] if by_sensor else None
    aggregate_period(MARCH, MARCH + timedelta(days=40), sensors=sensors)
    assert [sums(placement) for placement in placements] == expected
    if by_sensor:
        HourlyAggregate.objects.all().delete()
        aggregate_period(MARCH, MARCH + timedelta(days=1), sensors=sensors[:1])
        assert [len(sums(placement)) for placement in placements] == [10, 0]


@pytest.mark.django_db
def test_the_same_sums_are_not_written_again(make_placement: Callable[..., Placement], pm: Layout) -> None:
    placement = make_placement()
    for minute in range(60):
        send(placement, pm, NOON + timedelta(minutes=minute), [minute / 7, 50.0])
    aggregate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid, series_id FROM readings_hourly_aggregate ORDER BY series_id")
        before = cursor.fetchall()
        aggregate_period(NOON, EVENING)
        cursor.execute("SELECT ctid, series_id FROM readings_hourly_aggregate ORDER BY series_id")
        assert cursor.fetchall() == before


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_runs_at_once_do_not_work_on_the_same_sensor(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement()
    send(placement, pm, NOON, [5.0, 50.0])
    held, release = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                lock_sensors(cursor, [placement.sensor_id])
                held.set()
                release.wait(20)
        finally:
            connection.close()

    other = Thread(target=hold)
    other.start()
    assert held.wait(20)
    assert aggregate() == 0
    release.set()
    other.join()
    assert aggregate() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_run_that_fails_leaves_its_hours_marked(
    make_placement: Callable[..., Placement], pm: Layout
) -> None:
    placement = make_placement()
    send(placement, pm, NOON, [5.0, 50.0])
    with pytest.raises(RuntimeError), transaction.atomic(), connection.cursor() as cursor:
        take_dirty_hours(cursor, now=EVENING)
        aggregate_touched(cursor)
        raise RuntimeError
    assert not HourlyAggregate.objects.exists()
    assert aggregate() == 1
    assert sums(placement) == {NOON: (1, 5.0, 25.0, 5.0, 5.0)}
