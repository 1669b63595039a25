"""Fill the pages of published hours by half, so that the figure that follows finds room beside the one before.

An hour of a loan is published at least twice: provisionally, and again when the sensor is back at the bench. Where
the page has room, the new row needs no entry in either index (a heap-only update). Pages written before stay full.
"""

from django.db import migrations

ROOM = """
ALTER TABLE readings_hourly_value SET (fillfactor = 45);
"""
NO_ROOM = "ALTER TABLE readings_hourly_value RESET (fillfactor);"


class Migration(migrations.Migration):

    dependencies = [("readings", "0012_write_the_levels_of_the_french_scale")]

    operations = [migrations.RunSQL(ROOM, NO_ROOM)]
