from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.catalogue.models import Sensor
from capto.readings.mapped_csv import ColumnMap
from firmware_bridge import database
from firmware_bridge.importer import CSV, Imported, import_file, known_formats
from firmware_bridge.importer_csv import fields_of

SHOWN_REFUSALS = 20

HELP = """Import readings of one sensor from files: SD cards, public archives, packs, any CSV.

    capto import-readings --format smart_citizen --sensor KIT-07 17-02-03.CSV
    capto import-readings --format airrohr --sensor SC-12 2026-03-01_sds011_sensor_1234.csv
    capto import-readings --format senml --sensor BOX-3 pack.json
    capto import-readings --format csv --sensor BOX-3 --map time=date,pm25:ug/m3:native=PM2.5 log.csv

Each moment is attributed to the placement in which the sensor stood then. Importing a file twice changes nothing."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--format", required=True, choices=known_formats(), metavar="NAME")
        parser.add_argument("--sensor", required=True, metavar="CODE", help="inventory code of the sensor")
        parser.add_argument(
            "--map", metavar="time=COLUMN,pm25:ug/m3:native=COLUMN", help="what the columns of a CSV mean"
        )
        parser.add_argument(
            "--timezone",
            metavar="ZONE",
            help="of times that carry none; that of the placement when not given",
        )
        parser.add_argument(
            "--time-format",
            default="",
            metavar="FORMAT",
            help="how the times of a CSV are spelled, such as '%%m/%%d/%%Y %%H:%%M' where the month comes first",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sensor = Sensor.objects.filter(inventory_code=options["sensor"]).first()
        if sensor is None:
            raise CommandError(f"no sensor has the inventory code {options['sensor']}")
        try:
            columns = ColumnMap.of(options["map"]) if options["map"] else None
            if columns is not None:
                fields_of(columns)
                columns = columns._replace(time_format=options["time_format"] or columns.time_format)
            zone = ZoneInfo(options["timezone"]) if options["timezone"] else None
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise CommandError(str(error)) from error
        if (options["format"] == CSV) != (columns is not None):
            raise CommandError("--map goes with --format csv, and only with it")
        if options["time_format"] and columns is None:
            raise CommandError("--time-format is only used with --map")
        failed = 0
        with database.connect() as connection:
            for path in options["files"]:
                try:
                    data = path.read_bytes()
                except OSError as error:
                    raise CommandError(f"{path}: {error.strerror}") from error
                said = import_file(
                    data,
                    name=path.name,
                    sensor=sensor,
                    wire_format=options["format"],
                    connection=connection,
                    now=timezone.now(),
                    columns=columns,
                    zone=zone,
                )
                self._tell(said)
                failed += bool(said.error)
        if failed:
            raise CommandError(f"{failed} of {len(options['files'])} files could not be read")

    def _tell(self, said: Imported) -> None:
        counts = {
            "new": said.new,
            "already there": said.already_there,
            "with another content than stored": said.conflicts,
            "outside every placement of the sensor": said.outside,
            "in the future": said.future,
            "while paused": said.paused,
            "without a time": said.timeless,
        }
        told = ", ".join(
            f"{count} {what}" for what, count in counts.items() if count or what in ("new", "already there")
        )
        self.stdout.write(f"{said.name}: {told}")
        for line in said.refused[:SHOWN_REFUSALS]:
            self.stdout.write(f"  refused: {line}")
        if len(said.refused) > SHOWN_REFUSALS:
            self.stdout.write(f"  and {len(said.refused) - SHOWN_REFUSALS} more")
        if said.error:
            self.stderr.write(f"  {said.name}: {said.error}")
