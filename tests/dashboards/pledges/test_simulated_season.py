"""A season of ten thousand people, end to end: every mail is counted at a real mail server, workers are killed.

Three episodes (the third of two days), people who join late, people who withdraw, people whose cap is reached. The
workers of the outbox are processes of their own, killed with SIGKILL in the middle of a message: before the server
had all of it, and after it had all of it but before its answer.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from capto.members.models import Message, Person
from dashboards.pledges import held
from dashboards.pledges.models import Call, HeldPledge, Pledge, PledgeCampaign
from dashboards.pledges.season import turn
from tests.dashboards.pledges.conftest import DAY, NOW, TODAY, Season
from tests.dashboards.pledges.mail_sink import AFTER, BEFORE, MailSink

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
WORKER = Path(__file__).with_name("outbox_worker.py")
ROOT = Path(__file__).resolve().parents[3]
PEOPLE = 10_000


@pytest.fixture
def sink() -> Iterator[MailSink]:
    """A mail server of the test's own."""
    with MailSink() as running:
        yield running


def start_worker(sink: MailSink, *, now: datetime) -> "subprocess.Popen[bytes]":
    """Start one worker on the tests' database and this mail server."""
    told = connection.settings_dict
    url = os.environ["CAPTO_DATABASE_URL"]
    ours = (
        url.rsplit("/", 1)[0] + "/" + str(told["NAME"]) + (f"?{url.split('?', 1)[1]}" if "?" in url else "")
    )
    environment = {
        **os.environ,
        "CAPTO_DATABASE_URL": ours,
        "CAPTO_EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "CAPTO_SMTP_HOST": "127.0.0.1",
        "CAPTO_SMTP_PORT": str(sink.port),
        "CAPTO_LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen([sys.executable, str(WORKER), now.isoformat()], env=environment, cwd=ROOT)


def send_all(sink: MailSink, *, now: datetime, workers: int = 2) -> int:
    """Let workers send what waits, replacing each that is killed; gives how many were killed."""
    running = [start_worker(sink, now=now) for _ in range(workers)]
    killed = 0
    until = time.monotonic() + 240
    while running:
        assert time.monotonic() < until, "the outbox never became empty"
        for worker in list(running):
            status = worker.poll()
            if status is None:
                continue
            running.remove(worker)
            if status == -signal.SIGKILL:
                killed += 1
                running.append(start_worker(sink, now=now))
            else:
                assert status == 0
        time.sleep(0.02)
    return killed


def asked_on(sink: MailSink, day: Any) -> Counter[str]:
    """Count by address the calls for a day that arrived at the server."""
    return Counter(
        {to: n for (to, key), n in sink.arrived.items() if key.startswith(f"pledges:called:{day}:")}
    )


def addresses_held(campaign: PledgeCampaign, day: Any) -> set[str]:
    """Give the addresses of who is held for a day, by the rule and not by what was stored."""
    made = Call.objects.get(campaign=campaign, day=day)
    rows = dict(Pledge.objects.filter(pk__in=made.counted_ids).values_list("pk", "required_others"))
    ids = list(rows)
    bound = [pk for pk, is_held in zip(ids, held([rows[pk] for pk in ids]), strict=True) if is_held]
    assert set(made.held_pledges.values_list("pledge", flat=True)) == set(bound)
    return set(Pledge.objects.filter(pk__in=bound).values_list("email", flat=True))


def test_a_season_asks_everyone_held_exactly_once_a_day_whatever_is_killed(
    season: Season, sink: MailSink
) -> None:
    draw = random.Random(20261120)
    campaign = season.campaign(threshold_number=5_000)
    conditions = [draw.randrange(600) for _ in range(600)]  # met by one another
    conditions += [draw.randrange(3_000, 20_000) for _ in range(PEOPLE - 500 - len(conditions))]  # never met
    season.pledges(campaign, conditions)

    # Forty of them have accounts and were solicited four times this month: nobody is asked a fifth time.
    capped = {f"p{number}@exemple.test" for number in range(40)}
    for address in sorted(capped):
        person = Person.objects.create_user(address.replace("@", "+compte@"), name="Simulé")
        reader = Pledge.objects.get(email=address).reader
        before = dict.fromkeys(("queued_at", "send_after", "handed_over_at", "sent_at"), NOW - DAY)
        Message.objects.bulk_create(
            Message(
                key=f"news:{person.pk}:{n}", person=person, nature="solicitation", reader=reader, **before
            )
            for n in range(4)
        )

    # First episode, workers killed three times at each of the two moments.
    sink.kill_at = {40 + 87 * n: (BEFORE, AFTER)[n % 2] for n in range(6)}
    season.episode(day=TODAY)
    turn(now=NOW)
    first = addresses_held(campaign, TODAY)
    assert len(first) > 400
    assert send_all(sink, now=NOW) == 6 and Counter(sink.killed) == {BEFORE: 3, AFTER: 3}
    assert asked_on(sink, TODAY) == Counter(first - capped)
    assert capped & first and not set(asked_on(sink, TODAY)) & capped

    # Late joiners and withdrawals; the second episode, three weeks later, with workers killed again.
    late = NOW + 20 * DAY
    season.pledges(campaign, [draw.randrange(800) for _ in range(500)], start=PEOPLE - 500)
    leaving = list(campaign.pledges.counting().filter(email__in=sorted(first)[:150]))
    for pledge in leaving:
        pledge.withdraw(now=late - DAY)
    sink.kill_at = {sink.asked + 25 + 31 * n: (AFTER, BEFORE)[n % 2] for n in range(2)}
    second_day = TODAY + 20 * DAY
    season.episode(day=second_day, now=late)
    turn(now=late)
    second = addresses_held(campaign, second_day)
    gone = {pledge.email for pledge in leaving}
    assert not second & gone and any(address not in first for address in second)
    # Some withdraw between the call and the sending of its message: nothing leaves to them either.
    hurried = set(sorted(second)[:20])
    for pledge in Pledge.objects.filter(email__in=hurried):
        pledge.withdraw(now=late)
    assert send_all(sink, now=late) == 2
    capped_now = (
        {address for address in capped if address in second} if late - DAY * 30 < NOW - DAY else set()
    )
    assert asked_on(sink, second_day) == Counter(second - hurried - capped_now)

    # The third episode has two days: once a day; then the season's counts.
    third = NOW + 45 * DAY
    days = [TODAY + 45 * DAY, TODAY + 46 * DAY]
    for day, at in zip(days, (third, third + DAY), strict=True):
        season.episode(day=day, now=at)
        turn(now=at)
        turn(now=at + timedelta(minutes=5))
        send_all(sink, now=at + timedelta(minutes=6))
        assert asked_on(sink, day) == Counter(addresses_held(campaign, day))

    everyone_held = set(HeldPledge.objects.values_list("pledge__email", flat=True))
    assert {to for to, _key in sink.arrived} <= everyone_held  # nobody else was disturbed
    assert set(sink.arrived.values()) == {1}  # and nothing arrived twice
    assert 800 < len(everyone_held) < 1_200  # of ten thousand
    assert Message.objects.filter(dropped_because="too_many_solicitations").count() == len(
        capped & first
    ) + len(capped_now)
    _no_one_had_more_than_the_cap(sink)


def _no_one_had_more_than_the_cap(sink: MailSink) -> None:
    """Count by mailbox the solicitations of any thirty days, news included: four at most."""
    sent: dict[str, list[datetime]] = {}
    for reader, at in Message.objects.filter(nature="solicitation", handed_over_at__isnull=False).values_list(
        "reader", "handed_over_at"
    ):
        sent.setdefault(reader, []).append(at)
    for moments in sent.values():
        assert all(sum(at <= other < at + 30 * DAY for other in moments) <= 4 for at in moments)
    assert sink.arrived


def test_whenever_a_worker_is_killed_nothing_arrives_twice_and_what_is_missing_is_named(
    season: Season, sink: MailSink
) -> None:
    """Kill at any instant, the one between writing and the last dot included: at most once, and the log says it."""
    draw = random.Random(12)
    campaign = season.campaign()
    season.pledges(campaign, [0] * 90)
    season.episode(day=TODAY)
    turn(now=NOW)
    for _turn in range(2):
        worker = start_worker(sink, now=NOW)
        before = sum(sink.arrived.values())
        until = time.monotonic() + 60
        while sum(sink.arrived.values()) < before + 20 and worker.poll() is None and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(draw.random() / 50)
        worker.kill()
        worker.wait()
    send_all(sink, now=NOW, workers=1)
    assert set(sink.arrived.values()) == {1}
    arrived = set(asked_on(sink, TODAY))
    unsure = set(Message.objects.filter(dropped_because="may_have_left").values_list("address", flat=True))
    assert addresses_held(campaign, TODAY) - arrived <= unsure and len(unsure) <= 2
