"""The bridge's connection to the broker: one thread that reads, acknowledges and reconnects."""

import logging
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from capto.processes.addresses import check_mqtt_url
from firmware_bridge.arrival import Arrival
from firmware_bridge.quick_client import QuickClient

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
RETRY_S = 3.0  # seconds between two attempts to reach the broker
PROBE_S = 1.0  # seconds between two markers
# A message without a time of its own is certain to have waited less than this; hourly means do not feel it.
CERTAIN_WITHIN_S = 5.0
# A broker that crashed knows what stood in its file: written every 5 s (deploy/mosquitto/limits.conf), which takes
# seconds for a long queue. What was delivered since comes again, without the mark of a redelivery.
FORGOTTEN_WITHIN_US = 15_000_000
READ_AT_ONCE = 200  # packets; then acknowledgements are sent and the queue is looked at
MARKERS = "capto/bridges/"  # topic of a bridge's own markers, followed by its client id
DEFAULT_CLIENT_ID = "capto-bridge"
NOT_AUTHORISED = {
    "Not authorized",
    "Bad user name or password",
}  # reason codes of CONNACK (MQTT 3.1.1, table 3.1)


class Refused(Exception):
    """The broker refuses the user name or the password of the URL."""


class Address:
    """Where the broker listens, from mqtt://user:password@host:port or mqtts://... Raises WrongAddress."""

    def __init__(self, url: str) -> None:
        check_mqtt_url(url)
        parts = urlsplit(url)
        self.has_tls = parts.scheme == "mqtts"
        self.host = parts.hostname or ""
        self.port = parts.port or (8883 if self.has_tls else 1883)
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Link:
    """A persistent session at QoS 1 whose messages are acknowledged by `acknowledge`, and by nothing else.

    `deliver(arrival, token)` is called for each message in the thread of the link; `may_read` says whether the
    next ones are wanted: while it says no, they wait in the socket and the broker. A marker goes to the broker
    every second and comes back behind what waited before it: the time of its sending is the proof of how long a
    message can have waited (`Arrival.is_late`).
    """

    def __init__(
        self,
        address: Address,
        *,
        topics: Iterable[str],
        deliver: Callable[[Arrival, tuple[int, int] | None], None],
        may_read: Callable[[], bool],
        client_id: str = "",
        share: str = "",
    ) -> None:
        self.address = address
        # Brokers that take the user name as the client id need the same one here.
        self.client_id = client_id or address.user or DEFAULT_CLIENT_ID
        self._filters = [f"$share/{share}/{topic}" if share else topic for topic in topics]
        self._deliver = deliver
        self._may_read = may_read
        self._marker_topic = MARKERS + self.client_id
        self._marker_prefix = os.urandom(8).hex().encode()
        self._generation = 0
        self._acknowledged: deque[tuple[int, int]] = deque()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._last_us = 0
        self._certain_until = 0.0  # monotonic seconds; messages that come later may have waited
        self._again: tuple[int, int] | None = None  # of Arrival, until the backlog is over
        self._probe_sent_at: float | None = None
        self._probe_answered_at = 0.0
        self._last_delay_s = 0.0
        self._stopping = threading.Event()
        self._refused = ""
        self.is_connected = False
        self.connections = 0
        self.refused_at_start: Refused | None = None
        self._client = self._new_client()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Start the thread; it connects, and connects again, until `stop`."""
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Send what is left to send, disconnect and end the thread."""
        self._stopping.set()
        self._wake()
        self._thread.join(timeout)

    def acknowledge(self, tokens: Iterable[tuple[int, int]]) -> None:
        """Acknowledge messages that are stored; those of an earlier connection are left to be redelivered."""
        self._acknowledged.extend(tokens)
        self._wake()

    @property
    def delay_s(self) -> float | None:
        """Seconds that the newest marker took or is taking through the broker's queue; None when not connected."""
        if not self.is_connected:
            return None
        sent_at = self._probe_sent_at
        return self._last_delay_s if sent_at is None else max(self._last_delay_s, time.monotonic() - sent_at)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # full: the thread is awake
            self._wake_in.send(b"1")

    def _new_client(self) -> QuickClient:
        client = QuickClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        if self.address.user:
            client.username_pw_set(self.address.user, self.address.password or None)
        if self.address.has_tls:
            client.tls_set()
        client.connect_timeout = 5.0
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: mqtt.Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        self._refused = ""
        self._generation += 1
        self.connections += 1
        self.is_connected = True
        self._probe_sent_at = None
        if not flags.session_present:
            self._again = None
        # A new session has no backlog; a resumed one is late until its first marker is back.
        self._certain_until = 0.0 if flags.session_present else time.monotonic() + CERTAIN_WITHIN_S
        client.subscribe([(self._marker_topic, 1), *((topic, 1) for topic in self._filters)])
        self._probe()
        logger.info(
            "connected to the broker %s%s",
            self.address,
            " (session resumed)" if flags.session_present else "",
        )

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        first = 8 * message.dup | message.qos << 1 | message.retain
        self._take(message._topic, bytes(message.payload), first, message.mid)

    def _take(self, topic: bytes, payload: bytes, first: int, mid: int) -> None:
        """Take one message; `first` is the first byte of its packet, `mid` counts at QoS 1 only."""
        moment_us = time.time_ns() // 1000
        if moment_us <= self._last_us:
            moment_us = self._last_us + 1
        self._last_us = moment_us
        token = (self._generation, mid) if first & 6 else None
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            name = repr(topic)
        if name == self._marker_topic:
            self._on_marker(payload, token)
            return
        is_late = time.monotonic() > self._certain_until
        arrival = Arrival(name, payload, moment_us, "mqtt", "", first & 8 != 0, is_late, first & 1 != 0)
        if is_late and self._again is not None:
            arrival = arrival._replace(again=self._again)
        self._deliver(arrival, token)

    def _probe(self) -> None:
        now = round(time.monotonic(), 6)  # as the marker writes it: its answer is told by an equal number
        self._probe_sent_at = now
        self._client.publish(
            self._marker_topic, b"%s %d %f" % (self._marker_prefix, self._generation, now), qos=1
        )

    def _on_marker(self, payload: bytes, token: tuple[int, int] | None) -> None:
        parts = payload.split()
        if len(parts) == 3 and parts[:2] == [self._marker_prefix, str(self._generation).encode()]:
            sent_at = float(parts[2])
            if sent_at == self._probe_sent_at:
                self._probe_sent_at = None
                self._probe_answered_at = time.monotonic()
                self._last_delay_s = self._probe_answered_at - sent_at
            self._certain_until = sent_at + CERTAIN_WITHIN_S
            self._again = None
        if token is not None:
            self._acknowledged.append(token)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._connect():
                    self._exchange()
            except Exception:  # whatever happens to the connection, the next one is tried
                logger.exception("the connection to the broker failed")
            finally:
                if self.is_connected:
                    since_us = self._last_us - FORGOTTEN_WITHIN_US
                    self._again = min(since_us, self._again[0]) if self._again else since_us, self._last_us
                self.is_connected = False
            if self.refused_at_start is not None:
                return
            self._stopping.wait(RETRY_S if not self._stopping.is_set() else 0)

    def _connect(self) -> bool:
        self._client.forget_connection()
        try:
            self._client.connect(self.address.host, self.address.port, keepalive=KEEPALIVE_S)
            return True
        except (OSError, ValueError) as error:
            logger.warning("the broker %s does not answer (%s); trying again", self.address, error)
            return False

    def _exchange(self) -> None:
        client = self._client
        next_misc = 0.0
        while (sock := client.socket()) is not None:
            may_read = self._may_read()
            reading: list[Any] = [self._wake_out, sock] if may_read else [self._wake_out]
            writing = [sock] if client.want_write() or client.has_unsent else []
            nothing_to_wait_for = may_read and client.has_read_ahead
            readable, _, _ = select.select(reading, writing, [], 0.0 if nothing_to_wait_for else 0.2)
            if self._wake_out in readable:
                self._wake_out.recv(4096)
            if (sock in readable or nothing_to_wait_for) and not self._read():
                break
            self._send_acknowledgements()
            if client.want_write() and client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            now = time.monotonic()
            if now >= next_misc:
                next_misc = now + 0.2
                if client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
                if (
                    self.is_connected
                    and self._probe_sent_at is None
                    and now - self._probe_answered_at >= PROBE_S
                ):
                    self._probe()
            if self._stopping.is_set():
                self._send_acknowledgements()
                client.loop_write()
                client.disconnect()
                client.loop_write()
                return
        if self._refused:
            if self.connections == 0 and self._refused in NOT_AUTHORISED:
                self.refused_at_start = Refused(
                    f"the broker {self.address} refuses the bridge: {self._refused}"
                )
                return
            logger.warning("the broker %s refuses the bridge (%s); trying again", self.address, self._refused)
        elif not self._stopping.is_set():
            logger.warning("the connection to the broker %s was lost; connecting again", self.address)

    def _read(self) -> bool:
        """Read up to READ_AT_ONCE packets of those that are here; False when the connection is lost."""
        client = self._client
        left = READ_AT_ONCE
        while left > 0:
            if self.is_connected and client.has_read_ahead:
                left -= client.take_publishes(self._take, most=left)
            if left <= 0:
                break
            left -= 1
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return False
            if not client.has_read_ahead:
                break
        return True

    def _send_acknowledgements(self) -> None:
        acknowledged, mids = self._acknowledged, []
        while acknowledged:
            generation, mid = acknowledged.popleft()
            if generation == self._generation:  # a mid of the old connection names another message now
                mids.append(mid)
        if mids:
            self._client.acknowledge(mids)
        elif self._client.has_unsent:
            self._client.send_unsent()
