"""One parent for the processes of Capto: starts them, joins their words, restarts what dies, leaves no orphan."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from logging import INFO, Formatter, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType

from capto.processes.private_services import PrivateServices
from capto.processes.server_process import ServiceError

FIRST_RESTART_SECONDS = 0.5  # doubles with each death, up to LAST_RESTART_SECONDS
LAST_RESTART_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a process that lived this long starts anew with the shortest delay
GOODBYE_SECONDS = 15.0  # given to a process to end by itself
LOG_BYTES = 10_000_000  # of one log file; two older ones are kept
LONGEST_NAME = 10


@dataclass(eq=False)
class Child:
    """One supervised process: its name in the joined lines, and the command that it runs."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restart_at: float = 0.0
    delay: float = FIRST_RESTART_SECONDS
    rest: bytes = b""  # of a line that has not ended yet


class Supervisor:
    """Runs children until it is told to stop by SIGINT, SIGTERM or SIGHUP.

    Every line of a child goes to standard output behind the child's name, and to `run/log/<name>.log`. A child
    that ends is started again after a growing delay; what it had started itself is ended first.
    """

    def __init__(
        self, run: Path, *, environment: Mapping[str, str], services: PrivateServices | None = None
    ) -> None:
        self.run = run
        self.environment = dict(environment)
        self.services = services
        self.children: list[Child] = []
        self.stopping = False
        self._services_again_at = 0.0
        self._selector = selectors.DefaultSelector()
        self._logs: dict[str, RotatingFileHandler] = {}
        (run / "log").mkdir(parents=True, exist_ok=True)

    def add(self, name: str, command: Sequence[str]) -> None:
        """Supervise one more process, started by `run_until_stopped`."""
        self.children.append(Child(name, command))

    def listen_to_signals(self) -> None:
        """From now on Ctrl-C, SIGTERM and a closed terminal stop everything in order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    def run_once(self, name: str, command: Sequence[str]) -> int:
        """Run a process to its end with its lines joined in; return its status, or -1 when we are stopped."""
        child = Child(name, command)
        self._start(child)
        assert child.process is not None
        while child.process.poll() is None:
            if self.stopping:
                self._end([child])
                return -1
            self._read(0.1)
        self._drain(child)
        return child.process.returncode

    def run_until_stopped(
        self, *, ready: Callable[[], bool] = lambda: True, when_ready: Callable[[], None] = lambda: None
    ) -> None:
        """Start all children, keep them running, and end them all when a signal says so.

        `when_ready` is called once, as soon as `ready` (asked about twice a second) is true.
        """
        for child in self.children:
            self._start(child)
        told, ask_at = False, 0.0
        while not self.stopping:
            self._read(0.2)
            self._mend()
            if not told and time.monotonic() >= ask_at:
                if told := ready():
                    when_ready()
                ask_at = time.monotonic() + 0.5
        self.say("stopping")
        self._end(self.children)

    def say(self, line: str, *, name: str = "capto") -> None:
        """Write one line of our own, or of a child, to standard output and to the log of that name."""
        if name not in self._logs:
            log = RotatingFileHandler(self.run / "log" / f"{name}.log", maxBytes=LOG_BYTES, backupCount=2)
            log.setFormatter(Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
            self._logs[name] = log
        self._logs[name].emit(LogRecord(name, INFO, "", 0, line, None, None))
        try:
            print(f"{name:<{LONGEST_NAME}} | {line}", flush=True)
        except (BrokenPipeError, OSError):  # nobody reads us any more: the logs stay
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:  # asked twice: at once
            for child in self.children:
                _signal_group(child, signal.SIGKILL)
        self.stopping = True

    def _start(self, child: Child) -> None:
        # setpriv: when we die, however we die, the child is told to end.
        child.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *child.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            start_new_session=True,  # a group of its own, so that Ctrl-C reaches only us
        )
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        child.started = time.monotonic()

    def _read(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            self._take(key.data)

    def _take(self, child: Child) -> bool:
        """Read what a child said; return False at the end of its words."""
        assert child.process is not None and child.process.stdout is not None
        try:
            words = child.process.stdout.read(65536)
        except BlockingIOError:
            return True
        if words is None:
            return True
        if not words:
            if child.rest:
                self.say(child.rest.decode(errors="replace"), name=child.name)
                child.rest = b""
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
            return False
        *lines, child.rest = (child.rest + words).split(b"\n")
        for line in lines:
            self.say(line.decode(errors="replace").rstrip("\r"), name=child.name)
        return True

    def _drain(self, child: Child) -> None:
        """Read the last words of a child that ended, and end whatever it left behind."""
        _signal_group(child, signal.SIGKILL)
        assert child.process is not None and child.process.stdout is not None
        deadline = time.monotonic() + 1
        while not child.process.stdout.closed and time.monotonic() < deadline and self._take(child):
            time.sleep(0.01)
        if not child.process.stdout.closed:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()

    def _mend(self) -> None:
        """Start again whatever has ended."""
        now = time.monotonic()
        if self.services and now >= self._services_again_at:
            for name, server in (("database", self.services.database), ("broker", self.services.broker)):
                if server.process is not None and not server.is_running():
                    self.say(
                        f"the private {name} ended (status {server.process.returncode}): starting it again"
                    )
                    self._services_again_at = now + LAST_RESTART_SECONDS / 10
                    try:
                        server.start()
                    except ServiceError as error:
                        self.say(str(error))
        for child in self.children:
            if child.process is None:
                if now >= child.restart_at:
                    self._start(child)
            elif child.process.poll() is not None:
                self._drain(child)
                if now - child.started > STEADY_SECONDS:
                    child.delay = FIRST_RESTART_SECONDS
                self.say(f"{child.name} {_ending(child.process)}: starting it again in {child.delay:g} s")
                child.process = None
                child.restart_at = now + child.delay
                child.delay = min(2 * child.delay, LAST_RESTART_SECONDS)

    def _end(self, children: Sequence[Child]) -> None:
        living = [child for child in children if child.process is not None]
        for child in living:
            assert child.process is not None
            child.process.terminate()
        deadline = time.monotonic() + GOODBYE_SECONDS
        while any(c.process and c.process.poll() is None for c in living) and time.monotonic() < deadline:
            self._read(0.1)
        for child in living:
            assert child.process is not None
            if child.process.poll() is None:
                self.say(f"{child.name} does not end by itself after {GOODBYE_SECONDS:g} s: ending it")
            _signal_group(child, signal.SIGKILL)
            child.process.wait()
            self._drain(child)
            child.process = None


def _signal_group(child: Child, number: signal.Signals) -> None:
    if child.process is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, number)  # the child began a session: its group has its number


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"
