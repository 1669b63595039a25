"""`capto erasures`: the journal of erasures, and its replay after a backup was restored."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.members.erasure import ErasureWaits, erase_again
from capto.members.models import Erasure


class Command(BaseCommand):
    help = (
        "Print the journal of erasures, one JSON line each, without any personal field: keep it beside the backups. "
        "After a backup was restored, --replay FILE erases again whom the backup brought back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--replay", metavar="FILE", help="a journal printed before; - reads standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["replay"]:
            for row in Erasure.objects.order_by("at", "pk"):
                line = {"number": row.number, "at": row.at.isoformat(), "because": row.because}
                self.stdout.write(json.dumps(line))
            return
        try:
            if options["replay"] == "-":
                lines = sys.stdin.read().splitlines()
            else:
                with open(options["replay"], encoding="utf-8") as file:
                    lines = file.read().splitlines()
            told = [json.loads(line) for line in lines if line.strip()]
            numbers = [(int(line["number"]), str(line["because"])) for line in told]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{options['replay']} is no journal of erasures: {error}") from error
        try:
            count = erase_again(numbers, now=timezone.now())
        except ErasureWaits as error:
            raise CommandError(f"Nothing was erased: {error}") from error
        self.stdout.write(f"{count} erased again, {len(numbers)} in the journal")
