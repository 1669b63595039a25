"""What a crash, a restart or an absence must not change: every message once in the table."""

import time

from .conftest import BridgeProcess, Devices, Town, wait_until


def test_what_waited_for_the_bridge_without_a_time_of_its_own_enters_no_hour(
    town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    timed, timed_device = town.sensor(wire_format="senml")
    bridge.start()
    bridge.stop()
    devices.airgradient(device, 1, 2)
    devices.airgradient(device, 3, qos=0)  # as the firmware does
    moment = time.time() - 60
    devices.senml(timed_device, moment, 7.0)
    bridge.start()
    wait_until(lambda: town.messages(key) == 3, what="the backlog")
    devices.airgradient(device, 4)
    wait_until(lambda: town.messages(key) == 4, what="the live message")
    rows = town.all(
        "SELECT time_uncertain FROM readings_raw_message WHERE sensor_id = %s ORDER BY observed_at", key
    )
    assert [uncertain for (uncertain,) in rows] == [True, True, True, False]
    assert town.one("SELECT count(*) FROM readings_dirty_hour WHERE sensor_id = %s", key) == 1
    assert town.one("SELECT time_uncertain FROM readings_raw_message WHERE sensor_id = %s", timed) is False


def test_a_crash_in_mid_batch_loses_nothing_and_stores_nothing_twice(
    town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    fleet = [town.sensor() for _ in range(20)]
    timed, timed_device = town.sensor(wire_format="senml")
    bridge.start()
    began = time.time() - 86_400
    sent = 0
    for _ in range(4):
        for _ in range(10):
            for _, device in fleet:
                devices.airgradient(device, *range(sent, sent + 10), qos=sent % 2)
            for number in range(sent, sent + 10):
                devices.senml(timed_device, began + 60 * number, 5.0)  # the same value at every moment
            sent += 10
        bridge.kill()
        bridge.start()
    wait_until(lambda: town.messages(timed) == sent, what="the last message")
    for key, _ in fleet:
        wait_until(lambda key=key: town.messages(key) >= sent, what="all messages")  # type: ignore[misc]
        assert sorted(town.values(key, "boot_count")) == [float(number) for number in range(sent)]
    assert town.messages(timed) == sent


def test_an_operator_ends_the_bridge_within_seconds_and_all_is_stored(
    town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    bridge.start()
    devices.airgradient(device, *range(500))
    began = time.monotonic()
    assert bridge.stop() == 0
    assert time.monotonic() - began < 5
    bridge.start()
    wait_until(lambda: town.messages(key) >= 500, what="500 rows")
    assert sorted(town.values(key, "boot_count")) == [float(number) for number in range(500)]
