"""From the broker to the table: decode, store, then acknowledge.

Three threads: the link's, the one that decodes, and the one that stores: a batch is decoded while the database stores
the batch before it. There is never more than one batch on its way to the table.
"""

import logging
import queue
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import psycopg

from firmware_bridge import database
from firmware_bridge.arrival import Arrival, Batch
from firmware_bridge.device_limits import DeviceLimits
from firmware_bridge.intake import Intake
from firmware_bridge.link import Address, Link
from firmware_bridge.registry import Registry
from firmware_bridge.store import store, store_states

logger = logging.getLogger(__name__)

# Messages: one batch is stored and one decoded while as many arrive; the broker sends 2,000 (max_inflight_messages).
LARGEST_BATCH = 500
GATHER_S = 0.01  # seconds to wait for more messages; bounds what batching adds to the latency
GATHER_UP_TO = 200  # messages; with that many there is no point in waiting
MOST_WAITING = 4_000  # messages read and not yet stored; above, the socket is left alone
STATES_EVERY_S = 1.0
REPORT_EVERY_S = 60.0
RETRY_S = 1.0

Item = tuple[Arrival, tuple[int, int] | None]


class _Storing(NamedTuple):
    """A batch on its way to the table; `done` gives the counts of `store`."""

    items: list[Item]
    batch: Batch
    done: Future[Counter[str]]


