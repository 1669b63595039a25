from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.readings.models import OpenFeed
from firmware_bridge.formats.decoded import Undecodable
from firmware_bridge.open_feeds import Read, fetch, record

HELP = """Read the open feed of another network now, or a saved document of it; the first time, describe it.

    capto import-open-feed sensor-community --provider "Sensor.Community" --licence "DbCL 1.0" \\
        --address "https://data.sensor.community/airrohr/v1/filter/area=45.19,5.72,15"
    capto import-open-feed sensor-community SAVED.json

Its sensors have their own symbol on the map and grade D unless they were compared here; they enter no file, no
release and no mean of ours. With CAPTO_OPEN_FEEDS=1 every feed is read each five minutes."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("feed", metavar="NAME", help="the name of the feed")
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
        parser.add_argument("--provider", help="who publishes it, as pages name it")
        parser.add_argument("--licence", help="its licence, as the provider states it")
        parser.add_argument("--address", default="", help="where it is read from, over https")
        parser.add_argument("--page", default="", help="where people read about it")

    def handle(self, *args: Any, **options: Any) -> None:
        feed = self._feed(options)
        for path in options["files"]:
            try:
                self._report(str(path), record(path.read_bytes(), feed=feed, now=timezone.now()))
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            except Undecodable as error:
                raise CommandError(f"{path}: {error}") from error
        if not options["files"] and feed.address:
            found = fetch(feed, now=timezone.now())
            if found is None:
                raise CommandError(f"{feed.name}: {feed.last_problem}")
            self._report(feed.name, found)

    def _feed(self, options: dict[str, Any]) -> OpenFeed:
        known = OpenFeed.objects.filter(name=options["feed"]).first()
        if known is not None:
            return known
        if not options["provider"] or not options["licence"]:
            raise CommandError(f"{options['feed']} is a new feed: say its --provider and its --licence")
        return OpenFeed.objects.create(
            name=options["feed"], provider=options["provider"], licence=options["licence"],
            address=options["address"], page=options["page"],
        )  # fmt: skip

    def _report(self, name: str, found: Read) -> None:
        self.stdout.write(
            f"{name}: {found.new} new readings, {found.known} known, {found.indoor} sensors indoors left out, "
            f"{len(found.rejected)} refused"
        )
        for item in found.rejected[:20]:
            self.stderr.write(f"{name}, {item.item}: {item.reason}")
