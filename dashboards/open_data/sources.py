"""What each file is made of, once for CSV and Parquet: its columns, its tables, its licence, its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from dashboards.open_data.dictionary import AGGREGATES as AGGREGATE_COLUMNS
from dashboards.open_data.dictionary import CHANGES as CHANGE_COLUMNS
from dashboards.open_data.dictionary import HOURLY, REFERENCE, Column
from dashboards.open_data.dictionary import MESSAGES as MESSAGE_COLUMNS
from dashboards.open_data.licences import LICENCE_OUVERTE, LICENCES, ODBL, Licence

Parameter = str | int | datetime


# The published cell of every place counts too: coarsening a place changes its old files.
CELLS = (
    "(SELECT sum(hashtextextended(concat(series_id, latitude, longitude, precision_m, public_until), 0))"
    " FROM dashboards_published_series)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """What a file is made of: its columns, its tables, its order, and how one sees that it changed.

    `time` is the SQL of the instant that a period narrows; `place` and `quantity` that of the place and of the
    quantity, where rows have one. `latest` is the time of the last change of a row, `mark` an aggregate that
    differs when the rows of a short file differ, `long_mark` a cheaper one for months and years.
    """

    name: str  # of the file, of the resource of a data package, and in addresses
    title: StrPromise | str
    columns: tuple[Column, ...]
    tables: str
    time: str
    order: str
    latest: str
    mark: str
    long_mark: str
    licence: Licence
    key: tuple[str, ...]  # the columns that tell rows apart
    place: str = ""
    quantity: str = ""
    is_noted: bool = False  # each writing of its rows leaves a note: capto.readings.models.Publication
    hypertable: str = ""  # whose chunks say how a long file is cut into pieces
    licence_of_row: str = ""  # SQL of the code of the licence of a row, where several providers give rows

    def query(self, condition: str) -> str:
        """Give the SELECT of the rows that meet a condition; the same content is always the same file."""
        columns = ", ".join(f"{column.sql} AS {column.name}" for column in self.columns)
        return f"SELECT {columns} FROM {self.tables} WHERE {condition} ORDER BY {self.order}"

    def state(
        self, condition: str, parameters: Sequence[Parameter], *, is_long: bool = False
    ) -> tuple[datetime | None, str]:
        """Give when a file last changed, None where it has no row, and a mark that differs when it differs."""
        mark = self.long_mark if is_long else self.mark
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.latest}, md5({mark}) FROM {self.tables} WHERE {condition}", parameters
            )
            row = cursor.fetchone()
        assert row is not None
        return row[0], row[1]

    def noted_state(self, start: datetime | None, end: datetime | None) -> tuple[datetime | None, str]:
        """Give the state of a long file from the notes of what was written, without reading its rows."""
        query = f"SELECT max(at), md5(concat(count(*), max(id), {CELLS})) FROM readings_publication"
        with connection.cursor() as cursor:
            if start is None or end is None:
                cursor.execute(query)
            else:
                cursor.execute(f"{query} WHERE last_hour >= %s AND first_hour < %s", [start, end])
            row = cursor.fetchone()
        assert row is not None
        return row[0], row[1]

    def licences_of_rows(self, condition: str, parameters: Sequence[Parameter]) -> set[str]:
        """Give the names of the licences that rows are under; rows of our own sensors are under the dataset's."""
        if not self.licence_of_row:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT {self.licence_of_row} FROM {self.tables} WHERE {condition}", parameters
            )
            return {LICENCES[code].name if code in LICENCES else code for (code,) in cursor.fetchall()}


HOURS = Source(
    name="hourly",
    title=_("Valeurs horaires des capteurs prêtés"),
    columns=HOURLY,
    tables=(
        "dashboards_published_hour AS published"
        " JOIN catalogue_observedproperty AS property ON property.code = published.property_id"
    ),
    time="hour",
    order="hour, series_id",
    latest="max(computed_at)",
    mark=(
        "concat(count(*), max(computed_at), sum(hashtextextended("
        "concat(series_id, hour, computed_at, latitude, longitude, precision_m), 0)))"
    ),
    long_mark=f"concat(count(*), max(computed_at), {CELLS})",
    licence=ODBL,
    key=("interval_start", "place_id", "quantity", "variant", "channel"),
    place="public_id",
    quantity="published.property_id",
    is_noted=True,
    hypertable="readings_hourly_value",
)

