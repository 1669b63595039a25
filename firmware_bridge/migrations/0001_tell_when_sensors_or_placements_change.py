"""Tell the bridge when the catalogue or a placement changes, so that a pause or a new loan acts at once."""

from django.db import migrations

TELL = """
CREATE FUNCTION firmware_bridge_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('capto_sensors_or_placements', '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_the_bridge AFTER INSERT OR UPDATE OR DELETE ON catalogue_sensor
    FOR EACH STATEMENT EXECUTE FUNCTION firmware_bridge_tell();
CREATE TRIGGER tell_the_bridge AFTER INSERT OR UPDATE OR DELETE ON readings_placement
    FOR EACH STATEMENT EXECUTE FUNCTION firmware_bridge_tell();
"""
SILENCE = """
DROP TRIGGER tell_the_bridge ON readings_placement;
DROP TRIGGER tell_the_bridge ON catalogue_sensor;
DROP FUNCTION firmware_bridge_tell();
"""


class Migration(migrations.Migration):

    dependencies = [("readings", "0005_state_of_devices"), ("catalogue", "0001_sensors_and_observed_properties")]

    operations = [migrations.RunSQL(TELL, SILENCE)]
