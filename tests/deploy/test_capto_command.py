"""`capto`, the one door: its overview, its refusals, and the whole of it running."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from capto.processes.private_services import PrivateServices, are_running

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(run: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CAPTO_", "DJANGO_"))}
    return {**kept, "CAPTO_RUN": str(run), **more}


def capto(run: Path, *arguments: str, seconds: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "capto", *arguments],
        env=environment(run, **more),
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def wait_until(condition: Callable[[], bool], *, seconds: float = 180) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Up:
    """`capto up` in a process of its own."""

    def __init__(self, run: Path, *arguments: str, **more: str) -> None:
        self.run = run
        self.lines: list[str] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "capto", "up", "--port", str(self.port), *arguments],
            env=environment(run, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(30)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One run folder for all starts: its database is migrated once."""
    folder = tmp_path_factory.mktemp("run")
    yield folder
    services = PrivateServices(folder)
    assert wait_until(lambda: _prepared(services))  # the servers of a killed owner are gone
    services.remove()


@pytest.fixture
def up(run: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*arguments: str, folder: Path = run, **more: str) -> Up:
        started.append(Up(folder, *arguments, **more))
        return started[-1]

    yield start
    for running in started:
        running.end()
    assert wait_until(lambda: not are_running(run) and processes_of(run) == [])


def _prepared(services: PrivateServices) -> bool:
    try:
        services.prepare()
    except Exception:
        return False
    return True


def processes_of(run: Path) -> list[int]:
    """Return the living processes whose environment names this run folder."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _belongs(entry, run)]


def _belongs(entry: Path, run: Path) -> bool:
    try:
        ours = f"CAPTO_RUN={run}".encode() in (entry / "environ").read_bytes().split(b"\0")
        return ours and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_overview_has_a_line_for_every_command_of_ours(tmp_path: Path) -> None:
    text = capto(tmp_path, "--help").stdout
    files = [p for f in ("capto", "firmware_bridge", "dashboards") for p in (ROOT / f).rglob("commands/*.py")]
    names = {p.stem.replace("_", "-") for p in files if not p.stem.startswith("_")}
    for name in names | {"up", "web", "worker", "services", "migrate"}:
        assert re.search(rf"^  {name} +\S.*$", text, re.MULTILINE), name
    assert capto(tmp_path).stdout == text


@pytest.mark.parametrize(
    ("variable", "url", "words"),
    [
        ("CAPTO_DATABASE_URL", "mysql://u:secret@h/d", "must begin with postgres://"),
        ("CAPTO_DATABASE_URL", "postgres://u:secret@h:port/d", "cannot be read"),
        ("CAPTO_MQTT_URL", "http://h", "must begin with mqtt://"),
        ("CAPTO_MQTT_URL", "mqtt://u:secret@h:port", "port that is not a number"),
        ("CAPTO_MQTT_URL", "mqtt:", "names no host"),
    ],
)
@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_wrong_url_is_one_clear_sentence(
    tmp_path: Path, command: str, variable: str, url: str, words: str
) -> None:
    done = capto(tmp_path, command, **{variable: url})
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr + done.stdout


def test_a_wrong_password_is_not_waited_for(services: PrivateServices, tmp_path: Path) -> None:
    wrong = services.database_url.replace(str(services.addresses["capto_password"]), "wrong")
    done = capto(tmp_path, "migrate", CAPTO_DATABASE_URL=wrong)
    assert done.returncode == 2
    assert "The database refuses us: password authentication failed" in done.stderr


def test_without_any_server_the_way_out_is_said(tmp_path: Path) -> None:
    done = capto(tmp_path, "worker")
    assert done.returncode == 2
    assert "capto up" in done.stderr and "CAPTO_DATABASE_URL" in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = capto(tmp_path, "up", "--port", str(port))
    assert done.returncode == 2
    assert f"The port {port} is taken" in done.stderr


@pytest.mark.faults
def test_everything_comes_up_survives_a_kill_and_stops_on_a_signal(up: Callable[..., Up]) -> None:
    running = up()
    assert wait_until(lambda: running.said("the pages are at"))
    assert status_of(running.address) in {200, 404}

    # Other commands find the private services of the same run folder.
    shown = capto(running.run, "showmigrations", "--plan")
    assert shown.returncode == 0 and "[ ]" not in shown.stdout

    web = int(re.findall(r"main PID: (\d+)", "".join(running.lines))[0])
    os.kill(web, signal.SIGKILL)
    assert wait_until(lambda: running.said("web was ended by SIGKILL"))
    assert wait_until(lambda: status_of(running.address) in {200, 404})

    second = capto(running.run, "up")
    assert second.returncode == 2 and f"process {running.process.pid}" in second.stderr

    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert processes_of(running.run) == []
    assert status_of(running.address) == 0
    assert "database system is shut down" in (running.run / "log" / "postgresql.log").read_text()


@pytest.mark.faults
def test_a_killed_supervisor_leaves_nothing_and_the_next_start_finds_its_data(up: Callable[..., Up]) -> None:
    first = up()
    assert wait_until(lambda: first.said("the pages are at"))
    url = json.loads((first.run / "services.json").read_text())["database_url"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    first.end()
    assert wait_until(lambda: processes_of(first.run) == [], seconds=20)
    again = up()
    assert wait_until(lambda: again.said("the pages are at"))
    url = json.loads((first.run / "services.json").read_text())["database_url"]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


@pytest.mark.faults
def test_servers_given_by_url_are_waited_for_and_found(up: Callable[..., Up], tmp_path: Path) -> None:
    theirs = PrivateServices(tmp_path / "theirs", durable=False).start()
    theirs.database.stop()
    theirs.broker.stop()
    folder = tmp_path / "run"
    running = up(folder=folder, CAPTO_DATABASE_URL=theirs.database_url, CAPTO_MQTT_URL=theirs.mqtt_url)
    assert wait_until(lambda: sum("Waiting for the database" in line for line in running.lines) >= 2)
    theirs.database.start()
    assert wait_until(lambda: running.said("Waiting for the broker"))
    theirs.broker.start()
    assert wait_until(lambda: running.said("the pages are at"))
    assert not (folder / "services.json").exists()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0
    assert theirs.database.is_running() and theirs.broker.is_running()
    theirs.remove()
