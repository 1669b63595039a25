"""Posts of many requests stored together: each waits until the commit that holds its readings."""

import logging
import os
import queue
import socket
import threading
import time
from collections import Counter

import psycopg

from firmware_bridge import database, reasons
from firmware_bridge.arrival import Arrival, Batch, Refusal
from firmware_bridge.intake import Intake
from firmware_bridge.process_report import Reporter
from firmware_bridge.registry import KnownCredential, Registry
from firmware_bridge.store import store, store_states

logger = logging.getLogger(__name__)

LARGEST_BATCH = 500  # posts
IDLE_S = 0.2  # seconds between two looks at what changed while nothing is posted
STATES_EVERY_S = 1.0
CONNECT_AGAIN_S = 1.0
ANSWER_WITHIN_S = 20.0  # seconds that a request waits for its commit


class DatabaseAway(Exception):
    """Nothing was stored: the device shall send again."""


class Revoked(Exception):
    """The credential was revoked between the request and its turn."""


class Post:
    """One request that waits: what it brings, then what became of it."""

    __slots__ = (
        "already_stored",
        "arrival",
        "credential",
        "done",
        "error",
        "paused",
        "refusals",
        "refused_items",
        "rows",
    )

    def __init__(self, arrival: Arrival, credential: KnownCredential) -> None:
        self.arrival = arrival
        self.credential = credential
        self.rows = 0
        self.paused = 0
        self.already_stored = 0
        self.refusals: list[Refusal] = []
        self.refused_items: list[str] = []
        self.error: Exception | None = None
        self.done = threading.Event()


class Writer:
    """One thread with its own connection that stores what all request threads hand over."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.is_ready = threading.Event()  # the tables were read once
        self._intake = Intake(self.registry)
        self._waiting: queue.SimpleQueue[Post] = queue.SimpleQueue()
        self._states = Batch()
        self._states_at = 0.0
        self._connection: psycopg.Connection | None = None
        self._connected_at = -CONNECT_AGAIN_S
        self._counts: Counter[str] = Counter()
        self._reporter = Reporter(name=f"web-{socket.gethostname()[:40]}-{os.getpid()}", kind="http")
        threading.Thread(target=self._run, name="http-writer", daemon=True).start()

    def put(self, post: Post) -> None:
        """Store a post and return after its commit. Raises DatabaseAway or Revoked, with nothing stored."""
        self._waiting.put(post)
        if not post.done.wait(ANSWER_WITHIN_S):
            raise DatabaseAway
        if post.error is not None:
            raise post.error

    def _run(self) -> None:
        while True:
            posts = self._gather()
            try:
                self._take(posts)
                self._reporter.report(self._counts, waiting=self._waiting.qsize(), is_connected=True)
            except psycopg.Error as error:
                logger.warning(
                    "the database failed (%s); %d posts were not stored", _first_line(error), len(posts)
                )
                self._lose_connection()
                _fail(posts, DatabaseAway())
            except Exception:  # a defect must not end the thread that all requests wait for
                logger.exception("%d posts could not be stored", len(posts))
                self._intake.forget()
                _fail(posts, DatabaseAway())

    def _take(self, posts: list[Post]) -> None:
        had_connection = self._connection is not None
        connection = self._connected()
        try:
            self._hear_changes(connection)
            self._store([post for post in posts if not post.done.is_set()], connection)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            self._intake.forget_unstored()
            self._store([post for post in posts if not post.done.is_set()], connection)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if not had_connection:
                raise
            self._lose_connection()  # it was lost while nothing was posted: one more attempt on a new one
            self._take(posts)
            return
        if self._states.heard and time.monotonic() - self._states_at >= STATES_EVERY_S:
            self._states_at = time.monotonic()
            store_states(self._states, connection)

    def _gather(self) -> list[Post]:
        try:
            posts = [self._waiting.get(timeout=IDLE_S)]
        except queue.Empty:
            return []
        while len(posts) < LARGEST_BATCH:
            try:
                posts.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return posts

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            if time.monotonic() - self._connected_at < CONNECT_AGAIN_S:
                raise psycopg.OperationalError("the database did not answer a moment ago")
            self._connected_at = time.monotonic()
            connection = database.connect()
            self._intake.forget()
            self._connection = connection
        return self._connection

    def _lose_connection(self) -> None:
        self._intake.forget()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hear_changes(self, connection: psycopg.Connection) -> None:
        server = connection.pgconn
        server.consume_input()
        while server.notifies() is not None:
            self.registry.is_stale = True
        self.registry.renew_if_needed(connection)
        self.is_ready.set()

    def _store(self, posts: list[Post], connection: psycopg.Connection) -> None:
        if not posts:
            return
        batch = Batch()
        owners: dict[int, Post] = {}
        taken: list[Post] = []
        for post in posts:
            if self.registry.credentials.get(post.credential.username) != post.credential:
                post.error = Revoked()
                post.done.set()
                continue
            own = Batch(heard=batch.heard)
            self._intake.read(post.arrival, own, connection)
            post.rows = len(own.rows)
            post.paused = own.counts["paused"]
            post.already_stored = own.counts["repeated"]
            post.refused_items = own.refused_items
            owners.update((id(row.arrival), post) for row in own.rows)
            owners.update((id(refusal.arrival), post) for refusal in own.refusals)
            batch.rows += own.rows
            batch.refusals += own.refusals
            batch.mappings += own.mappings
            taken.append(post)
        self._counts.update(store(batch, connection))
        self._counts["messages"] += len(taken)
        self._counts["paused"] += sum(post.paused for post in taken)
        for refusal in batch.refusals:
            owners[id(refusal.arrival)].refusals.append(refusal)
            if refusal.reason in (reasons.CONFLICT, reasons.REFUSED_BY_DATABASE):
                owners[id(refusal.arrival)].rows -= 1
        for sensor_id, heard in batch.heard.items():
            before = self._states.heard.get(sensor_id)
            self._states.heard[sensor_id] = heard if before is None else before.joined(heard)
        for post in taken:
            post.done.set()


def _fail(posts: list[Post], error: Exception) -> None:
    for post in posts:
        if not post.done.is_set():
            post.error = error
            post.done.set()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
