"""A PostgreSQL cluster with TimescaleDB and a Mosquitto broker of our own, in a run folder, on free ports.

They belong to the process that starts them, run as an ordinary user (as `postgres` and `mosquitto` when root
starts them, for both refuse or avoid root), touch no server of the machine, and end with their owner, however
it ends. No Django here: settings read the addresses from `services.json` of the run folder.
"""

import fcntl
import hashlib
import itertools
import json
import os
import secrets
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from capto.processes.private_broker import MQTT_ACCOUNTS, Broker
from capto.processes.private_database import Database
from capto.processes.server_process import (
    ServiceError,
    can_enter,
    free_port,
    is_free,
    ordinary_user,
    private_folder,
)

SOCKET_PATH_BYTES = 107  # the longest name of a Unix socket on Linux (unix(7), sun_path)


class AlreadyRunning(ServiceError):
    """Another process runs the private services of this run folder."""


class PrivateServices:
    """The database and the broker of one run folder.

    `prepare` (called by `start`) chooses ports and passwords once and writes them to `services.json`. With
    `durable=False` the database does not wait for the disk: for tests only.
    """

    def __init__(self, run: Path, *, durable: bool = True) -> None:
        self.run = run.absolute()
        self._lock: IO[str] | None = None
        self._prepared = False
        self.database = Database(self, durable=durable)
        self.broker = Broker(self)
        self.addresses: dict[str, str | int] = {}

    @property
    def database_url(self) -> str:
        """URL of the application's database, by Unix socket, as the role that owns it."""
        return str(self.addresses["database_url"])

    @property
    def admin_database_url(self) -> str:
        """URL of the same database as the superuser: for backups, restores and extensions."""
        return str(self.addresses["admin_database_url"])

    @property
    def mqtt_url(self) -> str:
        """URL of the broker for the bridge."""
        return self.broker.url("bridge")

    def prepare(self) -> Self:
        """Take the run folder, choose what is not chosen yet, and write `services.json`.

        Raises AlreadyRunning when another process has the folder.
        """
        if self._prepared:
            return self
        self.run.mkdir(parents=True, exist_ok=True)
        self._take()
        path = self.run / "services.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        self.addresses = known
        self.state = self._state_folder()
        (self.run / "log").mkdir(exist_ok=True)
        for name in ("postgres_port", "mqtt_port"):
            if not known.get(name) or not is_free(known[name]):
                known[name] = free_port()
        for name in ("postgres_password", "capto_password", *(f"mqtt_{a}_password" for a in MQTT_ACCOUNTS)):
            known.setdefault(name, secrets.token_urlsafe(24))
        self.socket_folder = self._socket_folder()
        host = quote(str(self.socket_folder), safe="")
        for key, role in (("database_url", "capto"), ("admin_database_url", "postgres")):
            known[key] = (
                f"postgres://{role}:{known[f'{role}_password']}@{host}:{known['postgres_port']}/capto"
            )
        known["mqtt_url"] = self.broker.url("bridge")
        known["mqtt_publisher_url"] = self.broker.url("publisher")
        known["mqtt_simulation_url"] = self.broker.url("simulation")
        known["mqtt_watcher_url"] = self.broker.url("watcher")
        known["mqtt_keeper_url"] = self.broker.url("keeper")
        known["pid"] = os.getpid()
        with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            json.dump(known, file, indent=1)
        self._prepared = True
        return self

    def start(self) -> Self:
        """Start both, set up at the first time, and return when they answer."""
        self.prepare()
        self.database.start()
        self.broker.start()
        return self

    def stop(self) -> None:
        """Stop both cleanly, the database last, and let the run folder go."""
        self.broker.stop()
        self.database.stop()
        if self._lock:
            self._lock.close()
            self._lock = None
        self._prepared = False

    def remove(self) -> None:
        """Stop both and remove the database, the queue, the accounts and the addresses; the logs stay."""
        self.prepare()
        places = [self.database.data, self.broker.folder, self.socket_folder]
        if self.state != self.run:
            places.append(self.state)
        self.stop()
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
        for name in ("services.json", "services.lock"):
            (self.run / name).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take(self) -> None:
        lock = open(self.run / "services.lock", "a+")  # noqa: SIM115 - held as long as the services run
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "another process"
            lock.close()
            raise AlreadyRunning(f"the private services of {self.run} are run by {owner}") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        self._lock = lock

    def _state_folder(self) -> Path:
        """Return where the servers' files are: the run folder, or a private one where they cannot reach it."""
        user = ordinary_user("postgres")
        if user is None or can_enter(user, self.run):
            return self.run
        place = Path("/var/tmp") / f"capto-{_digest(self.run)}"
        private_folder(place, mode=0o711)
        print(
            f"The user {user.pw_name} cannot enter {self.run}: the servers' files are in {place}.",
            file=sys.stderr,
        )
        return place

    def _socket_folder(self) -> Path:
        place = self.state / "socket"
        if len(os.fsencode(place / ".s.PGSQL.65535")) <= SOCKET_PATH_BYTES:
            return place
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")
        if os.geteuid() == 0:
            base = Path("/tmp")
        return base / f"capto-{_digest(self.run)}"

    def log(self, name: str) -> IO[bytes]:
        """Open a log of the run folder to add to it."""
        return open(self.run / "log" / name, "ab")


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def are_running(run: Path) -> bool:
    """Whether a process runs the private services of a run folder."""
    try:
        with open(run / "services.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def reserve(folder: Path, name: str, *, durable: bool) -> PrivateServices:
    """Take the first of the run folders `name-1`, `name-2`, ... that no other process is using."""
    for number in itertools.count(1):
        try:
            return PrivateServices(folder / f"{name}-{number}", durable=durable).prepare()
        except AlreadyRunning:
            continue
    raise AssertionError("unreachable: counting has no end")


def known_addresses(run: Path) -> dict[str, str]:
    """Return what `services.json` of a run folder says, {} where there is none."""
    try:
        return dict(json.loads((run / "services.json").read_text()))
    except (OSError, ValueError):
        return {}


def run_folder() -> Path:
    """Return the folder of this installation's private state: CAPTO_RUN, or run/ beside the code."""
    return Path(os.environ.get("CAPTO_RUN") or Path(__file__).resolve().parents[2] / "run").absolute()
