"""`capto import-grid`: how many households live in each square of 200 m."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capto.readings.grid_import import NotAGrid, import_grid


class Command(BaseCommand):
    help = (
        "Read Insee's population grid of 200 m (CSV). Rules of the published cell can then count the households of "
        "the square. Importing again corrects and doubles nothing; a wrong row writes nothing at all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--id-column", default="idcar_200m", help="names the square (CRS3035RES200mN...E...)"
        )
        parser.add_argument("--count-column", default="men", help="counts its households")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = import_grid(
                options["file"], id_column=options["id_column"], count_column=options["count_column"]
            )
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from error
        except NotAGrid as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self.stdout.write(f"{count} squares")
