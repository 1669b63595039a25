"""What a process that takes messages says of itself, every few seconds: one row, for the status page and metrics.

A bridge without Django's applications writes it, so it is SQL; `firmware_bridge.models.ProcessState` reads it.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from firmware_bridge import database

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 5.0
RATE_OVER_S = 60.0  # seconds over which messages a second are counted
FORGOTTEN_AFTER = "2 days"  # rows of processes that ended

_UPSERT = """
INSERT INTO firmware_bridge_processstate AS state
       (name, kind, started_at, reported_at, is_connected, waiting, lag_s, per_second, memory_mb, counts)
VALUES (%(name)s, %(kind)s, %(started_at)s, now(), %(is_connected)s, %(waiting)s, %(lag_s)s, %(per_second)s,
        %(memory_mb)s, %(counts)s)
ON CONFLICT (name) DO UPDATE SET
    kind = excluded.kind, started_at = excluded.started_at, reported_at = excluded.reported_at,
    is_connected = excluded.is_connected, waiting = excluded.waiting, lag_s = excluded.lag_s,
    per_second = excluded.per_second, memory_mb = excluded.memory_mb, counts = excluded.counts"""
_FORGET = f"""
DELETE FROM firmware_bridge_processstate WHERE reported_at < now() - interval '{FORGOTTEN_AFTER}'"""


class Reporter:
    """Write the row of one process; it has its own connection, and never disturbs who calls it."""

    def __init__(self, *, name: str, kind: str) -> None:
        self._name, self._kind = name[:80], kind
        self._started_at = datetime.now(UTC)
        self._at = -REPORT_EVERY_S
        self._seen: deque[tuple[float, int]] = deque()
        self._connection: psycopg.Connection | None = None

    def report(
        self,
        counts: Mapping[str, int],
        *,
        waiting: int,
        is_connected: bool,
        lag_s: float | None = None,
        is_last: bool = False,
    ) -> None:
        """Write what is known now, unless that was done a moment ago.

        counts: since the start, of messages, stored, ...; waiting: messages read and not yet stored; lag_s: seconds
        between the broker and the table, None where not known.
        """
        now = time.monotonic()
        if now - self._at < REPORT_EVERY_S and not is_last:
            return
        self._at = now
        self._seen.append((now, counts.get("messages", 0)))
        while len(self._seen) > 1 and now - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        first_at, first = self._seen[0]
        elapsed = now - first_at
        row = {
            "name": self._name,
            "kind": self._kind,
            "started_at": self._started_at,
            "is_connected": is_connected,
            "waiting": waiting,
            "lag_s": lag_s,
            "per_second": (counts.get("messages", 0) - first) / elapsed if elapsed else 0.0,
            "memory_mb": memory_mb(),
            "counts": Jsonb({key: int(value) for key, value in counts.items()}),
        }
        try:
            if self._connection is None or self._connection.closed:
                self._connection = database.connect()
                self._connection.execute(_FORGET)
            self._connection.execute(_UPSERT, row)
        except (psycopg.Error, OSError) as error:
            logger.debug("the state could not be written: %s", error)
            if self._connection is not None:
                self._connection.close()
            self._connection = None


def memory_mb() -> float:
    """Read the resident memory of this process in megabytes; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000
