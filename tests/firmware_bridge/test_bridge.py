"""The bridge as a process, between a real broker and a real database."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from capto.processes.addresses import WrongAddress
from firmware_bridge.link import Address

from .conftest import BridgeProcess, Devices, Town, airgradient, capto, wait_until


def test_a_message_becomes_one_row_of_canonical_values(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    before = datetime.now(UTC)
    devices.airgradient(device, 17)
    wait_until(lambda: town.messages(key) == 1, what="the row")
    ((observed_at, received_at, values, flags, uncertain, signature),) = town.all(
        "SELECT observed_at, received_at, values, value_flags, time_uncertain, signature FROM readings_raw_message"
        " JOIN readings_layout ON readings_layout.id = layout_id WHERE sensor_id = %s",
        key,
    )
    stored = dict(zip(signature.split(";"), values, strict=True))
    assert stored == {
        "pm1/atm/": 5.4,
        "pm25/atm/": 11.2,
        "pm10/atm/": 12.9,
        "pm25/onboard/": 8.3,
        "pn03/native/": 10.345,  # 1034.5 per decilitre
        "temperature/native/": 9.6,
        "temperature/onboard/": 8.8,
        "humidity/native/": 66.4,
        "humidity/onboard/": 73.2,
        "co2/native/": 431.0,
        "voc_index/native/": 88.0,
        "nox_index/native/": 2.0,
        "rssi//": -62.0,
        "boot_count//": 17.0,
    }
    assert flags is None and not uncertain
    assert observed_at == received_at  # the message states no time
    assert before <= observed_at <= datetime.now(UTC)
    hour = observed_at.replace(minute=0, second=0, microsecond=0)
    assert town.all("SELECT hour FROM readings_dirty_hour WHERE sensor_id = %s", key) == [(hour,)]


def test_the_state_of_the_device_follows_within_seconds(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    devices.airgradient(device, 1, 2, 3)
    wait_until(
        lambda: town.one("SELECT messages FROM readings_device_state WHERE sensor_id = %s", key) == 3,
        what="3",
    )
    ((firmware, status),) = town.all(
        "SELECT firmware, last_status FROM readings_device_state WHERE sensor_id = %s", key
    )
    assert firmware == "3.3.9"
    assert status["rssi"] == -62 and status["boot_count"] == 3


def test_the_same_message_twice_is_stored_once(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor(wire_format="senml")
    moment = time.time() - 3600
    for pm25 in (11.4, 11.4, 11.4):
        devices.senml(device, moment, pm25)
    devices.senml(device, moment + 60, 11.5)
    wait_until(lambda: town.messages(key) == 2, what="two rows")
    assert town.values(key, "pm25", "unknown") == [11.4, 11.5]
    assert town.rejected(device) == []


def test_another_value_for_the_same_moment_is_kept_aside_and_the_first_stays(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor(wire_format="senml")
    moment = time.time() - 3600
    devices.senml(device, moment, 11.4)
    devices.senml(device, moment, 99.9)
    wait_until(lambda: town.rejected(device), what="the conflict")
    assert town.values(key, "pm25", "unknown") == [11.4]
    assert [reason for reason, _ in town.rejected(device)] == ["conflict"]


def test_poison_among_good_messages_stops_nothing_and_is_explained(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    poison = [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b'{"pm02": NaN}',
        b'{"pm02": 1e400}',
        b"[" * 60_000,
        b'"\\ud800"',
        b'{"pm02": "\\u0000"}',
        json.dumps({"serialno": "\x00\ud800" * 100, "pm02": 1}).encode(),
        b"x" * 60_000,
    ]
    topic = f"airgradient/readings/{device}"
    good = 0
    for bad in poison:
        devices.publish(topic, bad)
        devices.airgradient(device, good)
        good += 1
    wait_until(lambda: town.values(key, "boot_count")[-1:] == [float(good - 1)], what="the good ones")
    assert town.values(key, "pm25", "atm").count(11.2) == good
    wait_until(lambda: "undecodable" in dict(town.rejected(device)), what="the reasons")
    assert all(detail for _, detail in town.rejected(device))
    assert running_bridge.process is not None and running_bridge.process.poll() is None


def test_an_unknown_device_is_kept_and_read_again_once_it_is_known(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    device = "00ff00ff0001"
    devices.airgradient(device, 1, 2)
    wait_until(lambda: len(town.rejected(device)) == 2, what="two rejected messages")
    assert {reason for reason, _ in town.rejected(device)} == {"unknown_device"}
    key, _ = town.sensor(device)
    devices.airgradient(device, 3)
    wait_until(lambda: town.messages(key) == 1, what="the first message of the known device")
    done = capto("replay-rejected", "--device", device, database_url=town.database_url)
    assert done.returncode == 0, done.stderr
    assert town.values(key, "boot_count") == [1.0, 2.0, 3.0]
    again = capto("replay-rejected", "--device", device, database_url=town.database_url)
    assert "0" in again.stdout and town.messages(key) == 3


def test_messages_of_which_a_part_is_still_refused_are_not_called_mended(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    device = "00ff00ff0002"
    for count in (1, 2, 3):
        part = b'"pm99":4,' if count < 3 else b""
        devices.publish(
            f"airgradient/readings/{device}",
            b'{%s"pm02":9.5,"boot":%d,"serialno":"%s"}' % (part, count, device.encode()),
        )
    wait_until(lambda: len(town.rejected(device)) == 3, what="three rejected messages")
    key, _ = town.sensor(device)
    done = capto("replay-rejected", "--device", device, database_url=town.database_url)
    assert done.returncode == 0 and "1" in done.stdout and "2" in done.stdout, done.stderr
    assert town.values(key, "boot_count") == [1.0, 2.0, 3.0]  # what can be read is stored
    left = town.all(
        "SELECT reason, detail, replayed_at IS NULL FROM readings_rejected_message"
        " WHERE device_id = %s ORDER BY received_at",
        device,
    )
    assert left[:2] == [("refused_items", "pm99: the key is unknown", True)] * 2
    assert left[2][2] is False
    assert town.one("SELECT messages FROM readings_device_state WHERE sensor_id = %s", key) == 3


def test_a_message_that_names_another_device_than_its_topic_is_refused(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    other, other_device = town.sensor()
    devices.publish(f"airgradient/readings/{device}", airgradient(other_device, 1))
    wait_until(lambda: town.rejected(device), what="the refusal")
    assert [reason for reason, _ in town.rejected(device)] == ["identity_mismatch"]
    assert town.messages(key) == town.messages(other) == 0


def test_times_next_week_long_ago_and_before_the_placement_are_set_aside(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    now = datetime.now(UTC)
    key, device = town.sensor(wire_format="senml", starts_at=now - timedelta(days=40))
    last_month, next_week = now - timedelta(days=30), now + timedelta(days=7)
    for moment in (next_week, datetime(1980, 1, 1, tzinfo=UTC), now - timedelta(days=41), last_month):
        devices.senml(device, moment.timestamp(), 5.0)
    wait_until(lambda: len(town.rejected(device)) == 3 and town.messages(key) == 1, what="the last message")
    assert [reason for reason, _ in town.rejected(device)] == [
        "future",
        "outside_placements",
        "outside_placements",
    ]
    assert town.one("SELECT observed_at FROM readings_raw_message WHERE sensor_id = %s", key) == last_month
    assert town.one("SELECT max(range_end) < now() + interval '14 days' FROM timescaledb_information.chunks")


def test_what_arrives_while_the_borrower_has_paused_is_dropped(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    devices.airgradient(device, 1)
    wait_until(lambda: town.messages(key) == 1, what="the first row")
    town.one("UPDATE readings_placement SET is_paused = true WHERE sensor_id = %s RETURNING id", key)
    time.sleep(1.0)
    devices.airgradient(device, 2)
    time.sleep(0.5)
    town.one("UPDATE readings_placement SET is_paused = false WHERE sensor_id = %s RETURNING id", key)
    time.sleep(1.0)
    devices.airgradient(device, 3)
    wait_until(lambda: town.messages(key) == 2, what="the row after the pause")
    assert town.values(key, "boot_count") == [1.0, 3.0]
    assert town.rejected(device) == []


@pytest.mark.parametrize(
    "wrong", ["", "http://localhost", "mqtt://", "mqtt://localhost:notaport", "localhost"]
)
def test_a_broker_url_that_cannot_be_used_says_why(wrong: str) -> None:
    with pytest.raises(WrongAddress, match="CAPTO_MQTT_URL"):
        Address(wrong)


def test_a_wrong_url_ends_the_bridge_with_one_clear_sentence(bridge_database_url: str, mqtt_url: str) -> None:
    done = capto("bridge", database_url=bridge_database_url, mqtt_url="http://localhost")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "CAPTO_MQTT_URL" in done.stderr
    wrong_password = mqtt_url.replace("mqtt://bridge:", "mqtt://bridge:x")
    done = capto("bridge", database_url=bridge_database_url, mqtt_url=wrong_password)
    assert done.returncode == 2 and "refuses the bridge" in done.stderr.splitlines()[-1]
    done = capto("bridge", database_url=bridge_database_url + "_nowhere", mqtt_url=mqtt_url)
    assert done.returncode == 2 and "database refuses us" in done.stderr.splitlines()[-1]
