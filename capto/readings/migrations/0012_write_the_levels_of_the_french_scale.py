from datetime import date

from django.db import migrations

ORDER, ORDER_ON = "arrêté du 10 juillet 2020, annexe I (JORFTEXT000042164835)", date(2021, 1, 1)
NAMES = (
    ("Bon", "Good", "#50F0E6"),
    ("Moyen", "Fair", "#50CCAA"),
    ("Dégradé", "Degraded", "#F0E641"),
    ("Mauvais", "Poor", "#FF5050"),
    ("Très mauvais", "Very poor", "#960032"),
    ("Extrêmement mauvais", "Extremely poor", "#872181"),
)
# pollutant, statistic, upper bounds of the first five levels (inclusive, µg/m³), whether read in the text itself
BOUNDS = (
    ("so2", "daily_maximum", (100, 200, 350, 500, 750), "verified"),
    ("no2", "daily_maximum", (40, 90, 120, 230, 340), "verified"),
    ("o3", "daily_maximum", (50, 100, 130, 240, 380), "transcribed"),
    ("pm10", "daily_mean", (20, 40, 50, 100, 150), "transcribed"),
    ("pm25", "daily_mean", (10, 20, 25, 50, 75), "transcribed"),
)


def write(apps, schema_editor):
    Level = apps.get_model("readings", "Level")
    for pollutant, statistic, bounds, status in BOUNDS:
        for number, ((name, name_en, colour), upper) in enumerate(zip(NAMES, (*bounds, None)), start=1):
            Level.objects.create(
                scale="FR", pollutant=pollutant, statistic=statistic, number=number, name=name, name_en=name_en,
                colour=colour, upper=upper, valid_from=ORDER_ON, legal_reference=ORDER, status=status,
            )


class Migration(migrations.Migration):

    dependencies = [("readings", "0011_keep_levels_as_dated_rows")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
