"""Readings from files: SD cards, public archives, packs, any CSV. The same decoders, the same table, once only."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import psycopg

from capto.catalogue.models import Sensor
from capto.readings.mapped_csv import ColumnMap
from firmware_bridge import importer_csv, reasons
from firmware_bridge.arrival import Arrival, Batch, in_microseconds
from firmware_bridge.formats import FORMATS, Undecodable
from firmware_bridge.intake import LARGEST_FILE, Intake
from firmware_bridge.registry import Registry
from firmware_bridge.store import store

CSV = "csv"  # any CSV, with a map of its columns
ROWS_AT_ONCE = 2_000  # rows of one insert
ARCHIVE_IN_UTC = "airrohr"  # the times of Sensor.Community's archive carry no zone and are UTC


@dataclass
class Imported:
    """What became of one file: counts of moments (one row of the file each), and what was refused with the reason."""

    name: str
    new: int = 0
    already_there: int = 0
    conflicts: int = 0
    outside: int = 0  # the sensor stood nowhere then
    future: int = 0
    paused: int = 0
    timeless: int = 0
    refused: list[str] = field(default_factory=list)
    error: str = ""  # why nothing of the file could be read

    @property
    def read(self) -> int:
        """Moments that the file holds."""
        return (
            self.new
            + self.already_there
            + self.conflicts
            + self.outside
            + self.future
            + self.paused
            + self.timeless
        )


def import_file(
    data: bytes,
    *,
    name: str,
    sensor: Sensor,
    wire_format: str,
    connection: psycopg.Connection,
    now: datetime,
    columns: ColumnMap | None = None,
    zone: tzinfo | None = None,
) -> Imported:
    """Store what a file of one sensor says; a second time changes nothing.

    connection: of `database.connect`. columns: for the format `csv`. zone: of times without one; that of the
    placement when not given, UTC for the archive of Sensor.Community.
    """
    said = Imported(name)
    if wire_format == ARCHIVE_IN_UTC:
        zone = zone or UTC
    arrival = Arrival(name, data, in_microseconds(now), "file", wire_format, sensor_id=sensor.pk, zone=zone)
    intake, batch = Intake(Registry()), Batch()
    intake.registry.renew(connection)
    try:
        if wire_format != CSV:
            intake.read(arrival, batch, connection)
        elif len(data) > LARGEST_FILE:
            raise Undecodable(f"{len(data)} bytes, more than the {LARGEST_FILE} that are read")
        elif columns is None:
            raise Undecodable("a map is needed that names its columns")
        else:
            known = intake.registry.sensor_of(sensor.pk)
            stay_zone = known.stays[0].zone if known is not None and known.stays else None
            intake.take(
                arrival, importer_csv.read(data, columns=columns, zone=zone or stay_zone), batch, connection
            )
    except Undecodable as error:
        said.error = str(error)
        return said
    said.refused = batch.refused_items
    said.outside = batch.counts[f"moments_{reasons.OUTSIDE_PLACEMENTS}"]
    said.future = batch.counts[f"moments_{reasons.FUTURE}"]
    said.paused = batch.counts["paused"]
    for refusal in batch.refusals:
        if refusal.reason not in (reasons.REFUSED_ITEMS, reasons.OUTSIDE_PLACEMENTS, reasons.FUTURE):
            said.error = refusal.detail or refusal.reason
    rows = [row for row in batch.rows if not row.is_timeless]
    said.timeless = len(batch.rows) - len(rows)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        # No refusals: the file stays with who brought it, and the reasons are told at once.
        part = Batch(rows=rows[start : start + ROWS_AT_ONCE], mappings=batch.mappings if start == 0 else [])
        counts = store(part, connection, keep_refusals=False)
        said.new += counts["stored"]
        said.already_there += counts["repeated"]
        said.conflicts += counts["conflicts"]
        said.refused += [refusal.detail for refusal in part.refusals]
    return said


def known_formats() -> list[str]:
    """List what the command accepts."""
    return [*FORMATS, CSV]
