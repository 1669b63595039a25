"""`capto health`: whether what Capto needs answers."""

import argparse
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from capto.processes.addresses import is_broker_up, is_database_up
from capto.processes.private_services import known_addresses, run_folder


def health(arguments: Sequence[str]) -> int:
    """Say whether what Capto needs answers; return 0 when all of it does, else 1."""
    parser = argparse.ArgumentParser(
        prog="capto health",
        description="Say in one line each whether the database and the broker answer, and the pages when --port "
        "is given. The status is 0 when all do, else 1: for health checks and monitoring.",
    )
    parser.add_argument("--port", type=int, help="port of the pages on this machine")
    options = parser.parse_args(arguments)
    known = known_addresses(run_folder())
    site = os.environ.get("CAPTO_SITE_URL", "")
    checks: list[tuple[str, Callable[[], bool]]] = [
        (
            "database",
            lambda: is_database_up(os.environ.get("CAPTO_DATABASE_URL") or known.get("database_url", "")),
        ),
        ("broker", lambda: is_broker_up(os.environ.get("CAPTO_MQTT_URL") or known.get("mqtt_url", ""))),
    ]
    if options.port:
        checks.append(("pages", lambda: answers(f"http://127.0.0.1:{options.port}/", site=site)))
    results = {name: check() for name, check in checks}
    for name, is_well in results.items():
        print(f"{name}: {'answers' if is_well else 'does not answer'}")
    return 0 if all(results.values()) else 1


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirection is an answer: it may lead to the public address, which this machine need not reach."""

    def redirect_request(self, *_: object) -> None:
        return None


def answers(address: str, *, site: str = "") -> bool:
    """Whether the web server at an address answers without an error of its own (5xx).

    With `site`, the public address, it is asked as the proxy in front of it would ask.
    """
    request = urllib.request.Request(address)
    if site:
        public = urlsplit(site)
        request.add_header("Host", public.netloc)
        request.add_header("X-Forwarded-Proto", public.scheme)
    try:
        urllib.request.build_opener(_Stay).open(request, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True
