"""What a crash, a restart or an absence must not change: every message once in the table."""

import random
import re
import time
from pathlib import Path

from capto.processes.private_services import PrivateServices

from .conftest import BridgeProcess, Devices, Town, forget_session, wait_until


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
    keys = [timed, *(key for key, _ in fleet)]
    began = time.time() - 86_400
    sent, unstored = 0, []
    for _ in range(4):
        for _ in range(10):
            for _, device in fleet:
                devices.airgradient(device, *range(sent, sent + 10), qos=sent % 2)
            for number in range(sent, sent + 10):
                devices.senml(timed_device, began + 60 * number, 5.0)  # the same value at every moment
            sent += 10
        bridge.kill()
        unstored.append(
            21 * sent - town.one("SELECT count(*) FROM readings_raw_message WHERE sensor_id = ANY (%s)", keys)
        )
        bridge.start()
    assert max(unstored) > 0  # a batch was at hand: published, taken or not, and not in the table
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


def test_two_bridges_share_the_messages_and_one_may_die(
    town: Town,
    devices: Devices,
    services: PrivateServices,
    bridge_database_url: str,
    tmp_path: Path,
) -> None:
    urls = [services.broker.url(account) for account in ("bridge", "bridge2")]
    pair = [
        BridgeProcess(bridge_database_url, url, tmp_path / f"{number}.log", "--share", "pair")
        for number, url in enumerate(urls)
    ]
    for url in urls:
        forget_session(url)
    fleet = [town.sensor() for _ in range(10)]
    try:
        for one in pair:
            one.start()
        sent = 0
        for turn in range(30):
            if turn == 10:
                pair[1].kill()  # with messages that are its own, read and not stored
            if turn == 20:
                pair[1].start()
            for _, device in fleet:
                devices.airgradient(device, *range(sent, sent + 10))
            sent += 10
        for key, _ in fleet:
            wait_until(lambda key=key: town.messages(key) >= sent, what="all messages")  # type: ignore[misc]
        time.sleep(0.5)
        for key, _ in fleet:
            assert sorted(town.values(key, "boot_count")) == [float(number) for number in range(sent)]
    finally:
        codes = [one.stop() for one in pair]
        for url in urls:
            forget_session(url)
    assert codes == [0, 0]
    for one in pair:  # each stored some
        stored = [int(count) for count in re.findall(r"batches: (\d+) rows stored", one.said())]
        assert sum(stored) > 0


def test_one_poison_message_among_a_thousand_costs_only_itself(
    town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    bridge.start()
    bridge.stop()
    devices.airgradient(device, *range(500))
    devices.publish(f"airgradient/readings/{device}", b'{"pm02": 12.5, "serialno": ')
    devices.airgradient(device, *range(500, 1_000))
    bridge.start()
    wait_until(lambda: town.messages(key) >= 1_000, what="the good ones")
    assert sorted(town.values(key, "boot_count")) == [float(number) for number in range(1_000)]
    wait_until(lambda: town.rejected(device), what="the bad one")
    assert [reason for reason, _ in town.rejected(device)] == ["undecodable"]


def test_a_payload_of_a_million_bytes_ends_its_own_connection_only(
    town: Town, devices: Devices, bridge: BridgeProcess, services: PrivateServices
) -> None:
    key, device = town.sensor()
    bridge.start()
    huge = Devices(services.broker.url("simulation"))  # another account: another connection
    huge._client.publish(f"airgradient/readings/{device}", b"x" * 1_000_000, qos=0)
    wait_until(lambda: not huge._client.is_connected(), what="the end of that connection")
    huge.close()
    devices.airgradient(device, *range(10))
    wait_until(lambda: town.messages(key) == 10, what="the others")
    assert bridge.process is not None and bridge.process.poll() is None


def test_messages_out_of_order_twice_and_a_month_late_are_each_stored_once(
    town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    key, device = town.sensor(wire_format="senml")
    bridge.start()
    month_ago = int(time.time()) - 30 * 86_400
    moments = [month_ago + 60 * number for number in range(200)]
    shuffled = moments * 2
    random.Random(4).shuffle(shuffled)
    for moment in shuffled:
        devices.senml(device, moment, float(moment % 97))
    wait_until(lambda: town.messages(key) == len(moments), what="all")
    time.sleep(0.5)
    assert town.values(key, "pm25", "unknown") == [float(moment % 97) for moment in moments]
    assert town.rejected(device) == []
    hours = {moment // 3600 for moment in moments}
    assert town.one("SELECT count(DISTINCT hour) FROM readings_dirty_hour WHERE sensor_id = %s", key) == len(
        hours
    )
