from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.catalogue.models import ObservedProperty
from capto.readings import lcsqa, mapped_csv
from capto.readings.reference_hour import BadLine, NotAReferenceFile, ReferenceHour, Station
from capto.readings.reference_import import Imported, store

SHOWN_BAD_LINES = 20

HELP = """Import hourly values of reference stations.

Without --map the files are LCSQA "flux E2" files of a day (FR_E2_YYYY-MM-DD.csv) or Geod'air exports:

    capto import-reference FR_E2_2026-11-20.csv FR_E2_2026-11-21.csv

With --map any other CSV; rows finer than an hour are averaged to hours with 75 % coverage:

    capto import-reference --map time=date,pm10=Ref.PM10 --unit ug/m3 --station ISPRA RefData.csv

A line that cannot be read is reported with its number and the reason, and does not stop the file. A revised value
replaces the one of before and leaves a trace; importing a file twice changes nothing."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        other = parser.add_argument_group("any other CSV")
        other.add_argument(
            "--map",
            type=_map,
            metavar="time=COLUMN,pm10=COLUMN",
            help="which column is the time (Date+Time joins two) and which is which quantity",
        )
        other.add_argument(
            "--unit", choices=mapped_csv.UNITS, help="unit of these columns; ug/m3 when not given"
        )
        other.add_argument(
            "--station", metavar="CODE", help="code of the station that measured; created if new"
        )
        other.add_argument("--station-name", default="", metavar="NAME", help="name of a new station")
        other.add_argument(
            "--timezone",
            type=_zone,
            metavar="ZONE",
            help="zone of times that carry none, such as Europe/Paris; UTC",
        )
        other.add_argument(
            "--hour-label",
            choices=["begin", "end"],
            help="whether a time is the begin (as when not given) or the end of what it averages",
        )
        other.add_argument(
            "--time-format",
            metavar="FORMAT",
            help="how times are spelled, such as '%%m/%%d/%%Y %%H:%%M' where the month comes before the day",
        )
        other.add_argument("--provider", metavar="NAME", help="who publishes the values; csv when not given")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["map"] is None:
            self._only_with_map(options)
        elif not options["station"]:
            raise CommandError("--map needs --station CODE: a CSV of one station does not name it")
        for path in options["files"]:
            try:
                data = path.read_bytes()
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            self._import(path, data, options)

    def _only_with_map(self, options: dict[str, Any]) -> None:
        for name in ("unit", "station", "station_name", "timezone", "hour_label", "time_format", "provider"):
            if options[name]:
                raise CommandError(f"--{name.replace('_', '-')} is only used with --map")

    def _import(self, path: Path, data: bytes, options: dict[str, Any]) -> None:
        now = timezone.now()
        columns: mapped_csv.ColumnMap | None = options["map"]
        try:
            if columns is None:
                provider = "geodair" if lcsqa.is_geodair(data) else "lcsqa"
                found = list(lcsqa.read(data, now=now))
            else:
                _refuse_unknown_quantities(columns)
                provider = options["provider"] or "csv"
                found = list(
                    mapped_csv.read(
                        data,
                        columns=columns._replace(time_format=options["time_format"] or columns.time_format),
                        unit=options["unit"] or "ug/m3",
                        station=Station(options["station"], options["station_name"]),
                        now=now,
                        zone=options["timezone"],
                        hour_label=options["hour_label"] or "begin",
                    )
                )
        except NotAReferenceFile as error:
            raise CommandError(f"{path}: {error}") from error
        bad = [item for item in found if isinstance(item, BadLine)]
        imported = store(
            (item for item in found if isinstance(item, ReferenceHour)), provider=provider, now=now
        )
        self._report(path, imported, bad)

    def _report(self, path: Path, imported: Imported, bad: list[BadLine]) -> None:
        self.stdout.write(
            f"{path}: {imported.new} new hours, {imported.revised} revised, {imported.withdrawn} withdrawn, "
            f"{imported.unchanged} unchanged, {imported.without_value} without a valid value, {len(bad)} bad lines"
        )
        for item in bad[:SHOWN_BAD_LINES]:
            self.stderr.write(f"{path}, line {item.line}: {item.reason}")
        if len(bad) > SHOWN_BAD_LINES:
            self.stderr.write(f"{path}: and {len(bad) - SHOWN_BAD_LINES} more bad lines")


def _refuse_unknown_quantities(columns: mapped_csv.ColumnMap) -> None:
    known = set(ObservedProperty.objects.filter(code__in=columns.quantities).values_list("code", flat=True))
    if unknown := [quantity for quantity in columns.quantities if quantity not in known]:
        raise CommandError(
            f"--map: unknown quantity {', '.join(unknown)}; a quantity is a code such as pm10 or no2"
        )


def _map(text: str) -> mapped_csv.ColumnMap:
    try:
        return mapped_csv.ColumnMap.of(text)
    except ValueError as error:
        raise CommandError(f"--map: {error}") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(f"--timezone: no time zone is called {name!r}") from error
