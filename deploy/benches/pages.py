"""How long the public pages take: an open loop of requests over all places, cache empty at the start.

Each request has its moment, whatever became of those before it, and its time counts from that moment: a server that
falls behind is seen to. Cases `home`, `map`, `place` and `sta` share the rate in equal parts. `limit` is the same
server, machine and client with a page that reads nothing, at the same rate, before; `ratio_to_limit` compares the
p95 with its own.
"""

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import psycopg
from _public_city import QUANTITIES, make, say
from export import free_port, serve

CONNECTIONS = 64
CASES = ("home", "map", "place", "sta")
STA_DAY = "Datastreams({})/Observations?$top=24&$orderby=phenomenonTime desc"


class Ask(NamedTuple):
    """One request: which case it counts for, and its address."""

    case: str
    path: str


def asks(count: int, *, places: list[str], datastreams: list[int], seed: int = 1) -> list[Ask]:
    """Draw requests: the four cases in turn, places and quantities at random, every place before any comes again."""
    drawn = random.Random(seed)
    order: list[str] = []
    made = []
    for number in range(count):
        case = CASES[number % len(CASES)]
        quantity = drawn.choice(QUANTITIES[:3])
        if case == "home":
            path = f"/?grandeur={quantity}"
        elif case == "map":
            path = f"/carte.json?grandeur={quantity}"
        elif case == "place":
            order = order or drawn.sample(places, len(places))
            path = f"/lieu/{order.pop()}/{quantity}/"
        else:
            path = "/api/sta/v1.1/" + STA_DAY.format(drawn.choice(datastreams)).replace(" ", "%20")
        made.append(Ask(case, path))
    return made


class Client(threading.local):
    """A kept connection of each thread of the load."""

    def __init__(self, port: int) -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> int:
        try:
            self.link.request("GET", path)
            answer = self.link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.link.close()
            return 0
        return answer.status


def open_loop(port: int, wanted: list[Ask], *, rate: float) -> tuple[dict[str, list[float]], int]:
    """Send each request at its moment; give the milliseconds from that moment by case, and how many failed."""
    client = Client(port)
    took: dict[str, list[float]] = defaultdict(list)
    failed = 0
    began = time.perf_counter() + 0.5

    def one(number: int, ask: Ask) -> None:
        nonlocal failed
        status = client.get(ask.path)
        if status != 200:
            failed += 1
            say(f"{status} {ask.path}")
        took[ask.case].append((time.perf_counter() - began - number / rate) * 1e3)

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for number, ask in enumerate(wanted):
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            threads.submit(one, number, ask)
    return took, failed


def p95(figures: list[float]) -> float:
    """Give the 95th percentile."""
    return statistics.quantiles(figures, n=20, method="inclusive")[-1] if len(figures) > 1 else figures[0]


def print_case(case: str, figures: list[float], **more: object) -> None:
    """Print one result as a JSON line."""
    figures_told = {"p50_ms": round(statistics.median(figures), 1), "p95_ms": round(p95(figures), 1)}
    print(json.dumps({"bench": "pages", "case": case, **figures_told, "n": len(figures), **more}), flush=True)


def main() -> None:
    """Make the city, serve it, load it, print a line for each case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second in all")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    make(places=given.places, days=given.days)
    with psycopg.connect(os.environ["CAPTO_DATABASE_URL"]) as connection:
        places = [row[0] for row in connection.execute("SELECT DISTINCT public_id FROM readings_placement")]
        datastreams = [row[0] for row in connection.execute("SELECT id * 2 FROM readings_series ORDER BY id")]
        (hours,) = connection.execute("SELECT count(*) FROM readings_hourly_value").fetchone() or (0,)
    port = free_port()
    web = serve(port, workers=given.workers)
    try:
        wanted = asks(int(given.rate * given.seconds), places=places, datastreams=datastreams)
        idle = [Ask("limit", "/robots.txt")] * int(given.rate * min(given.seconds, 10))
        limit, _ = open_loop(port, idle, rate=given.rate)
        took, failed = open_loop(port, wanted, rate=given.rate)
    finally:
        web.send_signal(signal.SIGTERM)
        web.wait(20)
    scale = {"places": given.places, "hours": hours, "rate_per_s": given.rate}
    print_case("limit", limit["limit"])
    for case in CASES:
        ratio = round(p95(took[case]) / p95(limit["limit"]), 2)
        print_case(case, took[case], ratio_to_limit=ratio, failed_in_all=failed, **scale)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
