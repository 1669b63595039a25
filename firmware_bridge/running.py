"""`capto bridge` as a process: without Django's applications, which would triple its memory and its start."""

import argparse
import gc
import logging.config
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from capto.processes.addresses import WrongAddress
from firmware_bridge.bridge import Bridge
from firmware_bridge.broker_access import Keeper
from firmware_bridge.database import WrongDatabase
from firmware_bridge.device_limits import DeviceLimits
from firmware_bridge.link import Address, Refused
from firmware_bridge.process_report import Reporter

HELP = (
    "Subscribe to the broker (CAPTO_MQTT_URL) for every format that devices speak, store each message once in "
    "the database (CAPTO_DATABASE_URL), and acknowledge it only when it is stored. Runs until Ctrl-C or SIGTERM; "
    "waits for a broker or a database that is away, and loses nothing meanwhile. Exit code 2: a URL is wrong."
)
SWITCH_INTERVAL_S = 0.002  # seconds; the link's thread must not wait long behind the writer's
# A batch is a hundred thousand tuples without cycles, freed by their counts: looking for cycles every 700 new ones,
# as Python does, costs a twelfth of the bridge's time and finds nothing.
LOOK_FOR_CYCLES = (50_000, 20, 100)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
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


def run(*, client_id: str, share: str, **_: Any) -> None:
    """Run the bridge until a signal ends it. Raises WrongAddress where a URL is wrong."""
    bridge = Bridge(
        Address(settings.MQTT_URL),
        client_id=client_id,
        share=share,
        limits=DeviceLimits(settings.DEVICE_MESSAGES_PER_S, settings.DEVICE_MESSAGES_AT_ONCE),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: bridge.stop())
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(*LOOK_FOR_CYCLES)
    keeper = Keeper(Address(settings.MQTT_KEEPER_URL)) if settings.MQTT_KEEPER_URL and not share else None
    if keeper is not None:
        keeper.start()
    try:
        bridge.run(each_second=_told_by(Reporter(name=bridge.link.client_id, kind="bridge")))
    except (WrongDatabase, Refused) as error:
        raise WrongAddress(str(error)) from error
    finally:
        if keeper is not None:
            keeper.stop()


def _told_by(reporter: Reporter) -> Callable[[Bridge], None]:
    def report(bridge: Bridge) -> None:
        reporter.report(
            bridge.counts,
            waiting=bridge.waiting,
            is_connected=bridge.link.is_connected,
            lag_s=bridge.link.delay_s,
        )

    return report


def main(arguments: Sequence[str]) -> int:
    """Run the command with its arguments; returns its exit status. Raises WrongAddress where a URL is wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    parser = argparse.ArgumentParser("capto bridge", description=HELP)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    logging.config.dictConfig(settings.LOGGING)
    run(**vars(options))
    return 0