AGGREGATES = Source(
    name="aggregates",
    title=_("Agrégats horaires des mesures brutes, dont les valeurs sont calculées"),
    columns=AGGREGATE_COLUMNS,
    tables=(
        "readings_hourly_aggregate AS aggregate"
        " JOIN dashboards_published_series AS published ON published.series_id = aggregate.series_id"
        " AND aggregate.hour >= published.public_from"
        " AND (published.public_until IS NULL OR aggregate.hour < published.public_until)"
        " JOIN catalogue_observedproperty AS property ON property.code = published.property_id"
    ),
    time="aggregate.hour",
    order="aggregate.hour, aggregate.series_id",
    latest="max(aggregate.hour + INTERVAL '1 hour')",
    mark="concat(count(*), sum(n), sum(total), sum(total_of_squares), max(aggregate.hour))",
    long_mark="concat(count(*), sum(n), sum(total), max(aggregate.hour))",
    licence=ODBL,
    key=("interval_start", "place_id", "quantity", "variant", "channel"),
    place="published.public_id",
    quantity="published.property_id",
    hypertable="readings_hourly_aggregate",
)

# Single messages tell more of a home than hours do: those of a loan are published once it has ended.
MESSAGES = Source(
    name="messages",
    title=_("Mesures brutes, une à une, des emprunts terminés"),
    columns=MESSAGE_COLUMNS,
    tables=(
        "readings_reading AS reading"
        " JOIN dashboards_published_series AS published ON published.series_id = reading.series_id"
        " AND reading.observed_at >= published.public_from"
        " AND (published.public_until IS NULL OR reading.observed_at < published.public_until)"
        " AND (published.purpose <> 'loan' OR published.public_until <= now())"
        " JOIN catalogue_observedproperty AS property ON property.code = published.property_id"
        " AND property.medium <> 'device'"
    ),
    time="reading.observed_at",
    order="reading.observed_at, reading.series_id",
    latest="max(reading.received_at)",
    mark="concat(count(*), max(reading.received_at), sum(reading.value))",
    long_mark="concat(count(*), max(reading.received_at))",
    licence=ODBL,
    key=("observed_at", "place_id", "quantity", "variant", "channel"),
    place="published.public_id",
    quantity="published.property_id",
    hypertable="readings_raw_message",
)

CHANGES = Source(
    name="changes",
    title=_("Chiffres publiés qui ont changé, avec l’ancien et le nouveau"),
    columns=CHANGE_COLUMNS,
    tables=(
        "readings_hourly_value_change AS change"
        " JOIN dashboards_published_series AS published ON published.series_id = change.series_id"
        " AND change.hour >= published.public_from"
        " AND (published.public_until IS NULL OR change.hour < published.public_until)"
    ),
    time="change.changed_at",
    order="change.changed_at, change.hour, change.series_id",
    latest="max(change.changed_at)",
    mark="concat(count(*), max(change.changed_at))",
    long_mark="concat(count(*), max(change.changed_at))",
    licence=ODBL,
    key=("changed_at", "interval_start", "place_id", "quantity", "variant", "channel"),
    place="published.public_id",
    quantity="published.property_id",
)

REFERENCE_HOURS = Source(
    name="reference",
    title=_("Valeurs horaires des stations de référence"),
    columns=REFERENCE,
    tables=(
        "readings_reference_value AS hourly"
        " JOIN readings_referenceseries AS series ON series.id = hourly.series_id AND series.licence = 'lov2'"
        " JOIN readings_referencestation AS station ON station.id = series.station_id"
        " JOIN catalogue_observedproperty AS property ON property.code = series.property_id"
    ),
    time="hour",
    order="hour, hourly.series_id",
    latest="max(imported_at)",
    mark="concat(count(*), max(imported_at), sum(value))",
    long_mark="concat(count(*), max(imported_at))",
    licence=LICENCE_OUVERTE,
    key=("interval_start", "station_code", "quantity", "discriminant", "provider"),
    place="station.code",
    quantity="series.property_id",
    licence_of_row="series.licence",
)

SOURCES = {source.name: source for source in (HOURS, AGGREGATES, MESSAGES, REFERENCE_HOURS, CHANGES)}
