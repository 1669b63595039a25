from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_django
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils.translation import gettext as _

from capto.members.messages import MOST_TRIES, Letter, message_id, send_waiting, stop_link
from capto.members.models import Message, Person
from capto.members.models.mailbox import reader_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HERE = "capto.members.test_composers."


def hello(person: Person, *, about: str, now: datetime) -> Letter:
    return Letter(_("Votre lien de connexion à %s") % about, f"{person.name}, {now:%H:%M}")


def address(person: Person | None, *, about: str, now: datetime) -> Letter:
    return Letter("Bonjour", f"{person}, {about}")


def nothing(person: Person, *, about: str, now: datetime) -> None:
    return None


def fails(person: Person, *, about: str, now: datetime) -> Letter:
    raise OSError("the disk is full")


@pytest.fixture(autouse=True)
def composers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this file's composers where the outbox may find them."""
    import sys
    import types

    module = types.ModuleType("capto.members.test_composers")
    module.__dict__.update(hello=hello, address=address, nothing=nothing, fails=fails)
    monkeypatch.setitem(sys.modules, "capto.members.test_composers", module)


@pytest.fixture
def alice() -> Person:
    return Person.objects.create_user("alice@exemple.test", name="Alice")


def _queue(person: Person, key: str, composer: str = "hello", **fields: Any) -> Message:
    return Message.queue(
        person, key=key, compose=HERE + composer, **({"nature": "loan", "about": "X", "now": NOW} | fields)
    )


def test_a_message_leaves_once_and_is_kept_as_it_left(alice: Person) -> None:
    message = _queue(alice, "a")
    assert send_waiting(now=NOW + timedelta(minutes=1)) == 1
    assert send_waiting(now=NOW + timedelta(minutes=2)) == 0
    message.refresh_from_db()
    assert [sent.to for sent in mail.outbox] == [["alice@exemple.test"]]
    assert message.body == "Alice, 09:01" and message.sent_at == NOW + timedelta(minutes=1)


def test_it_is_written_in_the_language_of_its_reader(alice: Person) -> None:
    alice.language = "en"
    alice.save()
    _queue(alice, "a")
    send_waiting(now=NOW)
    assert mail.outbox[0].subject in {"Your sign-in link to X", "Votre lien de connexion à X"}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_key_is_the_same_message_even_from_ten_threads_at_once(alice: Person) -> None:
    def queue(_n: int) -> int:
        try:
            return _queue(alice, "loan:1:due").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        assert len(set(threads.map(queue, range(10)))) == 1
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_senders_at_once_send_it_once(alice: Person) -> None:
    for number in range(6):
        _queue(alice, f"m{number}")

    def send(_n: int) -> int:
        try:
            return send_waiting(now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(send, range(3))) == 6
    assert len(mail.outbox) == 6


def test_nothing_is_sent_before_its_time(alice: Person) -> None:
    _queue(alice, "a", send_after=NOW + timedelta(hours=1))
    assert send_waiting(now=NOW) == 0
    assert send_waiting(now=NOW + timedelta(hours=1)) == 1


def test_a_message_with_nothing_left_to_say_is_dropped(alice: Person) -> None:
    message = _queue(alice, "a", "nothing")
    assert send_waiting(now=NOW) == 0
    message.refresh_from_db()
    assert message.dropped_because == "nothing_left_to_say" and not mail.outbox


def test_a_message_that_fails_waits_longer_each_time_and_holds_up_no_other(alice: Person) -> None:
    failing = _queue(alice, "a", "fails")
    _queue(alice, "b", send_after=NOW + timedelta(seconds=1))
    assert send_waiting(now=NOW + timedelta(seconds=1)) == 1
    failing.refresh_from_db()
    assert failing.error == "OSError: the disk is full"
    assert failing.send_after == NOW + timedelta(seconds=1, minutes=5)
    moment = NOW
    for _n in range(MOST_TRIES):
        moment += timedelta(days=1)
        send_waiting(now=moment)
    failing.refresh_from_db()
    assert failing.tries == MOST_TRIES and failing.dropped_because == "could_not_be_sent"


def test_the_fifth_solicitation_in_thirty_days_is_dropped_but_loans_are_not_counted(
    alice: Person, settings: pytest_django.Settings
) -> None:
    settings.SOLICITATIONS_PER_30_DAYS = 4
    for number in range(5):
        _queue(alice, f"s{number}", nature="solicitation")
        _queue(alice, f"l{number}", nature="loan")
    assert send_waiting(now=NOW) == 9
    assert Message.objects.get(key="s4").dropped_because == "too_many_solicitations"
    _queue(alice, "s5", nature="solicitation")
    assert send_waiting(now=NOW + timedelta(days=30, seconds=1)) == 1


