"""The sensor follows raw = 2 + 1.6 · reference exactly, so that a right fit gives the reference back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from math import sin

import pytest
from django.core.management import CommandError, call_command

import calibration as library
from capto.readings.models import HourlyValue, Placement, ReferenceSeries, ReferenceStation, ReferenceValue
from capto.validation.fitting import UNKNOWN_DRIFT_PER_DAY, candidates, fit
from capto.validation.models import Calibration, CoLocation
from capto.validation.pairs import NoPairs, pairs, reference_of, series_of
from tests.readings.conftest import MARCH
from tests.validation.conftest import BENCH_ENDS, HOUR, NOW, add_hours, linear

pytestmark = pytest.mark.django_db

MakeStay = Callable[..., CoLocation]
WEEK = 7 * 24


def truth(number: int) -> float:
    return 25.0 + 12.0 * sin(number / 5.0) + 6.0 * sin(number / 31.0)


def add_reference(series: ReferenceSeries, hours: int, *, start: datetime = MARCH, **fields: object) -> None:
    ReferenceValue.objects.bulk_create(
        ReferenceValue(
            series=series, hour=start + number * HOUR, value=truth(number), imported_at=NOW, **fields
        )
        for number in range(hours)
    )


@pytest.fixture
def stay(make_stay: MakeStay, reference: ReferenceSeries) -> CoLocation:
    """A week beside the station, with its reference values and the sensor's hours and humidity."""
    stay = make_stay()
    assert stay.placement is not None
    add_reference(reference, WEEK)
    add_hours(stay.placement, "pm25", [2.0 + 1.6 * truth(number) for number in range(WEEK)], start=MARCH)
    add_hours(
        stay.placement, "humidity", [60.0 + 20 * sin(number / 9) for number in range(WEEK)], start=MARCH
    )
    return stay


def test_the_pairs_of_a_stay_are_its_valid_hours_with_both_sides(
    stay: CoLocation, reference: ReferenceSeries
) -> None:
    found = pairs(stay, series=series_of(stay, quantity="pm25"), reference=reference)
    assert (len(found), found.index[0], found.index[-1]) == (WEEK, MARCH, BENCH_ENDS - HOUR)
    assert found["reference"].iloc[3] == truth(3)
    assert found["raw"].iloc[3] == pytest.approx(2.0 + 1.6 * truth(3))
    assert found["humidity"].iloc[3] == pytest.approx(60.0 + 20 * sin(3 / 9))
    assert "temperature" not in found  # not measured by this sensor


def test_hours_that_fail_a_check_or_lack_a_side_are_no_pairs(
    make_stay: MakeStay, reference: ReferenceSeries
) -> None:
    stay = make_stay()
    assert stay.placement is not None
    add_reference(reference, 20)
    add_hours(
        stay.placement, "pm25", [30.0 + number for number in range(5)], start=MARCH, n=4
    )  # 4 of 6 readings
    add_hours(stay.placement, "pm25", [30.0 + number for number in range(5)], start=MARCH + 5 * HOUR)
    add_hours(stay.placement, "pm25", [7.0] * 6, start=MARCH + 10 * HOUR, moves=False)  # stuck
    add_hours(stay.placement, "pm25", [8.0, 9.0, 2000.0], start=MARCH + 16 * HOUR)  # the last out of range
    add_hours(stay.placement, "pm25", [30.0], start=MARCH + 21 * HOUR)  # without reference
    found = pairs(stay, series=series_of(stay, quantity="pm25"), reference=reference)
    assert [at.hour for at in found.index] == [5, 6, 7, 8, 9, 16, 17]


def test_a_fit_is_kept_as_a_draft_with_its_stay_and_its_station(
    stay: CoLocation, reference: ReferenceSeries
) -> None:
    draft = fit(stay, quantity="pm25", method="linear", now=NOW)
    model = draft.fitted()
    assert (draft.status, draft.version, draft.co_location, draft.reference_series) == (
        "draft",
        1,
        stay,
        reference,
    )
    assert model.coefficients["slope"] == pytest.approx(1.6)
    assert model.coefficients["intercept"] == pytest.approx(2.0)
    assert (model.station, model.quantity, model.unit, model.n) == ("FR15043", "pm25", "ug/m3", WEEK)
    assert model.drift_per_day == UNKNOWN_DRIFT_PER_DAY
    assert draft.checksum == model.checksum != ""


def test_without_a_method_the_simplest_as_good_as_the_best_is_taken(stay: CoLocation) -> None:
    assert fit(stay, quantity="pm25", now=NOW).method == "linear"


def test_the_drift_of_past_loans_of_the_sensor_model_goes_into_the_model(
    stay: CoLocation, make_stay: MakeStay, approve: Callable[..., Calibration]
) -> None:
    first = make_stay()
    approve(first)
    back = MARCH + timedelta(days=17)  # ten days after the first stay, and 5 % steeper
    approve(
        make_stay(sensor=first.sensor, starts_at=back),
        linear(slope=1.68, starts_at=back, ends_at=back + timedelta(days=7)),
    )
    assert fit(stay, quantity="pm25", method="linear", now=NOW).fitted().drift_per_day == pytest.approx(0.005)


