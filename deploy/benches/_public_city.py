"""A public city of any size, made inside the database: places, stations, and a year of published hours."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise, zip_longest

import psycopg

QUANTITIES = ("pm25", "pm10", "no2", "humidity")
SETTLED = timedelta(minutes=20)
AT_ONCE = 2  # connections that write
PART = timedelta(days=15)  # of one statement

# Indexes of tens of millions of rows are built at once when the rows are there, in a third of the time.
WITHOUT_INDEXES = """
ALTER TABLE readings_hourly_value DROP CONSTRAINT readings_hourly_value_pkey;
DROP INDEX readings_hourly_value_by_hour;
"""
KEY = "ALTER TABLE readings_hourly_value ADD CONSTRAINT readings_hourly_value_pkey PRIMARY KEY (series_id, hour)"
BY_HOUR = "CREATE INDEX readings_hourly_value_by_hour ON readings_hourly_value (hour, series_id)"
CHUNKS = "SELECT chunk::text FROM show_chunks('readings_hourly_value') AS chunk"

HOURS = """
INSERT INTO readings_hourly_value (series_id, hour, raw_mean, value, expanded_uncertainty, n, coverage, flags, grade,
                                   calibration_id, is_provisional, computed_at, code_version)
SELECT series.id, hour, raw, CASE WHEN property.is_pollutant THEN raw * 0.7 END,
       CASE WHEN property.is_pollutant THEN 2 + raw * 0.1 END, 30, 1, 0,
       CASE WHEN property.is_pollutant THEN 'B' ELSE 'D' END, CASE WHEN property.is_pollutant THEN 1 END, false,
       hour + INTERVAL '65 minutes', '0.1.0'
FROM (
    SELECT hour, 12 + 8 * sin(epoch / 13750) AS base, (epoch / 3600)::bigint * 104729 AS drift
    FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - INTERVAL '1 hour', INTERVAL '1 hour') AS hour,
         LATERAL (SELECT extract(epoch FROM hour)::float8) AS told (epoch)
) AS moment
CROSS JOIN readings_series AS series
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
CROSS JOIN LATERAL (
    SELECT floor(100 * base + (series.id * 7919 + drift) %% 1000 + 0.5::float8) / 100
) AS drawn (raw)
"""


def say(text: str) -> None:
    """Tell how far the making is, to standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def make(*, places: int, days: int) -> datetime:
    """Make places with four quantities each and `days` of hours up to now; give the end of the last hour."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    django.setup()
    from capto.catalogue.models import Sensor, SensorModel
    from capto.members.models import Organisation, Territory
    from capto.readings.models import (
        Place,
        Placement,
        ReferenceSeries,
        ReferenceStation,
        ReferenceValue,
        Series,
    )

    end = (datetime.now(UTC) - SETTLED).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(days=days)
    town = Territory.objects.create(name="Banc d’essai", insee_code="38185", population=158_000)
    owner = Organisation.objects.create(name="Bench", is_simulated=True)
    model = SensorModel.objects.create(maker="Bench", name="One", slug="bench-one", wire_format="senml")
    stands = Place.objects.bulk_create(
        Place(
            kind=Place.Kind.SCHOOL, label=f"Lieu {number}", territory=town, precision_m=200,
            cell_latitude=45.15 + number // 40 * 0.002, cell_longitude=5.65 + number % 40 * 0.003,
        )
        for number in range(places)
    )  # fmt: skip
    sensors = Sensor.objects.bulk_create(
        Sensor(
            owner=owner,
            model=model,
            inventory_code=f"B{n}",
            wire_format="senml",
            device_id=f"b{n}",
            is_simulated=True,
        )
        for n in range(places)
    )
    standing = Placement.objects.bulk_create(
        Placement(sensor=sensor, place=place, starts_at=start, purpose="permanent")
        for sensor, place in zip(sensors, stands, strict=True)
    )
    Series.objects.bulk_create(
        Series(placement=placement, property_id=quantity, variant="")
        for placement in standing
        for quantity in QUANTITIES
    )
    station = ReferenceStation.objects.create(
        code="FR00001", name="Banc", territory=town, latitude=45.18, longitude=5.72, siting="urbaine",
        influence="fond", is_simulated=True,
    )  # fmt: skip
    for quantity in QUANTITIES[:3]:
        analyser = ReferenceSeries.objects.create(station=station, property_id=quantity, provider="e2")
        ReferenceValue.objects.bulk_create(
            ReferenceValue(
                series=analyser, hour=end - timedelta(hours=back + 1), value=10.0 + back % 7, imported_at=end
            )
            for back in range(24 * days)
        )
    fill(start, end)
    return end


def fill(start: datetime, end: datetime) -> None:
    """Write the hours [start, end) of every series, part by part from two connections, and index them."""
    parts = [start]
    while parts[-1] < end:
        parts.append(min(parts[-1] + PART, end))
    spans = list(pairwise(parts))
    half = -(-len(spans) // 2)
    order = [
        span for pair in zip_longest(spans[:half], spans[half:]) for span in pair if span
    ]  # in different chunks
    run(WITHOUT_INDEXES)
    with ThreadPoolExecutor(AT_ONCE) as at_once:
        for number, _ in enumerate(
            at_once.map(lambda span: run(HOURS, {"start": span[0], "end": span[1]}), order), 1
        ):
            say(f"hours of {number} of {len(order)} parts of the time")
        say("indexing")
        list(at_once.map(run, (KEY, BY_HOUR)))
        say("analysing")
        list(at_once.map(lambda chunk: run(f"VACUUM (ANALYZE) {chunk}"), run(CHUNKS)))
    run("ANALYZE")


def run(statement: str, parameters: dict[str, datetime] | None = None) -> list[str]:
    """Run a statement on a connection of its own, which need not wait for the disk."""
    with psycopg.connect(os.environ["CAPTO_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET timezone = 'UTC'")
        answer = connection.execute(statement, parameters)
        return [row[0] for row in answer.fetchall()] if answer.description else []
