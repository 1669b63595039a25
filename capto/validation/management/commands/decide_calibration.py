from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.validation.models import Calibration, NotADraft
from capto.validation.recompute import Recomputed, after_decision, preview

HELP = """Show what approving a drafted calibration would change, or approve or refuse it.

    capto decide-calibration 12
    capto decide-calibration 12 --approve --by "Ada Lovelace" --reason "no pattern in the residuals"
    capto decide-calibration 12 --refuse --by "Ada Lovelace" --reason "the sensor was moved on the third day"

Without --approve or --refuse nothing is changed: the command says how many published hours an approval would change
and by how much. An approval publishes these hours again and leaves a line in the changelog of the data. Each version
is decided once."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("calibration", type=int, metavar="ID")
        verdict = parser.add_mutually_exclusive_group()
        verdict.add_argument("--approve", action="store_true")
        verdict.add_argument("--refuse", action="store_true")
        parser.add_argument("--by", default="", metavar="NAME", help="who decides")
        parser.add_argument("--reason", default="", help="why; the public can read it")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        draft = Calibration.objects.filter(pk=options["calibration"]).first()
        if draft is None:
            raise CommandError(f"no calibration {options['calibration']}")
        decides = options["approve"] or options["refuse"]
        if decides and not (options["by"] and options["reason"].strip()):
            raise CommandError("a decision needs --by NAME and --reason TEXT")
        try:
            if options["refuse"]:
                draft.refuse(reason=options["reason"], by_name=options["by"], now=now)
                self.stdout.write(f"{draft}: refused")
            elif options["approve"]:
                draft.approve(reason=options["reason"], by_name=options["by"], now=now)
                reason = f"calibration {draft.pk} approved: {options['reason']}"
                self.stdout.write(
                    f"{draft}: approved; {_said(after_decision(draft, now=now, reason=reason))}"
                )
            elif draft.status != Calibration.Status.DRAFT:
                raise NotADraft(f"{draft} is {draft.status}")
            else:
                self.stdout.write(f"{draft}: an approval would give {_said(preview(draft, now=now))}")
        except NotADraft as error:
            raise CommandError(str(error)) from error


def _said(done: Recomputed) -> str:
    said = f"{done.new} new and {done.changed} changed hours of {done.hours}"
    if done.difference.mean is not None:
        said += f", by {done.difference.mean:.3g} on average and {done.difference.largest:.3g} at most"
    return said
