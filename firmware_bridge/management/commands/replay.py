"""`capto replay`: publish the rows of a CSV through the broker as if a lent sensor sent them."""

from argparse import ArgumentTypeError
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from capto.catalogue.models import Sensor
from capto.processes.addresses import WrongAddress
from capto.readings.mapped_csv import ColumnMap
from firmware_bridge.csv_replay import CannotReplay, Publisher, read_rows, replay
from firmware_bridge.link import Address, Refused

MOST_BAD_ROWS_SHOWN = 20


def column_map(text: str) -> ColumnMap:
    """Read the argument of --map."""
    try:
        return ColumnMap.of(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def speed(text: str) -> float | None:
    """Read the argument of --speed."""
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if factor <= 0:
        raise ArgumentTypeError("a number above 0, or max")
    return factor


def time_zone(text: str) -> ZoneInfo:
    """Read the argument of --timezone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ArgumentTypeError(f"{text} is no time zone; Europe/Paris is one") from error


class Command(BaseCommand):
    help = (
        "Publish the rows of a CSV of measurements through the broker as SenML, one message a row, with the times that "
        "the file states. The bridge stores them like those of any lent sensor: the sensor must be in the catalogue "
        "with the format senml, and a placement must cover the times. Replaying a file twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--map",
            required=True,
            type=column_map,
            metavar="time=COLUMN,pm10=COLUMN",
            help="which column is the time and which is which quantity, in its canonical unit; time=Date+Time joins "
            "two columns, pm10:atm=COLUMN states a variant",
        )
        who = parser.add_mutually_exclusive_group()
        who.add_argument(
            "--device", metavar="ID", help="identity that the device states; default: the file's name"
        )
        who.add_argument("--sensor", metavar="CODE", help="inventory code of a sensor of the catalogue")
        parser.add_argument(
            "--speed",
            type=speed,
            default=None,
            metavar="N|max",
            help="times faster than the measurements were made (1: in real time); default: max",
        )
        parser.add_argument("--timezone", type=time_zone, help="of times without one; default: UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        device = self._device(options) or path.stem
        topic = f"senml/{device}"
        try:
            address = Address(settings.MQTT_PUBLISHER_URL)
            with open(path, encoding="utf-8-sig", newline="") as file, Publisher(address) as publisher:
                rows = read_rows(file, options["map"], device=device, zone=options["timezone"])
                done = replay(rows, partial(publisher.publish, topic), speed=options["speed"])
        except (WrongAddress, Refused) as error:
            raise CommandError(str(error), returncode=2) from error
        except (CannotReplay, OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}") from error
        for bad in done.bad[:MOST_BAD_ROWS_SHOWN]:
            self.stderr.write(f"line {bad.line}: {bad.reason}")
        if len(done.bad) > MOST_BAD_ROWS_SHOWN:
            self.stderr.write(f"and {len(done.bad) - MOST_BAD_ROWS_SHOWN} more lines")
        when = (
            f", {done.first:%Y-%m-%d %H:%M} to {done.last:%Y-%m-%d %H:%M} UTC"
            if done.first and done.last
            else ""
        )
        self.stdout.write(
            f"{done.messages} messages published on {topic}{when}; {len(done.bad)} lines left out"
        )

    def _device(self, options: dict[str, Any]) -> str:
        code = options["sensor"]
        if not code:
            return options["device"] or ""
        sensor = Sensor.objects.filter(inventory_code=code).first()
        if sensor is None:
            raise CommandError(f"the catalogue has no sensor {code}")
        if sensor.wire_format != "senml":
            raise CommandError(f"the sensor {code} speaks {sensor.wire_format}, not senml")
        return sensor.device_id
