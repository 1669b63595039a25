"""Whose sensor, whose topics: accounts of devices on a real broker, renewed at each loan."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from capto.processes.private_services import PrivateServices
from firmware_bridge.broker_access import topics_of

from .conftest import BridgeProcess, Town, airgradient, wait_until


class Device:
    """A device that connects with a credential, and hears what it subscribes to."""

    def __init__(self, broker_url: str, username: str, secret: str, *, topic: str = "") -> None:
        parts = urlsplit(broker_url)
        self.heard: list[str] = []
        self.answer = ""
        self.cut = False
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=username)
        self.client.username_pw_set(username, secret)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: setattr(self, "cut", True)
        self.client.on_message = lambda c, u, message: self.heard.append(message.topic)
        self.client.reconnect_delay_set(1, 1)
        self.topic = topic
        self.client.connect(parts.hostname or "", parts.port or 1883)
        self.client.loop_start()
        wait_until(lambda: self.answer, what="the broker's answer")

    def _on_connect(self, client: mqtt.Client, _d: object, _f: object, reason: object, _p: object) -> None:
        self.answer = str(reason)
        if self.topic:
            client.subscribe(self.topic, qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def kept_bridge(running_bridge: BridgeProcess) -> BridgeProcess:
    """A running bridge, which keeps the broker's accounts."""
    return running_bridge


def issue(town: Town, sensor: int, placement: int | None = None) -> tuple[str, str]:
    """Issue a credential and wait until the broker knows it."""
    username, secret = town.issue(sensor, placement)
    wait_until(
        lambda: town.one("SELECT admitted_at FROM firmware_bridge_credential WHERE username = %s", username),
        what="the broker's admission",
    )
    return username, secret


def test_a_device_publishes_to_its_topic_only_and_reads_nothing(
    town: Town, kept_bridge: BridgeProcess, mqtt_url: str
) -> None:
    key, device = town.sensor()
    other, other_device = town.sensor()
    username, secret = issue(town, key)
    client = Device(mqtt_url, username, secret, topic="#")
    client.client.publish(f"airgradient/readings/{other_device}", airgradient(other_device, 1), qos=1)
    client.client.publish(f"airgradient/readings/{device}", airgradient(device, 2), qos=1)
    wait_until(lambda: town.messages(key) == 1, what="the row of the device")
    time.sleep(0.5)
    assert town.messages(other) == 0 and town.rejected(other_device) == []
    assert client.heard == []
    client.close()
    stranger = Device(mqtt_url, username, "x" + secret)
    assert stranger.answer == "Not authorized"
    stranger.close()


def test_the_credential_before_ends_with_the_renewal_and_its_connection_is_cut(
    town: Town, kept_bridge: BridgeProcess, mqtt_url: str
) -> None:
    key, device = town.sensor()
    topic = f"airgradient/readings/{device}"
    before = Device(mqtt_url, *issue(town, key))
    before.client.publish(topic, airgradient(device, 1), qos=1)
    wait_until(lambda: town.messages(key) == 1, what="the first row")
    after = Device(mqtt_url, *issue(town, key))
    wait_until(lambda: before.cut, what="the cut", seconds=10)
    before.client.publish(topic, airgradient(device, 2), qos=1)
    after.client.publish(topic, airgradient(device, 3), qos=1)
    wait_until(lambda: 3.0 in town.values(key, "boot_count"), what="the row of the new credential")
    time.sleep(1.5)  # the old one tries again every second
    assert town.values(key, "boot_count") == [1.0, 3.0]
    assert before.answer == "Not authorized"
    before.close()
    after.close()


def test_the_end_of_a_placement_ends_its_credential_within_seconds(
    town: Town, kept_bridge: BridgeProcess, mqtt_url: str
) -> None:
    key, _ = town.sensor(starts_at=None)
    placement = town.place_sensor(key, starts_at=datetime.now(UTC) - timedelta(days=1))
    borrower = Device(mqtt_url, *issue(town, key, placement))
    assert borrower.answer == "Success"
    town.one("UPDATE readings_placement SET ends_at = now() WHERE id = %s RETURNING id", placement)
    began = time.monotonic()
    wait_until(lambda: borrower.cut, what="the cut", seconds=30)
    assert time.monotonic() - began < 5 or os.getloadavg()[0] > 4  # a busy machine is slower
    wait_until(lambda: borrower.answer == "Not authorized", what="the refusal", seconds=30)
    borrower.close()


def test_the_topics_of_a_device_are_those_of_its_format_with_its_name() -> None:
    assert topics_of("airgradient", "a1b2c3d4e5f6") == ["airgradient/readings/a1b2c3d4e5f6"]
    assert topics_of("senml", "box-1") == ["senml/box-1"]
    assert "device/sck/abc123/readings/raw" in topics_of("smart_citizen", "abc123")
    assert topics_of("tasmota", "balcon") == ["tele/balcon/SENSOR", "tele/balcon/LWT"]
    assert topics_of("airgradient", "#") == topics_of("airgradient", "+") == topics_of("nothing", "x") == []


def test_no_secret_is_written_to_the_database(
    town: Town, kept_bridge: BridgeProcess, services: PrivateServices, tmp_path: Path
) -> None:
    key, _ = town.sensor()
    _, secret = issue(town, key)
    rows = town.all("SELECT credential::text FROM firmware_bridge_credential AS credential")
    assert all(secret not in row for (row,) in rows)
    assert secret not in (services.state / "mosquitto" / "dynamic-security.json").read_text()


def test_from_the_moment_of_return_the_previous_borrower_neither_publishes_nor_reads(
    town: Town, kept_bridge: BridgeProcess, mqtt_url: str
) -> None:
    key, device = town.sensor(starts_at=None)
    first = town.place_sensor(key, starts_at=datetime.now(UTC) - timedelta(days=1))
    topic = f"airgradient/readings/{device}"
    before = Device(mqtt_url, *issue(town, key, first), topic="#")
    before.client.publish(topic, airgradient(device, 1), qos=1)
    wait_until(lambda: town.messages(key) == 1, what="the row of the first borrower")
    town.one("UPDATE readings_placement SET ends_at = now() WHERE id = %s RETURNING id", first)
    second = town.place_sensor(key, starts_at=datetime.now(UTC))  # lent again at once
    before.client.publish(topic, airgradient(device, 2), qos=1)
    wait_until(lambda: before.cut, what="the cut", seconds=30)
    before.client.publish(topic, airgradient(device, 3), qos=1)
    after = Device(mqtt_url, *issue(town, key, second))
    after.client.publish(topic, airgradient(device, 4), qos=1)
    wait_until(lambda: 4.0 in town.values(key, "boot_count"), what="the row of the next borrower")
    time.sleep(1.5)  # the old one tries again every second
    numbers = town.values(key, "boot_count")
    assert 3.0 not in numbers and before.answer == "Not authorized" and before.heard == []
    before.close()
    after.close()


def test_what_was_issued_on_the_bench_ends_with_the_next_loan(
    town: Town, kept_bridge: BridgeProcess, mqtt_url: str
) -> None:
    key, _ = town.sensor(starts_at=None)
    bench = Device(mqtt_url, *issue(town, key))
    town.place_sensor(key, starts_at=datetime.now(UTC))
    wait_until(lambda: bench.cut, what="the cut", seconds=30)
    wait_until(lambda: bench.answer == "Not authorized", what="the refusal", seconds=30)
    bench.close()
