"""A migrated database of the bridge's tests, bridges as real processes, and devices that publish."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import paho.mqtt.client as mqtt
import psycopg
import pytest
import pytest_django
from django.db import connections
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import sql

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation
from capto.processes.private_services import PrivateServices
from capto.readings.models import Place, Placement
from firmware_bridge.models import Credential, Gateway

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def command(*arguments: str, database_url: str, mqtt_url: str) -> tuple[list[str], dict[str, str]]:
    """What runs `capto ...` against the given servers."""
    environment = {
        **os.environ,
        "CAPTO_DATABASE_URL": database_url,
        "CAPTO_MQTT_URL": mqtt_url,
        "CAPTO_MQTT_KEEPER_URL": os.environ.get("CAPTO_MQTT_KEEPER_URL", ""),
    }
    return [sys.executable, "-m", "capto", *arguments], environment


def capto(
    *arguments: str, database_url: str, mqtt_url: str = os.environ["CAPTO_MQTT_URL"]
) -> subprocess.CompletedProcess[str]:
    words, environment = command(*arguments, database_url=database_url, mqtt_url=mqtt_url)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)


def new_database(server_url: str, name: str) -> str:
    """Make and migrate a database on the server of a URL; returns its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = server_url.rsplit("/", 1)[0] + "/" + name
    done = capto("migrate", "-v0", database_url=url)
    assert done.returncode == 0, done.stderr
    return url


class Town:
    """The database that a bridge writes to, with sensors that stand somewhere."""

    def __init__(self, database_url: str, blocker: pytest_django.DjangoDbBlocker) -> None:
        self.database_url = database_url
        self.connection = psycopg.connect(database_url, autocommit=True)
        self._number = 0
        self._blocker = blocker
        self._alias = database_url.rsplit("/", 1)[1]
        connections.databases[self._alias] = {
            **connections.databases["default"],
            **dj_database_url.parse(database_url),
            "CONN_MAX_AGE": None,
        }
        with blocker.unblock():
            owner = Organisation.objects.using(self._alias).create(name="Association")
            self._model = SensorModel.objects.using(self._alias).create(
                maker="Maker", name=f"Model {owner.pk}", slug=f"model-{owner.pk}", wire_format="airgradient"
            )
            self._owner = owner
            self._place = Place.objects.using(self._alias).create(
                kind=Place.Kind.HOME,
                label="Somewhere",
                cell_latitude=45.0,
                cell_longitude=5.0,
                precision_m=200,
            )

    def close(self) -> None:
        self.connection.close()
        with self._blocker.unblock():
            connections[self._alias].close()
        del connections.databases[self._alias]

    def one(self, query: str, *arguments: Any) -> Any:
        row = self.connection.execute(query, arguments).fetchone()
        return row[0] if row else None

    def all(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, arguments).fetchall()

    def sensor(
        self,
        device: str = "",
        *,
        wire_format: str = "airgradient",
        starts_at: datetime | None = LONG_AGO,
        ends_at: datetime | None = None,
        is_paused: bool = False,
    ) -> tuple[int, str]:
        """Add a sensor, placed unless `starts_at` is None; returns its id and the identity that it states."""
        self._number += 1
        device = device or f"{os.getpid():06x}{id(self) % 2**16:04x}{self._number:04x}"
        with self._blocker.unblock():
            sensor = Sensor.objects.using(self._alias).create(
                owner=self._owner,
                model=self._model,
                inventory_code=f"{wire_format}-{device}",
                wire_format=wire_format,
                device_id=device,
            )
        if starts_at is not None:
            self.place_sensor(sensor.pk, starts_at=starts_at, ends_at=ends_at, is_paused=is_paused)
        return sensor.pk, device

    def place_sensor(
        self, key: int, *, starts_at: datetime, ends_at: datetime | None = None, is_paused: bool = False
    ) -> int:
        with self._blocker.unblock():
            placement = Placement.objects.using(self._alias).create(
                sensor_id=key, place=self._place, starts_at=starts_at, ends_at=ends_at, is_paused=is_paused
            )
        return placement.pk

    def issue(self, key: int, placement: int | None = None) -> tuple[str, str]:
        """Issue a credential as the desk does; returns the user name and the secret."""
        with self.here():
            credential, secret = Credential.issue(
                Sensor.objects.get(pk=key),
                placement=Placement.objects.filter(pk=placement).first(),
                now=datetime.now(UTC),
            )
        return credential.username, secret

    @contextmanager
    def here(self) -> Iterator[None]:
        """Let the models speak to this database."""
        with self._blocker.unblock():
            usual = connections["default"]
            connections["default"] = connections[self._alias]
            try:
                yield
            finally:
                connections["default"] = usual

    def gateway(self, wire_format: str, *sensors: int) -> tuple[int, str, str]:
        """Add a gateway that speaks for sensors; returns its id, and the user name and secret issued to it."""
        self._number += 1
        with self.here():
            gateway = Gateway.add(
                name=f"Gateway {self._number}",
                owner=Sensor.objects.get(pk=sensors[0]).owner,
                wire_format=wire_format,
                now=datetime.now(UTC),
            )
            gateway.speak_for(Sensor.objects.filter(pk__in=sensors))
            credential, secret = Credential.issue_to(gateway, now=datetime.now(UTC))
        return gateway.pk, credential.username, secret

    def messages(self, key: int) -> int:
        return int(self.one("SELECT count(*) FROM readings_raw_message WHERE sensor_id = %s", key))

    def values(self, key: int, quantity: str, variant: str = "") -> list[float | None]:
        """The stored values of one quantity in the order of time."""
        rows = self.all(
            "SELECT message.values[channel.position] FROM readings_raw_message AS message"
            " JOIN readings_layoutchannel AS channel USING (layout_id)"
            " WHERE sensor_id = %s AND property_id = %s AND variant = %s ORDER BY observed_at",
            key,
            quantity,
            variant,
        )
        return [value for (value,) in rows]

    def rejected(self, device: str) -> list[tuple[str, str]]:
        """Reason and detail of the rejected messages of a device."""
        return [
            (reason, detail)
            for reason, detail in self.all(
                "SELECT reason, detail FROM readings_rejected_message WHERE topic LIKE %s ORDER BY id",
                f"%{device}%",
            )
        ]


