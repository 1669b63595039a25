"""How long the lending desk takes to answer, through its real pages: 5,000 kits, 50,000 people, 200,000 past loans.

Cases: `lend` and `return` are the scan of a kit, as the page's script posts it; `search` is a name typed at the desk;
`calendar` is the page that says when a kind of kit is free; `page` and `morning` are the desk and the morning list.
`limit` of the cases that only read is the same server, machine and client with a page that reads nothing; of those
that write, that and one row committed to the same durable database. `ratio_to_limit` compares the p95 with its own.
`target_ms` is what the desk promises: the answer in less than 100 ms.
"""

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
from _copy import say
from _library import Made, make
from export import free_port, serve

TARGET_MS = 100.0
TOKEN = "benchbenchbenchbenchbenchbench12"  # of the form's protection: any 32 signs, the same in both places


class Browser:
    """A kept connection with the session of a member of staff."""

    def __init__(self, port: int, session: str) -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = {"Cookie": f"sessionid={session}; csrftoken={TOKEN}", "Accept-Language": "fr"}

    def ask(self, path: str, told: dict[str, object] | None = None) -> tuple[int, bytes]:
        """Send one request and read all of its answer."""
        headers, body = dict(self.cookies), None
        if told is not None:
            headers |= {"Content-Type": "application/json", "X-CSRFToken": TOKEN}
            body = json.dumps(told)
        self.link.request("GET" if told is None else "POST", path, body=body, headers=headers)
        answer = self.link.getresponse()
        return answer.status, answer.read()

    def gesture(self, point: str, code: str, *, person: str = "") -> dict[str, object]:
        """Post one scan as the desk's script does."""
        told = {
            "key": str(uuid4()), "at": datetime.now(UTC).isoformat(), "point": point, "action": "scan",
            "code": code, "person": person,
        }  # fmt: skip
        status, body = self.ask("/comptoir/geste/", told)
        if status != 200:
            raise RuntimeError(f"{status} {body[:300]!r}")
        answer: dict[str, object] = json.loads(body)
        return answer


def timed(work: Callable[[], object]) -> float:
    """Give how long something takes, in milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def p95(figures: list[float]) -> float:
    """Give the 95th percentile."""
    return statistics.quantiles(figures, n=20, method="inclusive")[-1] if len(figures) > 1 else figures[0]


def session_of(person: int) -> str:
    """Sign a member of staff in, as the sign-in page does; gives the cookie."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from capto.members.models import Person

    session = SessionStore()
    session[SESSION_KEY] = str(person)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = Person.objects.get(pk=person).get_session_auth_hash()
    session.create()
    return str(session.session_key)


def lend_and_return(browser: Browser, made: Made, acts: int, drawn: random.Random) -> dict[str, list[float]]:
    """Lend kits to as many people, then take them back; only the scan of the kit is timed."""
    took: dict[str, list[float]] = {"lend": [], "return": [], "card": []}
    chosen = drawn.sample(made.free, min(acts, len(made.free)))
    cards = drawn.sample(made.cards, min(len(chosen), len(made.cards)))
    lent = []
    for (code, point), card in zip(chosen, cards, strict=False):
        slug = made.points[point]
        answers: list[dict[str, object]] = []
        took["card"].append(timed(lambda: answers.append(browser.gesture(slug, card))))  # noqa: B023
        took["lend"].append(timed(lambda: answers.append(browser.gesture(slug, code, person=card))))  # noqa: B023
        if answers[-1]["outcome"] == "lent":
            lent.append((code, slug))
        else:
            say(f"not lent: {answers[-1]['line']}")
    if len(lent) < len(cards):
        raise RuntimeError(f"only {len(lent)} of {len(cards)} kits were lent")
    for code, slug in lent:
        answers = []
        took["return"].append(timed(lambda: answers.append(browser.gesture(slug, code))))  # noqa: B023
        if answers[-1]["outcome"] != "returned":
            raise RuntimeError(str(answers[-1]["line"]))
    return took


def reads(browser: Browser, made: Made, acts: int, drawn: random.Random) -> dict[str, list[float]]:
    """Search people and open the pages, all points and kinds in turn."""
    took: dict[str, list[float]] = {"search": [], "calendar": [], "page": [], "morning": []}
    slugs = list(made.points.values())

    def page(path: str) -> None:
        status, body = browser.ask(path)
        if status != 200:
            raise RuntimeError(f"{status} {path} {body[:200]!r}")

    for number in range(acts):
        name = drawn.choice(made.names)
        text = (name, name.split()[1], name.split()[1][:5], name.lower()[:7])[number % 4]
        slug = slugs[number % len(slugs)]
        kind = made.kinds[number % len(made.kinds)]
        took["search"].append(timed(lambda: browser.gesture(slug, text)))  # noqa: B023
        took["calendar"].append(timed(lambda: page(f"/emprunter/{kind}/?point={slug}")))  # noqa: B023
        if number % 4 == 0:
            took["page"].append(timed(lambda: page("/comptoir/")))
            took["morning"].append(timed(lambda: page("/matin/")))
    return took


def limits(browser: Browser, count: int) -> tuple[list[float], list[float]]:
    """Time a page that reads nothing, alone and with one committed row."""
    read, write = [], []
    with psycopg.connect(os.environ["CAPTO_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_commit (id bigserial PRIMARY KEY, at timestamptz)")
        for _ in range(count):
            answer = timed(lambda: browser.ask("/robots.txt"))
            row = timed(lambda: connection.execute("INSERT INTO bench_commit (at) VALUES (now())"))
            read.append(answer)
            write.append(answer + row)
        connection.execute("DROP TABLE bench_commit")
    return read, write


def main() -> None:
    """Make the library, serve it, act at its desk, print a line for each case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kits", type=int, default=5_000)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--loans", type=int, default=200_000, help="loans that are over")
    parser.add_argument("--acts", type=int, default=300, help="how often each case is timed")
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    given = parser.parse_args()
    began = time.monotonic()
    made = make(kits=given.kits, people=given.people, loans=given.loans)
    say(f"the library is made in {time.monotonic() - began:.0f} s")
    os.environ["CAPTO_STAFF_SECOND_FACTOR"] = "0"
    port = free_port()
    web = serve(port, workers=given.workers)
    drawn = random.Random(1)
    try:
        browser = Browser(port, session_of(made.staff))
        for _ in range(20):  # the first requests of each process load what all later ones use
            browser.ask("/comptoir/")
            browser.gesture(next(iter(made.points.values())), made.names[0])
        read, write = limits(browser, max(100, given.acts))
        took = lend_and_return(browser, made, given.acts, drawn) | reads(browser, made, given.acts, drawn)
    finally:
        web.send_signal(signal.SIGTERM)
        web.wait(20)
    scale = {"kits": given.kits, "people": given.people, "past_loans": given.loans}
    for case, figures in {"limit": read, "limit_write": write, **took}.items():
        line: dict[str, object] = {
            "bench": "desk", "case": case, "p50_ms": round(statistics.median(figures), 1),
            "p95_ms": round(p95(figures), 1), "n": len(figures),
        }  # fmt: skip
        if not case.startswith("limit"):
            bound = p95(write if case in {"lend", "return", "card", "search"} else read)
            line |= {"limit_p95_ms": round(bound, 1), "ratio_to_limit": round(p95(figures) / bound, 2)}
            line |= {"target_ms": TARGET_MS, **scale}
        print(json.dumps(line), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
