"""`capto bridge`: what the devices say becomes readings."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capto.processes.addresses import WrongAddress
from firmware_bridge import running


class Command(BaseCommand):
    # For the list of commands; `capto bridge` itself runs without Django's applications: firmware_bridge.running.
    help = "Store what the devices publish, each message once, and acknowledge it when it is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        running.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            running.run(**options)
        except WrongAddress as error:
            raise CommandError(str(error), returncode=2) from error
