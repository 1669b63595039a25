"""The rows that every format gives, and the words by which feeds name pollutants and levels."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
NO_EPISODE = ""  # the level of an entry that says that there is none


class NotAFeed(ValueError):
    """The bytes are no document of this format."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says of one zone, pollutant and day; `level` is '' where it says that there is no episode."""

    zone: str
    zone_name: str
    pollutant: str
    day: date
    level: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry that cannot be read: its place in the feed, from 1, and why."""

    number: int
    reason: str


class Parse(Protocol):
    """Reads a document; raises NotAFeed. `fields` gives the feed's names of the fields where they differ."""

    def __call__(self, data: bytes, *, fields: Mapping[str, str]) -> Sequence[Entry | BadEntry]: ...


# Names as several associations write them; codes differ between them (7 and 08 are both ozone), so names come first.
POLLUTANTS = (
    (re.compile(r"pm ?2[.,]?5|2[.,]5 ?(µ|u)m"), "pm25"),
    (re.compile(r"pm ?10|particules|10 ?(µ|u)m"), "pm10"),
    (re.compile(r"azote|no2"), "no2"),
    (re.compile(r"ozone|\bo3\b"), "o3"),
    (re.compile(r"soufre|so2"), "so2"),
)
# EIONET pollutant codes, then the national ones (french code list NOPOL).
CODES = {
    "1": "so2", "5": "pm10", "7": "o3", "8": "no2", "6001": "pm25",
    "01": "so2", "03": "no2", "08": "o3", "24": "pm10", "39": "pm25",
}  # fmt: skip
LEVELS = (  # the gravest first: « alerte de niveau 2 » holds « alerte »
    (
        re.compile(
            r"(pas|aucune?) (de |d )?(depassement|episode|vigilance|alerte|procedure)|^(vert|aucune?)$"
        ),
        NO_EPISODE,
    ),
    (re.compile(r"alerte.*(n(iveau)? ?2 ?aggrave|n2 ?aggrave)"), "ALERTE_N2_AGGRAVEE"),
    (re.compile(r"alerte.*(n(iveau)? ?2|n2)|^rouge$"), "ALERTE_N2"),
    (re.compile(r"alerte|^orange$"), "ALERTE_N1"),
    (re.compile(r"information|recommandation|^jaune$|\bir\b"), "IR"),
)


def plain(text: object) -> str:
    """Write a text in small letters, without accents, dashes or doubled spaces.

    >>> plain(" Procédure d’Information-Recommandation ")
    'procedure d information recommandation'
    """
    letters = unicodedata.normalize("NFD", str(text or "")).casefold()
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    return re.sub(r"[\s'’_-]+", " ", letters).strip()


def pollutant_of(name: object, code: object = "") -> str | None:
    """Give our code of a pollutant by its name, else by its number; None where neither is known.

    >>> pollutant_of("Particules fines PM2.5"), pollutant_of("", "08"), pollutant_of("Benzène", "99")
    ('pm25', 'o3', None)
    """
    words = plain(name)
    for pattern, ours in POLLUTANTS:
        if words and pattern.search(words):
            return ours
    return CODES.get(str(code).strip())


def level_of(text: object) -> str | None:
    """Give our code of a level in words, '' for « pas de dépassement », None where it is unknown.

    >>> level_of("ALERTE SUR PERSISTANCE"), level_of("Alerte niveau 2"), level_of("PAS DE DEPASSEMENT"), level_of("?")
    ('ALERTE_N1', 'ALERTE_N2', '', None)
    """
    words = plain(text)
    for pattern, ours in LEVELS:
        if words and pattern.search(words):
            return ours
    return None


def day_of(text: object) -> date | None:
    """Read a calendar day of Europe/Paris: a date, or a time, which without a zone is midnight of that day.

    A time that carries a zone at midnight UTC stands for its date: feeds write days so.

    >>> day_of("2026-11-21"), day_of("2026-11-21T00:00:00Z"), day_of("2026-11-20T23:30:00+01:00"), day_of("demain")
    (datetime.date(2026, 11, 21), datetime.date(2026, 11, 21), datetime.date(2026, 11, 20), None)
    """
    written = str(text or "").strip()
    try:
        if len(written) == 10:
            return date.fromisoformat(written)
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    is_midnight_utc = at.utcoffset() is not None and not at.utcoffset() and (at.hour, at.minute) == (0, 0)
    return at.date() if at.tzinfo is None or is_midnight_utc else at.astimezone(PARIS).date()


def entry_of(
    number: int, *, zone: object, zone_name: object, pollutant: object, code: object, level: object, day: object,
    url: object = "",
) -> Entry | BadEntry:  # fmt: skip
    """Make an entry of what a feed wrote, or say what is wrong with it."""
    found = (pollutant_of(pollutant, code), level_of(level), day_of(day))
    place = str(zone or "").strip()
    if not place:
        return BadEntry(number, "no zone")
    if found[0] is None:
        return BadEntry(number, f"unknown pollutant {pollutant!r} ({code!r})")
    if found[1] is None:
        return BadEntry(number, f"unknown level {level!r}")
    if found[2] is None:
        return BadEntry(number, f"no day in {day!r}")
    link = str(url or "")
    if not link.startswith(("https://", "http://")):
        link = ""
    return Entry(place, str(zone_name or place).strip(), found[0], found[2], found[1], link)
