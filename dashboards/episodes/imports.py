"""Read the feeds of episodes and record what they say."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.text import slugify

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.outside import read_outside
from dashboards.episodes.feeds import FEEDS, BadEntry, Entry, NotAFeed
from dashboards.episodes.models import Episode, EpisodeFeed, EpisodeZone

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Imported:
    """What one reading of a feed brought."""

    told: int
    lifted: int
    without_episode: int
    bad: Sequence[BadEntry]


def import_now() -> None:
    """Read every feed (the scheduled task), where `settings.EPISODE_FEEDS` says so."""
    if settings.EPISODE_FEEDS:
        for feed in EpisodeFeed.objects.filter(is_read=True):
            read_feed(feed, now=timezone.now())


def read_feed(feed: EpisodeFeed, *, now: datetime) -> Imported | None:
    """Fetch a feed and record what it says; a failure is noted on its row and gives None."""
    try:
        data = _fetch(feed, now=now)
        imported = record(data, feed=feed, now=now)
    except (OSError, NotAFeed, ValueError) as error:
        feed.note_read(now=now, problem=f"{type(error).__name__}: {error}")
        log.warning("feed %s could not be read: %s", feed.name, error)
        return None
    feed.note_read(now=now)
    return imported


def _fetch(feed: EpisodeFeed, *, now: datetime) -> bytes:
    today = now.astimezone(PARIS).date()
    address = feed.address.replace("{day}", f"{today}").replace("{until}", f"{today + timedelta(days=2)}")
    return read_outside(address)


def record(data: bytes, *, feed: EpisodeFeed, now: datetime) -> Imported:
    """Record what a document of a feed says; again changes nothing. Raises NotAFeed.

    An entry for today is in force, one for later is forecast, one without exceedance lifts what the same feed had said
    of that zone, pollutant and day. Days gone by are left as they were.
    """
    found = FEEDS[feed.format](data, fields=feed.fields)
    today = now.astimezone(PARIS).date()
    known = set(ObservedProperty.objects.values_list("code", flat=True))
    bad = [item for item in found if isinstance(item, BadEntry)]
    told = lifted = without = 0
    for number, entry in enumerate(found, 1):
        if not isinstance(entry, Entry) or entry.day < today:
            continue
        if entry.pollutant not in known:
            bad.append(BadEntry(number, f"{entry.pollutant} is not observed here"))
        elif entry.level:
            Episode.announce(
                _zone(entry),
                pollutant=entry.pollutant,
                level=entry.level,
                day=entry.day,
                status=Episode.Status.IN_FORCE if entry.day == today else Episode.Status.FORECAST,
                source=feed.source,
                url=entry.url or feed.page,
                now=now,
            )
            told += 1
        else:
            without += 1
            lifted += _lift(entry, feed=feed, now=now)
    return Imported(told, lifted, without, bad)


def _zone(entry: Entry) -> EpisodeZone:
    zone, _is_new = EpisodeZone.objects.get_or_create(
        code=slugify(entry.zone)[:40], defaults={"name": entry.zone_name[:200]}
    )
    return zone


def _lift(entry: Entry, *, feed: EpisodeFeed, now: datetime) -> int:
    standing = Episode.objects.filter(
        zone__code=slugify(entry.zone)[:40], pollutant_id=entry.pollutant, day=entry.day, source=feed.source
    ).exclude(status=Episode.Status.LIFTED)
    for episode in standing:
        episode.lift(now=now, url=entry.url or feed.page)
    return len(standing)
