"""Live on in real time: each simulated sensor that stands somewhere publishes over MQTT as the device would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import numpy as np
import paho.mqtt.client as mqtt
from django.db import DatabaseError, InterfaceError, connection, transaction
from paho.mqtt.enums import CallbackAPIVersion

from capto.processes.addresses import wait_for_broker
from capto.simulation.city import City, Period
from capto.simulation.fleet import city_of, instant, spot_of, unit_of
from capto.simulation.loading import Loader, last_reference_hours, placements_between
from capto.simulation.models import SimulatedCity
from capto.simulation.neighbours import read_neighbours
from capto.simulation.town import Spot
from capto.simulation.units import SENML_BOX, Unit
from capto.simulation.weather import HOUR
from capto.simulation.wire import PARTICLES, payload, topic

CADENCE_S: Final = 60.0  # between two messages of a sensor: what AirGradient's firmware does
PLACEMENTS_AGAIN_S: Final = 15.0  # how soon a kit lent at the desk begins to speak
REFERENCE_AGAIN_S: Final = 60.0
TOLD_AGAIN_S: Final = 600.0
PERIOD_S: Final = 6 * HOUR  # of the city's air, computed ahead
KEEPALIVE_S: Final = 30
WAITING_MESSAGES: Final = 2_000  # that SenML boxes keep while the broker is away, all together
GOODBYE_S: Final = 3.0  # given to the last messages to leave

Say = Callable[[str], None]


class Refused(Exception):
    """The broker refuses the user name or the password of its URL."""


@dataclass
class Device:
    """A sensor that is switched on: its unit, where it stands, and when it speaks next (seconds since 1970)."""

    unit: Unit
    spot: Spot
    speaks_at: float
    cycle: int = 0


class Live:
    """The simulated sensors of this instance, publishing until told to stop.

    url: of the broker, mqtt(s)://user:password@host:port. speed: messages a minute of each sensor.
    """

    def __init__(
        self,
        row: SimulatedCity,
        *,
        url: str,
        speed: float = 1.0,
        say: Say = print,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.row = row
        self.city: City = city_of(row)
        self.url = url
        self.cadence = CADENCE_S / speed
        self.say = say
        self.clock = clock
        self.stop = threading.Event()
        self.sent = 0
        self.lost = 0
        self._devices: dict[int, Device] = {}
        self._period: Period | None = None
        self._period_ends = 0.0
        self._refused = ""
        self._is_reading = True  # of the database: said once when it goes, once when it is back
        self._client = self._new_client()

    def run(self) -> None:
        """Publish until `stop` is set; returns when the last messages have left. Raises Refused."""
        wait_for_broker(self.url, say=self.say, until=self.stop.is_set)
        parts = urlsplit(self.url)
        self._client.connect_async(parts.hostname or "", self._port(), keepalive=KEEPALIVE_S)
        self._client.loop_start()
        try:
            self._live()
        finally:
            self._say_goodbye()

    def _live(self) -> None:
        placements_at = reference_at = 0.0
        told_at = self.clock() + TOLD_AGAIN_S
        while not self.stop.is_set():
            now = self.clock()
            if self._refused:
                raise Refused(f"the broker refuses the simulation: {self._refused}")
            if now >= placements_at:
                self._read(self._place_devices, now)
                placements_at = now + PLACEMENTS_AGAIN_S
            if now >= reference_at:
                self._read(self._publish_reference, now)
                reference_at = now + REFERENCE_AGAIN_S
            for device in self._devices.values():
                if device.speaks_at <= now:
                    self._speak(device, now)
            if now >= told_at:
                self.say(
                    f"{len(self._devices)} sensors, {self.sent} messages sent, {self.lost} lost on the way"
                )
                told_at = now + TOLD_AGAIN_S
            next_one = min((device.speaks_at for device in self._devices.values()), default=now + 1.0)
            self.stop.wait(min(max(next_one - self.clock(), 0.01), 1.0))

    def _speak(self, device: Device, now: float) -> None:
        unit, at = device.unit, int(now)
        missed = int((now - device.speaks_at) // self.cadence)  # a machine that slept does not make up for it
        device.speaks_at += (missed + 1) * self.cadence
        device.cycle += 1
        instants = np.array([at], dtype=np.int64)
        said = unit.says(self._air_until(now).air(device.spot, instants), instants)
        values = {name: float(column[0]) for name, column in said.values.items()}
        if not said.sees_particles[0]:
            values = {name: value for name, value in values.items() if name not in PARTICLES}
        is_box = unit.family is SENML_BOX
        if not said.sent[0] or not (is_box or self._client.is_connected()):
            self.lost += 1  # an AirGradient keeps nothing that it could not send
            return
        message = payload(unit, values, at=at, cycle=device.cycle)
        self._client.publish(topic(unit), message, qos=1 if is_box else 0)
        self.sent += 1

    def _air_until(self, now: float) -> Period:
        if self._period is None or now + HOUR > self._period_ends:
            self._period_ends = now + PERIOD_S
            self._period = self.city.between(int(now) - HOUR, int(self._period_ends))
        return self._period

    def _place_devices(self, now: float) -> None:
        """Switch on the sensors that stand somewhere now, and off those that were taken away."""
        moment = datetime.fromtimestamp(now, UTC)
        found: dict[int, Device] = {}
        for placement in placements_between(moment, moment):
            known = self._devices.get(placement.sensor_id)
            spot = spot_of(placement.place)
            if known is None:
                unit = unit_of(placement.sensor, self.city)
                known = Device(unit, spot, now + self.cadence * unit.phase(1_000) / 1_000.0)
            known.spot = spot
            found[placement.sensor_id] = known
        self._devices = found

    def _publish_reference(self, now: float) -> None:
        """Store the hours that the simulated stations have published since the last time."""
        moment = datetime.fromtimestamp(now, UTC)
        with transaction.atomic(), connection.cursor() as cursor:
            last = last_reference_hours(since=moment - timedelta(days=2))
            start = min(last.values(), default=instant(moment) - 2 * HOUR)
            loader = Loader(self.city, cursor, start=datetime.fromtimestamp(start, UTC), end=moment)
            if loader.load_reference(after=last, now=moment):
                read_neighbours(now=moment)

    def _read(self, work: Callable[[float], None], now: float) -> None:
        """Do something with the database; while it is away the devices speak on from where they stood."""
        try:
            work(now)
        except (DatabaseError, InterfaceError) as error:
            if self._is_reading:
                self.say(f"the database does not answer ({' '.join(str(error).split())}); trying again")
            self._is_reading = False
            connection.close()
            return
        if not self._is_reading:
            self.say("the database answers again")
        self._is_reading = True

    def _new_client(self) -> mqtt.Client:
        parts = urlsplit(self.url)
        user = unquote(parts.username or "")
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=user or "capto-simulation", protocol=mqtt.MQTTv311
        )
        if user:
            client.username_pw_set(user, unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set()
        client.max_queued_messages_set(WAITING_MESSAGES)
        client.reconnect_delay_set(1, 10)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        return client

    def _port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (8883 if parts.scheme == "mqtts" else 1883)

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        else:
            self.say(f"the simulated sensors speak to {urlsplit(self.url).hostname}:{self._port()}")

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self.stop.is_set():
            self.say(f"the broker went away ({reason}); connecting again")

    def _say_goodbye(self) -> None:
        deadline = time.monotonic() + GOODBYE_S
        while self._client.is_connected() and self._client.want_write() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._client.disconnect()
        self._client.loop_stop()
        self.say(f"stopped; {self.sent} messages sent")
