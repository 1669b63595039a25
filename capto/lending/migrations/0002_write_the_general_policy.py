"""Write the policy that decides where no other does: three weeks, one renewal, as the field lends.

Atmo Auvergne-Rhône-Alpes' Captothèque lends for three weeks, booked up to three months ahead (reference/lending.md).
"""

from django.db import migrations


def write(apps, schema_editor):
    policy = apps.get_model("lending", "Policy")
    policy.objects.get_or_create(
        kit_model=None, category="", organisation=None, defaults={"name": "Règle générale"}
    )


class Migration(migrations.Migration):

    dependencies = [("lending", "0001_add_policies_holds_loans_and_occupancy")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
