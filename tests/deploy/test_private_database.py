"""The private database: started, stopped, killed and found again, always as an ordinary user."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from capto.processes.private_services import AlreadyRunning, PrivateServices

OWNER = """
import sys, time
from pathlib import Path
from capto.processes.private_services import PrivateServices
services = PrivateServices(Path(sys.argv[1]), durable=False).start()
print(services.database.process.pid, services.broker.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServices]:
    folder = tmp_path_factory.mktemp("run")
    with PrivateServices(folder, durable=False) as services:
        yield services
    services.remove()


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def wait_until(condition: object, *, seconds: float = 10) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_the_database_has_timescaledb_and_so_has_every_database_made_later(own: PrivateServices) -> None:
    query = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension"
    assert one(own.database_url, query) == "btree_gist plpgsql timescaledb"
    with psycopg.connect(own.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE later")
    assert one(own.database_url.removesuffix("capto") + "later", query) == "btree_gist plpgsql timescaledb"
    with psycopg.connect(own.database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE later")


def test_the_application_is_not_a_superuser(own: PrivateServices) -> None:
    assert one(own.database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert one(own.admin_database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True


def test_no_password_no_entry(own: PrivateServices) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=str(own.socket_folder), port=own.addresses["postgres_port"], user="capto", dbname="capto"
        )
    assert stat.S_IMODE((own.run / "services.json").stat().st_mode) == 0o600


def test_the_servers_run_as_ordinary_users(own: PrivateServices) -> None:
    for server in (own.database, own.broker):
        assert server.process is not None
        assert os.stat(f"/proc/{server.process.pid}").st_uid != 0


def test_nothing_leaves_for_the_makers_of_the_database(own: PrivateServices) -> None:
    assert one(own.database_url, "SELECT current_setting('timescaledb.telemetry_level')") == "off"


def test_names_sort_as_french_readers_expect(own: PrivateServices) -> None:
    query = "SELECT string_agg(n, ' ' ORDER BY n) FROM unnest('{Zoé,école,Eau,Été}'::text[]) n"
    assert one(own.database_url, query) == "Eau école Été Zoé"


def test_a_durable_database_waits_for_the_disk(tmp_path: Path) -> None:
    with PrivateServices(tmp_path / "run") as services:
        assert one(services.database_url, "SELECT current_setting('fsync')") == "on"
        assert one(services.database_url, "SELECT current_setting('synchronous_commit')") == "on"
    services.remove()


def test_what_was_stored_is_there_after_a_stop_a_crash_and_another_start(own: PrivateServices) -> None:
    with psycopg.connect(own.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    url = own.database_url
    own.stop()
    own.start()
    assert own.database_url == url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
    own.database.stop(how=signal.SIGKILL)
    assert (own.database.data / "postmaster.pid").exists()
    own.database.start()
    assert one(url, "SELECT sum(n) FROM kept") == 3


def test_a_run_folder_has_one_owner(own: PrivateServices) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        PrivateServices(own.run).start()


def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    run = tmp_path / ("long-" * 30) / "run"
    with PrivateServices(run, durable=False) as services:
        assert not str(services.socket_folder).startswith(str(run))
        assert one(services.database_url, "SELECT 1") == 1
    services.remove()


def test_a_port_taken_since_is_replaced(tmp_path: Path) -> None:
    services = PrivateServices(tmp_path / "run", durable=False).prepare()
    taken = int(services.addresses["mqtt_port"])
    services.stop()
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        with services:
            assert services.addresses["mqtt_port"] != taken
    services.remove()


@pytest.mark.faults
def test_killing_the_owner_leaves_no_process_behind_and_the_next_start_works(tmp_path: Path) -> None:
    run = tmp_path / "run"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(run)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    servers = [int(pid) for pid in owner.stdout.readline().split()]
    assert len(servers) == 2 and all(is_alive(pid) for pid in servers)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert wait_until(lambda: not any(is_alive(pid) for pid in servers))
    with PrivateServices(run, durable=False) as services:
        assert one(services.database_url, "SELECT 1") == 1
    services.remove()
