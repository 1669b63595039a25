"""`capto import-communes`: the communes of France as territories."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capto.members.communes import BUNDLED, import_communes


class Command(BaseCommand):
    help = (
        "Write the communes (code, name, population of @etalab/decoupage-administratif) as territories. Without a "
        "file, the list that deploy/setup fetched is read. Importing again corrects and doubles nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=BUNDLED)
        parser.add_argument(
            "--department",
            action="append",
            default=[],
            metavar="NN",
            help="only this department (repeatable)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = import_communes(options["file"], departments=options["department"])
        except OSError as error:
            raise CommandError(
                f"{options['file']} cannot be read: {error.strerror}. Run deploy/setup."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{options['file']} is no list of communes: {error}") from error
        self.stdout.write(f"{count} communes")
