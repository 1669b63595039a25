"""Sensors of other networks: a document in the form of Sensor.Community's feed, made for these tests."""

from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from capto.catalogue.models import ObservedProperty
from capto.readings.models import ForeignHour, ForeignSensor, OpenFeed, ReferenceStation
from firmware_bridge import open_feeds
from firmware_bridge.formats.decoded import Undecodable
from firmware_bridge.formats.sensor_community_feed import read_feed

SAMPLE = Path(__file__).with_name("open_feed_sample.json")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ELEVEN = datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.fixture
def feed(db: None) -> OpenFeed:
    return OpenFeed.objects.create(name="voisins", provider="Réseau voisin", licence="DbCL 1.0")


def read(feed: OpenFeed, *, now: datetime = NOON) -> open_feeds.Read:
    return open_feeds.record(SAMPLE.read_bytes(), feed=feed, now=now)


def test_a_document_becomes_entries_with_their_own_position_and_time() -> None:
    entries, rejected = read_feed(SAMPLE.read_bytes())
    first = entries[0]
    assert (first.key, first.model, first.latitude, first.longitude) == ("90001", "SDS011", 45.184, 5.718)
    assert first.observed_at == datetime(2026, 11, 20, 11, 2, 3, tzinfo=UTC)
    assert [(r.quantity, r.variant, r.value) for r in first.readings] == [
        ("pm10", "native", 21.5), ("pm25", "native", 12.25),
    ]  # fmt: skip
    assert [entry.is_indoor for entry in entries] == [False, False, False, True, False]
    assert {item.item.split()[0] for item in rejected} >= {"[5]", "[6]"}  # no time; no position


@pytest.mark.parametrize("payload", [b"", b"{}", b"[", b"\xff", b'"x"'])
def test_what_is_no_feed_is_refused(payload: bytes) -> None:
    with pytest.raises(Undecodable):
        read_feed(payload)


@pytest.mark.parametrize(
    "entry", ["1", "null", "[]", '{"sensor": 1}', '{"sensor": {"id": true}, "location": {}}']
)
def test_an_entry_that_is_none_is_refused_alone(entry: str) -> None:
    entries, rejected = read_feed(f"[{entry}]".encode())
    assert entries == [] and len(rejected) == 1


def test_readings_are_counted_into_their_hour(feed: OpenFeed) -> None:
    assert read(feed).new == 2 + 2 + 3
    hour = ForeignHour.objects.get(sensor__key="90001", property="pm25")
    assert (hour.hour, hour.n, hour.mean(), hour.licence) == (ELEVEN, 2, 13.0, "DbCL 1.0")


def test_reading_a_document_again_changes_nothing(feed: OpenFeed) -> None:
    read(feed)
    before = list(ForeignHour.objects.order_by("pk").values())
    again = read(feed)
    assert (again.new, list(ForeignHour.objects.order_by("pk").values())) == (0, before)


def test_who_stands_indoors_and_a_failed_laser_are_left_out(feed: OpenFeed) -> None:
    assert read(feed).indoor == 1
    assert not ForeignSensor.objects.filter(key="90003").exists()
    assert not ForeignHour.objects.filter(sensor__key="90004").exists()


def test_what_is_not_of_these_days_is_refused(feed: OpenFeed) -> None:
    found = read(feed, now=NOON + timedelta(days=4))
    assert found.new == 0 and "not of these days" in found.rejected[-1].reason


def test_a_foreign_hour_is_of_grade_d_unless_it_was_compared_here(feed: OpenFeed) -> None:
    read(feed)
    assert set(ForeignHour.objects.graded().values_list("grade", flat=True)) == {"D"}
    sensor, station = (
        ForeignSensor.objects.get(key="90001"),
        ReferenceStation.objects.create(code="FR1", name="F"),
    )
    pm25 = ObservedProperty.objects.get(code="pm25")
    compare = partial(
        sensor.compare, pm25, station, expanded_uncertainty=6.0, valid_from=ELEVEN, by="Métrologue", now=NOON
    )
    compare(grade="C", valid_until=NOON)
    graded = ForeignHour.objects.graded().filter(sensor=sensor)
    assert {(hour.property_id, hour.grade, hour.expanded_uncertainty) for hour in graded} == {  # type: ignore[attr-defined]
        ("pm25", "C", 6.0), ("pm10", "D", None),
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="a_foreign_sensor_is_never_of_grade_a"), transaction.atomic():
        compare(grade="A", valid_until=NOON)


def test_the_task_reads_feeds_only_where_a_setting_says_so(feed: OpenFeed, settings: Any) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(SAMPLE.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        feed.address = f"http://127.0.0.1:{server.server_address[1]}/open_feed_sample.json"
        feed.save()
        open_feeds.read_now()
        feed.refresh_from_db()
        assert feed.last_read_at is None
        settings.OPEN_FEEDS = True
        open_feeds.read_now()
        feed.refresh_from_db()
        assert feed.last_read_at is not None and feed.last_problem == ""
        feed.address = feed.address.replace("open_feed", "nothing")
        feed.save()
        open_feeds.read_now()
        feed.refresh_from_db()
        assert feed.last_problem.startswith("HTTPError")
    finally:
        server.shutdown()
        server.server_close()


def test_a_feed_is_never_read_without_encryption(feed: OpenFeed) -> None:
    feed.address = "http://example.org/feed"
    assert open_feeds.fetch(feed, now=NOON) is None
    assert "https" in feed.last_problem


@pytest.mark.django_db
def test_the_command_describes_a_feed_once_and_reads_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    with pytest.raises(CommandError, match="--provider"):
        call_command("import_open_feed", "voisins", str(SAMPLE))
    call_command(
        "import_open_feed", "voisins", str(SAMPLE), "--provider", "Réseau voisin", "--licence", "DbCL 1.0"
    )
    assert "7 new readings, 0 known, 1 sensors indoors left out" in capsys.readouterr().out
    call_command("import_open_feed", "voisins", str(SAMPLE))
    assert "0 new readings, 7 known" in capsys.readouterr().out
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_open_feed", "voisins", "nowhere.json")
