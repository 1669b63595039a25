"""deploy/demo: one screen that says where to look, continued where it was, started over when asked."""

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from capto.processes.private_services import PrivateServices, are_running
from capto.processes.server_process import ServiceError

ROOT = Path(__file__).resolve().parent.parent.parent


def wait_until(condition: Callable[[], bool], *, seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


class Demo:
    """deploy/demo in a process of its own, without the simulated city (which has tests of its own)."""

    def __init__(self, run: Path, *arguments: str) -> None:
        self.run = run
        self.text = ""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CAPTO_", "DJANGO_"))}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [ROOT / "deploy" / "demo", "--no-simulation", "--port", str(self.port), *arguments],
            env={**kept, "CAPTO_RUN": str(run)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line

    def is_ready(self) -> bool:
        return "Stop with Ctrl-C" in self.text

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        self.reader.join(30)
        return status

    def database_url(self) -> str:
        return str(json.loads((self.run / "services.json").read_text())["database_url"])


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(*arguments: str) -> Demo:
        started.append(Demo(tmp_path / "run", *arguments))
        return started[-1]

    yield start
    for running in started:
        running.stop()
    PrivateServices(tmp_path / "run").remove()


def test_the_demo_says_where_to_look_and_continues_where_it_was(demo: Callable[..., Demo]) -> None:
    first = demo()
    assert wait_until(first.is_ready), first.text
    addresses = re.findall(rf"http://localhost:{first.port}/\S*", first.text)
    assert f"http://localhost:{first.port}/" in addresses
    for address in addresses:
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert answer.status == 200
        except urllib.error.HTTPError as error:  # the desk asks who is there
            pytest.fail(f"{address}: {error.code}")
    accounts = dict(re.findall(r"(\S+@exemple\.test) +(\S+)", first.text))
    assert {"emprunt@exemple.test", "pret@exemple.test"} <= set(accounts)
    logs = "".join(path.read_text() for path in (first.run / "log").iterdir())
    assert "Started worker-1" in logs
    assert [password for password in accounts.values() if password in logs] == []
    with psycopg.connect(first.database_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    assert first.stop() == 0
    assert not are_running(first.run)

    second = demo()
    assert wait_until(second.is_ready), second.text
    assert dict(re.findall(r"(\S+@exemple\.test) +(\S+)", second.text)) == accounts
    with psycopg.connect(second.database_url()) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert second.stop() == 0


def test_starting_over_empties_the_run_folder(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("capto_demo", ROOT / "deploy" / "demo.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with PrivateServices(tmp_path / "run", durable=False) as services:
        with psycopg.connect(services.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        with pytest.raises(ServiceError, match="run by process"):  # never under a demo that runs
            module.start_over(services.run, {})
    (services.run / "media").mkdir()
    (services.run / "media" / "photo.jpg").touch()
    module.start_over(services.run, {})
    assert not (services.run / "media").exists()
    with services, psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    services.remove()


def test_a_database_that_is_not_the_demos_is_never_emptied(tmp_path: Path) -> None:
    refused = subprocess.run(
        [ROOT / "deploy" / "demo", "--fresh"],
        env={**os.environ, "CAPTO_RUN": str(tmp_path), "CAPTO_DATABASE_URL": "postgres://u@h/real"},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 2
    assert "unset CAPTO_DATABASE_URL" in refused.stderr
