"""Describe the counters that devices send: they tell restarts and losses, and two equal messages apart."""

from django.db import migrations

# code, French name, English name
COUNTERS = [
    ("boot_count", "Nombre de cycles depuis le démarrage", "Cycles since the start"),
    ("message_count", "Numéro de message", "Number of the message"),
]


def describe(apps, schema_editor):
    model = apps.get_model("catalogue", "ObservedProperty")
    for code, name, name_en in COUNTERS:
        model.objects.update_or_create(
            code=code,
            defaults={
                "medium": "device",
                "name": name,
                "name_en": name_en,
                "unit": "1",
                "unit_label": "",
                "plausible_minimum": 0.0,
            },
        )


class Migration(migrations.Migration):

    dependencies = [("catalogue", "0003_add_lending_points_kits_and_upkeep")]

    operations = [migrations.RunPython(describe, migrations.RunPython.noop)]
