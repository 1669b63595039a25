"""Publish the second calibration of an hour beside the first, and the end of a stay as a whole hour.

The second at which staff took a sensor down is nobody's business; the hours that are public stay the same.
"""

from django.db import migrations

SERIES = """
CREATE OR REPLACE VIEW dashboards_published_series AS
SELECT series.id AS series_id, series.property_id, series.variant, series.channel,
       placement.id AS placement_id, placement.public_id, placement.purpose,
       CASE WHEN place.kind = 'home'
            THEN (date_trunc('day', placement.starts_at AT TIME ZONE 'Europe/Paris') + INTERVAL '1 day')
                 AT TIME ZONE 'Europe/Paris'
            ELSE date_trunc('hour', placement.starts_at, 'UTC') END AS public_from,
       CASE WHEN place.kind = 'home'
            THEN date_trunc('day', placement.ends_at AT TIME ZONE 'Europe/Paris') AT TIME ZONE 'Europe/Paris'
            ELSE date_trunc('hour', placement.ends_at + INTERVAL '1 hour' - INTERVAL '1 microsecond', 'UTC')
            END AS public_until,
       place.kind, place.label, place.cell_latitude AS latitude, place.cell_longitude AS longitude,
       place.precision_m, place.station_id, territory.id AS territory_id, COALESCE(territory.name, '') AS commune,
       COALESCE(territory.insee_code, '') AS insee_code, sensor.model_id AS sensor_model_id, sensor.is_simulated
FROM readings_series AS series
JOIN readings_placement AS placement ON placement.id = series.placement_id
JOIN readings_place AS place ON place.id = placement.place_id
JOIN catalogue_sensor AS sensor ON sensor.id = placement.sensor_id
LEFT JOIN members_territory AS territory ON territory.id = place.territory_id
WHERE NOT place.is_indoor AND placement.purpose <> 'device_test';
"""

SERIES_BEFORE = """
CREATE OR REPLACE VIEW dashboards_published_series AS
SELECT series.id AS series_id, series.property_id, series.variant, series.channel,
       placement.id AS placement_id, placement.public_id, placement.purpose,
       CASE WHEN place.kind = 'home'
            THEN (date_trunc('day', placement.starts_at AT TIME ZONE 'Europe/Paris') + INTERVAL '1 day')
                 AT TIME ZONE 'Europe/Paris'
            ELSE date_trunc('hour', placement.starts_at, 'UTC') END AS public_from,
       CASE WHEN place.kind = 'home'
            THEN date_trunc('day', placement.ends_at AT TIME ZONE 'Europe/Paris') AT TIME ZONE 'Europe/Paris'
            ELSE placement.ends_at END AS public_until,
       place.kind, place.label, place.cell_latitude AS latitude, place.cell_longitude AS longitude,
       place.precision_m, place.station_id, territory.id AS territory_id, COALESCE(territory.name, '') AS commune,
       COALESCE(territory.insee_code, '') AS insee_code, sensor.model_id AS sensor_model_id, sensor.is_simulated
FROM readings_series AS series
JOIN readings_placement AS placement ON placement.id = series.placement_id
JOIN readings_place AS place ON place.id = placement.place_id
JOIN catalogue_sensor AS sensor ON sensor.id = placement.sensor_id
LEFT JOIN members_territory AS territory ON territory.id = place.territory_id
WHERE NOT place.is_indoor AND placement.purpose <> 'device_test';
"""

HOURS = """
CREATE OR REPLACE VIEW dashboards_published_hour AS
SELECT hourly.series_id, hourly.hour, hourly.raw_mean, hourly.value, hourly.expanded_uncertainty, hourly.n,
       hourly.coverage, hourly.flags, hourly.grade, hourly.calibration_id, hourly.is_provisional,
       hourly.computed_at, hourly.code_version, series.property_id, series.variant, series.channel,
       series.placement_id, series.public_id, series.purpose, series.kind, series.label, series.latitude,
       series.longitude, series.precision_m, series.insee_code, series.is_simulated, hourly.second_calibration_id
FROM readings_hourly_value AS hourly
JOIN dashboards_published_series AS series ON series.series_id = hourly.series_id
WHERE hourly.hour >= series.public_from AND (series.public_until IS NULL OR hourly.hour < series.public_until);
"""


class Migration(migrations.Migration):

    dependencies = [("dashboards", "0002_licences_and_releases")]

    operations = [
        migrations.RunSQL(SERIES, SERIES_BEFORE),
        migrations.RunSQL(HOURS, migrations.RunSQL.noop),
    ]
