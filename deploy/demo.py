"""The demo: `capto up` with accounts and a simulated city. Run by deploy/demo, which says what the options do."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from capto.processes.private_services import PrivateServices, run_folder
from capto.processes.server_process import ServiceError
from capto.processes.supervisor import Supervisor
from capto.processes.up import run

FILES = ("log", "media", "mail", "static", "secret_key")  # of the run folder, beside the servers' own


def main() -> int:
    """Start the demo and keep it running until a signal stops it; return the exit status."""
    parser = argparse.ArgumentParser(prog="deploy/demo")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-simulation", action="store_true")
    options = parser.parse_args()
    folder = run_folder()
    # One click less on a machine of one's own; a demo that others reach keeps the second factor.
    os.environ.setdefault("CAPTO_STAFF_SECOND_FACTOR", "0")
    try:
        if options.fresh:
            start_over(folder, os.environ)
    except ServiceError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    first = [["demo-accounts", "--verbosity=0"]]
    simulated = not options.no_simulation
    if simulated:  # a year at the first start, and then what is missing since the last message
        first.append(["simulate", "--history"])

    def when_ready(supervisor: Supervisor, address: str) -> None:
        print(screen(supervisor, address), flush=True)

    return run(
        "127.0.0.1",
        options.port,
        1,
        first=first,
        also=[("simulate", ["simulate", "--live"])] if simulated else [],
        when_ready=when_ready,
    )


def start_over(folder: Path, environment: Mapping[str, str]) -> None:
    """Remove the database, the queue and the files of the run folder.

    Raises ServiceError when the servers are not ours to empty, or when the demo runs.
    """
    if environment.get("CAPTO_DATABASE_URL") or environment.get("CAPTO_MQTT_URL"):
        raise ServiceError(
            "--fresh empties the demo's own database only: unset CAPTO_DATABASE_URL and CAPTO_MQTT_URL"
        )
    PrivateServices(folder).remove()
    for name in FILES:
        place = folder / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def screen(supervisor: Supervisor, address: str) -> str:
    """Return the one screen that says where to look, written by a process that knows the pages."""
    script = Path(__file__).with_name("demo_screen.py")
    shown = subprocess.run(
        [sys.executable, str(script), address, str(supervisor.run)],
        env=supervisor.environment,
        capture_output=True,
        text=True,
    )
    return shown.stdout if shown.returncode == 0 else f"The pages are at {address}\n{shown.stderr}"


if __name__ == "__main__":
    sys.exit(main())
