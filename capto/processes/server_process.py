"""Server processes that we own: as an ordinary user, in private folders, ended with us however we end."""

import os
import pwd
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

STARTING_SECONDS = 60  # recovery after a crash included
STOPPING_SECONDS = 60


class ServiceError(Exception):
    """A private service cannot be set up, started or stopped; the text says why in one sentence."""


# PR_SET_PDEATHSIG follows the thread that forks, so whoever asks, the same long-lived thread does it.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def spawn(
    command: list[str], user: pwd.struct_passwd | None, log: IO[bytes], last_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a server that gets `last_signal` when we end, and no Ctrl-C of the terminal."""
    name = last_signal.name.removeprefix("SIG")

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*as_user(user, "--pdeathsig", name), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        )

    if threading.current_thread() is threading.main_thread():
        return start()
    return _spawner.submit(start).result()


def end(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ordinary_user(preferred: str) -> pwd.struct_passwd | None:
    """Return whom a server runs as when we are root, None when we are an ordinary user ourselves."""
    if os.geteuid() != 0:
        return None
    for name in (preferred, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServiceError(f"root may not run the private services, and there is no user {preferred}")


def as_user(user: pwd.struct_passwd | None, *options: str) -> list[str]:
    if user is None:
        return ["setpriv", *options, "--"] if options else []
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *options, "--"]


def can_enter(user: pwd.struct_passwd, folder: Path) -> bool:
    return subprocess.run([*as_user(user), "test", "-x", str(folder)], cwd="/").returncode == 0


def private_folder(place: Path, *, user: pwd.struct_passwd | None = None, mode: int = 0o700) -> None:
    """Make a folder that belongs to `user` (us when None); refuse one that somebody else put there."""
    owner = user.pw_uid if user else os.geteuid()
    try:
        place.mkdir(mode=mode)
    except FileExistsError:
        found = place.lstat()
        if place.is_symlink() or not place.is_dir() or found.st_uid not in {owner, os.geteuid()}:
            raise ServiceError(f"{place} belongs to somebody else; remove it or set CAPTO_RUN") from None
    place.chmod(mode)
    if user:
        os.chown(place, user.pw_uid, user.pw_gid)


def write_private(path: Path, text: str, user: pwd.struct_passwd | None) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
