"""How many posts a second become committed rows: devices on kept connections, the real web server, one machine.

Cases:
  empty_204   the same server answering 204 with nothing behind: the limit of server, machine and this client
  posts       /ingest/airgradient, 201 after the commit, AirGradient JSON of 12 stored values, 1,000 sensors
Client and server share the machine. The messages' own cycle counter is the ledger: each (sensor, counter) that was
answered 201 must stand in the table once (`lost`, `twice`).
"""

import argparse
import base64
import json
import multiprocessing
import os
import secrets
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import psycopg
from _fleet import DEVICES, add_fleet, device_of, payload

EMPTY = """
def application(environ, start_response):
    environ["wsgi.input"].read()
    start_response("204 No Content", [])
    return [b""]
"""


def say(**figures: object) -> None:
    """Print one result as a JSON line."""
    print(json.dumps({"bench": "http", **figures}), flush=True)


def issue_credentials(connection: psycopg.Connection) -> dict[str, str]:
    """Give each device its credentials; returns its Authorization header by device."""
    headers = {}
    for sensor, device in connection.execute("SELECT id, device_id FROM catalogue_sensor").fetchall():
        username, secret = f"c{secrets.token_hex(4)}", secrets.token_hex(16)
        connection.execute(
            "INSERT INTO firmware_bridge_credential (sensor_id, username, secret_sha256, created_at)"
            " VALUES (%s, %s, %s, now())",
            (sensor, username, sha256(secret.encode()).digest()),
        )
        headers[device] = "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
    return headers


def requests(count: int, first: int, headers: dict[str, str]) -> list[bytes]:
    """Make ready requests: all devices in turn, one cycle after the other from cycle `first` on."""
    made = []
    for number in range(count):
        device = device_of(number % DEVICES)
        body = payload(device, first + number // DEVICES)
        made.append(
            f"POST /ingest/airgradient HTTP/1.1\r\nHost: bench\r\nAuthorization: {headers[device]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    return made


def drive(port: int, requests: Sequence[bytes], connections: int, wanted: bytes) -> int:
    """Send each request once over kept connections, one at a time on each; returns how many got the answer wanted."""
    selector = selectors.DefaultSelector()
    waiting = iter(requests)
    answered = 0

    def send(link: socket.socket) -> bool:
        request = next(waiting, None)
        if request is None:
            selector.unregister(link)
            link.close()
            return False
        link.sendall(request)
        return True

    for _ in range(connections):
        link = socket.create_connection(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(link, selectors.EVENT_READ, bytearray())
        send(link)
    while selector.get_map():
        for key, _ in selector.select(timeout=30):
            link, buffer = key.fileobj, key.data
            assert isinstance(link, socket.socket)
            data = link.recv(65536)
            assert data, "the server closed a connection"
            buffer += data
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                continue
            head = bytes(buffer[:end]).lower()
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n")[0]) if mark >= 0 else 0
            if len(buffer) < end + 4 + length:
                continue
            answered += head[9:12] == wanted
            buffer.clear()
            send(link)
    return answered


def _drive(arguments: tuple[int, Sequence[bytes], int, bytes]) -> int:
    return drive(*arguments)


def measure(
    port: int, requests: Sequence[bytes], *, processes: int, connections: int, wanted: bytes
) -> tuple[float, int]:
    """Posts/s of several client processes, and how many got the answer wanted."""
    parts = [(port, requests[n::processes], connections // processes, wanted) for n in range(processes)]
    with multiprocessing.Pool(processes) as pool:
        pool.map(len, [[]] * processes)  # all are there before the clock starts
        began = time.perf_counter()
        answered = sum(pool.map(_drive, parts, chunksize=1))
        took = time.perf_counter() - began
    return len(requests) / took, answered


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(words: Iterable[str], port: int) -> "subprocess.Popen[bytes]":
    """Start a web server and wait until it listens."""
    process = subprocess.Popen([*words], stdout=sys.stderr)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            time.sleep(1.0)
            return process
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web server did not start")


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--posts", type=int, default=10_000, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--clients", type=int, default=1, help="client processes")
    given = parser.parse_args()
    add_fleet()
    connection = psycopg.connect(os.environ["CAPTO_DATABASE_URL"], autocommit=True)
    headers = issue_credentials(connection)
    run = Path(os.environ["CAPTO_RUN"])
    (run / "bench_empty.py").write_text(EMPTY)
    load = {"processes": given.clients, "connections": given.connections}

    port, empty_port = free_port(), free_port()
    from capto.processes.up import web_command

    web = serve(web_command("127.0.0.1", port, workers=1), port)
    words = web_command("127.0.0.1", empty_port, workers=1)
    words[words.index("capto.wsgi:application")] = "bench_empty:application"
    empty = serve([*words, "--working-dir", str(run)], empty_port)
    limits, rates, answered = [], [], 0
    try:
        measure(port, requests(1_000, 0, headers), wanted=b"201", **load)  # layouts, caches
        connection.execute("TRUNCATE readings_raw_message")
        for number in range(given.rounds):
            ready = requests(given.posts, 1 + number * given.posts, headers)
            limits.append(measure(empty_port, ready, wanted=b"204", **load)[0])
            rate, told = measure(port, ready, wanted=b"201", **load)
            rates.append(rate)
            answered += told
            print(
                f"round {number + 1}: {limits[-1]:.0f} empty/s, {rate:.0f} posts/s, {told} told 201",
                file=sys.stderr,
            )
    finally:
        stop(web)
        stop(empty)
    rows, distinct = connection.execute(
        "SELECT count(*), count(DISTINCT (sensor_id, values[position]))"
        " FROM readings_raw_message JOIN readings_layoutchannel USING (layout_id) WHERE property_id = 'boot_count'"
    ).fetchone() or (0, 0)
    limit, rate = statistics.median(limits), statistics.median(rates)
    say(case="empty_204", posts_per_s=round(limit))
    say(
        case="posts",
        posts_per_s=round(rate),
        ratio_to_empty=round(rate / limit, 3),
        refused=given.posts * given.rounds - answered,
        lost=answered - distinct,
        twice=rows - distinct,
    )


if __name__ == "__main__":
    main()
