"""Episodes: the authority's word, its dated changes, its pages and its feeds."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from dashboards.episodes.models import ActNeeded, Episode, EpisodeLevel, EpisodeZone, UnknownLevel

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
ATOM, CAP = "{http://www.w3.org/2005/Atom}", "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def zone() -> EpisodeZone:
    return EpisodeZone.objects.create(code="38-bassin", name="Bassin grenoblois")


def announce(zone: EpisodeZone, *, day: date = TODAY, **fields: Any) -> Episode:
    told: dict[str, Any] = {
        "pollutant": "pm10", "level": "IR", "status": "in_force", "source": "Préfecture de l’Isère", "now": NOW,
        "url": "https://isere.test/acte/1",
    }  # fmt: skip
    return Episode.announce(zone, day=day, **(told | fields))


def text_of(answer: Any) -> str:
    found: str = answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")
    return found


def test_the_same_word_again_changes_nothing_and_another_leaves_a_dated_row(zone: EpisodeZone) -> None:
    episode = announce(zone)
    announce(zone, now=NOW + timedelta(hours=1))
    announce(zone, level="ALERTE_N1", now=NOW + timedelta(hours=2))
    episode.refresh_from_db()
    episode.lift(now=NOW + timedelta(hours=3), url="https://isere.test/acte/2")
    episode.lift(now=NOW + timedelta(hours=4))
    words = [(change.level.code, change.status) for change in episode.changes.all()]
    assert words == [("IR", "in_force"), ("ALERTE_N1", "in_force"), ("ALERTE_N1", "lifted")]
    assert Episode.objects.count() == 1 and not episode.stands


def test_staff_names_the_act_and_a_level_of_the_list(zone: EpisodeZone) -> None:
    with pytest.raises(ActNeeded):
        announce(zone, by=Person.objects.create_user("a@exemple.test", name="A"), url="")
    with pytest.raises(UnknownLevel):
        announce(zone, level="CATASTROPHE")
    person = Person.objects.get()
    with (
        pytest.raises(IntegrityError, match="an_episode_entered_by_hand_names_its_act"),
        transaction.atomic(),
    ):
        Episode.objects.bulk_create(
            [
                Episode(
                    zone=zone, pollutant_id="o3", level=EpisodeLevel.named("IR"), day=TODAY, status="in_force",
                    source="x", recorded_at=NOW, changed_at=NOW, entered_by=person,
                )
            ]
        )  # fmt: skip


def test_the_last_word_of_any_source_is_the_official_one(zone: EpisodeZone) -> None:
    announce(zone, source="Atmo France")
    announce(zone, source="Préfecture", level="ALERTE_N1", now=NOW + timedelta(hours=1))
    official = Episode.objects.official(zone=zone, day=TODAY)
    assert [one.level.code for one in official] == ["ALERTE_N1"]


def test_days_in_a_row_are_one_stretch(zone: EpisodeZone) -> None:
    days = [announce(zone, day=TODAY + timedelta(days=n)) for n in (0, 1, 2, 5)]
    assert Episode.objects.stretch(days[1]) == days[:3]
    assert Episode.objects.stretch(days[3]) == days[3:]


def test_the_official_notice_comes_first_on_the_home_page(client: Client, zone: EpisodeZone) -> None:
    assert "information officielle" not in text_of(client.get("/"))
    announce(zone)
    found = text_of(client.get("/"))
    assert found.index("information officielle") < found.index("<h1>")
    assert "https://isere.test/acte/1" in found and "Préfecture de l’Isère" in found
    Episode.objects.get().lift(now=NOW)
    assert "information officielle" not in text_of(client.get("/"))


def test_the_feeds_say_the_same_as_the_page(client: Client, zone: EpisodeZone) -> None:
    episode = announce(zone)
    announce(zone, level="ALERTE_N1", now=NOW + timedelta(hours=1))
    row = json.loads(client.get("/episodes.json").content)["episodes"][0]
    assert (row["zone"]["code"], row["pollutant"], row["level"]["code"], row["status"], row["day"]) == (
        "38-bassin", "pm10", "ALERTE_N1", "in_force", "2026-11-20",
    )  # fmt: skip
    assert [change["level"] for change in row["changes"]] == ["IR", "ALERTE_N1"]
    feed = Xml.fromstring(client.get("/episodes.atom").content)
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None and "ALERTE" not in (entry.findtext(f"{ATOM}title") or "")
    assert "alerte, niveau 1" in (entry.findtext(f"{ATOM}title") or "")
    assert entry.findtext(f"{ATOM}updated") == "2026-11-20T13:00:00Z"
    found = text_of(client.get(f"/episode/{episode.pk}/"))
    assert "alerte, niveau 1" in found and "information et recommandation" in found


@pytest.mark.parametrize(
    ("status", "kind", "urgency"), [("in_force", "Alert", "Immediate"), ("forecast", "Alert", "Expected")]
)
def test_an_episode_is_an_alert_of_the_common_protocol(
    client: Client, zone: EpisodeZone, status: str, kind: str, urgency: str
) -> None:
    episode = announce(zone, status=status)
    alert = Xml.fromstring(client.get(f"/episode/{episode.pk}/cap.xml").content)
    info = alert.find(f"{CAP}info")
    assert info is not None
    assert alert.findtext(f"{CAP}msgType") == kind and info.findtext(f"{CAP}urgency") == urgency
    assert alert.findtext(f"{CAP}sent") == "2026-11-20T13:00:00+01:00"
    assert info.findtext(f"{CAP}onset") == "2026-11-20T00:00:00+01:00"
    assert info.findtext(f"{CAP}expires") == "2026-11-21T00:00:00+01:00"
    order = [child.tag.removeprefix(CAP) for child in alert]
    assert order[:6] == ["identifier", "sender", "sent", "status", "msgType", "source"]  # the schema's order
    episode.lift(now=NOW + timedelta(hours=1))
    cancelled = Xml.fromstring(client.get(f"/episode/{episode.pk}/cap.xml").content)
    assert cancelled.findtext(f"{CAP}msgType") == "Cancel"
    before = alert.findtext(f"{CAP}identifier") or "?"
    assert before in (cancelled.findtext(f"{CAP}references") or "")


def test_staff_enters_the_days_of_an_act_and_lifts_them(
    client: Client, zone: EpisodeZone, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    person = Person.objects.create_user("a@exemple.test", name="A")
    here = Organisation.objects.create(name="Préfecture")
    StaffRole.give(person, role=Role.AUTHORITY, organisation=here, now=NOW)
    client.force_login(person)
    told = {
        "zone": zone.pk, "pollutant": "pm10", "level": EpisodeLevel.named("IR").pk, "first_day": "2026-11-20",
        "last_day": "2026-11-22", "status": "forecast", "source": "Préfecture", "url": "",
    }  # fmt: skip
    assert "obligatoire" in text_of(client.post("/equipe/episodes/", told))
    assert (
        client.post(
            "/equipe/episodes/", {**told, "last_day": "2026-11-19", "url": "https://a.test/"}
        ).status_code
        == 200
    )
    assert client.post("/equipe/episodes/", {**told, "url": "https://a.test/1"}).status_code == 302
    assert [episode.day.day for episode in Episode.objects.order_by("day")] == [20, 21, 22]
    last = Episode.objects.latest("day")
    assert client.post(f"/equipe/episodes/{last.pk}/lever/", {"url": "https://a.test/2"}).status_code == 302
    last.refresh_from_db()
    assert last.status == "lifted" and last.changes.last().by == person  # type: ignore[union-attr]


def test_who_has_no_such_role_enters_nothing(client: Client, zone: EpisodeZone) -> None:
    assert client.get("/equipe/episodes/").status_code == 302
    client.force_login(Person.objects.create_user("a@exemple.test", name="A"))
    assert client.get("/equipe/episodes/").status_code == 403


def test_an_episode_shows_the_thresholds_of_its_day(client: Client, zone: EpisodeZone) -> None:
    before = text_of(client.get(f"/episode/{announce(zone).pk}/"))
    assert "50 µg/m³, moyenne journalière" in before and "90 µg/m³" not in before
    after = announce(zone, day=date(2026, 12, 11))
    assert "90 µg/m³, moyenne journalière (directive (UE) 2024/2881" in text_of(
        client.get(f"/episode/{after.pk}/")
    )
    found = text_of(client.get("/episodes/seuils/"))
    assert (
        found.index("En vigueur")
        < found.index("À venir")
        < found.index("11 décembre 2026<", found.index("À venir"))
    )
