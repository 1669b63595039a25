"""How long the lending desk takes to answer, through its real pages: 5,000 kits, 50,000 people, 200,000 past loans.

Cases: `lend` and `return` are the scan of a kit, as the page's script posts it; `search` is a name typed at the desk;
`calendar` is the page that says when a kind of kit is free; `page` and `morning` are the desk and the morning list.
`scan_to_answer` is what a person waits for in a browser, from the scanner's Enter to the big line, on the simulated
city of the demo first and then on the large library.
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
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
from _copy import say
from _library import Made, make
from _scan import scan_to_answer
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


def session_of(person: int, *, point: str = "") -> str:
    """Sign a member of staff in, as the sign-in page does, at a lending point; gives the cookie."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from capto.members.models import Person

    session = SessionStore()
    session[SESSION_KEY] = str(person)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = Person.objects.get(pk=person).get_session_auth_hash()
    session["desk_point"] = point
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


def demo(days: int, port: int, *, count: int) -> list[float] | None:
    """Make the demo's simulated city and scan at its desk; None where there is no browser."""
    from capto.processes.up import capto

    for command in (["demo-accounts", "--verbosity=0"], ["simulate", "--history", "--days", str(days)]):
        subprocess.run(capto(*command), check=True, stdout=sys.stderr.fileno())
    from django.db.models import Exists, OuterRef

    from capto.catalogue.models import Kit, LendingPoint
    from capto.lending.models import Loan, Occupancy
    from capto.members.models import Person

    librarian = Person.objects.get(email="pret@exemple.test")
    point = LendingPoint.objects.filter(is_simulated=True, is_active=True).order_by(
        "organisation__name", "name"
    )[0]
    now = datetime.now(UTC)
    taken = Occupancy.objects.filter(kit=OuterRef("pk"), period__endswith__gt=now)
    kits = Kit.objects.filter(point=point, state=Kit.State.ACTIVE).exclude(Exists(taken))
    out = Loan.objects.open().filter(person=OuterRef("pk"))
    people = Person.objects.filter(card_code__isnull=False).exclude(Exists(out)).order_by("pk")
    served = [
        (str(card), code)
        for card, code in zip(
            people.values_list("card_code", flat=True),
            list(kits.order_by("pk").values_list("code", flat=True)) * count,
            strict=False,
        )
    ]
    found = scan_to_answer(
        f"http://127.0.0.1:{port}", session_of(librarian.pk, point=point.slug), point.slug, served[:count]
    )
    if found is None:
        return None
    say(f"the demo's desk: {len(found[0])} scans of {len(set(served))} cards and kits, {found[1]} kits lent")
    return found[0]


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
    parser.add_argument("--demo-days", type=int, default=14, help="of the demo's history; 0: no demo")
    parser.add_argument(
        "--served", type=int, default=25, help="people served in the browser, three scans each"
    )
    given = parser.parse_args()
    os.environ["CAPTO_STAFF_SECOND_FACTOR"] = "0"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    import django

    django.setup()
    port = free_port()
    scanned: dict[str, list[float]] = {}
    if given.demo_days:
        began = time.monotonic()
        web = serve(port, workers=given.workers)
        try:
            on_demo = demo(given.demo_days, port, count=given.served)
        finally:
            web.send_signal(signal.SIGTERM)
            web.wait(20)
        if on_demo is None:
            say("scan_to_answer is left out: no Playwright or no Chromium (deploy/setup --with-checks)")
        else:
            scanned["scan_to_answer"] = on_demo
        say(f"the demo took {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    made = make(kits=given.kits, people=given.people, loans=given.loans)
    say(f"the library is made in {time.monotonic() - began:.0f} s")
    web = serve(port, workers=given.workers)
    drawn = random.Random(1)
    try:
        browser = Browser(port, session_of(made.staff))
        for _ in range(20):  # the first requests of each process load what all later ones use
            browser.ask("/comptoir/")
            browser.gesture(next(iter(made.points.values())), made.names[0])
        read, write = limits(browser, max(100, given.acts))
        took = lend_and_return(browser, made, given.acts, drawn) | reads(browser, made, given.acts, drawn)
        at = made.free[-1][1]
        here = [code for code, point in reversed(made.free) if point == at][: given.served]
        slug = made.points[at]
        in_browser = scan_to_answer(
            f"http://127.0.0.1:{port}", session_of(made.staff, point=slug), slug,
            list(zip(made.cards[-given.served :], here, strict=False)),
        )  # fmt: skip
        if in_browser is not None:
            scanned["scan_to_answer_large"] = in_browser[0]
    finally:
        web.send_signal(signal.SIGTERM)
        web.wait(20)
    scale = {"kits": given.kits, "people": given.people, "past_loans": given.loans}
    for case, figures in {"limit": read, "limit_write": write, **scanned, **took}.items():
        line: dict[str, object] = {
            "bench": "desk", "case": case, "p50_ms": round(statistics.median(figures), 1),
            "p95_ms": round(p95(figures), 1), "n": len(figures),
        }  # fmt: skip
        if not case.startswith("limit"):
            bound = p95(write if case not in {"calendar", "page", "morning"} else read)
            line |= {"limit_p95_ms": round(bound, 1), "ratio_to_limit": round(p95(figures) / bound, 2)}
            line |= {"target_ms": TARGET_MS, **(scale if case != "scan_to_answer" else {"on": "demo"})}
        print(json.dumps(line), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
