"""`capto replay-rejected`: read rejected messages again, when their cause is mended."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from firmware_bridge import database
from firmware_bridge.intake import Intake
from firmware_bridge.registry import Registry
from firmware_bridge.rejected_replay import replay


class Command(BaseCommand):
    help = (
        "Read rejected messages again: after a decoder was mended, a device was added to the catalogue, or a placement "
        "was corrected. What can be read now is stored, under the time of its first arrival where it states none; the "
        "rest stays rejected, with the reason of today. Can be run again at no harm."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", help="only this reason, such as unknown_device")
        parser.add_argument("--device", default="", help="only this device, as it states its identity")

    def handle(self, *args: Any, **options: Any) -> None:
        with database.connect() as connection:
            mended, refused = replay(
                Intake(Registry()),
                connection,
                now=timezone.now(),
                reason=options["reason"],
                device=options["device"],
            )
        self.stdout.write(f"{mended} messages became readings, {refused} are still refused")