class Bridge:
    """The running bridge. `run` returns when `stop` was called, from another thread or a signal handler."""

    def __init__(
        self, address: Address, *, client_id: str = "", share: str = "", limits: DeviceLimits | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._intake = Intake(Registry(), limits)
        self._waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._is_stopping = False
        self._storing: _Storing | None = None
        self._storer = ThreadPoolExecutor(1, thread_name_prefix="storer")
        self._storers_connection: psycopg.Connection | None = None
        self._states = Batch()
        self._states_at = 0.0
        self.link = Link(
            address,
            topics=self._intake.routes.filters,
            deliver=lambda arrival, token: self._waiting.put((arrival, token)),
            may_read=lambda: self._waiting.qsize() < MOST_WAITING,
            client_id=client_id,
            share=share,
        )

    @property
    def waiting(self) -> int:
        """Messages read and not yet stored."""
        storing = self._storing
        return self._waiting.qsize() + (len(storing.items) if storing is not None else 0)

    def stop(self) -> None:
        """Finish the batch at hand, acknowledge it and end."""
        self._is_stopping = True

    def run(self, *, each_second: Callable[["Bridge"], None] | None = None) -> None:
        """Store what arrives until stopped. Raises link.Refused or database.WrongDatabase at the start only."""
        connection = self._connect(first=True)
        if connection is not None:
            with suppress(psycopg.Error):  # if not now, then with the first batch, which waits for it
                self._connection_of_storer()
        self.link.start()
        told_at = time.monotonic()
        second_at = told_at
        reported = self.counts.copy()
        while not self._is_stopping and connection is not None:
            if self.link.refused_at_start is not None:
                raise self.link.refused_at_start
            connection = self._one_round(connection)
            now = time.monotonic()
            if each_second is not None and now - second_at >= 1.0:
                second_at = now
                each_second(self)
            if now - told_at >= REPORT_EVERY_S:
                told_at = now
                self._report(reported)
                reported = self.counts.copy()
        if connection is not None:
            self._end(connection)
        self.link.stop()
        self._storer.shutdown()
        self._report(reported)

    def _end(self, connection: psycopg.Connection) -> None:
        try:
            self._finish()
            self._store_states(connection)
        except psycopg.Error as error:
            logger.warning("the last messages stay in the broker: %s", _first_line(error))
        connection.close()
        if self._storers_connection is not None:
            self._storers_connection.close()

    def _connect(self, *, first: bool) -> psycopg.Connection | None:
        connection = database.wait_for(lambda: self._is_stopping, first=first)
        if connection is not None:
            self._intake.forget()
            connection.add_notify_handler(self._on_notification)
        return connection

    def _on_notification(self, _: psycopg.Notify) -> None:
        self._intake.registry.is_stale = True

    def _one_round(self, connection: psycopg.Connection) -> psycopg.Connection | None:
        items = self._gather()
        while True:
            try:
                self._hear_changes(connection, is_idle=not items)
                if items:
                    batch = self._read(items, connection)
                    self._finish()
                    self._begin(items, batch)
                    items = []  # on their way: `_taken_back` has them where they are not stored
                else:
                    self._finish()
                if time.monotonic() - self._states_at >= STATES_EVERY_S:
                    self._store_states(connection)
                return connection
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                self.counts["retries"] += 1
                self._intake.forget_unstored()
                items = self._taken_back() + items
            except psycopg.Error as error:
                # Kept and tried again: the broker redelivers nothing while the connection to it stands.
                self.counts["database_failures"] += 1
                items = self._taken_back() + items
                logger.warning(
                    "the database failed (%s); %d messages are kept", _first_line(error), len(items)
                )
                connection.close()
                if self._storers_connection is not None:
                    self._storers_connection.close()
                    self._storers_connection = None
                time.sleep(RETRY_S if not isinstance(error, psycopg.OperationalError) else 0.1)
                found = self._connect(first=False)
                if found is None:
                    return None
                logger.info("the database answers again")
                connection = found

    def _gather(self) -> list[Item]:
        """Take what waits: at least one message where there is one within a fifth of a second."""
        waiting = self._waiting
        try:
            items = [waiting.get(timeout=0.2)]
        except queue.Empty:
            return []
        until = time.monotonic() + GATHER_S
        while len(items) < LARGEST_BATCH:
            try:
                items.append(waiting.get_nowait())
                continue
            except queue.Empty:
                pass
            left = until - time.monotonic()
            if left <= 0 or len(items) >= GATHER_UP_TO:
                break
            try:
                items.append(waiting.get(timeout=left))
            except queue.Empty:
                break
        return items

    def _read(self, items: list[Item], connection: psycopg.Connection) -> Batch:
        batch = Batch()
        read = self._intake.read
        for arrival, _ in items:
            read(arrival, batch, connection)
        return batch

    def _begin(self, items: list[Item], batch: Batch) -> None:
        """Let a batch be stored by the other thread, and acknowledged as soon as it is."""
        done = self._storer.submit(self._store, items, batch, self._connection_of_storer())
        self._storing = _Storing(items, batch, done)

    def _connection_of_storer(self) -> psycopg.Connection:
        if self._storers_connection is None:
            self._storers_connection = database.connect()
            self._storers_connection.execute("UNLISTEN *")  # the other connection hears of changes
        return self._storers_connection

    def _store(self, items: list[Item], batch: Batch, connection: psycopg.Connection) -> Counter[str]:
        counts = store(batch, connection)
        self.link.acknowledge([token for _, token in items if token is not None])
        return counts

    def _finish(self) -> None:
        """Wait until the batch on its way is stored, and count it. Raises what storing it raised."""
        storing = self._storing
        if storing is None:
            return
        counts = storing.done.result()
        self._storing = None
        self._count(storing.items, storing.batch, counts)

    def _taken_back(self) -> list[Item]:
        """Take back the messages of a batch that was not stored, to be read again before those that came later."""
        storing, self._storing = self._storing, None
        if storing is None:
            return []
        if storing.done.exception() is None:  # the failure was another one
            self._count(storing.items, storing.batch, storing.done.result())
            return []
        return storing.items

    def _count(self, items: list[Item], batch: Batch, counts: Counter[str]) -> None:
        self.counts["messages"] += len(items)
        self.counts["batches"] += 1
        self.counts.update(counts)
        self.counts.update(batch.counts)
        heard = self._states.heard
        for sensor_id, last in batch.heard.items():
            before = heard.get(sensor_id)
            if before is not None:
                last = last._replace(
                    first_us=before.first_us,
                    messages=before.messages + last.messages,
                    status=last.status or before.status,
                )
            heard[sensor_id] = last

    def _store_states(self, connection: psycopg.Connection) -> None:
        self._states_at = time.monotonic()
        if self._states.heard:
            try:
                store_states(self._states, connection)
            except psycopg.OperationalError:
                raise
            except psycopg.Error:
                logger.exception("the states of %d devices could not be stored", len(self._states.heard))
                self._states.heard.clear()

    def _hear_changes(self, connection: psycopg.Connection, *, is_idle: bool) -> None:
        registry = self._intake.registry
        if is_idle:
            connection.execute("SELECT 1")  # notices that the server went away
        server = connection.pgconn
        server.consume_input()
        while server.notifies() is not None:
            registry.is_stale = True
        registry.renew_if_needed(connection)

    def _report(self, before: Counter[str]) -> None:
        since = self.counts - before
        if since["messages"]:
            logger.info(
                "%d messages in %d batches: %d rows stored, %d repeated, %d rejected, %d dropped while paused",
                *(
                    since[name]
                    for name in ("messages", "batches", "stored", "repeated", "rejected", "paused")
                ),
            )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
