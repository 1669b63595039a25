"""Run one bench with servers of its own; only its JSON lines reach standard output. Run by deploy/bench.

A bench is a script `deploy/benches/NAME.py`, or `NAME_bench.py` where NAME is a module of Python's own. It finds
CAPTO_DATABASE_URL (migrated and empty), CAPTO_MQTT_URL, CAPTO_MQTT_PUBLISHER_URL and CAPTO_RUN in its environment,
prints one JSON object a line, and may print anything to standard error.
"""

import ast
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from capto.processes.private_services import PrivateServices, reserve
from capto.processes.server_process import ServiceError
from capto.processes.up import capto

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ROOT / "deploy" / "benches"
LIMIT_SECONDS = 15 * 60
GOODBYE_SECONDS = 10


def main(arguments: list[str]) -> int:
    """Run the bench that the arguments name; return its status, 124 when the time was up."""
    began = time.monotonic()
    known = {
        path.stem.removesuffix("_bench"): path
        for path in sorted(BENCHES.glob("*.py"))
        if not path.stem.startswith("_")
    }
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(
            "Usage: deploy/bench NAME [options]",
            *(f"  {n:<14}{_title(p)}" for n, p in known.items()),
            sep="\n",
        )
        return 0
    name, options = arguments[0], arguments[1:]
    if name not in known:
        print(
            f"bench: there is no bench '{name}'; there are: {', '.join(known) or 'none yet'}", file=sys.stderr
        )
        return 2
    if {"-h", "--help"} & set(options):
        return subprocess.call([sys.executable, str(known[name]), *options])
    reserve(ROOT / "run", "bench", durable=True).remove()  # what a bench left that was killed
    services = reserve(ROOT / "run", "bench", durable=True)
    try:
        services.start()
        environment = {**os.environ, **_addresses(services)}
        migrate = capto("migrate", "--noinput", "--verbosity=0")
        subprocess.run(migrate, env=environment, check=True, stdout=sys.stderr.fileno())
        return _measure([sys.executable, str(known[name]), *options], environment, began + LIMIT_SECONDS)
    except (ServiceError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        services.remove()


def _addresses(services: PrivateServices) -> dict[str, str]:
    return {
        "CAPTO_RUN": str(services.run),
        "CAPTO_DATABASE_URL": services.database_url,
        "CAPTO_MQTT_URL": services.mqtt_url,
        "CAPTO_MQTT_PUBLISHER_URL": services.broker.url("publisher"),
        "CAPTO_MQTT_SECOND_URL": services.broker.url("bridge2"),
        "CAPTO_MQTT_SIMULATION_URL": services.broker.url("simulation"),
        "DJANGO_SETTINGS_MODULE": "capto.settings",
        "PYTHONUNBUFFERED": "1",
    }


def _measure(command: list[str], environment: dict[str, str], deadline: float) -> int:
    """Run the bench until the deadline, its JSON lines to standard output and all else to standard error."""
    bench = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert bench.stdout is not None
    lines = threading.Thread(target=_pass_on, args=(bench,))
    lines.start()
    try:
        return bench.wait(deadline - time.monotonic())
    except subprocess.TimeoutExpired:
        print(f"bench: ended after {LIMIT_SECONDS // 60} minutes", file=sys.stderr)
        return 124
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(bench.pid, number)  # the bench and whatever it started
                bench.wait(GOODBYE_SECONDS)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        lines.join(GOODBYE_SECONDS)


def _pass_on(bench: "subprocess.Popen[str]") -> None:
    assert bench.stdout is not None
    for line in bench.stdout:
        print(line.rstrip("\n"), file=sys.stdout if _is_json(line) else sys.stderr, flush=True)


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _title(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers are removed on the way out
    sys.exit(main(sys.argv[1:]))
