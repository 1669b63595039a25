"""Published hours are replaced in place: readers see all of the old or all of the new, and no index is written."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection

from capto.readings.models import HourlyValue, Placement, Series
from capto.validation import recompute as recomputing
from capto.validation.models import Calibration, CoLocation
from capto.validation.recompute import recompute
from tests.readings.conftest import MARCH
from tests.validation.conftest import BENCH_ENDS, NOW, add_hours, linear

LENT = BENCH_ENDS + timedelta(days=1)
MakeStay = Callable[..., CoLocation]
MakePlacement = Callable[..., Placement]


def _published(make_stay: MakeStay, make_placement: MakePlacement, hours: int) -> tuple[Series, CoLocation]:
    stay = make_stay()
    placed = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    series = add_hours(placed, "pm25", [30.0 + 0.01 * hour for hour in range(hours)], start=LENT)
    recompute(MARCH, NOW, now=NOW, reason="first")
    return series, stay


def _hot_updates() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_tuples_updated(oid)), sum(pg_stat_get_xact_tuples_hot_updated(oid))"
            " FROM pg_class WHERE oid IN (SELECT inhrelid FROM pg_inherits"
            " WHERE inhparent = 'readings_hourly_value'::regclass)"
        )
        updated, hot = cursor.fetchone()
    return int(updated), int(hot)


@pytest.mark.django_db
def test_a_figure_that_follows_finds_room_beside_the_one_before(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Callable[..., Calibration]
) -> None:
    _series, stay = _published(make_stay, make_placement, 600)
    before = _hot_updates()
    approve(stay)
    assert recompute(MARCH, NOW, now=NOW, reason="approved").changed == 600
    after = _hot_updates()
    assert after[0] - before[0] == after[1] - before[1] == 600


@pytest.mark.django_db
def test_large_blocks_are_read_in_the_order_of_pages_and_leave_the_planner_as_it_was(
    make_stay: MakeStay,
    make_placement: MakePlacement,
    approve: Callable[..., Calibration],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series, stay = _published(make_stay, make_placement, 30)
    approve(stay)
    monkeypatch.setattr(recomputing, "BY_THE_PAGE", 1)
    assert recompute(MARCH, NOW, now=NOW, reason="approved").changed == 30
    assert HourlyValue.objects.get(series=series, hour=LENT).value == pytest.approx((30.0 - 2.0) / 1.6)
    with connection.cursor() as cursor:
        for name in ("indexscan", "mergejoin", "nestloop"):
            cursor.execute(f"SHOW enable_{name}")
            assert cursor.fetchone() == ("on",)


@pytest.fixture
def watcher() -> Iterator[list[set[tuple[int, int]]]]:
    """Read again and again from another connection how many hours stand, and of how many versions."""
    seen: list[set[tuple[int, int]]] = [set()]
    ended = Event()

    def look() -> None:
        try:
            while not ended.is_set():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT count(*), count(DISTINCT coalesce(calibration_id, 0)) FROM readings_hourly_value"
                    )
                    seen[0].add(cursor.fetchone())
        finally:
            connection.close()

    thread = Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join(30)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_reader_never_sees_a_gap_nor_half_of_a_recomputation(
    make_stay: MakeStay,
    make_placement: MakePlacement,
    approve: Callable[..., Calibration],
    request: pytest.FixtureRequest,
) -> None:
    _series, stay = _published(make_stay, make_placement, 500)  # within one month: one transaction each
    watcher = request.getfixturevalue("watcher")
    for intercept in (1.0, 3.0, 1.5):
        approve(stay, linear(intercept=intercept))
        assert recompute(MARCH, NOW, now=NOW, reason="approved").changed == 500
    assert watcher[0] == {(500, 1)}