def test_one_step_stops_solicitations_and_nothing_else(client: Client, alice: Person) -> None:
    address = stop_link(alice).removeprefix("http://localhost:8000")
    assert client.get(address).status_code == 200
    alice.refresh_from_db()
    assert not alice.only_loan_messages  # a mail scanner that opens the link stops nothing
    assert client.post(address).status_code == 200
    _queue(alice, "s", nature="solicitation")
    _queue(alice, "l", nature="loan")
    assert send_waiting(now=NOW) == 1
    assert Message.objects.get(key="s").dropped_because == "only_loan_messages"
    assert client.post("/messages/arreter/faux/").status_code == 404


def test_a_solicitation_carries_the_way_out(alice: Person) -> None:
    _queue(alice, "s", nature="solicitation")
    send_waiting(now=NOW)
    assert stop_link(alice) in mail.outbox[0].body
    assert stop_link(alice) in mail.outbox[0].extra_headers["List-Unsubscribe"]


def test_someone_without_e_mail_gets_paper_that_staff_prints() -> None:
    bruno = Person.objects.create(name="Bruno")
    assert _queue(bruno, "a").channel == "paper"
    assert send_waiting(now=NOW) == 0


def test_a_row_calls_no_function_from_elsewhere(alice: Person) -> None:
    message = Message.queue(alice, key="a", compose="os.getcwd", nature="loan", now=NOW)
    send_waiting(now=NOW)
    message.refresh_from_db()
    assert message.sent_at is None and "no composer" in message.error


def test_no_sms_leaves_where_no_provider_is_wired(alice: Person) -> None:
    message = _queue(alice, "a")
    Message.objects.update(channel="sms")
    send_waiting(now=NOW)
    message.refresh_from_db()
    assert message.sent_at is None and "no SMS provider" in message.error


def _to_address(address: str, key: str, **fields: Any) -> Message:
    message = Message.to_address(
        address,
        key=key,
        reader=reader_of(address, now=NOW),
        **({"compose": HERE + "address", "nature": "solicitation", "about": "X", "now": NOW} | fields),
    )
    Message.queue_all([message])
    return Message.objects.get(key=key)


def test_someone_without_an_account_is_written_to_and_can_stop_it(client: Client) -> None:
    _to_address("bruno@exemple.test", "a")
    assert send_waiting(now=NOW) == 1
    assert mail.outbox[0].to == ["bruno@exemple.test"] and mail.outbox[0].body.startswith("None, X")
    address = (
        mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://localhost:8000")
    )
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 200
    message = _to_address("bruno+autre@exemple.test", "b")
    assert send_waiting(now=NOW) == 0
    message.refresh_from_db()
    assert message.dropped_because == "stopped"


def test_the_cap_counts_an_account_and_its_mailbox_as_one_person(
    alice: Person, settings: pytest_django.Settings
) -> None:
    settings.SOLICITATIONS_PER_30_DAYS = 2
    _queue(alice, "s", nature="solicitation")
    _to_address("Alice+1@exemple.test", "t", now=NOW)
    _to_address("alice+2@exemple.test", "u", now=NOW)
    assert send_waiting(now=NOW) == 2
    assert Message.objects.get(key="u").dropped_because == "too_many_solicitations"


def test_messages_of_an_account_and_its_mailbox_leave_in_the_order_in_which_they_were_queued(
    alice: Person,
) -> None:
    keys = [f"k{n}" for n in range(8)]
    for n, key in enumerate(keys):
        if n % 2:
            _to_address(f"alice+{n}@exemple.test", key, nature="account")
        else:
            _queue(alice, key)
    assert send_waiting(now=NOW) == 8
    assert [sent.extra_headers["X-Capto-Message"] for sent in mail.outbox] == keys


def test_the_same_key_queued_with_others_is_left_as_it_is() -> None:
    first = _to_address("bruno@exemple.test", "a")
    second = _to_address("carla@exemple.test", "a")
    assert second.pk == first.pk and second.address == "bruno@exemple.test"


def test_every_try_bears_the_same_name() -> None:
    message = _to_address("bruno@exemple.test", "a")
    send_waiting(now=NOW)
    assert mail.outbox[0].extra_headers["Message-ID"] == message_id(message)


def test_what_was_handed_over_without_an_answer_is_not_sent_again(alice: Person) -> None:
    message = _queue(alice, "a", nature="solicitation")
    message.note_handed_over(now=NOW)  # and the worker is killed here
    assert send_waiting(now=NOW + timedelta(minutes=1)) == 0
    message.refresh_from_db()
    assert message.dropped_because == "may_have_left" and not mail.outbox
    assert Message.objects.solicitations_of(alice, since=NOW).count() == 1  # the cap counts it
