"""What the demonstration's staff meets among its devices, made once and silent where it should be."""

from datetime import UTC, datetime, timedelta

import pytest

from capto.readings.models import Placement, RejectedMessage
from capto.simulation.devices import BEHIND_THE_GATEWAY, STRANGER, show_devices
from capto.simulation.fleet import found
from capto.simulation.loading import placements_between
from firmware_bridge.diagnosis_watch import watch_for_silence
from firmware_bridge.models import Diagnosis, Gateway
from firmware_bridge.unknown_devices import samples, unknown_devices

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_a_stranger_waits_a_gateway_speaks_for_two_and_the_silent_one_is_found() -> None:
    assert not show_devices(now=NOW)  # there is no city yet
    found(seed=7, sensors=2, history_starts_at=NOW - timedelta(days=30), now=NOW)
    assert show_devices(now=NOW) and not show_devices(now=NOW)
    assert [one.device for one in unknown_devices()] == [STRANGER]
    assert [sample.error for sample in samples("airgradient", STRANGER)] == ["", "", ""]
    assert {sensor.device_id for sensor in Gateway.objects.get().sensors.all()} == set(BEHIND_THE_GATEWAY)
    silent = Placement.objects.get(sensor__device_id=BEHIND_THE_GATEWAY[0])
    assert silent not in placements_between(NOW, NOW)  # nobody plays it
    watch_for_silence(NOW)
    assert Diagnosis.objects.filter(placement=silent, kind="silent", until=None).exists()
    assert RejectedMessage.objects.count() == 3
