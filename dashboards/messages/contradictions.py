"""Whether a text says something else than the authority, or than another live message of the zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from dashboards.episodes.feeds.entry import plain
from dashboards.episodes.models import Episode
from dashboards.messages.models.rule import ClaimWord

if TYPE_CHECKING:
    from dashboards.messages.models.message import PublicMessage

NO_EPISODE = ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What the text states, what stands against it and who says that."""

    stated: str
    against: str
    whose: str

    @property
    def sentence(self) -> str:
        """Say it to who wrote the text."""
        return _("Le texte dit « %(stated)s » ; %(whose)s dit « %(against)s ».") % {
            "stated": self.stated or _("pas d’épisode"),
            "against": self.against or _("pas d’épisode"),
            "whose": self.whose,
        }


def levels_stated(text: str, *, words: Mapping[str, str]) -> set[str]:
    """List the levels that a text states, by the phrases of `words`; a longer phrase hides a shorter one inside it.

    >>> sorted(levels_stated("Fin de l’alerte.", words={"alerte": "ALERTE_N1", "fin de l alerte": ""}))
    ['']
    """
    found: set[str] = set()
    left = f" {plain(text)} "
    for phrase in sorted(words, key=len, reverse=True):
        if phrase in left:
            found.add(words[phrase])
            left = left.replace(phrase, " · ")
    return found


def find(message: PublicMessage) -> list[Contradiction]:
    """List what contradicts a message: the authority's level in its zone and days, then other live messages."""
    if message.zone is None:
        return []
    words = dict(ClaimWord.objects.values_list("phrase", "level"))
    stated = _stated_by(message, words=words)
    if not stated:
        return []
    found = []
    for level in sorted(stated):
        official = _official(message)
        if level not in official:
            found.append(Contradiction(level, " / ".join(sorted(filter(None, official))), _("l’autorité")))
    for other in message.live_beside():
        theirs = _stated_by(other, words=words)
        if theirs and not theirs & stated:
            found.append(
                Contradiction(
                    " / ".join(sorted(stated)),
                    " / ".join(sorted(theirs)),
                    _("le message « %s »") % other.title,
                )
            )
    return found


def _stated_by(message: PublicMessage, *, words: Mapping[str, str]) -> set[str]:
    """Take the level that the author names, else what the phrases of title and text say."""
    if message.states_level is not None:
        return {message.states_level}
    return levels_stated(f"{message.title}. {message.text}", words=words)


def _official(message: PublicMessage) -> set[str]:
    """Give the levels in force over the days of a message; {''} where the authority says of no episode."""
    if message.zone is None:
        return {NO_EPISODE}
    said: Sequence[Episode] = [
        episode
        for day in message.days()
        for episode in Episode.objects.official(
            zone=message.zone, day=day, pollutant=message.pollutant_id or ""
        )
    ]
    levels = {episode.level.code for episode in said if episode.stands}
    return levels or {NO_EPISODE}
