"""Read the open feeds of other networks into rows of their own; a scheduled task, off unless a setting says so."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from capto.catalogue.models import ObservedProperty
from capto.outside import read_outside
from capto.readings.models import ForeignHour, ForeignSensor, OpenFeed
from firmware_bridge.formats.decoded import Rejected, Undecodable
from firmware_bridge.formats.sensor_community_feed import FeedEntry, read_feed

log = logging.getLogger(__name__)

OLDEST = timedelta(days=3)  # what a feed says late is still taken
AHEAD = timedelta(minutes=10)  # of a clock that runs fast

READERS = {OpenFeed.Format.SENSOR_COMMUNITY: read_feed}


@dataclass
class Read:
    """What one document brought: readings counted, those known before, and what was refused with its reason."""

    new: int = 0
    known: int = 0
    indoor: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def read_now() -> None:
    """Read every feed (the scheduled task), where `settings.OPEN_FEEDS` says so."""
    if settings.OPEN_FEEDS:
        for feed in OpenFeed.objects.filter(is_read=True).exclude(address=""):
            fetch(feed, now=timezone.now())


def fetch(feed: OpenFeed, *, now: datetime) -> Read | None:
    """Fetch a feed and record what it says; a failure is noted on its row and gives None."""
    try:
        found = record(read_outside(feed.address), feed=feed, now=now)
    except (OSError, Undecodable, ValueError) as error:
        feed.note_read(now=now, problem=f"{type(error).__name__}: {error}")
        log.warning("open feed %s could not be read: %s", feed.name, error)
        return None
    feed.note_read(now=now)
    return found


def record(data: bytes, *, feed: OpenFeed, now: datetime) -> Read:
    """Record what a document of a feed says; again changes nothing. Raises Undecodable.

    Sensors that stand indoors, values outside the plausible range of their quantity and quantities that are not
    observed here are left out.
    """
    entries, rejected = READERS[OpenFeed.Format(feed.format)](data)
    found = Read(rejected=list(rejected))
    properties = ObservedProperty.objects.exclude(medium=ObservedProperty.Medium.DEVICE).in_bulk()
    sensors = {sensor.key: sensor for sensor in feed.sensors.all()}
    for entry in sorted(entries, key=lambda entry: entry.observed_at):
        if entry.is_indoor:
            found.indoor += 1
        elif not now - OLDEST <= entry.observed_at <= now + AHEAD:
            found.rejected.append(Rejected(entry.key, "its time is not of these days"))
        else:
            sensor = sensors[entry.key] = _sensor(feed, entry, sensors.get(entry.key))
            _take(entry, sensor, feed=feed, properties=properties, found=found)
    return found


def _sensor(feed: OpenFeed, entry: FeedEntry, known: ForeignSensor | None) -> ForeignSensor:
    at = (entry.latitude, entry.longitude, entry.model)
    if known is not None and (known.latitude, known.longitude, known.model) == at:
        return known
    sensor, _is_new = ForeignSensor.objects.update_or_create(
        feed=feed, key=entry.key,
        defaults={"latitude": entry.latitude, "longitude": entry.longitude, "model": entry.model},
    )  # fmt: skip
    return sensor


def _take(
    entry: FeedEntry, sensor: ForeignSensor, *, feed: OpenFeed, properties: dict[str, ObservedProperty], found: Read
) -> None:  # fmt: skip
    for reading in entry.readings:
        observed = properties.get(reading.quantity)
        if reading.value is None or observed is None:
            continue
        low, high = observed.plausible_minimum, observed.plausible_maximum
        if (low is not None and reading.value < low) or (high is not None and reading.value > high):
            found.rejected.append(Rejected(f"{entry.key} {reading.quantity}", "outside the plausible range"))
        elif ForeignHour.add(
            sensor, quantity=reading.quantity, variant=reading.variant, observed_at=reading.observed_at,
            value=reading.value, licence=feed.licence,
        ):  # fmt: skip
            found.new += 1
        else:
            found.known += 1
