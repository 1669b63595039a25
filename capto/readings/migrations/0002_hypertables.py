"""Turn the four tables that grow with time into hypertables of TimescaleDB (Apache edition features only)."""

from django.db import migrations

CREATE_EXTENSION = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        CREATE EXTENSION timescaledb;
    END IF;
END $$;
"""

# A week of messages of 1,000 sensors a minute is about 1 GB: the recent chunk stays in memory.
HYPERTABLES = {
    "readings_raw_message": ("observed_at", "7 days"),
    "readings_hourly_aggregate": ("hour", "90 days"),
    "readings_hourly_value": ("hour", "90 days"),
    "readings_reference_value": ("hour", "365 days"),
}


def hypertable(table: str, column: str, interval: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"SELECT create_hypertable('{table}', by_range('{column}', INTERVAL '{interval}'),"
        " create_default_indexes => false, if_not_exists => true);",
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):

    dependencies = [("readings", "0001_placements_messages_and_hours")]

    operations = [
        migrations.RunSQL(CREATE_EXTENSION, migrations.RunSQL.noop),
        *(hypertable(table, *how) for table, how in HYPERTABLES.items()),
        # Readers of one hour of all series (maps, daily files) need time first.
        migrations.RunSQL(
            "CREATE INDEX readings_hourly_value_by_hour ON readings_hourly_value (hour, series_id);",
            "DROP INDEX readings_hourly_value_by_hour;",
        ),
    ]