class BridgeProcess:
    """`capto bridge` as a process of its own."""

    def __init__(self, database_url: str, mqtt_url: str, log: Path, *arguments: str) -> None:
        words, environment = command("bridge", *arguments, database_url=database_url, mqtt_url=mqtt_url)
        self._words, self.environment, self._log = words, environment, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "BridgeProcess":
        seen = self.said().count("connected to the broker")
        self.start_only()
        wait_until(
            lambda: self.said().count("connected to the broker") > seen, what="the bridge's connection"
        )
        return self

    def start_only(self) -> "BridgeProcess":
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(self._words, env=self.environment, stdout=log, stderr=log)
        return self

    def said(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as an operator does; returns its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(10)
        self.process = None
        return code


class Devices:
    """Devices that publish, each under its own topic."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=parts.username or "")
        self._client.username_pw_set(parts.username, parts.password)
        self._client.max_inflight_messages_set(1000)
        self._client.connect(parts.hostname or "", parts.port or 1883)
        self._client.loop_start()
        wait_until(self._client.is_connected, what="the publisher's connection")

    def publish(self, topic: str, *payloads: bytes, qos: int = 1) -> None:
        """Publish and wait until the broker has all of it."""
        sent = [self._client.publish(topic, payload, qos=qos) for payload in payloads]
        for message in sent:
            message.wait_for_publish(60)

    def airgradient(self, device: str, *numbers: int, qos: int = 1, **changes: Any) -> None:
        """Send one usual AirGradient message per number; the number is its boot count."""
        topic = f"airgradient/readings/{device}"
        self.publish(topic, *(airgradient(device, number, **changes) for number in numbers), qos=qos)

    def senml(self, device: str, moment: float, pm25: float) -> None:
        pack = [{"bn": f"{device}:", "bt": moment, "n": "pm25", "u": "ug/m3", "v": pm25}]
        self.publish(f"senml/{device}", json.dumps(pack).encode())

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def airgradient(device: str, number: int, **changes: Any) -> bytes:
    """A usual message of an Open Air: twelve measured values, the signal and the cycle counter."""
    message = {
        "pm01": 5.4,
        "pm02": 11.2,
        "pm10": 12.9,
        "pm02Compensated": 8.3,
        "pm003Count": 1034.5,
        "atmp": 9.6,
        "atmpCompensated": 8.8,
        "rhum": 66.4,
        "rhumCompensated": 73.2,
        "rco2": 431,
        "tvocIndex": 88,
        "noxIndex": 2,
        "boot": number,
        "bootCount": number,
        "wifi": -62,
        "serialno": device,
        "firmware": "3.3.9",
        "model": "O-1PST",
    }
    return json.dumps({key: value for key, value in (message | changes).items() if value is not ...}).encode()


def wait_until(answer: Callable[[], object], *, what: str, seconds: float = 60.0) -> None:
    """Wait for an answer that is true. Fails, naming what was waited for."""
    until = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def bridge_database_url(services: PrivateServices) -> str:
    return new_database(services.database_url, "bridge_tests")


@pytest.fixture(scope="session")
def town(bridge_database_url: str, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Town]:
    town = Town(bridge_database_url, django_db_blocker)
    yield town
    town.close()


@pytest.fixture
def devices(publisher_url: str) -> Iterator[Devices]:
    devices = Devices(publisher_url)
    yield devices
    devices.close()


@pytest.fixture(scope="module")
def running_bridge(
    bridge_database_url: str, mqtt_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BridgeProcess]:
    """One bridge for all the tests of a module that leave it running."""
    forget_session(mqtt_url)
    bridge = BridgeProcess(bridge_database_url, mqtt_url, tmp_path_factory.mktemp("bridge") / "bridge.log")
    yield bridge.start()
    bridge.stop()
    forget_session(mqtt_url)


@pytest.fixture
def bridge(bridge_database_url: str, mqtt_url: str, tmp_path: Path) -> Iterator[BridgeProcess]:
    """A bridge that is not started yet; stopped at the end, its queue emptied for the next test."""
    bridge = BridgeProcess(bridge_database_url, mqtt_url, tmp_path / "bridge.log")
    yield bridge
    bridge.kill()
    forget_session(mqtt_url)


def forget_session(mqtt_url: str) -> None:
    """Connect once with a clean session in the bridge's name: what waits for it is gone."""
    parts = urlsplit(mqtt_url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=parts.username or "", clean_session=True)
    client.username_pw_set(parts.username, parts.password)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    wait_until(client.is_connected, what="a clean session")
    client.disconnect()
    client.loop_stop()
