"""A public city of any size, made inside the database: places, stations, and a year of published hours."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta

QUANTITIES = ("pm25", "pm10", "no2", "humidity")
SETTLED = timedelta(minutes=20)

HOURS = """
INSERT INTO readings_hourly_value (series_id, hour, raw_mean, value, expanded_uncertainty, n, coverage, flags, grade,
                                   calibration_id, is_provisional, computed_at, code_version)
SELECT series.id, hour, raw, CASE WHEN property.is_pollutant THEN raw * 0.7 END,
       CASE WHEN property.is_pollutant THEN 2 + raw * 0.1 END, 30, 1, 0,
       CASE WHEN property.is_pollutant THEN 'B' ELSE 'D' END, CASE WHEN property.is_pollutant THEN 1 END, false,
       hour + INTERVAL '65 minutes', '0.1.0'
FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - INTERVAL '1 hour', INTERVAL '1 hour') AS hour
CROSS JOIN readings_series AS series
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
CROSS JOIN LATERAL (
    SELECT round((12 + 8 * sin(extract(epoch FROM hour) / 13750) + (series.id * 7919 + extract(epoch FROM hour)::bigint
                  / 3600 * 104729) %% 1000 / 100.0)::numeric, 2)::float8
) AS drawn (raw)
WHERE series.id = ANY(%(series)s)
"""


def say(text: str) -> None:
    """Tell how far the making is, to standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def make(*, places: int, days: int) -> datetime:
    """Make places with four quantities each and `days` of hours up to now; give the end of the last hour."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    django.setup()
    from django.db import connection

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
    series = Series.objects.bulk_create(
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
    with connection.cursor() as cursor:
        for first in range(0, len(series), 400):
            part = [one.pk for one in series[first : first + 400]]
            cursor.execute(HOURS, {"start": start, "end": end, "series": part})
            say(f"hours of {first + len(part)} of {len(series)} series")
        say("analysing")
        cursor.execute("VACUUM (ANALYZE) readings_hourly_value")
        cursor.execute("ANALYZE")
    return end
