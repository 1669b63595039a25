"""How long after its publication a message's row is committed, under a steady load."""

import os
import statistics
import threading
import time
from typing import Any

import psycopg
from _fleet import DEVICES, Publisher, device_of, packet, payload

# A statement-level trigger tells at each commit which transaction it was: the moment at which another session hears
# of it is not earlier than the commit, and little later.
_TELL = """
CREATE OR REPLACE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('bench_commits', pg_current_xact_id()::text); RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER bench_tell AFTER INSERT ON readings_raw_message
    FOR EACH STATEMENT EXECUTE FUNCTION bench_tell()"""
_ROWS = """
SELECT device_id, values[position], readings_raw_message.xmin::text
FROM readings_raw_message
JOIN readings_layoutchannel USING (layout_id)
JOIN catalogue_sensor ON catalogue_sensor.id = sensor_id
WHERE property_id = 'boot_count'"""


def measure(connection: psycopg.Connection, *, per_s: int, seconds: float) -> dict[str, Any]:
    """Publish at a steady rate to a running bridge; returns percentiles in milliseconds and the ledger."""
    connection.execute(_TELL)
    heard: dict[int, float] = {}
    stopping = threading.Event()
    listener = threading.Thread(target=_listen, args=(heard, stopping))
    listener.start()
    published: dict[tuple[str, int], float] = {}
    publisher = Publisher(os.environ["CAPTO_MQTT_PUBLISHER_URL"])
    count = int(per_s * seconds)
    began = time.perf_counter() + 0.2
    for number in range(count):
        device, cycle = device_of(number % DEVICES), number // DEVICES
        one = packet(f"airgradient/readings/{device}", payload(device, cycle), number)
        wait = began + number / per_s - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        published[device, cycle] = time.perf_counter()
        publisher.send(one)
    rows: list[tuple[str, float, str]] = []
    until = time.monotonic() + 20
    while len(rows) < count and time.monotonic() < until:
        time.sleep(0.5)
        rows = connection.execute(_ROWS).fetchall()
    stopping.set()
    listener.join()
    connection.execute("DROP TRIGGER bench_tell ON readings_raw_message")
    first: dict[tuple[str, int], float] = {}
    for device, cycle, transaction in rows:
        moment = heard.get(int(transaction))
        if moment is not None:
            key = device, int(cycle)
            first[key] = min(moment, first.get(key, moment))
    waits = sorted((first[key] - moment) * 1000 for key, moment in published.items() if key in first)
    stored = {(device, int(cycle)) for device, cycle, _ in rows}
    return {
        "messages_per_s": round(count / (max(published.values()) - min(published.values()))),
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)], 1),
        "max_ms": round(waits[-1], 1),
        "lost": len(published.keys() - stored),
        "twice": len(rows) - len(stored),
        "without_commit_time": count - len(waits),
    }


def commit_ms(connection: psycopg.Connection) -> float:
    """Milliseconds from sending one row to another session's hearing of its commit: the floor of this machine."""
    connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS bench_floor (n int)")
    with psycopg.connect(os.environ["CAPTO_DATABASE_URL"], autocommit=True) as other:
        other.execute("LISTEN bench_floor")
        took = []
        for number in range(200):
            began = time.perf_counter()
            with connection.transaction():
                connection.execute("INSERT INTO bench_floor VALUES (%s)", (number,))
                connection.execute("NOTIFY bench_floor")
            next(other.notifies(timeout=5, stop_after=1))
            took.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(took, n=100)[98]


def _listen(heard: dict[int, float], stopping: threading.Event) -> None:
    with psycopg.connect(os.environ["CAPTO_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("LISTEN bench_commits")
        while not stopping.is_set():
            for told in connection.notifies(timeout=0.2):
                heard[int(told.payload) % 2**32] = time.perf_counter()
