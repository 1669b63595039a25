"""The past of the simulated city in the database."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation
from capto.readings.models import (
    LayoutChannel,
    Place,
    Placement,
    RawMessage,
    ReferenceStation,
    ReferenceValue,
)
from capto.simulation import history
from capto.simulation.fleet import city_of, spot_of, unit_of
from capto.simulation.models import SimulatedCity
from capto.simulation.units import Fault

NOW = datetime(2026, 11, 21, 4, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def load(now: datetime = NOW, **options) -> history.Loaded:
    return history.load(now=now, **{"days": 45, "sensors": 9, "seed": 5, **options})


def messages_of(sensor: Sensor):
    return RawMessage.objects.filter(sensor=sensor).order_by("observed_at")


def test_all_that_is_made_is_marked_as_simulated():
    load()
    assert Sensor.objects.count() == 9 and all(Sensor.objects.values_list("is_simulated", flat=True))
    assert ReferenceStation.objects.count() == 2
    assert all(ReferenceStation.objects.values_list("is_simulated", flat=True))
    assert all(Organisation.objects.values_list("is_simulated", flat=True))
    for label in Place.objects.values_list("label", flat=True):
        assert "simulé" in label


def test_each_sensor_speaks_every_ten_minutes_while_it_stands_somewhere():
    loaded = load()
    assert loaded.is_new
    sensor = Sensor.objects.get(inventory_code="SIM-001")
    times = [row.observed_at for row in messages_of(sensor)]
    gaps = np.array([(after - before).total_seconds() for before, after in itertools.pairwise(times)])
    assert (
        np.isclose(gaps % 600.0, 0.0, atol=1.0).mean() + np.isclose(gaps % 600.0, 600.0, atol=1.0).mean()
        == 1.0
    )
    assert (gaps < 700.0).mean() > 0.97
    inside = sum(
        1
        for time in times
        for placement in Placement.objects.filter(sensor=sensor)
        if placement.starts_at <= time and (placement.ends_at is None or time < placement.ends_at)
    )
    assert inside == len(times)
    assert loaded.messages == RawMessage.objects.count()


def test_the_stored_values_are_those_that_the_unit_says():
    load()
    row = SimulatedCity.objects.get()
    city = city_of(row)
    for code in ("SIM-002", "SIM-003"):
        sensor = Sensor.objects.get(inventory_code=code)
        message = messages_of(sensor)[700]
        placement = Placement.objects.filter(sensor=sensor, starts_at__lte=message.observed_at).latest(
            "starts_at"
        )
        at = np.array([int(message.observed_at.timestamp())])
        air = city.between(int(at[0]) - 3600, int(at[0]) + 3600).air(spot_of(placement.place), at)
        said = unit_of(sensor, city).says(air, at)
        channels = LayoutChannel.objects.filter(layout=message.layout).order_by("position")
        expected = [float(said.values[channel.property_id][0]) for channel in channels]
        assert message.values == pytest.approx(
            expected, abs=0.11
        )  # the spin-up moves the last printed digit at most


def test_an_open_air_states_no_time_of_its_own_and_a_box_does():
    load()
    open_air = messages_of(Sensor.objects.get(inventory_code="SIM-001")).last()
    assert open_air.observed_at == open_air.received_at
    box = messages_of(Sensor.objects.get(inventory_code="SIM-003")).last()
    assert box.observed_at.microsecond == 0
    assert timedelta(0) < box.received_at - box.observed_at < timedelta(seconds=1)


def test_the_sensor_whose_fan_stopped_sends_no_particles_any_more():
    load()
    city = city_of(SimulatedCity.objects.get())
    worn = next(sensor for sensor in Sensor.objects.all() if unit_of(sensor, city).fault is Fault.FAN)
    last = LayoutChannel.objects.filter(layout=messages_of(worn).last().layout)
    assert not any(channel.property_id.startswith("pm") for channel in last)
    first = LayoutChannel.objects.filter(layout=messages_of(worn).first().layout)
    assert any(channel.property_id == "pm25" for channel in first)


def test_stations_have_hours_of_reference_with_the_text_of_the_provider():
    loaded = load()
    assert loaded.reference_values == ReferenceValue.objects.count()
    pm10 = ReferenceValue.objects.filter(series__station__code="SIM001", series__property="pm10")
    assert 0.96 * 45 * 24 < pm10.count() < 45 * 24
    last = pm10.latest("hour")
    assert last.hour + HOUR + timedelta(minutes=20) <= NOW
    assert last.value_type == "moyenne horaire brute"
    assert last.validity == 1
    assert abs(last.value - last.rounded_value) <= 0.05 + 1e-9
    assert last.series.provider == "simulation"


def test_benches_stand_beside_their_station_and_loans_have_a_published_cell():
    load()
    for placement in Placement.objects.select_related("place__station"):
        if placement.purpose == Placement.Purpose.CO_LOCATION:
            assert placement.place.kind == Place.Kind.BENCH and placement.place.station is not None
        else:
            assert placement.place.kind != Place.Kind.BENCH and placement.place.precision_m >= 100


def test_loading_twice_says_so_and_writes_nothing():
    load()
    said: list[str] = []
    again = load(say=said.append)
    assert (again.messages, again.reference_values, again.is_new) == (0, 0, False)
    assert "continuing from 2026-11-21 04:0" in said[0]


def test_a_later_start_fills_the_gap_and_the_two_pasts_are_one_city():
    load(NOW - timedelta(days=3), days=42)
    load(NOW)
    in_two_steps = {
        row.observed_at: row.values for row in messages_of(Sensor.objects.get(inventory_code="SIM-004"))
    }
    counts = ReferenceValue.objects.filter(series__property="pm25", series__station__code="SIM001")
    hours = sorted(counts.values_list("hour", flat=True))
    assert len(hours) == len(set(hours)) and hours[-1] > NOW - 3 * HOUR
    times = sorted(in_two_steps)
    assert times[-1] > NOW - timedelta(minutes=20)
    assert max(after - before for before, after in itertools.pairwise(times)) < timedelta(days=1)


def test_a_long_pause_is_filled_for_sixty_days_only():
    load(NOW - timedelta(days=100), days=10)
    again = load(NOW)
    assert again.start == NOW - timedelta(days=60)
    inside = RawMessage.objects.filter(
        observed_at__gt=NOW - timedelta(days=99), observed_at__lt=NOW - timedelta(days=60)
    )
    assert not inside.exists()


def test_another_seed_is_refused_on_a_loaded_database():
    load()
    with pytest.raises(history.NotOurCity):
        load(seed=6)


def test_a_simulated_city_is_not_made_among_real_sensors():
    owner = Organisation.objects.create(name="Atmo réelle")
    model = SensorModel.objects.create(maker="M", name="N", slug="n", wire_format="senml")
    Sensor.objects.create(model=model, owner=owner, inventory_code="A-1", wire_format="senml", device_id="a")
    with pytest.raises(history.RealSensorsLiveHere):
        load()
    assert not SimulatedCity.objects.exists()