def test_a_stay_that_is_too_short_is_refused_with_the_reason(
    make_stay: MakeStay, reference: ReferenceSeries
) -> None:
    stay = make_stay(ends_at=MARCH + timedelta(days=2))
    assert stay.placement is not None
    add_reference(reference, 48)
    add_hours(stay.placement, "pm25", [2.0 + 1.6 * truth(number) for number in range(48)], start=MARCH)
    for method in ("linear", ""):
        with pytest.raises(library.Refused, match="at least 72 h"):
            fit(stay, quantity="pm25", method=method, now=NOW)
    assert not Calibration.objects.exists()


def test_of_two_analysers_the_one_with_more_values_in_the_stay_is_the_reference(
    stay: CoLocation, reference: ReferenceSeries
) -> None:
    other = ReferenceSeries.objects.create(
        station=stay.station, property_id="pm25", provider="lcsqa", discriminant="B"
    )
    add_reference(other, 24)
    assert reference_of(stay, quantity="pm25") == reference
    with pytest.raises(NoPairs, match="measures no pm10"):
        reference_of(stay, quantity="pm10")


def test_a_channel_that_sent_nothing_or_is_one_of_several_is_named(stay: CoLocation) -> None:
    with pytest.raises(NoPairs, match=r"sent no such pm25 during .*; variant/channel: -/-"):
        series_of(stay, quantity="pm25", variant="cf1")
    assert stay.placement is not None
    add_hours(stay.placement, "pm25", [1.0], start=MARCH, channel="b")
    with pytest.raises(NoPairs, match=r"sent several pm25 during .*; variant/channel: -/-, -/b"):
        series_of(stay, quantity="pm25")
    assert series_of(stay, quantity="pm25", channel="b").channel == "b"


def command(*arguments: str) -> str:
    said = StringIO()
    call_command("fit_calibration", *arguments, stdout=said)
    return said.getvalue()


PERIOD = ("--quantity", "pm25", "--from", "2026-03-01", "--to", "2026-03-08")


def test_the_command_fits_approves_and_publishes_the_hours_touched(
    stay: CoLocation, make_placement: Callable[..., Placement]
) -> None:
    series = add_hours(
        make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0], start=BENCH_ENDS
    )
    said = command(
        stay.sensor.inventory_code,
        *PERIOD,
        "--method",
        "linear",
        "--approve",
        "--by",
        "Ada",
        "--reason",
        "flat",
    )
    assert "linear: intercept 2, slope 1.6; 168 pairs" in said
    assert "approved by Ada; 169 hours: 169 new, 0 changed" in said
    assert HourlyValue.objects.get(series=series).value == pytest.approx(21.25)
    assert CoLocation.objects.count() == 1  # the stay that was known is used


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["X-1", *PERIOD], "no sensor X-1"),
        (["CODE", "--quantity", "pm25", "--from", "2025-01-01", "--to", "2025-02-01"], "stood nowhere"),
        (["CODE", "--quantity", "pm10", "--from", "2026-03-01", "--to", "2026-03-08"], "measures no pm10"),
        (["CODE", *PERIOD, "--approve"], "--approve needs --by"),
        (["CODE", *PERIOD, "--station", "FR00000"], "no station FR00000"),
        (["CODE", "--quantity", "pm25", "--from", "2026-03-08", "--to", "2026-03-01"], "--to must be later"),
    ],
)
def test_the_command_says_what_it_cannot_do(stay: CoLocation, arguments: list[str], expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        command(*(stay.sensor.inventory_code if word == "CODE" else word for word in arguments))


def test_a_place_that_is_no_bench_needs_the_station_by_name(
    make_placement: Callable[..., Placement], station: ReferenceStation, reference: ReferenceSeries
) -> None:
    placement = make_placement()
    add_reference(reference, WEEK)
    add_hours(placement, "pm25", [2.0 + 1.6 * truth(number) for number in range(WEEK)], start=MARCH)
    with pytest.raises(CommandError, match="is not a bench"):
        command(placement.sensor.inventory_code, *PERIOD)
    assert "168 pairs" in command(placement.sensor.inventory_code, *PERIOD, "--station", station.code)


def test_a_gas_competes_with_the_methods_of_gases_and_says_what_a_cell_lacks(
    make_stay: MakeStay, station: ReferenceStation
) -> None:
    stay = make_stay()
    assert stay.placement is not None
    no2 = ReferenceSeries.objects.create(station=station, property_id="no2", provider="lcsqa")
    levels = [truth(number) for number in range(WEEK)]
    heat = [10.0 + (5 * number) % 17 for number in range(WEEK)]
    ReferenceValue.objects.bulk_create(
        ReferenceValue(series=no2, hour=MARCH + number * HOUR, value=value, imported_at=NOW)
        for number, value in enumerate(levels)
    )
    raw = [5.0 + 2.0 * value + 0.5 * warm for value, warm in zip(levels, heat, strict=True)]
    add_hours(stay.placement, "no2", raw, start=MARCH)
    add_hours(stay.placement, "temperature", heat, start=MARCH)
    add_hours(stay.placement, "humidity", [50.0 + (3 * number) % 29 for number in range(WEEK)], start=MARCH)
    series = series_of(stay, quantity="no2")
    tried = candidates(stay, pairs(stay, series=series, reference=no2), quantity="no2")
    assert {one.method: one.refused for one in tried} == {
        "linear": "",
        "mlr_humidity_temperature": "",
        "cell": "no column auxiliary",
        "no2_cell": "no column auxiliary, o3",
    }
    kept = fit(stay, quantity="no2", now=NOW)
    assert kept.method == "mlr_humidity_temperature"
    assert kept.model["coefficients"]["raw"] == pytest.approx(0.5, abs=0.01)  # 1 / 2
