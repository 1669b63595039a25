"""The database and the broker crash, go away or fill up while a bridge runs: every message once in the table.

The servers are this module's own, so that they can be killed.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import pytest_django
from django.db import connections

from capto.processes.private_services import PrivateServices, reserve
from capto.processes.server_process import ServiceError

from .conftest import BridgeProcess, Devices, Town, capto, forget_session, wait_until

ROOT = Path(__file__).resolve().parents[2]
AWAY_S = float(
    os.environ.get("CAPTO_TEST_AWAY_S", "8")
)  # seconds; the minute is CAPTO_TEST_AWAY_S=60
AUTOSAVE_S = 5.0  # deploy/mosquitto/limits.conf


@pytest.fixture(scope="module")
def island(servers: None) -> Iterator[PrivateServices]:
    """A database and a broker that this module may kill."""
    services = reserve(ROOT / "run", "test-faults", durable=True)
    try:
        services.start()
        migrated = capto("migrate", "-v0", database_url=services.database_url)
        assert migrated.returncode == 0, migrated.stderr
        yield services
    finally:
        services.remove()


@pytest.fixture(scope="module")
def town(island: PrivateServices, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Town]:
    town = Town(island.database_url, django_db_blocker)
    yield town
    town.close()


@pytest.fixture
def bridge(island: PrivateServices, tmp_path: Path) -> Iterator[BridgeProcess]:
    bridge = BridgeProcess(island.database_url, island.mqtt_url, tmp_path / "bridge.log")
    yield bridge
    bridge.kill()
    forget_session(island.mqtt_url)


@pytest.fixture
def devices(island: PrivateServices) -> Iterator[Devices]:
    devices = Devices(island.broker.url("publisher"))
    yield devices
    devices.close()


class Stream:
    """A fleet that publishes from a thread until it is told to stop; what the broker took is the ledger."""

    def __init__(self, devices: Devices, fleet: list[tuple[int, str]], *, pause_s: float = 0.01) -> None:
        self._devices, self._fleet, self._pause_s = devices, fleet, pause_s
        self.sent = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for _, device in self._fleet:
                self._devices.airgradient(device, *range(self.sent, self.sent + 5))
            self.sent += 5
            time.sleep(self._pause_s)

    def end(self) -> list[float]:
        """Stop; returns the counters that each device has sent."""
        self._stopping.set()
        self._thread.join(90)
        return [float(number) for number in range(self.sent)]


def wait_for_counters(town: Town, fleet: list[tuple[int, str]], expected: list[float]) -> None:
    """Wait until the last is there, give a second one the time to come, and compare."""
    for key, _ in fleet:
        wait_until(
            lambda key=key: set(town.values(key, "boot_count")) >= set(expected), what="all", seconds=90
        )  # type: ignore[misc]
    time.sleep(1.5)
    for key, _ in fleet:
        assert sorted(town.values(key, "boot_count")) == expected


def restart(start: Callable[[], None]) -> None:
    """Start a server again; a killed PostgreSQL needs a moment until its children are gone."""
    until = time.monotonic() + 20
    while True:
        try:
            start()
            return
        except (ServiceError, psycopg.OperationalError):
            assert time.monotonic() < until, "the server does not start again"
            time.sleep(0.3)


def reconnected(town: Town) -> None:
    """Let the test speak to the database that came back."""
    town.connection.close()
    town.connection = psycopg.connect(town.database_url, autocommit=True)
    with town.here():
        connections["default"].close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT])
def test_a_crash_of_the_database_loses_nothing_and_stores_nothing_twice(
    island: PrivateServices, town: Town, devices: Devices, bridge: BridgeProcess, how: signal.Signals
) -> None:
    fleet = [town.sensor() for _ in range(10)]
    bridge.start()
    stream = Stream(devices, fleet)
    for _ in range(2):
        time.sleep(1.0)
        island.database.stop(how=how)
        time.sleep(0.5)
        restart(island.database.start)
        reconnected(town)
    time.sleep(1.0)
    wait_for_counters(town, fleet, stream.end())
    assert "messages are kept" in bridge.said() and "answers again" in bridge.said()


def test_the_database_may_be_away_for_a_minute(
    island: PrivateServices, town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    fleet = [town.sensor() for _ in range(10)]
    bridge.start()
    devices.airgradient(fleet[0][1], -1)
    wait_until(lambda: town.messages(fleet[0][0]) == 1, what="the bridge at work")
    before_mb = memory_mb(bridge)
    stream = Stream(devices, fleet)
    island.database.stop()
    time.sleep(AWAY_S)
    away_mb = memory_mb(bridge)
    restart(island.database.start)
    reconnected(town)
    expected = stream.end()
    wait_for_counters(town, fleet[1:], expected)
    assert sorted(town.values(fleet[0][0], "boot_count")) == [-1.0, *expected]
    assert away_mb < before_mb + 50  # what is not stored waits in the broker


def test_a_crash_of_the_broker_after_a_backlog_was_stored_stores_nothing_twice(
    island: PrivateServices, town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    """Its file still holds the whole queue then, and it sends all of it again."""
    fleet = [town.sensor() for _ in range(10)]
    bridge.start()
    bridge.stop()
    for _, device in fleet:
        devices.airgradient(device, *range(500))
    wait_for_autosave(island)
    bridge.start()
    for key, _ in fleet:
        wait_until(lambda key=key: town.messages(key) == 500, what="the backlog")  # type: ignore[misc]
    island.broker.stop(how=signal.SIGKILL)
    island.broker.start()
    wait_until(lambda: bridge.said().count("connected to the broker") == 3, what="the bridge's return")
    time.sleep(1.0)
    wait_for_counters(town, fleet, [float(number) for number in range(500)])


def memory_mb(bridge: BridgeProcess) -> float:
    assert bridge.process is not None
    return int(Path(f"/proc/{bridge.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6


def test_a_crash_of_the_broker_keeps_what_it_wrote_to_its_disk(
    island: PrivateServices, town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    fleet = [town.sensor() for _ in range(10)]
    bridge.start()
    bridge.stop()
    for _, device in fleet:
        devices.airgradient(device, *range(100))
        devices.airgradient(device, *range(100, 200), qos=0)
    wait_for_autosave(island)
    island.broker.stop(how=signal.SIGKILL)
    island.broker.start()
    bridge.start()
    wait_for_counters(town, fleet, [float(number) for number in range(200)])


def test_a_crash_of_the_broker_under_a_running_bridge_loses_nothing_and_stores_nothing_twice(
    island: PrivateServices, town: Town, devices: Devices, bridge: BridgeProcess
) -> None:
    fleet = [town.sensor() for _ in range(10)]
    bridge.start()
    stream = Stream(devices, fleet)
    time.sleep(AUTOSAVE_S + 1.5)  # its file holds messages on their way, which are stored since
    expected = stream.end()
    for key, _ in fleet:
        wait_until(lambda key=key: town.messages(key) >= len(expected), what="all stored")  # type: ignore[misc]
    island.broker.stop(how=signal.SIGKILL)
    time.sleep(0.3)
    island.broker.start()
    wait_until(lambda: bridge.said().count("connected to the broker") == 2, what="the bridge's return")
    wait_for_counters(town, fleet, expected)


def wait_for_autosave(island: PrivateServices) -> None:
    """Wait until the broker has written its queue after this moment."""
    file, now = island.broker.folder / "mosquitto.db", time.time()
    wait_until(lambda: file.exists() and file.stat().st_mtime > now, what="the file of the broker's queue")


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can be mounted by root only")
def test_a_full_disk_of_the_database_loses_nothing(
    island: PrivateServices, town: Town, devices: Devices, bridge: BridgeProcess, tmp_path: Path
) -> None:
    """The table's files lie on a real file system of 12 MB, which fills up while messages come."""
    place = Path("/var/tmp") / f"capto-full-{os.getpid()}"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip("no file system can be mounted here, as in a container without the right to")
    admin = psycopg.connect(island.admin_database_url, autocommit=True)
    try:
        if island.database.user is not None:
            shutil.chown(place, island.database.user.pw_name)
        admin.execute(f"CREATE TABLESPACE small OWNER capto LOCATION '{place}'")
        fleet = [town.sensor() for _ in range(10)]
        bridge.start()
        devices.airgradient(fleet[0][1], 0)  # makes the chunk, if there is none
        wait_until(lambda: town.messages(fleet[0][0]) == 1, what="the chunk")
        stopped = bridge.stop()
        assert stopped == 0
        for (chunk,) in town.all("SELECT show_chunks('readings_raw_message')::text"):
            town.connection.execute(f"ALTER TABLE {chunk} SET TABLESPACE small")
        bridge.start()
        ballast = place / "ballast"
        try:
            free = os.statvfs(place)
            ballast.write_bytes(b"\0" * max(0, free.f_bavail * free.f_frsize - 400_000))
            sent = 0
            until = time.monotonic() + 60
            while "could not extend file" not in bridge.said():  # SQLSTATE 53100, disk_full
                assert time.monotonic() < until, "the disk does not fill up"
                for _, device in fleet:
                    devices.airgradient(device, *range(sent + 1, sent + 51))
                sent += 50
            for _, device in fleet:
                devices.airgradient(device, *range(sent + 1, sent + 51))
            sent += 50
            time.sleep(1.0)
            assert sum(town.messages(key) for key, _ in fleet) < len(fleet) * sent
            assert bridge.process is not None and bridge.process.poll() is None
        finally:
            ballast.unlink(missing_ok=True)
        expected = [float(number) for number in range(1, sent + 1)]
        wait_for_counters(town, fleet[1:], expected)
        assert sorted(town.values(fleet[0][0], "boot_count")) == [0.0, *expected]
        assert not any(town.rejected(device) for _, device in fleet)
    finally:
        bridge.kill()
        for (chunk,) in town.all("SELECT show_chunks('readings_raw_message')::text"):
            town.connection.execute(f"ALTER TABLE {chunk} SET TABLESPACE pg_default")
        for (index,) in town.all(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(indexname) FROM pg_indexes WHERE tablespace = 'small'"
        ):
            town.connection.execute(f"ALTER INDEX {index} SET TABLESPACE pg_default")
        admin.execute("DROP TABLESPACE small")
        admin.close()
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()
