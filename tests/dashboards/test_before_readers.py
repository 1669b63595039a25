"""The public pages are made once when a web process starts, and nobody finds them kept."""

import logging

import pytest
from django.core.cache import caches
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError
from django.utils import timezone

from dashboards import before_readers
from tests.dashboards.conftest import HOUR, City

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)  # requests end connections


def test_each_kind_of_page_is_made_and_answers(city: City, caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    placement = city.place("Rue Ampère", kind="school", starts_at=now - 48 * HOUR)
    city.hours(placement, [10.0] * 24, end=now)
    assert [address.split("/")[1] for address in before_readers.addresses()] == [
        "", "carte.json", "lieux", "api", "lieu", "api",
    ]  # fmt: skip
    seen: list[tuple[str, str]] = []
    pages = WSGIHandler()

    def watched(environ, start_response):  # type: ignore[no-untyped-def]
        def start(status, headers, exc_info=None):  # type: ignore[no-untyped-def]
            seen.append((environ["PATH_INFO"], status))
            return start_response(status, headers, exc_info)

        return pages(environ, start)

    with caplog.at_level(logging.WARNING, "dashboards.before_readers"):
        before_readers.make_once(watched)
    assert {status for _path, status in seen} == {"200 OK"}
    assert len(seen) == 6
    assert caplog.records == []


def test_nothing_that_was_made_is_kept(city: City, settings) -> None:  # type: ignore[no-untyped-def]
    settings.PAGES_KEPT_SECONDS = 60
    caches["pages"].set("of-before", "x")
    before_readers.make_once(WSGIHandler())
    assert caches["pages"].get("of-before") is None


def test_a_page_that_fails_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def failing(environ, start_response):  # type: ignore[no-untyped-def]
        start_response("500 Internal Server Error", [])
        return [b"no"]

    with caplog.at_level(logging.WARNING, "dashboards.before_readers"):
        before_readers.make_once(failing)
    assert "/ answered 500 Internal Server Error" in caplog.text


def test_without_a_database_the_server_starts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def standing(self, *, now):  # type: ignore[no-untyped-def]
            raise OperationalError("the database is away")

    monkeypatch.setattr(before_readers.PublishedSeries, "objects", Away())
    assert before_readers.addresses() == []
