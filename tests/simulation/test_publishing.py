"""From the loaded past to published hours, with the simulated metrologist's approvals."""

from datetime import UTC, datetime, timedelta

import pytest

from capto.readings.models import HourlyAggregate, HourlyValue, Placement, RawMessage
from capto.simulation import history
from capto.simulation.models import SimulatedCity
from capto.simulation.publishing import METROLOGIST, Published, publish
from capto.validation.models import Calibration, CoLocation

NOW = datetime(2026, 11, 21, 4, 7, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def published(shared_database: None) -> Published:
    return load_and_publish()


def load_and_publish(now: datetime = NOW, *, days: int = 62) -> Published:
    loaded = history.load(now=now, days=days, sensors=5, seed=5)
    return publish(SimulatedCity.objects.get(), start=loaded.start, now=now)


def test_every_finished_hour_of_particles_is_published(published):
    placements = Placement.objects.filter(sensor__inventory_code="SIM-001")
    hours = HourlyValue.objects.filter(series__placement__in=placements, series__property="pm25")
    assert hours.count() > 0.97 * 60 * 24
    last = hours.latest("hour").hour
    assert timedelta(hours=1) <= NOW - last < timedelta(hours=3)


def test_all_messages_are_summed_up_once(published):
    for code in ("SIM-001", "SIM-003"):
        messages = RawMessage.objects.filter(
            sensor__inventory_code=code, observed_at__lt=NOW - timedelta(minutes=67)
        )
        of_sensor = HourlyAggregate.objects.filter(
            series__placement__sensor__inventory_code=code, series__property="humidity"
        )
        assert abs(sum(of_sensor.values_list("n", flat=True)) - messages.count()) <= 7


def test_each_stay_that_ended_has_approved_calibrations_or_was_refused(published):
    done = published
    ended = CoLocation.objects.filter(ends_at__lte=NOW)
    assert ended.count() >= 5
    assert done.calibrations == Calibration.objects.approved().count()
    assert done.calibrations + done.refused == 2 * ended.count()
    assert done.refused <= 2
    assert set(Calibration.objects.values_list("decided_by_name", flat=True)) == {METROLOGIST}


def test_a_sensor_that_is_beside_a_station_now_is_there_for_a_while_longer(published):
    there = CoLocation.objects.filter(placement__ends_at=None)
    assert there.count() == Placement.objects.filter(ends_at=None, purpose="co_location").count()
    assert all(stay.ends_at > NOW for stay in there)


def test_a_corrected_hour_names_its_calibration_and_its_uncertainty(published):
    lent = HourlyValue.objects.filter(
        series__placement__purpose="loan", series__property="pm25", calibration_id__isnull=False
    )
    assert lent.count() > 2_000
    sample = lent.filter(grade="B").first()
    assert sample.expanded_uncertainty > 0.0
    assert Calibration.objects.get(pk=sample.calibration_id).property_id == "pm25"
    bracketed = lent.filter(second_calibration_id__isnull=False)
    assert bracketed.exists()


def test_publishing_twice_changes_nothing(published):
    before = list(HourlyValue.objects.order_by("series_id", "hour").values_list("series_id", "hour", "value"))
    again = load_and_publish()
    assert again.calibrations == 0
    after = list(HourlyValue.objects.order_by("series_id", "hour").values_list("series_id", "hour", "value"))
    assert before == after
