"""`capto bridge`: what the devices say becomes readings."""

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from capto.addresses import WrongAddress
from firmware_bridge.bridge import Bridge
from firmware_bridge.database import WrongDatabase
from firmware_bridge.link import Address, Refused


class Command(BaseCommand):
    help = (
        "Subscribe to the broker (CAPTO_MQTT_URL) for every format that devices speak, store each message once in "
        "the database (CAPTO_DATABASE_URL), and acknowledge it only when it is stored. Runs until Ctrl-C or SIGTERM; "
        "waits for a broker or a database that is away, and loses nothing meanwhile. Exit code 2: a URL is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--client-id",
            default="",
            help="name of the persistent session; default: the user of the URL. Never change it while messages wait",
        )
        parser.add_argument(
            "--share",
            default="",
            metavar="GROUP",
            help="share the messages with the other bridges of this group (each with its own client id)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bridge = Bridge(
                Address(settings.MQTT_URL), client_id=options["client_id"], share=options["share"]
            )
        except WrongAddress as error:
            raise CommandError(str(error), returncode=2) from error
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: bridge.stop())
        sys.setswitchinterval(0.002)  # seconds; the link's thread must not wait long behind the writer's
        try:
            bridge.run()
        except (WrongDatabase, Refused) as error:
            raise CommandError(str(error), returncode=2) from error
