"""Public pages are made once for everybody, and made anew when what they show was written."""

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.translation import override

from capto.readings.models import Publication
from dashboards.kept import kept, kept_rows

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def a_minute(settings) -> None:
    settings.PAGES_KEPT_SECONDS = 60
    caches["pages"].clear()


class Counted:
    """A page that tells how often it was made."""

    def __init__(self) -> None:
        self.made = 0
        self.view = kept(self._view)

    def _view(self, request: HttpRequest) -> HttpResponse:
        self.made += 1
        return HttpResponse(f"made {self.made}")

    def get(self, address: str = "/a/", **headers: str) -> HttpResponse:
        return self.view(RequestFactory().get(address, headers=headers))


def published() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    Publication.objects.create(first_hour=now, last_hour=now, at=now)


def test_the_second_reader_gets_what_was_made_for_the_first():
    page = Counted()
    assert [page.get().content for _ in range(2)] == [b"made 1", b"made 1"]


def test_another_address_or_language_is_another_page():
    page = Counted()
    page.get("/a/")
    page.get("/a/?grandeur=no2")
    with override("en"):
        page.get("/a/")
    assert page.made == 3


def test_published_hours_make_it_anew_at_once():
    page = Counted()
    page.get()
    published()
    assert page.get().content == b"made 2"


def test_a_reader_with_a_session_gets_a_page_of_her_own():
    page = Counted()
    page.get()
    request = RequestFactory().get("/a/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = "any"
    assert page.view(request).content == b"made 2"
    assert page.get().content == b"made 1"


def test_inside_a_transaction_nothing_is_kept():
    from django.db import transaction

    page = Counted()
    with transaction.atomic():
        page.get()
    assert page.get().content == b"made 2"


def test_long_addresses_fill_no_memory():
    page = Counted()
    for _ in range(2):
        page.get("/a/?x=" + "x" * 300)
    assert page.made == 2


def test_whoever_holds_the_page_hears_that_it_did_not_change():
    page = Counted()
    first = page.get()
    again = page.get(if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    published()
    assert page.get(if_none_match=first["ETag"]).status_code == 200


def test_caches_between_are_told_to_ask_each_time():
    answer = Counted().get()
    assert answer["Cache-Control"] == "no-cache"
    assert answer["Vary"] == "Cookie, Accept-Language"


def test_twenty_at_once_are_answered_by_one_making():
    page, gate, seen = Counted(), Barrier(20), []

    def ask() -> None:
        gate.wait()
        seen.append(page.get().content)
        connection.close()

    threads = [Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [b"made 1"] * 20


def test_a_page_that_is_not_there_is_never_kept():
    answers = iter([HttpResponse(status=404), HttpResponse("there now")])
    view = kept(lambda request: next(answers))
    assert [view(RequestFactory().get("/a/")).status_code for _ in range(2)] == [404, 200]


def test_the_home_page_is_kept(django_assert_num_queries):
    client = Client()
    client.get("/")
    with django_assert_num_queries(1):
        assert client.get("/").status_code == 200


def test_rows_are_read_once_a_minute(monkeypatch):
    at = [1_000.0]
    monkeypatch.setattr("dashboards.kept.monotonic", lambda: at[0])
    reads = iter(["first", "second"])
    assert [kept_rows("of this test", lambda: next(reads)) for _ in range(2)] == ["first", "first"]
    at[0] += 61
    assert kept_rows("of this test", lambda: next(reads)) == "second"


def test_rows_read_inside_a_transaction_are_not_kept():
    reads = iter(["never committed", "now"])
    with transaction.atomic():
        kept_rows("another of this test", lambda: next(reads))
    assert kept_rows("another of this test", lambda: next(reads)) == "now"
