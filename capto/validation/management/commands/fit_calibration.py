from argparse import RawDescriptionHelpFormatter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

import calibration as library
from capto.catalogue.models import Sensor
from capto.readings.models import Placement, ReferenceStation
from capto.validation.fitting import fit
from capto.validation.management.commands.recompute import utc_time
from capto.validation.models import Calibration, CoLocation
from capto.validation.pairs import NoPairs
from capto.validation.recompute import after_decision

HELP = """Fit one channel of a sensor on its stay beside a reference station, and keep the result as a draft.

    capto fit-calibration C-0012 --quantity pm10 --from 2026-10-01 --to 2026-10-15
    capto fit-calibration C-0012 --quantity pm10 --from 2026-10-01 --to 2026-10-15 --method mlr_humidity \\
        --approve --by "Ada Lovelace" --reason "no pattern in the residuals"

The station is that of the bench where the sensor stood then, or --station. Without --method the simplest one that is
as good as the best in forward time blocks is taken. Nothing is published on a draft; --approve approves it and
publishes again the hours that it touches."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("sensor", metavar="CODE", help="inventory code of the sensor")
        parser.add_argument("--quantity", required=True, help="such as pm25 or no2")
        parser.add_argument("--variant", help="such as cf1 or atm, where it sent several")
        parser.add_argument("--channel", help="such as a or b, where it sent several")
        parser.add_argument("--from", dest="start", type=utc_time, required=True, metavar="TIME")
        parser.add_argument("--to", dest="end", type=utc_time, required=True, metavar="TIME")
        parser.add_argument(
            "--station", metavar="CODE", help="code of the station, where the place is no bench"
        )
        parser.add_argument("--method", choices=sorted(library.METHODS))
        parser.add_argument("--approve", action="store_true")
        parser.add_argument("--by", default="", metavar="NAME", help="who approves")
        parser.add_argument("--reason", default="", help="why it is approved")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["approve"] and not (options["by"] and options["reason"]):
            raise CommandError("--approve needs --by NAME and --reason TEXT")
        now = timezone.now()
        stay = _stay(options)
        try:
            draft = fit(
                stay,
                quantity=options["quantity"],
                variant=options["variant"],
                channel=options["channel"],
                method=options["method"] or "",
                now=now,
            )
        except (NoPairs, library.Refused) as error:
            raise CommandError(str(error)) from error
        self._describe(draft)
        if options["approve"]:
            draft.approve(reason=options["reason"], by_name=options["by"], now=now)
            done = after_decision(draft, now=now, reason=f"calibration {draft.pk} approved")
            self.stdout.write(
                f"approved by {options['by']}; {done.hours} hours: {done.new} new, {done.changed} changed"
            )

    def _describe(self, draft: Calibration) -> None:
        model = draft.fitted()
        state = "provisional: less than 14 days or 250 pairs" if model.provisional else "complete"
        self.stdout.write(f"calibration {draft.pk}: {draft} ({draft.status}, {state})")
        self.stdout.write(f"beside {draft.reference_series}, {draft.co_location}")
        coefficients = ", ".join(f"{name} {value:.6g}" for name, value in model.coefficients.items())
        self.stdout.write(f"{model.method}: {coefficients}; {model.n} pairs")
        scores = {name: model.scores.get(name) for name in ("n", "rmse", "r2", "mbe")}
        said = ", ".join(f"{name} {value:.4g}" for name, value in scores.items() if value is not None)
        self.stdout.write(f"in {model.folds} forward blocks: {said}")


def _stay(options: dict[str, Any]) -> CoLocation:
    start: datetime = options["start"]
    end: datetime = options["end"]
    if end <= start:
        raise CommandError("--to must be later than --from")
    sensor = Sensor.objects.filter(inventory_code=options["sensor"]).first()
    if sensor is None:
        raise CommandError(f"no sensor {options['sensor']}")
    placement = (
        Placement.objects.filter(sensor=sensor, starts_at__lt=end)
        .exclude(ends_at__lte=start)
        .order_by("starts_at")
        .first()
    )
    if placement is None:
        raise CommandError(f"{sensor} stood nowhere between {start:%Y-%m-%d} and {end:%Y-%m-%d}")
    station = None
    if options["station"]:
        station = ReferenceStation.objects.filter(code=options["station"]).first()
        if station is None:
            raise CommandError(f"no station {options['station']}")
    known = CoLocation.objects.filter(placement=placement, starts_at=start, ends_at=end).first()
    try:
        return known or CoLocation.of(placement, starts_at=start, ends_at=end, station=station)
    except ValueError as error:
        raise CommandError(f"{error} (--station CODE)") from error
