from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboards.episodes.feeds import NotAFeed
from dashboards.episodes.imports import Imported, read_feed, record
from dashboards.episodes.models import EpisodeFeed

HELP = """Import the pollution episodes that the authority decided, from a feed or its saved file.

    capto import-episodes                                every feed that is read
    capto import-episodes --feed atmo-france             one of them
    capto import-episodes --feed atmo-france FILE.json   from a file of that feed

An entry that cannot be read is reported with its place and does not stop the others; again changes nothing."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
        parser.add_argument("--feed", metavar="NAME", help="the name of its row")

    def handle(self, *args: Any, **options: Any) -> None:
        feeds = EpisodeFeed.objects.all()
        if options["feed"]:
            feeds = feeds.filter(name=options["feed"])
            if not feeds:
                known = ", ".join(EpisodeFeed.objects.values_list("name", flat=True))
                raise CommandError(f"no feed is called {options['feed']}; known: {known}")
        if options["files"] and not options["feed"]:
            raise CommandError("a file needs --feed NAME: it says the format and the source")
        for feed in feeds:
            if options["files"]:
                for path in options["files"]:
                    self._file(feed, path)
            elif feed.is_read:
                imported = read_feed(feed, now=timezone.now())
                if imported is None:
                    raise CommandError(f"{feed.name}: {feed.last_problem}")
                self._report(feed.name, imported)

    def _file(self, feed: EpisodeFeed, path: Path) -> None:
        try:
            self._report(str(path), record(path.read_bytes(), feed=feed, now=timezone.now()))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        except NotAFeed as error:
            raise CommandError(f"{path}: {error}") from error

    def _report(self, name: str, imported: Imported) -> None:
        self.stdout.write(
            f"{name}: {imported.told} episode days told, {imported.lifted} lifted, "
            f"{imported.without_episode} entries without episode, {len(imported.bad)} bad entries"
        )
        for item in imported.bad[:20]:
            self.stderr.write(f"{name}, entry {item.number}: {item.reason}")
