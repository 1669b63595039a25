"""`capto retention`: forget what is kept no longer, or count it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from capto.lending.retention import apply, foreseen


class Command(BaseCommand):
    help = (
        "Forget personal data whose time is over, by the durations of the instance; the worker does so every night. "
        "With --dry-run, only say how much it would be."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and touch nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        for data, count in (foreseen(now=now) if options["dry_run"] else apply(now=now)).items():
            self.stdout.write(f"{data:16} {count}")
