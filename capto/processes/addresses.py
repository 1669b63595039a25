"""Where the database and the broker are: read from URLs, judged, and waited for."""

import socket
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg

WAITING_LINE_SECONDS = 3  # between two lines that say what is waited for
ANSWER_SECONDS = 5  # given to one attempt to connect
# What a PostgreSQL server answers while it comes up or goes down: it is waited for. Any other refusal is final.
PASSING_REFUSALS = ("starting up", "shutting down", "recovery mode", "too many clients", "not yet accepting")


class WrongAddress(ValueError):
    """An address that cannot work, however long one waits; the text says why in one sentence."""


def check_database_url(url: str) -> None:
    """Raise WrongAddress unless the URL names a PostgreSQL server."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise WrongAddress(
            "CAPTO_DATABASE_URL must begin with postgres:// "
            "(as in postgres://user:password@host:5432/database)."
        )
    try:
        psycopg.conninfo.conninfo_to_dict(url)
        _ = urlsplit(url).port
    except (psycopg.ProgrammingError, ValueError) as error:
        reason = str(error).strip().replace(url, "the URL")
        raise WrongAddress(f"CAPTO_DATABASE_URL cannot be read: {reason}.") from None


def check_mqtt_url(url: str) -> None:
    """Raise WrongAddress unless the URL names an MQTT broker."""
    example = "(as in mqtt://user:password@host:1883, or mqtts:// with TLS)."
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"}:
        raise WrongAddress(f"CAPTO_MQTT_URL must begin with mqtt:// or mqtts:// {example}")
    try:
        _ = parts.port
    except ValueError:
        raise WrongAddress(f"CAPTO_MQTT_URL has a port that is not a number {example}") from None
    if not parts.hostname:
        raise WrongAddress(f"CAPTO_MQTT_URL names no host {example}")


def is_database_up(url: str) -> bool:
    """Whether the database takes connections now."""
    try:
        psycopg.connect(url, connect_timeout=ANSWER_SECONDS).close()
    except psycopg.Error:
        return False
    return bool(url)


def is_broker_up(url: str) -> bool:
    """Whether the broker takes connections now."""
    return bool(url) and _broker_attempt(url) is None


def wait_for_database(
    url: str, *, say: Callable[[str], None] | None = None, until: Callable[[], bool] = lambda: False
) -> None:
    """Return when the database takes connections or `until` is true, saying every few seconds what is missing.

    Raises WrongAddress when a server answers and refuses: a wrong password, an unknown database.
    """

    def attempt() -> str | None:
        try:
            psycopg.connect(url, connect_timeout=ANSWER_SECONDS).close()
        except psycopg.OperationalError as error:
            reason = _one_line(error)
            if "FATAL:" in reason and not any(passing in reason for passing in PASSING_REFUSALS):
                raise WrongAddress(
                    f"The database refuses us: {reason.partition('FATAL:')[2].strip()}."
                ) from None
            return reason
        return None

    _wait(attempt, f"the database ({place(url)})", say, until)


def wait_for_broker(
    url: str, *, say: Callable[[str], None] | None = None, until: Callable[[], bool] = lambda: False
) -> None:
    """Return when the broker takes connections or `until` is true, saying every few seconds what is missing."""
    host, port = _broker_address(url)
    _wait(lambda: _broker_attempt(url), f"the broker ({host}:{port})", say, until)


def _broker_address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (8883 if parts.scheme == "mqtts" else 1883)


def _broker_attempt(url: str) -> str | None:
    """Try to connect; return why it did not work, or None."""
    try:
        socket.create_connection(_broker_address(url), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def place(url: str) -> str:
    """Return where a database is, without the password."""
    given = psycopg.conninfo.conninfo_to_dict(url)
    name = given.get("dbname") or given.get("user") or ""
    host = str(given.get("host") or "local socket")
    return f"{name} at {host}" + (f":{given['port']}" if given.get("port") else "")


def _wait(
    attempt: Callable[[], str | None],
    what: str,
    say: Callable[[str], None] | None,
    until: Callable[[], bool],
) -> None:
    say = say or (lambda line: print(line, file=sys.stderr, flush=True))
    spoken = None
    while not until() and (reason := attempt()) is not None:
        now = time.monotonic()
        if spoken is None or now - spoken >= WAITING_LINE_SECONDS:
            say(f"Waiting for {what}: {reason}")
            spoken = now
        time.sleep(0.5)
    if spoken is not None and not until():
        say(f"Found {what}.")


def _one_line(error: psycopg.OperationalError) -> str:
    return " ".join(str(error).split()).partition(" Is the server running")[0]
