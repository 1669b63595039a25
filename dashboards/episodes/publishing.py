"""Episodes for machines: JSON, Atom, and the Common Alerting Protocol 1.2 (OASIS, 2010)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree as Xml

from django.conf import settings
from django.urls import reverse

from capto.charts.scales import PARIS
from dashboards.episodes.models import Episode

ATOM = "http://www.w3.org/2005/Atom"
CAP = "urn:oasis:names:tc:emergency:cap:1.2"
SEVERITY = {1: "Minor", 2: "Moderate", 3: "Severe"}  # by rank of the level; graver ones are severe too


def as_row(episode: Episode) -> dict[str, Any]:
    """Give an episode as plain values, with its dated words."""
    return {
        "id": f"{settings.SITE_URL}{reverse('episode', args=[episode.pk])}",
        "zone": {"code": episode.zone.code, "name": episode.zone.name},
        "pollutant": episode.pollutant_id,
        "day": episode.day.isoformat(),
        "level": {
            "jurisdiction": episode.level.jurisdiction,
            "code": episode.level.code,
            "name": episode.level.name,
        },
        "status": episode.status,
        "source": episode.source,
        "url": episode.url,
        "recorded_at": _utc(episode.recorded_at),
        "changed_at": _utc(episode.changed_at),
        "cap": f"{settings.SITE_URL}{reverse('episode-cap', args=[episode.pk])}",
        "is_simulated": episode.is_simulated,
        "changes": [
            {"at": _utc(change.at), "level": change.level.code, "status": change.status, "url": change.url}
            for change in episode.changes.all()
        ],
    }


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def atom(episodes: Iterable[Episode], *, now: datetime) -> bytes:
    """Write the episodes as an Atom feed (RFC 4287), the last changed first."""
    Xml.register_namespace("", ATOM)
    feed = Xml.Element(f"{{{ATOM}}}feed")
    address = settings.SITE_URL + reverse("episodes")
    listed = sorted(episodes, key=lambda episode: episode.changed_at, reverse=True)
    _text(feed, ATOM, "id", address)
    _text(feed, ATOM, "title", f"{settings.SITE_NAME} : épisodes de pollution décidés par l’autorité")
    _text(feed, ATOM, "updated", _utc(listed[0].changed_at if listed else now))
    Xml.SubElement(feed, f"{{{ATOM}}}link", rel="self", href=settings.SITE_URL + reverse("episodes-atom"))
    for episode in listed:
        entry = Xml.SubElement(feed, f"{{{ATOM}}}entry")
        page = settings.SITE_URL + reverse("episode", args=[episode.pk])
        _text(entry, ATOM, "id", page)
        _text(entry, ATOM, "title", _headline(episode))
        _text(entry, ATOM, "updated", _utc(episode.changed_at))
        author = Xml.SubElement(entry, f"{{{ATOM}}}author")
        _text(author, ATOM, "name", episode.source)
        _text(entry, ATOM, "summary", f"{_headline(episode)}. {episode.source}. {episode.url}".strip())
        Xml.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", href=page, type="text/html")
        cap = settings.SITE_URL + reverse("episode-cap", args=[episode.pk])
        Xml.SubElement(entry, f"{{{ATOM}}}link", rel="related", href=cap, type="application/cap+xml")
        if episode.url:
            Xml.SubElement(entry, f"{{{ATOM}}}link", rel="via", href=episode.url)
    written: bytes = Xml.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def cap(episode: Episode) -> bytes:
    """Write one episode as a CAP 1.2 alert: Actual, or Exercise where it is simulated; a lifted one is cancelled."""
    Xml.register_namespace("", CAP)
    alert = Xml.Element(f"{{{CAP}}}alert")
    changes = list(episode.changes.all())
    host = settings.SITE_URL.split("//", 1)[-1].replace(":", "-")
    _text(alert, CAP, "identifier", f"{host}-episode-{episode.pk}-{max(len(changes), 1)}")
    _text(alert, CAP, "sender", host)
    _text(alert, CAP, "sent", _offset(episode.changed_at))
    _text(alert, CAP, "status", "Exercise" if episode.is_simulated else "Actual")
    is_lifted = episode.status == Episode.Status.LIFTED
    _text(alert, CAP, "msgType", "Cancel" if is_lifted else "Update" if len(changes) > 1 else "Alert")
    _text(alert, CAP, "source", episode.source)
    _text(alert, CAP, "scope", "Public")
    if len(changes) > 1:
        before = changes[-2]
        _text(
            alert,
            CAP,
            "references",
            f"{host},{host}-episode-{episode.pk}-{len(changes) - 1},{_offset(before.at)}",
        )
    info = Xml.SubElement(alert, f"{{{CAP}}}info")
    _text(info, CAP, "language", "fr-FR")
    _text(info, CAP, "category", "Env")
    _text(info, CAP, "event", f"Épisode de pollution : {episode.pollutant.name}")
    _text(
        info,
        CAP,
        "urgency",
        "Past" if is_lifted else "Expected" if episode.status == "forecast" else "Immediate",
    )
    _text(info, CAP, "severity", SEVERITY.get(episode.level.rank, "Severe"))
    _text(info, CAP, "certainty", "Likely" if episode.status == "forecast" else "Observed")
    start = datetime.combine(episode.day, time(0), tzinfo=PARIS)
    _text(info, CAP, "onset", _offset(start))
    _text(
        info,
        CAP,
        "expires",
        _offset(datetime.combine(episode.day + timedelta(days=1), time(0), tzinfo=PARIS)),
    )
    _text(info, CAP, "senderName", episode.source)
    _text(info, CAP, "headline", _headline(episode))
    if episode.url:
        _text(info, CAP, "web", episode.url)
    area = Xml.SubElement(info, f"{{{CAP}}}area")
    _text(area, CAP, "areaDesc", episode.zone.name)
    for name, value in [("zone", episode.zone.code), *_communes(episode)]:
        code = Xml.SubElement(area, f"{{{CAP}}}geocode")
        _text(code, CAP, "valueName", name)
        _text(code, CAP, "value", value)
    written: bytes = Xml.tostring(alert, encoding="utf-8", xml_declaration=True)
    return written


def _communes(episode: Episode) -> list[tuple[str, str]]:
    codes = (
        episode.zone.communes.exclude(insee_code="")
        .order_by("insee_code")
        .values_list("insee_code", flat=True)
    )
    return [("INSEE", code) for code in codes]


def _headline(episode: Episode) -> str:
    day = f"{episode.day:%d/%m/%Y}"
    said = f"{episode.pollutant.name}, {episode.level.name} ({episode.get_status_display()})"
    return f"{episode.zone.name}, {day} : {said}"


def _offset(at: datetime) -> str:
    """Write a time as CAP does: local with its offset, whole seconds."""
    return at.astimezone(PARIS).replace(microsecond=0).isoformat()


def _text(parent: Xml.Element, namespace: str, name: str, text: str) -> None:
    Xml.SubElement(parent, f"{{{namespace}}}{name}").text = text
