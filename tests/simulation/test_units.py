"""What simulated sensors make of the air, and that no correction of the library knows their laws."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import calibration
from capto.simulation.city import City
from capto.simulation.particles import Relays, deliquesced, growth
from capto.simulation.reference import ANALYSERS, published
from capto.simulation.town import STATIONS, spot
from capto.simulation.units import FAULTS, STUCK_LASTS, Fault, Unit
from capto.simulation.weather import DAY, HOUR

OPENED = int(datetime(2026, 11, 21, 4, tzinfo=UTC).timestamp())
CITY = City(seed=3, opened_at=OPENED)
GARDEN = STATIONS[0].spot


def faulty(fault: Fault) -> Unit:
    return Unit(CITY, next(number for number, found in FAULTS.items() if found is fault))


def says(unit: Unit, *, days: float, until: int = OPENED, where=GARDEN):
    at = np.arange(until - int(days * DAY), until, 600)
    return at, unit.says(CITY.between(int(at[0]), until).air(where, at), at)


def test_the_same_air_scatters_more_when_the_humidity_comes_from_above():
    # One relay: dissolves at 78 %, crystallises at 48 %. 60 % is dry on the way up and wet on the way down.
    course = np.array([30.0, 60.0, 90.0, 60.0, 47.0, 60.0])
    share = deliquesced(course, Relays(dissolve=(78.0,), crystallise=(48.0,)))
    assert share.tolist() == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    light = growth(course, share)
    assert light[3] / light[1] == pytest.approx(0.4**-0.42, rel=1e-9)  # 1.469


def test_relays_that_dissolve_one_after_the_other_smooth_the_step():
    share = deliquesced(
        np.array([30.0, 70.0, 75.0, 90.0, 50.0]), Relays((68.0, 73.0, 78.0), (40.0, 45.0, 52.0))
    )
    assert share == pytest.approx([0.0, 1 / 3, 2 / 3, 1.0, 2 / 3])


def test_dry_particles_do_not_grow_and_wet_ones_follow_haenel():
    assert growth(np.array([90.0, 90.0, 50.0]), np.array([0.0, 1.0, 0.5])) == pytest.approx(
        [1.0, 0.1**-0.42, 1.0 + 0.5 * (0.5**-0.42 - 1.0)]
    )


FOR_PARTICLES = sorted(
    name
    for name, method in calibration.METHODS.items()
    if set(method.needs) <= {"raw", "humidity", "temperature"}  # the others are of electrochemical cells
)


@pytest.mark.parametrize("method", FOR_PARTICLES)
def test_no_correction_of_the_library_contains_the_law_of_the_sensors(method):
    """Without noise, ageing or faults, and fitted on the very year that it is judged on, each method errs."""
    unit = Unit(CITY, 2)
    hours = np.arange(OPENED // HOUR * HOUR - 360 * DAY, OPENED // HOUR * HOUR, 3 * HOUR)
    air = CITY.between(int(hours[0]), OPENED).air(GARDEN, hours)
    fine, _ = unit.signal(air)
    pairs = pd.DataFrame(
        {
            "reference": air.pm25,
            "raw": fine,
            "humidity": unit.humidity_inside(air),
            "temperature": air.temperature,
        },
        index=pd.to_datetime(hours, unit="s", utc=True),
    )
    model = calibration.fit(pairs, method=method)
    error = calibration.apply(model, pairs)["value"] - pairs["reference"]
    assert np.sqrt(np.mean(error**2)) > 0.1 * pairs["reference"].mean()


def test_units_of_one_make_differ_by_several_percent():
    gains = [float(Unit(CITY, n).light(np.array([CITY.bought_at]))[0]) for n in range(1, 31)]
    assert 0.05 < np.std(gains) < 0.15
    assert len(set(gains)) == 30


def test_the_laser_loses_light_in_steps_and_faster_in_the_heat():
    unit = Unit(CITY, 5)
    assert len(unit.laser_steps) >= 2
    for when, share in unit.laser_steps[:2]:
        before, after = unit.light(np.array([when - 1, when]))
        assert after / before == pytest.approx(1.0 - share, rel=1e-4)
    months = [
        datetime.fromtimestamp(when, UTC).month
        for number in range(1, 200)
        for when, _ in Unit(CITY, number).laser_steps
    ]
    warm = np.isin(months, (5, 6, 7, 8, 9, 10)).mean()
    assert warm > 0.55


def test_a_sensor_reads_more_than_the_truth_in_damp_air():
    unit = Unit(CITY, 1)
    at, said = says(unit, days=120)
    air = CITY.between(int(at[0]), OPENED).air(GARDEN, at)
    ratio = said.values["pm25"] / air.pm25
    assert np.median(ratio[air.humidity > 90]) > 1.3 * np.median(ratio[air.humidity < 60])


def test_hourly_raw_values_follow_the_truth_as_field_studies_find():
    # R² 0.6 to 0.95 between hours of laser counters and of references
    for number in (1, 2, 3, 6):
        at, said = says(Unit(CITY, number), days=300)
        truth = CITY.between(int(at[0]), OPENED).air(GARDEN, at).pm25
        hourly = [values.reshape(-1, 6).mean(axis=1) for values in (truth, said.values["pm25"])]
        assert 0.55 < np.corrcoef(*hourly)[0, 1] ** 2 < 0.97


def test_the_stuck_sensor_repeats_itself_and_only_its_particles():
    _, said = says(faulty(Fault.STUCK), days=6)
    runs = pd.Series(said.values["pm25"]).diff().eq(0.0)
    longest = runs.groupby((~runs).cumsum()).sum().max() * 600
    assert longest == pytest.approx(STUCK_LASTS, abs=1_200)
    held = np.flatnonzero(runs)
    assert np.ptp(said.values["temperature"][held]) > 1.0


def test_the_fan_that_wears_loses_the_particles_and_then_says_none():
    worn = faulty(Fault.FAN)
    _, early = says(worn, days=20, until=OPENED - 60 * DAY)
    assert early.sees_particles.all()
    at, late = says(worn, days=20)
    assert not late.sees_particles[-1]
    truth = CITY.between(int(at[0]), OPENED).air(GARDEN, at).pm25
    working = late.sees_particles
    whole = says(Unit(CITY, 1), days=20)[1].values["pm25"]
    assert (late.values["pm25"] / truth)[working][-200:].mean() < 0.6 * (whole / truth)[working][-200:].mean()


def test_the_sensor_far_from_the_wi_fi_loses_a_third_of_its_messages():
    _, far = says(faulty(Fault.RADIO), days=90)
    _, near = says(Unit(CITY, 1), days=90)
    assert 0.5 < far.sent.mean() < 0.75
    assert near.sent.mean() > 0.96


def test_a_spider_makes_single_high_values():
    _, said = says(faulty(Fault.SPIDER), days=60)
    fine = pd.Series(said.values["pm25"])
    alone = (fine > fine.shift(1) + 25.0) & (fine > fine.shift(-1) + 25.0)
    assert alone.sum() > 20


def test_messages_look_like_those_of_the_device():
    _, open_air = says(Unit(CITY, 1), days=1)
    assert set(open_air.values) == {"pm1", "pm25", "pm10", "pn03", "temperature", "humidity"}
    _, box = says(Unit(CITY, 3), days=1)
    assert set(box.values) == {"pm25", "pm10", "temperature", "humidity", "pressure"}
    assert np.array_equal(np.round(open_air.values["pm25"], 1), open_air.values["pm25"])
    assert (open_air.values["pm10"] >= open_air.values["pm25"]).all()


def test_a_unit_says_the_same_in_any_window():
    unit = Unit(CITY, 8)
    _, long = says(unit, days=40)
    _, short = says(unit, days=2)
    for quantity, values in short.values.items():
        np.testing.assert_allclose(long.values[quantity][-values.size :], values, atol=1e-6)
    assert np.array_equal(long.sent[-short.sent.size :], short.sent)


def test_identities_are_locally_administered_addresses_and_unique():
    units = [Unit(CITY, number) for number in range(1, 31)]
    assert len({unit.device_id for unit in units}) == 30
    for unit in units:
        octets = bytes.fromhex(unit.device_id.removeprefix("urn:dev:mac:"))
        assert octets[0] & 0b11 == 0b10  # unicast, not of any maker (IEEE 802)


def test_reference_values_lie_around_the_truth_within_their_uncertainty():
    hours = np.arange(OPENED // HOUR * HOUR - 365 * DAY, OPENED // HOUR * HOUR, HOUR)
    period = CITY.between(int(hours[0]), OPENED)
    truth = period.hourly(GARDEN, hours)
    for quantity, (values, present) in published(period, STATIONS[0], hours).items():
        analyser = ANALYSERS[quantity]
        allowed = 2.0 * np.hypot(analyser.absolute, analyser.relative * truth[quantity])
        inside = (np.abs(values - truth[quantity]) <= allowed)[present].mean()
        assert 0.93 < inside < 0.975
        assert 0.97 < present.mean() < 0.995


def test_the_town_can_be_measured_anywhere():
    air = CITY.between(OPENED - DAY, OPENED).air(spot(9_000.0, -8_000.0), np.array([OPENED - HOUR]))
    assert 0.5 < air.pm25[0] < 200.0
