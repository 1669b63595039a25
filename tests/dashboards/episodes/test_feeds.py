"""What feeds say of episodes, from samples of our own making in the formats of the references."""

import doctest
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dashboards.episodes import imports
from dashboards.episodes.feeds import FEEDS, BadEntry, Entry, NotAFeed, entry
from dashboards.episodes.models import Episode, EpisodeFeed

SAMPLES = Path(__file__).with_name("feeds")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def test_the_national_layer_gives_its_zones_days_and_levels() -> None:
    found = FEEDS["atmo-france"](sample("atmo_france"), fields={})
    assert found[0] == Entry("38-bassin", "Bassin grenoblois", "pm10", date(2026, 11, 20), "IR")
    assert found[1] == Entry("38-bassin", "Bassin grenoblois", "pm10", date(2026, 11, 21), "ALERTE_N1")
    assert found[2] == Entry("73-vallee", "Vallée de la Maurienne", "o3", date(2026, 11, 20), "")
    assert found[3:5] == [
        BadEntry(4, "unknown pollutant 'Benzène' ('99')"),
        BadEntry(5, "no day in 'bientôt'"),
    ]


def test_an_association_gives_its_vigilances() -> None:
    found = FEEDS["atmo-aura"](sample("atmo_aura"), fields={})
    assert found[0] == Entry(
        "69-lyon", "Bassin lyonnais", "no2", date(2026, 11, 21), "ALERTE_N2", "https://prefecture.test/acte/7"
    )
    assert found[1] == Entry("69-lyon", "Bassin lyonnais", "o3", date(2026, 11, 21), "")
    assert found[2:] == [BadEntry(3, "no zone"), BadEntry(4, "no object")]


def test_a_row_names_the_fields_of_a_feed_that_differs() -> None:
    data = b'{"data": [{"z": "1", "p": "NO2", "n": "rouge", "d": "2026-11-21"}]}'
    fields = {"zone": "z", "pollutant": "p", "level": "n", "day": "d"}
    assert FEEDS["atmo-aura"](data, fields=fields) == [
        Entry("1", "1", "no2", date(2026, 11, 21), "ALERTE_N2")
    ]


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b'{"features": 3}', b'{"data": {}}', b"\xff\xfe"])
@pytest.mark.parametrize("name", sorted(FEEDS))
def test_what_is_no_feed_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(NotAFeed):
        FEEDS[name](data, fields={})


def test_the_examples_of_the_words_hold() -> None:
    found = doctest.testmod(entry)
    assert found.failed == 0 and found.attempted >= 4


@pytest.mark.django_db
def test_recording_a_feed_twice_changes_nothing_and_a_day_without_exceedance_lifts() -> None:
    feed = EpisodeFeed.objects.get(name="atmo-france")
    first = imports.record(sample("atmo_france"), feed=feed, now=NOW)
    assert (first.told, first.lifted, first.without_episode, len(first.bad)) == (2, 0, 1, 2)
    today, tomorrow = Episode.objects.order_by("day")
    assert (today.status, tomorrow.status) == ("in_force", "forecast")
    imports.record(sample("atmo_france"), feed=feed, now=NOW)
    assert [episode.changes.count() for episode in (today, tomorrow)] == [1, 1]
    lifted = sample("atmo_france").replace(b"ALERTE SUR PERSISTANCE", b"PAS DE DEPASSEMENT")
    assert imports.record(lifted, feed=feed, now=NOW).lifted == 1
    tomorrow.refresh_from_db()
    assert tomorrow.status == "lifted"
    assert list(tomorrow.changes.values_list("status", flat=True)) == ["forecast", "lifted"]
    assert not Episode.objects.filter(day__lt=NOW.date()).exists()  # days gone by are left as they were


@pytest.mark.django_db
def test_the_command_says_what_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    out, err = StringIO(), StringIO()
    call_command("import_episodes", str(SAMPLES / "atmo_aura.json"), feed="atmo-aura", stdout=out, stderr=err)
    assert "1 episode days told, 0 lifted, 1 entries without episode, 2 bad entries" in out.getvalue()
    assert "entry 3: no zone" in err.getvalue()
    with pytest.raises(CommandError, match="no feed is called"):
        call_command("import_episodes", feed="nowhere")
    with pytest.raises(CommandError, match="needs --feed"):
        call_command("import_episodes", "x.json")


class Served(BaseHTTPRequestHandler):
    """Serves the national sample, whatever is asked."""

    def do_GET(self) -> None:
        self.send_response(200 if "2026-11-20" in self.path else 404)
        self.end_headers()
        self.wfile.write(sample("atmo_france"))

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.mark.django_db
def test_a_feed_is_read_over_http_only_where_a_setting_says_so(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    with HTTPServer(("127.0.0.1", 0), Served) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/?day={{day}}"
        EpisodeFeed.objects.filter(name="atmo-france").update(is_read=True, address=address)
        imports.import_now()
        assert not Episode.objects.exists()
        settings.EPISODE_FEEDS = True
        imports.import_now()
        assert Episode.objects.count() == 2
        EpisodeFeed.objects.filter(name="atmo-france").update(address=address.replace("{day}", "never"))
        imports.import_now()
        feed = EpisodeFeed.objects.get(name="atmo-france")
        assert feed.last_read_at == NOW and "404" in feed.last_problem
        EpisodeFeed.objects.filter(name="atmo-france").update(address="http://elsewhere.test/")
        imports.import_now()
        assert "https" in EpisodeFeed.objects.get(name="atmo-france").last_problem
        server.shutdown()
