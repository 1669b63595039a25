"""Keep changed figures as arrays, and guard the parents of the large tables by triggers.

A foreign key is checked row by row: measured on 720,000 hourly values it took 2.5 s beside the 2.5 s of the rows.
The rows of the four large tables are only written from a join with their parents, so that what remains to refuse
is the removal of a parent, and a trigger does that at no cost to the rows.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION readings_keep_parents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found boolean;
BEGIN
    FOR position IN 0 .. TG_NARGS / 2 - 1 LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1)', TG_ARGV[2 * position], TG_ARGV[2 * position + 1])
            INTO found USING OLD.id;
        IF found THEN
            RAISE foreign_key_violation
                USING MESSAGE = format('%s %s still has rows in %s', TG_TABLE_NAME, OLD.id, TG_ARGV[2 * position]);
        END IF;
    END LOOP;
    RETURN OLD;
END $$;
CREATE TRIGGER a_series_with_hours_stays BEFORE DELETE ON readings_series FOR EACH ROW EXECUTE FUNCTION
    readings_keep_parents('readings_hourly_aggregate', 'series_id', 'readings_hourly_value', 'series_id');
CREATE TRIGGER a_sensor_with_messages_stays BEFORE DELETE ON catalogue_sensor FOR EACH ROW EXECUTE FUNCTION
    readings_keep_parents('readings_raw_message', 'sensor_id');
CREATE TRIGGER a_layout_with_messages_stays BEFORE DELETE ON readings_layout FOR EACH ROW EXECUTE FUNCTION
    readings_keep_parents('readings_raw_message', 'layout_id');
"""
NO_GUARDS = """
DROP TRIGGER a_series_with_hours_stays ON readings_series;
DROP TRIGGER a_sensor_with_messages_stays ON catalogue_sensor;
DROP TRIGGER a_layout_with_messages_stays ON readings_layout;
DROP FUNCTION readings_keep_parents();
"""

# Arrays of a block of hours are large and hold noise: compressing them costs time and saves little.
PLAIN_ARRAYS = " ".join(
    f"ALTER TABLE readings_hourly_value_revision ALTER COLUMN {column} SET STORAGE EXTERNAL;"
    for column in (
        "hours", "old_values", "new_values", "old_uncertainties", "new_uncertainties",
        "old_calibrations", "new_calibrations", "old_second_calibrations", "new_second_calibrations",
    )
)

VIEW = """
CREATE VIEW readings_hourly_value_change AS
SELECT revision.series_id, change.hour, revision.changed_at,
       nullif(change.old_value, 'NaN') AS old_value, nullif(change.new_value, 'NaN') AS new_value,
       nullif(change.old_uncertainty, 'NaN') AS old_expanded_uncertainty,
       nullif(change.new_uncertainty, 'NaN') AS new_expanded_uncertainty,
       translate(substr(revision.old_grades, change.position::int, 1), '-', '') AS old_grade,
       translate(substr(revision.new_grades, change.position::int, 1), '-', '') AS new_grade,
       nullif(change.old_calibration, 0) AS old_calibration_id,
       nullif(change.new_calibration, 0) AS new_calibration_id,
       nullif(change.old_second_calibration, 0) AS old_second_calibration_id,
       nullif(change.new_second_calibration, 0) AS new_second_calibration_id,
       revision.reason
FROM readings_hourly_value_revision AS revision
CROSS JOIN LATERAL unnest(revision.hours, revision.old_values, revision.new_values, revision.old_uncertainties,
                          revision.new_uncertainties, revision.old_calibrations, revision.new_calibrations,
                          revision.old_second_calibrations, revision.new_second_calibrations) WITH ORDINALITY
    AS change (hour, old_value, new_value, old_uncertainty, new_uncertainty, old_calibration, new_calibration,
               old_second_calibration, new_second_calibration, position);
"""


def without_constraint(to: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=to,
    )


def array(of: models.Field) -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=of, size=None)


class Migration(migrations.Migration):

    dependencies = [
        ("readings", "0003_view_of_single_readings"),
        ("catalogue", "0001_sensors_and_observed_properties"),
    ]

    operations = [
        migrations.AlterField("rawmessage", "sensor", without_constraint("catalogue.sensor")),
        migrations.AlterField("rawmessage", "layout", without_constraint("readings.layout")),
        migrations.AlterField("hourlyaggregate", "series", without_constraint("readings.series")),
        migrations.AlterField("hourlyvalue", "series", without_constraint("readings.series")),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.AddField("hourlyvalue", "second_calibration_id", models.IntegerField(null=True)),
        migrations.DeleteModel("HourlyValueChange"),
        migrations.CreateModel(
            name="HourlyValueRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_hour", models.DateTimeField()),
                ("last_hour", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
                ("hours", array(models.DateTimeField())),
                ("old_values", array(models.FloatField())),
                ("new_values", array(models.FloatField())),
                ("old_uncertainties", array(models.FloatField())),
                ("new_uncertainties", array(models.FloatField())),
                ("old_grades", models.TextField()),
                ("new_grades", models.TextField()),
                ("old_calibrations", array(models.IntegerField())),
                ("new_calibrations", array(models.IntegerField())),
                ("old_second_calibrations", array(models.IntegerField())),
                ("new_second_calibrations", array(models.IntegerField())),
                ("series", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="readings.series")),
            ],
            options={
                "db_table": "readings_hourly_value_revision",
                "indexes": [models.Index(fields=["series", "first_hour"], name="readings_ho_series__revision")],
            },
        ),
        migrations.RunSQL(PLAIN_ARRAYS, migrations.RunSQL.noop),
        migrations.RunSQL(VIEW, "DROP VIEW readings_hourly_value_change;"),
        migrations.CreateModel(
            name="HourlyValueChange",
            fields=[
                ("pk", models.CompositePrimaryKey("series_id", "hour", "changed_at", blank=True, editable=False, primary_key=True, serialize=False)),
                ("hour", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("old_value", models.FloatField(null=True)),
                ("new_value", models.FloatField(null=True)),
                ("old_expanded_uncertainty", models.FloatField(null=True)),
                ("new_expanded_uncertainty", models.FloatField(null=True)),
                ("old_grade", models.CharField(blank=True, max_length=1)),
                ("new_grade", models.CharField(blank=True, max_length=1)),
                ("old_calibration_id", models.IntegerField(null=True)),
                ("new_calibration_id", models.IntegerField(null=True)),
                ("old_second_calibration_id", models.IntegerField(null=True)),
                ("new_second_calibration_id", models.IntegerField(null=True)),
                ("reason", models.CharField(max_length=200)),
            ],
            options={"db_table": "readings_hourly_value_change", "managed": False},
        ),
    ]
