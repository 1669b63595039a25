"""What staff unpublish leaves every public view at once, and its row keeps the reason, the author and the day."""

from importlib import import_module

from django.db import migrations, models

SERIES_BEFORE = import_module("dashboards.migrations.0003_whole_hours_and_second_calibration").SERIES
SERIES = (
    SERIES_BEFORE.rstrip().removesuffix(";")
    + """
  AND NOT EXISTS (SELECT FROM dashboards_withdrawal AS gone WHERE gone.public_id = placement.public_id);
"""
)


class Migration(migrations.Migration):

    dependencies = [("dashboards", "0003_whole_hours_and_second_calibration")]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(max_length=20, unique=True)),
                ("reason", models.TextField()),
                ("author", models.CharField(max_length=120)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(SERIES, SERIES_BEFORE),
    ]
