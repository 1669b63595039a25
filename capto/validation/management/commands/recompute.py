from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.readings.hourly import aggregate_period
from capto.readings.models import Series
from capto.validation.recompute import recompute

HELP = """Publish past hours again, from their aggregates, by the calibrations that are approved now.

    capto recompute --from 2026-10-01 --to 2026-11-01
    capto recompute --from 2026-10-01T06:00Z --to 2026-10-02 --series 12 --series 13
    capto recompute --from 2026-10-01 --to 2026-11-01 --from-raw

Times are UTC unless they say otherwise; --to is not included and is now when not given. Figures that stay the same
are not written, so that running it twice gives the same rows; a figure that changes leaves the old one, the new one
and the reason. --from-raw first sums the raw messages up again."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--from", dest="start", type=utc_time, required=True, metavar="TIME")
        parser.add_argument("--to", dest="end", type=utc_time, metavar="TIME")
        parser.add_argument(
            "--series", type=int, action="append", metavar="ID", help="only this series; can be repeated"
        )
        parser.add_argument("--from-raw", action="store_true", help="sum the raw messages up again first")
        parser.add_argument(
            "--reason", default="recomputed by command", help="kept with every changed figure"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        start, end, series = options["start"], options["end"] or now, options["series"]
        if end <= start:
            raise CommandError("--to must be later than --from")
        sensors = None
        if series:
            found = dict(Series.objects.filter(id__in=series).values_list("id", "placement__sensor_id"))
            if missing := [str(known) for known in series if known not in found]:
                raise CommandError(f"no series {', '.join(missing)}")
            sensors = sorted(set(found.values()))
        if options["from_raw"]:
            aggregate_period(start, end + timedelta(hours=1), sensors=sensors)
        done = recompute(start, end, series=series, now=now, reason=options["reason"])
        self.stdout.write(
            f"{done.hours} hours: {done.new} new, {done.changed} changed, {done.removed} removed, "
            f"{done.hours - done.new - done.changed} as they were"
        )


def utc_time(text: str) -> datetime:
    """Read a time of a command line, UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time such as 2026-10-01 or 2026-10-01T06:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
