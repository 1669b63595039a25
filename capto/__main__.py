"""The one door to every command: `capto NAME`, also `python -m capto NAME`."""

import os
import sys
from collections.abc import Sequence

from capto.command_files import command_files, file_name, first_sentence
from capto.processes import up
from capto.processes.addresses import (
    WrongAddress,
    check_database_url,
    check_mqtt_url,
    wait_for_broker,
    wait_for_database,
)
from capto.processes.broker_accounts import broker_accounts
from capto.processes.health import health
from capto.processes.private_services import are_running, run_folder

PROCESSES = {
    "up": "Start everything: web, bridge, worker, and the private services where no URL is given.",
    "web": "Serve the pages, files and APIs.",
    "worker": "Run the scheduled and queued tasks.",
    "health": "Say whether the database, the broker and the pages answer.",
    "broker-accounts": "Write the accounts of our processes for the broker of a server.",
    "services": "Run only the private TimescaleDB and Mosquitto of the run folder.",
}
ON_FILES = {
    "evaluate": "Hold sensors against a reference, from plain CSV files; the last file is the reference.",
}
OF_DJANGO = {
    "migrate": "Bring the database to the form that this version needs, with its cache table and schedules.",
    "createsuperuser": "Make the first account of a new instance.",
    "shell": "A Python prompt with the models loaded.",
}
WAITS_FOR_DATABASE = {"web", "worker", "bridge", "migrate", "simulate", "replay"}
WAITS_FOR_BROKER = {"bridge", "replay"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given in (["-h"], ["--help"], ["help"]):
        print(overview())
        return 0
    name, rest = given[0], given[1:]
    if name == "evaluate":  # plain files only: needs neither Django nor a server
        from capto.validation import evaluate

        return evaluate.main(rest)
    try:
        _check_addresses()
        if name == "up":
            return up.up(rest)
        if name == "health":
            return health(rest)
        if name == "broker-accounts":
            return broker_accounts(rest)
        if name == "services":
            return up.services(rest)
        if not {"-h", "--help"} & set(rest):
            _wait(name.replace("-", "_"))
        if name == "web":
            return up.web(rest)
        if name == "bridge":
            from firmware_bridge import running

            return running.main(rest)
        return _django(name, rest)
    except WrongAddress as error:
        print(f"capto: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def overview() -> str:
    """Return what `capto --help` prints: our commands with one line each."""
    ours = {path.stem.replace("_", "-"): first_sentence(path) for path in command_files()}
    lines = ["Usage: capto COMMAND [options]   (capto COMMAND --help says more)", ""]
    everything = (*PROCESSES, *ours, *OF_DJANGO)
    width = max(map(len, everything)) + 2
    for title, commands in (
        ("Processes", PROCESSES),
        ("Work", dict(sorted({**ours, **ON_FILES}.items()))),
        ("Django", OF_DJANGO),
    ):
        lines.append(f"{title}:")
        lines += [f"  {name:<{width}}{text}" for name, text in commands.items()]
        lines.append("")
    lines.append("Every other command of Django works too: capto help --commands lists them.")
    return "\n".join(lines)


def _check_addresses() -> None:
    if url := os.environ.get("CAPTO_DATABASE_URL"):
        check_database_url(url)
    if url := os.environ.get("CAPTO_MQTT_URL"):
        check_mqtt_url(url)


def _wait(name: str) -> None:
    """Wait for the servers that a command needs.

    Raises WrongAddress when no URL names them and the private ones do not run.
    """
    needed = [
        ("CAPTO_DATABASE_URL", WAITS_FOR_DATABASE, wait_for_database),
        ("CAPTO_MQTT_URL", WAITS_FOR_BROKER, wait_for_broker),
    ]
    for variable, commands, wait in needed:
        if name not in commands:
            continue
        if url := os.environ.get(variable):
            wait(url)
        elif not are_running(run_folder()):
            raise WrongAddress(
                f"No database and broker: start the private ones with `capto up` (or `capto services`), "
                f"or set {variable}."
            )


def _django(name: str, rest: Sequence[str]) -> int:
    """Run a management command; ours may be spelt with dashes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import ManagementUtility
    from django.db.utils import OperationalError

    command = "qcluster" if name == "worker" else file_name(name) or name
    try:
        ManagementUtility(["capto", command, *rest]).execute()
        if command == "migrate" and not {"-h", "--help", "--plan", "--check"} & set(rest):
            ManagementUtility(["capto", "createcachetable"]).execute()
            from capto.schedules import write_schedules

            write_schedules()
    except ImproperlyConfigured as error:
        raise WrongAddress(str(error)) from error
    except OperationalError as error:
        if os.environ.get("CAPTO_DATABASE_URL"):
            raise
        print(f"capto: the database does not answer: {' '.join(str(error).split())}", file=sys.stderr)
        print(
            "capto: start the private one with `capto up` (or `capto services`), or set CAPTO_DATABASE_URL.",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
