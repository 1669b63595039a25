from argparse import RawDescriptionHelpFormatter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from capto.validation.evidence import NotPublished
from capto.validation.formulas import number
from capto.validation.management.commands.recompute import utc_time
from capto.validation.provenance import Figure, explain

HELP = """Explain one published number: six steps from the raw readings to the value, its uncertainty and its grade.

    capto explain 12 2026-10-01T06:00Z

SERIES is the number of the series as the open data give it, HOUR any time inside the hour (UTC unless it says
otherwise). The number is computed again from its stored sums and model, and compared to the last digit: the status
is 1 where they differ. The public page of the value says the same."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("series", type=int, metavar="SERIES")
        parser.add_argument("hour", type=utc_time, metavar="HOUR")
        parser.add_argument("--language", choices=["en", "fr"], default="en")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            try:
                found = explain(options["series"], options["hour"])
            except NotPublished as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{found.title}\n{found.summary}")
            for step in found.steps:
                self.stdout.write(f"\n{step.number}. {step.title}\n   {step.sentence}")
                for figure in step.figures:
                    self.stdout.write(f"   {figure.name}: {_written(figure)}")
                for line in (*step.formulas, *step.notes):
                    self.stdout.write(f"   {line}")
        if not found.is_reproduced:
            raise CommandError("computing it again does not give the published value")


def _written(figure: Figure) -> str:
    value = figure.value
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    text = number(value, 10) if isinstance(value, float) else str(value)
    return f"{text} {figure.unit}".rstrip()
