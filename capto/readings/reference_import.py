"""Store hours of reference stations: new ones are added, revised ones replaced with a trace, withdrawn ones removed."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from capto.readings.models import ReferenceSeries, ReferenceStation
from capto.readings.reference_hour import ReferenceHour, Station

IMPORT_LOCK = 0x5265_6663  # one import at a time: two could each see the other's rows as new

_Key = tuple[str, str, str]  # station code, quantity, discriminant


class Imported(NamedTuple):
    """What one import did, in hours."""

    new: int = 0
    revised: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    without_value: int = 0  # said not to be valid, and not known before either


INCOMING = """
CREATE TEMPORARY TABLE incoming_reference_hour (
    series_id bigint, hour timestamptz, value double precision, rounded_value double precision, validity smallint,
    value_type text, quality_code text
)
"""
COPY = """
COPY incoming_reference_hour (series_id, hour, value, rounded_value, validity, value_type, quality_code)
FROM STDIN (FORMAT BINARY)
"""
COPY_TYPES = ["int8", "timestamptz", "float8", "float8", "int2", "text", "text"]

LEAVE_TRACES = """
INSERT INTO readings_reference_value_change
    (series_id, hour, changed_at, old_value, new_value, old_validity, new_validity)
SELECT old.series_id, old.hour, %(now)s, old.value, new.value, old.validity,
       CASE WHEN new.value IS NOT NULL THEN new.validity END
FROM incoming_reference_hour AS new
JOIN readings_reference_value AS old USING (series_id, hour)
WHERE (old.value, old.validity) IS DISTINCT FROM (new.value, new.validity)
RETURNING new_value IS NULL
"""
WITHDRAW = """
DELETE FROM readings_reference_value AS old USING incoming_reference_hour AS new
WHERE old.series_id = new.series_id AND old.hour = new.hour AND new.value IS NULL
"""
STORE = """
INSERT INTO readings_reference_value AS old
    (series_id, hour, value, rounded_value, validity, value_type, quality_code, imported_at)
SELECT series_id, hour, value, rounded_value, validity, value_type, quality_code, %(now)s
FROM incoming_reference_hour WHERE value IS NOT NULL ORDER BY series_id, hour
ON CONFLICT (series_id, hour) DO UPDATE SET
    value = excluded.value, rounded_value = excluded.rounded_value, validity = excluded.validity,
    value_type = excluded.value_type, quality_code = excluded.quality_code, imported_at = excluded.imported_at
WHERE (old.value, old.rounded_value, old.validity, old.value_type, old.quality_code) IS DISTINCT FROM
      (excluded.value, excluded.rounded_value, excluded.validity, excluded.value_type, excluded.quality_code)
"""
COUNT = """
SELECT count(*) FILTER (WHERE new.value IS NOT NULL AND old.hour IS NULL),
       count(*) FILTER (WHERE new.value IS NULL AND old.hour IS NULL),
       count(*) FILTER (WHERE new.value IS NOT NULL AND old.hour IS NOT NULL)
FROM incoming_reference_hour AS new
LEFT JOIN readings_reference_value AS old ON old.series_id = new.series_id AND old.hour = new.hour
"""


def store(hours: Iterable[ReferenceHour], *, provider: str, now: datetime) -> Imported:
    """Store the hours of one provider; the same hours again change nothing.

    An hour whose value or validity differs replaces the stored one and leaves a ReferenceValueChange; an hour
    without value removes the stored one and leaves a change too. Stations and series that are new are created.
    All or nothing. Of two hours with the same key the last one counts.
    """
    unique = {(hour.station.code, hour.quantity, hour.discriminant, hour.hour): hour for hour in hours}
    if not unique:
        return Imported()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
        series = _series({key[:3]: hour.station for key, hour in unique.items()}, provider=provider)
        cursor.execute(INCOMING)
        with cursor.copy(COPY) as copy:
            copy.set_types(COPY_TYPES)
            for (code, quantity, discriminant, at), hour in unique.items():
                copy.write_row(
                    (
                        series[code, quantity, discriminant],
                        at,
                        hour.value,
                        hour.rounded_value,
                        hour.validity,
                        hour.value_type,
                        hour.quality_code,
                    )
                )
        cursor.execute("ANALYZE incoming_reference_hour")
        cursor.execute(COUNT)
        new, without_value, known = cursor.fetchone()
        cursor.execute(LEAVE_TRACES, {"now": now})
        withdrawals = [withdrawn for (withdrawn,) in cursor.fetchall()]
        cursor.execute(WITHDRAW)
        cursor.execute(STORE, {"now": now})
        cursor.execute("DROP TABLE incoming_reference_hour")
    revised = withdrawals.count(False)
    return Imported(new, revised, withdrawals.count(True), known - revised, without_value)


def _series(wanted: dict[_Key, Station], *, provider: str) -> dict[_Key, int]:
    """Give the id of each series, after creating the stations and series that do not exist."""
    stations = {station.code: station for station in wanted.values()}
    ReferenceStation.objects.bulk_create(
        [
            ReferenceStation(
                code=station.code,
                name=station.name or station.code,
                operator=station.operator,
                siting=station.siting,
                influence=station.influence,
                latitude=station.latitude,
                longitude=station.longitude,
            )
            for station in stations.values()
        ],
        ignore_conflicts=True,
    )
    rows = {row.code: row for row in ReferenceStation.objects.filter(code__in=stations)}
    for code, row in rows.items():
        _complete(row, stations[code])
    ReferenceSeries.objects.bulk_create(
        [
            ReferenceSeries(
                station=rows[code], property_id=quantity, provider=provider, discriminant=discriminant
            )
            for code, quantity, discriminant in wanted
        ],
        ignore_conflicts=True,
    )
    found = ReferenceSeries.objects.filter(provider=provider, station__code__in=stations).values_list(
        "station__code", "property_id", "discriminant", "id"
    )
    return {(code, quantity, discriminant): identity for code, quantity, discriminant, identity in found}


def _complete(row: ReferenceStation, station: Station) -> None:
    """Fill in what was not known of a station; what is known is not overwritten by another provider."""
    said = {
        "name": station.name if row.name == row.code else "",
        "operator": station.operator,
        "siting": station.siting,
        "influence": station.influence,
        "latitude": station.latitude,
        "longitude": station.longitude,
    }
    news = [
        field
        for field, value in said.items()
        if value not in ("", None) and (field == "name" or getattr(row, field) in ("", None))
    ]
    for field in news:
        setattr(row, field, said[field])
    if news:
        row.save(update_fields=news)
