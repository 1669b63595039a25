"""The supervisor with real processes: it joins their words, restarts what dies and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SUPERVISED = """
import os, sys
from pathlib import Path
from capto.processes.supervisor import Supervisor
run = Path(sys.argv[1])
supervisor = Supervisor(run, environment=os.environ)
supervisor.listen_to_signals()
for name in sys.argv[2:]:
    supervisor.add(name, [sys.executable, "-u", str(run / f"{name}.py")])
supervisor.run_until_stopped()
"""
LIVING = """
import os, subprocess, sys, time
print("living as", os.getpid(), flush=True)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("grandchild is", grandchild.pid, flush=True)
time.sleep(600)
"""
ALONE = """
import os, time
print("living as", os.getpid(), flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("stubborn", flush=True)
time.sleep(600)
"""


def wait_until(condition: Callable[[], bool], *, seconds: float = 20) -> bool:
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


class Running:
    """A supervisor in a process of its own, whose lines are read from its logs."""

    def __init__(self, run: Path, **scripts: str) -> None:
        self.run = run
        for name, script in scripts.items():
            (run / f"{name}.py").write_text(script)
        self.output = open(run / "output", "wb")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISED, str(run), *scripts], stdout=self.output, stderr=self.output
        )

    def numbers(self, name: str, words: str) -> list[int]:
        """Return the numbers that end the lines of a child which hold some words."""
        log = self.run / "log" / f"{name}.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [int(line.split()[-1]) for line in lines if words in line]

    def joined(self) -> str:
        return (self.run / "output").read_text()


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**scripts: str) -> Running:
        started.append(Running(tmp_path, **scripts))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        running.output.close()


def test_lines_come_out_behind_the_name_of_who_said_them(supervise: Callable[..., Running]) -> None:
    running = supervise(first="print('one')\nimport time; time.sleep(99)", second="print('two', end='')")
    assert wait_until(lambda: "first      | one\n" in running.joined())
    assert wait_until(lambda: "second     | two\n" in running.joined())  # a line without its end is not lost
    assert (running.run / "log" / "first.log").read_text().endswith(" one\n")


@pytest.mark.faults
def test_a_killed_child_comes_back_and_what_it_had_started_is_ended(
    supervise: Callable[..., Running],
) -> None:
    running = supervise(living=LIVING)
    assert wait_until(lambda: len(running.numbers("living", "grandchild is")) == 1)
    first, grandchild = running.numbers("living", "as")[0], running.numbers("living", "grandchild is")[0]
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: len(running.numbers("living", "grandchild is")) == 2)
    assert running.numbers("living", "as")[1] != first
    assert not is_alive(grandchild)
    assert "living was ended by SIGKILL: starting it again in 0.5 s" in running.joined()


def test_a_child_that_fails_at_once_is_tried_less_and_less_often(supervise: Callable[..., Running]) -> None:
    running = supervise(failing="import sys; print('trying'); sys.exit(3)")
    assert wait_until(lambda: "failing ended with status 3: starting it again in 2 s" in running.joined())
    assert "starting it again in 0.5 s" in running.joined()
    assert "starting it again in 1 s" in running.joined()


@pytest.mark.faults
def test_killing_the_supervisor_leaves_no_child(supervise: Callable[..., Running]) -> None:
    running = supervise(living=ALONE)
    assert wait_until(lambda: len(running.numbers("living", "as")) == 1)
    running.process.kill()
    assert wait_until(lambda: not is_alive(running.numbers("living", "as")[0]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(
    supervise: Callable[..., Running], number: signal.Signals
) -> None:
    running = supervise(living=LIVING)
    assert wait_until(lambda: len(running.numbers("living", "grandchild is")) == 1)
    running.process.send_signal(number)
    assert running.process.wait(10) == 0
    assert not is_alive(running.numbers("living", "as")[0])
    assert not is_alive(running.numbers("living", "grandchild is")[0])


def test_a_child_that_does_not_listen_is_ended_when_asked_twice(supervise: Callable[..., Running]) -> None:
    running = supervise(stubborn=STUBBORN)
    assert wait_until(lambda: "stubborn   | stubborn" in running.joined())
    running.process.send_signal(signal.SIGINT)
    assert wait_until(lambda: "stopping" in running.joined())
    assert running.process.poll() is None
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(5) == 0
