"""The private broker: who may do what, and what is not lost. Real Mosquitto, real clients."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from capto.processes.private_services import PrivateServices

AUTOSAVE_SECONDS = 5  # deploy/mosquitto/limits.conf


class Client:
    """A client that remembers what it received; connected while used as a context."""

    def __init__(
        self, url: str, *, client_id: str = "", clean: bool = True, password: str | None = None
    ) -> None:
        parts = urlsplit(url)
        self.received: list[mqtt.MQTTMessage] = []
        self.refused: str | None = None
        self.granted = False
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or (parts.username or ""), clean_session=clean
        )
        if parts.username:
            self.client.username_pw_set(parts.username, password or parts.password)
        self.client.on_message = lambda c, u, message: self.received.append(message)
        self.client.on_connect = self._connected
        self.client.on_subscribe = lambda *_: setattr(self, "granted", True)
        self.client.max_inflight_messages_set(1000)
        self.client.connect(parts.hostname or "", parts.port or 1883)
        self.client.loop_start()
        deadline = time.monotonic() + 10
        while not self.client.is_connected() and self.refused is None and time.monotonic() < deadline:
            time.sleep(0.01)

    def _connected(
        self, client: mqtt.Client, data: object, flags: object, reason: mqtt.ReasonCode, properties: object
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)

    def subscribe(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        while not self.granted:
            time.sleep(0.01)

    def publish(self, topic: str, payloads: list[bytes], *, qos: int = 1) -> None:
        sent = [self.client.publish(topic, payload, qos=qos) for payload in payloads]
        for message in sent:
            message.wait_for_publish(60)

    def wait_for(self, count: int, *, seconds: float = 20) -> list[bytes]:
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return [message.payload for message in self.received]

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServices]:
    services = PrivateServices(tmp_path_factory.mktemp("run"), durable=False).prepare()
    services.broker.start()
    yield services
    services.remove()


def bridge_away(own: PrivateServices) -> None:
    """Let the bridge subscribe with its lasting session and go."""
    with Client(own.mqtt_url, clean=False) as bridge:
        bridge.subscribe("readings/#")


def test_the_broker_listens_only_to_this_machine(own: PrivateServices) -> None:
    assert own.broker.process is not None
    sockets = Path(f"/proc/{own.broker.process.pid}/fd").iterdir()
    inodes = {link[8:-1] for s in sockets if (link := os.readlink(s)).startswith("socket:[")}
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for fields in map(str.split, Path(table).read_text().splitlines()[1:]):
            if fields[3] == "0A" and fields[9] in inodes:  # 0A: LISTEN (Linux, include/net/tcp_states.h)
                listening.append(fields[1])
    assert listening == [f"0100007F:{int(own.addresses['mqtt_port']):04X}"]


def test_what_is_published_reaches_the_bridge(own: PrivateServices) -> None:
    with Client(own.mqtt_url, clean=False) as bridge, Client(own.broker.url("publisher")) as publisher:
        bridge.subscribe("readings/#")
        publisher.publish("readings/a", [b"1"])
        assert bridge.wait_for(1) == [b"1"]


def test_the_anonymous_and_the_wrong_password_are_refused(own: PrivateServices) -> None:
    with Client(f"mqtt://127.0.0.1:{own.addresses['mqtt_port']}", client_id="nobody") as client:
        assert client.refused == "Not authorized"
    with Client(own.broker.url("publisher"), password="wrong") as client:
        assert client.refused == "Not authorized"


def test_a_publisher_reads_nothing(own: PrivateServices) -> None:
    with Client(own.broker.url("simulation")) as listener, Client(own.broker.url("publisher")) as publisher:
        listener.subscribe("#")
        publisher.publish("readings/a", [b"1"])
        time.sleep(0.5)
        assert listener.received == []


def test_nobody_takes_the_bridges_session_over(own: PrivateServices) -> None:
    bridge_away(own)
    with Client(own.broker.url("publisher")) as publisher:
        publisher.publish("readings/a", [b"%d" % n for n in range(100)])
    with Client(own.broker.url("simulation"), client_id="bridge", clean=True):
        pass
    with Client(own.mqtt_url, clean=False) as bridge:
        assert bridge.wait_for(100) == [b"%d" % n for n in range(100)]


def test_five_thousand_messages_wait_for_a_bridge_that_is_away(own: PrivateServices) -> None:
    bridge_away(own)  # Mosquitto's defaults keep 1,000 of these
    sent = [b"%d" % n for n in range(5000)]
    with Client(own.broker.url("publisher")) as publisher:
        publisher.publish("readings/a", sent)
    own.broker.stop()
    own.broker.start()
    with Client(own.mqtt_url, clean=False) as bridge:
        assert bridge.wait_for(5000) == sent


def test_messages_at_qos_0_wait_too_and_come_at_qos_1(own: PrivateServices) -> None:
    bridge_away(own)
    sent = [b"%d" % n for n in range(500)]
    with Client(own.broker.url("publisher")) as publisher:
        publisher.publish("readings/a", sent, qos=0)
        publisher.publish("readings/last", [b"last"])
    with Client(own.mqtt_url, clean=False) as bridge:
        assert bridge.wait_for(501) == [*sent, b"last"]
        assert {message.qos for message in bridge.received} == {1}


@pytest.mark.faults
def test_a_crash_of_the_broker_keeps_what_is_older_than_its_autosave(own: PrivateServices) -> None:
    bridge_away(own)
    sent = [b"%d" % n for n in range(1000)]
    with Client(own.broker.url("publisher")) as publisher:
        publisher.publish("readings/a", sent)
    time.sleep(AUTOSAVE_SECONDS + 2)
    own.broker.stop(how=signal.SIGKILL)
    own.broker.start()
    with Client(own.mqtt_url, clean=False) as bridge:
        assert bridge.wait_for(1000) == sent


def test_a_packet_over_the_limit_closes_the_connection_and_the_next_is_taken(own: PrivateServices) -> None:
    with Client(own.mqtt_url, clean=False) as bridge:
        bridge.subscribe("readings/#")
        with Client(own.broker.url("publisher")) as publisher:
            publisher.client.reconnect_delay_set(1, 1)
            publisher.client.publish("readings/a", bytes(256 * 1024), qos=0)
            deadline = time.monotonic() + 5
            while publisher.client.is_connected() and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not publisher.client.is_connected()
        with Client(own.broker.url("simulation")) as other:
            other.publish("readings/a", [bytes(60_000)])
        assert [len(p) for p in bridge.wait_for(1)] == [60_000]


def test_the_bridge_may_have_two_batches_on_their_way(own: PrivateServices) -> None:
    bridge_away(own)
    with Client(own.broker.url("publisher")) as publisher:
        publisher.publish("readings/a", [b"%d" % n for n in range(3000)])
    parts = urlsplit(own.mqtt_url)
    taken: list[bytes] = []
    lazy = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bridge", clean_session=False, manual_ack=True)
    lazy.username_pw_set(parts.username or "", parts.password)
    lazy.on_message = lambda c, u, message: taken.append(message.payload)
    lazy.connect(parts.hostname or "", parts.port or 1883)
    lazy.loop_start()
    time.sleep(2)
    lazy.loop_stop()
    assert len(taken) == 2000  # max_inflight_messages, none acknowledged
