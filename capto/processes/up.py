"""`capto up`: the whole of Capto under one supervisor."""

import argparse
import os
import socket
import sys
from collections.abc import Callable, Sequence

from capto.command_files import file_name
from capto.processes.addresses import (
    WrongAddress,
    check_database_url,
    check_mqtt_url,
    wait_for_broker,
    wait_for_database,
)
from capto.processes.health import answers
from capto.processes.private_services import PrivateServices, run_folder
from capto.processes.server_process import ServiceError
from capto.processes.supervisor import Supervisor

WEB_PORT = 8000
THREADS = 32  # of one web process; posts of devices wait in them for a common commit
PREPARATIONS = (("migrate", "--noinput", "--verbosity=0"),)


def capto(*arguments: str) -> list[str]:
    """Return the command line of `capto ARGUMENTS` in this installation."""
    return [sys.executable, "-m", "capto", *arguments]


def chosen_port(wanted: int | None) -> int:
    """Return the web port: the wanted one, else the first free one from WEB_PORT on.

    Raises WrongAddress when the wanted one is taken.
    """
    if wanted is not None:
        if not _is_free(wanted):
            raise WrongAddress(f"The port {wanted} is taken by another process: choose one with --port.")
        return wanted
    return next(port for port in range(WEB_PORT, WEB_PORT + 1000) if _is_free(port))


def up(arguments: Sequence[str]) -> int:
    """Run `capto up ARGUMENTS`; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="capto up",
        description="Start the web server, the bridge and the worker, restart what dies, and stop all on Ctrl-C. "
        "Without CAPTO_DATABASE_URL and CAPTO_MQTT_URL, a private TimescaleDB and a private Mosquitto are run in "
        "the run folder (CAPTO_RUN, default run/). What each process says is also in run/log/.",
    )
    web_options(parser)
    options = parser.parse_args(arguments)
    return run(options.host, options.port, options.workers)


def web_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where pages are served."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, help=f"port of the pages (default: {WEB_PORT}, or the next free one)"
    )
    parser.add_argument("--workers", type=int, default=1, help="web processes (default 1)")


def run(
    host: str,
    port: int | None,
    workers: int,
    *,
    first: Sequence[Sequence[str]] = (),
    also: Sequence[tuple[str, Sequence[str]]] = (),
    when_ready: Callable[[Supervisor, str], None] | None = None,
) -> int:
    """Run everything until a signal stops it; return the exit status.

    `first` are capto commands run once before the processes start, `also` are more processes to supervise
    (name, capto command); `when_ready` is called with the address of the pages when they answer.
    """
    folder = run_folder()
    services = PrivateServices(folder)
    try:
        port = chosen_port(port)
        environment = _environment(services, port)
        supervisor = Supervisor(folder, environment=environment, services=services)
        supervisor.listen_to_signals()
        _wait_for_servers(environment, supervisor)
        address = f"http://{'localhost' if host in {'127.0.0.1', '0.0.0.0', '::'} else host}:{port}"
        for command in (*PREPARATIONS, *(c for c in first if _exists(c[0], supervisor))):
            status = supervisor.run_once(command[0], capto(*command))
            if supervisor.stopping:
                return 0
            if status:
                supervisor.say(
                    f"`capto {' '.join(command)}` failed with status {status}: nothing was started"
                )
                return status
        serve = ["--host", host, "--port", str(port), "--workers", str(workers)]
        supervisor.add("web", capto("web", *serve))
        supervisor.add("worker", capto("worker"))
        for name, command in (("bridge", ["bridge"]), *also):
            if _exists(command[0], supervisor):
                supervisor.add(name, capto(*command))
        tell = when_ready or _say_address
        supervisor.run_until_stopped(
            ready=lambda: answers(address), when_ready=lambda: tell(supervisor, address)
        )
    except (WrongAddress, ServiceError) as error:
        print(f"capto: {error}", file=sys.stderr)
        return 2
    finally:
        services.stop()
    return 0


def web(arguments: Sequence[str]) -> int:
    """Become the web server: granian, one process and several threads per worker."""
    parser = argparse.ArgumentParser(
        prog="capto web", description="Serve the pages, files and APIs with granian, a production web server."
    )
    web_options(parser)
    parser.add_argument("--access-log", action="store_true", help="write one line for each request")
    options = parser.parse_args(arguments)
    port = chosen_port(options.port)
    (run_folder() / "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise looks there
    command = web_command(options.host, port, workers=options.workers)
    os.execv(sys.executable, [*command, *(["--access-log"] if options.access_log else [])])


def web_command(host: str, port: int, *, workers: int) -> list[str]:
    """Return the command line of the web server."""
    return [
        *(sys.executable, "-m", "granian", "capto.wsgi:application", "--interface", "wsgi", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", str(THREADS), "--respawn-failed-workers", "--workers-kill-timeout", "10"),
    ]


def services(arguments: Sequence[str]) -> int:
    """Run only the private database and broker until a signal stops them."""
    argparse.ArgumentParser(
        prog="capto services",
        description="Run the private TimescaleDB and Mosquitto of the run folder until Ctrl-C, and nothing else: "
        "for work on the code. Other capto commands find them by run/services.json.",
    ).parse_args(arguments)
    private = PrivateServices(run_folder())
    try:
        with private:
            supervisor = Supervisor(run_folder(), environment=os.environ, services=private)
            supervisor.listen_to_signals()
            supervisor.say(f"database: {private.database_url}")
            supervisor.say(f"broker:   {private.mqtt_url}")
            supervisor.run_until_stopped()
    except ServiceError as error:
        print(f"capto: {error}", file=sys.stderr)
        return 2
    return 0


def _environment(services: PrivateServices, port: int) -> dict[str, str]:
    """Return the environment of the processes, after starting the private services that no URL replaces."""
    environment = dict(os.environ)
    environment["CAPTO_RUN"] = str(services.run)
    environment.setdefault("PYTHONUNBUFFERED", "1")
    environment.setdefault("CAPTO_SITE_URL", f"http://localhost:{port}")
    if url := environment.get("CAPTO_DATABASE_URL"):
        check_database_url(url)
    else:
        services.prepare().database.start()
        environment["CAPTO_DATABASE_URL"] = services.database_url
    if url := environment.get("CAPTO_MQTT_URL"):
        check_mqtt_url(url)
    else:
        services.prepare().broker.start()
        environment["CAPTO_MQTT_URL"] = services.mqtt_url
        environment["CAPTO_MQTT_PUBLISHER_URL"] = services.broker.url("publisher")
        environment["CAPTO_MQTT_SIMULATION_URL"] = services.broker.url("simulation")
        environment["CAPTO_MQTT_KEEPER_URL"] = services.broker.url("keeper")
        environment["CAPTO_MQTT_WATCHER_URL"] = services.broker.url("watcher")
    return environment


def _wait_for_servers(environment: dict[str, str], supervisor: Supervisor) -> None:
    wait_for_database(
        environment["CAPTO_DATABASE_URL"], say=supervisor.say, until=lambda: supervisor.stopping
    )
    wait_for_broker(environment["CAPTO_MQTT_URL"], say=supervisor.say, until=lambda: supervisor.stopping)


def _exists(command: str, supervisor: Supervisor) -> bool:
    if file_name(command) is None:
        supervisor.say(f"`capto {command}` is not in this version: left out")
        return False
    return True


def _say_address(supervisor: Supervisor, address: str) -> None:
    supervisor.say(f"the pages are at {address} - Ctrl-C stops everything")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
