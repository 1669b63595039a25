"""Worked numbers: (36 - 2) / 1.6 = 21.25; at mid-loan between slopes 1.6 and 1.8, (36 - 2) / 1.7 = 20."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pandas as pd
import pytest
from django.core.management import call_command
from django.db import connection

import calibration as library
from calibration import Flag
from capto.readings.models import HourlyAggregate, HourlyValue, HourlyValueChange, Placement, Series
from capto.validation.models import Calibration, CoLocation
from capto.validation.recompute import Difference, Recomputed, dirty_hours, recompute
from tests.readings.conftest import MARCH, layout_of
from tests.readings.test_hourly import send
from tests.validation.conftest import BENCH_ENDS, HOUR, NOW, add_hours, humid, linear, values

pytestmark = pytest.mark.django_db

LENT = BENCH_ENDS + timedelta(days=1)
Approve = Callable[..., Calibration]
MakeStay = Callable[..., CoLocation]
MakePlacement = Callable[..., Placement]


def run(start: datetime = MARCH, end: datetime = NOW, **how: object) -> Recomputed:
    done = recompute(start, end, **{"now": NOW, "reason": "test"} | how)  # type: ignore[arg-type]
    return done._replace(difference=Difference())


def only(series: Series) -> HourlyValue:
    (value,) = values(series)
    return value


def test_without_a_calibration_the_raw_mean_is_published_with_grade_d(make_placement: MakePlacement) -> None:
    series = add_hours(make_placement(), "pm25", [36.0], start=LENT)
    assert run() == Recomputed(hours=1, new=1)
    value = only(series)
    assert (value.raw_mean, value.value, value.expanded_uncertainty) == (36.0, 36.0, None)
    assert (value.grade, value.flags, value.calibration_id) == ("D", Flag.UNCALIBRATED, None)
    assert (value.n, value.coverage, value.hour) == (6, 1.0, LENT)


def test_an_approved_calibration_corrects_and_the_hour_is_provisional_until_the_second_stay(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    calibration = approve(stay)
    series = add_hours(make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0], start=LENT)
    run()
    value = only(series)
    assert (value.raw_mean, value.value, value.expanded_uncertainty) == (36.0, pytest.approx(21.25), 4.0)
    assert (value.grade, value.flags, value.is_provisional) == ("B", 0, True)
    assert (value.calibration_id, value.second_calibration_id) == (calibration.id, None)
    assert value.code_version == library.CODE_VERSION


def test_a_calibration_publishes_nothing_until_it_is_approved(
    make_stay: MakeStay, make_placement: MakePlacement, make_draft: Approve
) -> None:
    stay = make_stay()
    draft, refused = make_draft(stay), make_draft(stay)
    refused.refuse(reason="the lag is an hour", now=NOW, by_name="Ada")
    series = add_hours(make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0], start=LENT)
    run()
    assert (only(series).value, only(series).grade) == (36.0, "D")
    draft.approve(reason="", now=NOW, by_name="Ada")
    run()
    assert (only(series).value, only(series).grade) == (pytest.approx(21.25), "B")


def test_between_two_stays_the_drift_is_interpolated_and_the_hour_is_no_longer_provisional(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    before = make_stay()
    first = approve(before)
    back = MARCH + timedelta(days=21)
    series = add_hours(
        make_placement(sensor=before.sensor, starts_at=BENCH_ENDS, ends_at=back),
        "pm25",
        [36.0],
        start=MARCH + timedelta(days=14),
    )
    run()
    after = make_stay(sensor=before.sensor, starts_at=back)
    second = approve(after, linear(slope=1.8, starts_at=back, ends_at=back + timedelta(days=7)))
    assert run(reason="second stay") == Recomputed(hours=1, changed=1)
    value = only(series)
    assert value.value == pytest.approx(20.0)
    assert (value.calibration_id, value.second_calibration_id) == (first.id, second.id)
    # u_drift = |21.25 - 18.889| · √(½·½/3) = 0.6816 and U² = 4.0² + (2 · 0.6816)²
    assert value.expanded_uncertainty == pytest.approx(4.2260, abs=2e-4)
    assert (value.grade, value.is_provisional) == ("B", False)
    change = HourlyValueChange.objects.get(series=series)
    assert (change.old_value, change.new_value, change.reason) == (
        pytest.approx(21.25),
        value.value,
        "second stay",
    )
    assert (change.old_calibration_id, change.new_calibration_id) == (first.id, first.id)
    assert (change.old_second_calibration_id, change.new_second_calibration_id) == (None, second.id)


def test_when_its_validity_ends_a_calibration_still_corrects_but_counts_for_nothing(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    calibration = approve(stay)
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    series = add_hours(placement, "pm25", [36.0, 36.0], start=calibration.valid_to - HOUR)
    late = calibration.valid_to + timedelta(days=1)
    run(LENT, late, now=late)
    last, expired = values(series)
    assert (last.grade, expired.grade) == ("B", "D")
    assert (expired.value, expired.expanded_uncertainty) == (pytest.approx(21.25), None)
    assert (expired.flags, expired.calibration_id) == (Flag.UNCALIBRATED, calibration.id)


def test_the_humidity_of_the_same_placement_and_hour_is_used(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    approve(stay, humid())
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    other = make_placement(starts_at=BENCH_ENDS)
    series = add_hours(placement, "pm25", [40.0, 40.0, 40.0], start=LENT)
    add_hours(placement, "humidity", [50.0, 95.0], start=LENT)
    add_hours(other, "humidity", [70.0] * 3, start=LENT)
    run()
    dry, wet, unknown = values(series)
    assert (dry.value, dry.grade) == (16.0, "B")  # 1 + 20 - 5
    assert (wet.value, wet.flags, wet.grade) == (11.5, Flag.EXTRAPOLATED, "C")  # 95 % is outside 20..90 ± 3.5
    assert (unknown.value, unknown.expanded_uncertainty) == (None, None)
    assert (unknown.flags, unknown.grade) == (Flag.NO_COVARIATE, "D")
    assert not HourlyValue.objects.exclude(series=series).exists()  # humidity is context, not a result


def test_of_several_humidities_that_of_the_same_channel_is_used(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    approve(stay, humid())
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    add_hours(placement, "humidity", [80.0], start=LENT, channel="b")
    series = add_hours(placement, "pm25", [40.0], start=LENT)
    add_hours(placement, "humidity", [50.0], start=LENT)
    run()
    assert only(series).value == 16.0


@pytest.mark.parametrize(("n", "flags", "grade"), [(5, 0, "B"), (4, Flag.COVERAGE, "D")])
def test_less_than_three_quarters_of_the_readings_is_flagged(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve, n: int, flags: int, grade: str
) -> None:
    stay = make_stay()
    approve(stay)
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    series = add_hours(placement, "pm25", [36.0], start=LENT, n=n)
    run()
    value = only(series)
    assert (value.flags, value.grade, value.coverage) == (flags, grade, n / 6)


def test_exactly_three_quarters_of_the_readings_is_enough(make_placement: MakePlacement) -> None:
    series = add_hours(make_placement(interval_s=60), "pm25", [36.0], start=LENT, n=45)
    run()
    assert (only(series).flags, only(series).coverage) == (Flag.UNCALIBRATED, 0.75)


def test_one_impossible_reading_flags_its_hour(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    approve(stay)
    series = add_hours(
        make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0, 37.0], start=LENT
    )
    HourlyAggregate.objects.filter(series=series, hour=LENT).update(maximum=1000.1)
    run()
    assert [value.flags for value in values(series)] == [Flag.RANGE, 0]
    assert [value.grade for value in values(series)] == ["D", "B"]


def test_four_equal_hours_are_stuck_also_across_the_edge_of_the_period(make_placement: MakePlacement) -> None:
    placement = make_placement()
    series = add_hours(placement, "pm25", [12.0, 7.0, 7.0, 7.0, 7.0, 8.0, 8.0, 8.0], start=LENT, moves=False)
    run(LENT + 3 * HOUR, LENT + 7 * HOUR)
    stuck = Flag.STUCK | Flag.UNCALIBRATED
    assert [value.flags for value in values(series)] == [stuck, stuck, Flag.UNCALIBRATED, Flag.UNCALIBRATED]
    run()
    assert [bool(value.flags & Flag.STUCK) for value in values(series)] == [False, *[True] * 4, *[False] * 3]


def test_an_isolated_spike_is_suspect_and_lowers_the_grade(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    approve(stay)
    means = [20.0, 21.0, 20.0, 90.0, 21.0, 20.0, 21.0]
    series = add_hours(make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", means, start=LENT)
    run()
    assert [value.flags for value in values(series)] == [0, 0, 0, Flag.SPIKE, 0, 0, 0]
    assert [value.grade for value in values(series)] == [*"BBB", "C", *"BBB"]


def test_the_first_day_at_a_place_is_a_warm_up(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    approve(stay)
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    series = add_hours(placement, "pm25", [20.0, 21.0], start=LENT - HOUR)
    run()
    assert [(value.flags, value.grade) for value in values(series)] == [(Flag.WARM_UP, "C"), (0, "B")]


def test_particle_sizes_of_one_device_that_contradict_each_other_are_flagged(
    make_placement: MakePlacement,
) -> None:
    placement, other = make_placement(), make_placement()
    fine = add_hours(placement, "pm25", [20.0, 20.0, 20.0], start=LENT)
    coarse = add_hours(placement, "pm10", [25.0, 18.9, 19.1], start=LENT)
    elsewhere = add_hours(other, "pm10", [10.0] * 3, start=LENT)
    for asked in ([fine.id], None):  # asked for one of them, the others are still looked at
        run(series=asked)
        contradicted = [bool(value.flags & Flag.CONSISTENCY) for value in values(fine)]
        assert contradicted == [False, True, False]  # by more than the tolerance of 1 µg/m³
    assert [bool(value.flags & Flag.CONSISTENCY) for value in values(coarse)] == [False, True, False]
    assert not any(value.flags & Flag.CONSISTENCY for value in values(elsewhere))


def test_a_second_run_writes_nothing(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    approve(stay)
    add_hours(make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0] * 50, start=LENT)

    def stored() -> list[object]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tableoid, ctid, xmin, * FROM readings_hourly_value ORDER BY series_id, hour"
            )
            return cursor.fetchall()

    assert run() == Recomputed(hours=50, new=50)
    first = stored()
    assert run(now=NOW + HOUR) == Recomputed(hours=50)
    assert stored() == first
    assert not HourlyValueChange.objects.exists()


@pytest.mark.parametrize("changed", [1, 40])
def test_only_hours_that_differ_are_replaced_and_each_changed_figure_leaves_a_trace(
    make_placement: MakePlacement, changed: int
) -> None:
    series = add_hours(make_placement(), "pm25", [10.0 + number for number in range(50)], start=LENT)
    run()
    touched = HourlyAggregate.objects.filter(series=series, hour__lt=LENT + changed * HOUR)
    for row in touched:
        HourlyAggregate.objects.filter(pk=row.pk).update(total=row.total + 6.0)
    assert run(reason="late readings") == Recomputed(hours=50, changed=changed)
    changes = HourlyValueChange.objects.filter(series=series).order_by("hour")
    assert [(change.old_value, change.new_value) for change in changes] == [
        (10.0 + number, 11.0 + number) for number in range(changed)
    ]
    assert {change.reason for change in changes} == {"late readings"}
    assert [value.value for value in values(series)] == [
        10.0 + number + (number < changed) for number in range(50)
    ]


def test_an_hour_that_lost_its_readings_is_withdrawn_with_a_trace(make_placement: MakePlacement) -> None:
    series = add_hours(make_placement(), "pm25", [10.0, 11.0, 12.0], start=LENT)
    run()
    HourlyAggregate.objects.filter(series=series, hour=LENT + HOUR).delete()
    assert run() == Recomputed(hours=2, removed=1)
    assert [value.value for value in values(series)] == [10.0, 12.0]
    change = HourlyValueChange.objects.get()
    assert (change.hour, change.old_value, change.new_value) == (LENT + HOUR, 11.0, None)
    assert (change.old_grade, change.new_grade) == ("D", "")


def test_an_hour_that_is_not_over_is_not_published(make_placement: MakePlacement) -> None:
    series = add_hours(make_placement(), "pm25", [10.0, 11.0], start=NOW - HOUR)
    run(end=NOW + 2 * HOUR, now=NOW + timedelta(minutes=2))
    assert [value.hour for value in values(series)] == [NOW - HOUR]


def test_only_the_series_asked_for_are_recomputed(make_placement: MakePlacement) -> None:
    first, second = (add_hours(make_placement(), "pm25", [10.0], start=LENT) for _ in range(2))
    assert run(series=[second.id]) == Recomputed(hours=1, new=1)
    assert (len(values(first)), len(values(second))) == (0, 1)


def test_readings_are_published_within_the_minute_after_their_hour_and_late_ones_replace(
    make_placement: MakePlacement,
) -> None:
    placement, layout = make_placement(), layout_of(("pm25", "", ""), ("humidity", "", ""))
    for minute in range(0, 60, 10):
        send(placement, layout, LENT + timedelta(minutes=minute), [10.0 + minute / 10, 50.0])
    assert dirty_hours(now=LENT + timedelta(minutes=61)) == 0
    assert dirty_hours(now=LENT + timedelta(minutes=62)) == 1
    series = Series.objects.get(placement=placement, property="pm25")
    assert only(series).value == 12.5
    send(placement, layout, LENT + timedelta(minutes=59), [19.5, 50.0])
    assert dirty_hours(now=NOW) == 1
    assert only(series).value == 13.5  # (75 + 19.5) / 7
    change = HourlyValueChange.objects.get()
    assert (change.old_value, change.new_value, change.reason) == (12.5, 13.5, "late readings")
    assert dirty_hours(now=NOW) == 0


def test_a_late_hour_changes_the_flags_of_the_hours_beside_it(make_placement: MakePlacement) -> None:
    placement, layout = make_placement(), layout_of(("pm25", "", ""))

    def fill(number: int) -> None:
        for minute in range(0, 60, 10):
            send(placement, layout, LENT + number * HOUR + timedelta(minutes=minute), [7.0])

    for number in (0, 1, 2, 4, 5):
        fill(number)
    dirty_hours(now=NOW)
    series = Series.objects.get(placement=placement)
    assert not any(value.flags & Flag.STUCK for value in values(series))
    fill(3)
    dirty_hours(now=NOW)
    assert [bool(value.flags & Flag.STUCK) for value in values(series)] == [True] * 6


def test_the_published_sums_and_the_published_model_give_the_published_number_to_the_last_digit(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stay = make_stay()
    calibration = approve(stay, humid())
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    raw = add_hours(placement, "pm25", [10 / 3 + number / 7 for number in range(200)], start=LENT, n=5)
    humidity = add_hours(placement, "humidity", [40 + number / 9 for number in range(200)], start=LENT)
    run()
    sums = pd.DataFrame(
        HourlyAggregate.objects.filter(series=raw)
        .order_by("hour")
        .values("hour", "n", "total", "total_of_squares")
    ).set_index("hour")
    means = library.means_from_sums(sums, expected=6).rename(columns={"mean": "raw"})
    wet = HourlyAggregate.objects.filter(series=humidity).order_by("hour")
    means["humidity"] = [row.total / row.n for row in wet]
    model = library.Model.from_dict(Calibration.objects.get(id=calibration.id).model)
    again = library.apply(model, means)
    published = values(raw)
    assert len(published) == 200
    assert [value.value for value in published] == again["value"].tolist()
    assert [value.expanded_uncertainty for value in published] == again["expanded_uncertainty"].tolist()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_long_period_is_recomputed_in_parallel_parts_with_the_same_rows(
    make_stay: MakeStay, make_placement: MakePlacement, approve: Approve
) -> None:
    stays = [make_stay() for _ in range(5)]
    for stay in stays:
        approve(stay)
        placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
        add_hours(placement, "pm25", [20.0 + number % 24 for number in range(40 * 24)], start=LENT)
    assert run() == Recomputed(hours=4800, new=4800)
    assert set(HourlyValue.objects.values_list("grade", flat=True)) == {"B"}
    assert run() == Recomputed(hours=4800)


def test_the_command_says_what_it_did(make_placement: MakePlacement) -> None:
    series = add_hours(make_placement(), "pm25", [10.0, 11.0], start=LENT)
    said = StringIO()
    for _ in range(2):
        call_command(
            "recompute", "--from", "2026-03-01", "--to", "2026-03-20", series=[series.id], stdout=said
        )
    assert said.getvalue().splitlines() == [
        "2 hours: 2 new, 0 changed, 0 removed, 0 as they were",
        "2 hours: 0 new, 0 changed, 0 removed, 2 as they were",
    ]
