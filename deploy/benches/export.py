"""How fast everything leaves as one file: all places, a year of hours, CSV by HTTP beside the database's own COPY.

Case `year_csv`: bytes a second of `/data/hourly/all.csv` from the real web server, their ratio to COPY of the same
query straight to a client (`ratio_to_copy`, alternating, median of the rounds), the largest resident memory that the
process that served ever had, all of it (`peak_mb`; `grown_mb` is what sending added, `server_mb` what all processes of
the web server hold, what they share counted once), and the seconds to the first byte. COPY is asked month by month,
and no more months after COPY_SECONDS: its speed is that of the months that came. Where the machine is too loaded for
the whole year by HTTP within the time of a bench, `is_whole_year` is false and the speed that of what came.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from _public_city import make, say

BLOCK = 1 << 20
BEGAN = time.monotonic()
ENDS_SECONDS = 13 * 60  # a bench ends within 15 minutes, its servers' beginning and end among them
COPY_SECONDS = 150
COPIED_AT_ONCE = timedelta(days=30)  # sorting a whole year on disk first would make COPY slower


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_mb(pid: int) -> float:
    """Give the memory of a process and of those that it started in MB, what they share counted once."""
    total = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
            if int(path.name) == pid or int(fields[1]) == pid:
                rollup = (path / "smaps_rollup").read_text()
                total += int(rollup.split("\nPss:", 1)[1].split()[0])
        except (OSError, IndexError, ValueError):
            continue
    return total / 1e3


def highest_mb(pid: int) -> float:
    """Give the largest resident memory, in MB, that any process ever had which this one started."""
    highest = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":\t", 1) for line in (path / "status").read_text().splitlines())
            if int(status["PPid"]) == pid:
                highest = max(highest, int(status["VmHWM"].split()[0]))
        except (OSError, KeyError, ValueError):
            continue
    return highest / 1e3


class Watch(threading.Thread):
    """Notes the largest resident memory of the web server."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.running = pid, 0.0, True

    def run(self) -> None:
        while self.running:
            self.peak = max(self.peak, children_mb(self.pid))
            time.sleep(0.1)


def by_http(port: int, path: str = "/data/hourly/all.csv") -> tuple[float, float, int, bool]:
    """Take the file, while there is time; give seconds, seconds to the first byte, bytes, whether that is all."""
    began = time.monotonic()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    link.request("GET", path)
    answer = link.getresponse()
    assert answer.status == 200, answer.status
    taken = len(answer.read(1))
    first = time.monotonic() - began
    while block := answer.read(BLOCK):
        taken += len(block)
        if time.monotonic() - BEGAN > ENDS_SECONDS:
            link.close()
            return time.monotonic() - began, first, taken, False
    return time.monotonic() - began, first, taken, True


def by_copy(end: datetime, *, days: int) -> tuple[float, int, bool]:
    """Take the same rows by COPY, month after month; give seconds, bytes, and whether that was all."""
    from dashboards.open_data.sources import HOURS

    began, taken, start = time.monotonic(), 0, end - timedelta(days=days)
    while start < end and time.monotonic() - began < COPY_SECONDS:
        stop = min(start + COPIED_AT_ONCE, end)
        query = HOURS.query(f"hour >= '{start.isoformat()}' AND hour < '{stop.isoformat()}'")
        statement = f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER {taken == 0})"
        with (
            psycopg.connect(os.environ["CAPTO_DATABASE_URL"]) as connection,
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,  # type: ignore[call-overload]
        ):
            for block in copy:
                taken += len(block)
        start = stop
    return time.monotonic() - began, taken, start >= end


def serve(port: int, *, workers: int = 1) -> "subprocess.Popen[bytes]":
    """Start the real web server and wait until it answers."""
    from capto.processes.up import web_command

    web = subprocess.Popen(
        web_command("127.0.0.1", port, workers=workers), stdout=sys.stderr, stderr=sys.stderr
    )
    for _ in range(300):
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            link.request("GET", "/robots.txt")
            link.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return web
        finally:
            link.close()
    raise RuntimeError("the web server does not answer")


def main() -> None:
    """Make the city, then alternate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--places", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    end = make(places=options.places, days=options.days)
    port = free_port()
    web = serve(port)
    try:
        by_http(port, "/data/hourly/2000-01-01.csv")  # the first request loads what every later one uses
        idle = children_mb(web.pid)
        say(f"{idle:.0f} MB when idle")
        ratios, speeds, firsts, peaks, seconds = [], [], [], [], []
        for number in range(options.rounds):
            copied, size, is_all = by_copy(end, days=options.days)
            say(f"round {number + 1}: COPY {copied:.1f} s, {size / 1e6:.0f} MB")
            watch = Watch(web.pid)
            watch.start()
            took, first, received, is_year = by_http(port)
            watch.running = False
            watch.join()
            say(
                f"round {number + 1}: HTTP {took:.1f} s, {received / 1e6:.0f} MB, first byte after {first:.1f} s"
            )
            assert received == size or not (is_all and is_year), f"{received} bytes by HTTP, {size} by COPY"
            ratios.append((received / took) / (size / copied))
            speeds.append(received / took / 1e6)
            firsts.append(first)
            peaks.append(watch.peak)
            seconds.append(took)
        result = {
            "bench": "export",
            "case": "year_csv",
            "seconds": round(statistics.median(seconds), 2),
            "mb_per_s": round(statistics.median(speeds), 2),
            "ratio_to_copy": round(statistics.median(ratios), 3),
            "peak_mb": round(highest_mb(web.pid), 1),
            "grown_mb": round(max(peaks) - idle, 1),
            "server_mb": round(max(peaks), 1),
            "is_whole_year": is_year,
            "first_byte_s": round(statistics.median(firsts), 2),
            "places": options.places,
            "days": options.days,
            "rounds": options.rounds,
        }
        print(json.dumps(result))
    finally:
        web.terminate()
        web.wait(10)


if __name__ == "__main__":
    main()
