"""The bridge's own connection to the database: found again when it was away."""

import logging
import time
from collections.abc import Callable

import psycopg
from django.db import connections

from firmware_bridge.binary_arrays import teach
from firmware_bridge.registry import CHANGED

logger = logging.getLogger(__name__)

RETRY_S = 3.0  # seconds between two attempts
ANSWER_WITHIN_S = 30  # seconds; a statement that takes longer is given up and tried again
# The URL is wrong, and waiting will not mend it: invalid_catalog_name, invalid_password,
# invalid_authorization_specification (PostgreSQL, appendix A).
WRONG_ADDRESS = {"3D000", "28P01", "28000"}


class WrongDatabase(Exception):
    """The server is there and refuses what CAPTO_DATABASE_URL says."""


def connect() -> psycopg.Connection:
    """Open a connection in autocommit mode that takes binary arrays and hears of changed placements.

    Raises psycopg.OperationalError when the server does not answer.
    """
    parameters = connections["default"].get_connection_params()
    known = {
        key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters
    }
    connection = psycopg.connect(
        **known,
        autocommit=True,
        connect_timeout=5,
        application_name="capto bridge",
        options=f"-c statement_timeout={ANSWER_WITHIN_S}s -c timezone=UTC",
        tcp_user_timeout=ANSWER_WITHIN_S * 1000,
    )
    teach(connection)
    connection.execute(f"LISTEN {CHANGED}")
    return connection


def wait_for(stopping: Callable[[], bool], *, first: bool) -> psycopg.Connection | None:
    """Connect, and say every few seconds what is waited for; None when `stopping` says so.

    At the `first` connection, raises WrongDatabase when the server refuses the URL.
    """
    said_at = -RETRY_S
    while not stopping():
        try:
            connection = connect()
            connection.execute("SELECT FROM readings_raw_message, readings_device_state LIMIT 0")
            return connection
        except psycopg.errors.UndefinedTable:
            why = "its tables are not there yet: capto migrate makes them"
        except psycopg.Error as error:
            why = " ".join(str(error).split()) or type(error).__name__
            if first and (error.sqlstate in WRONG_ADDRESS or _refused(why)):
                raise WrongDatabase(f"the database refuses CAPTO_DATABASE_URL: {why}") from error
        if time.monotonic() - said_at >= RETRY_S:
            said_at = time.monotonic()
            logger.warning("waiting for the database (%s); messages wait unacknowledged in the broker", why)
        time.sleep(0.3)
    return None


def _refused(why: str) -> bool:
    """Whether a failed connection was refused for what the URL says: libpq gives no code then, only the text."""
    return (
        "password authentication failed" in why
        or ("database " in why and "does not exist" in why)
        or ("role " in why and "does not exist" in why)
    )
