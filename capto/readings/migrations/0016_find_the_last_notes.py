"""Find the notes of what was written lately without reading those of all years."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("readings", "0015_count_households_in_squares")]

    operations = [
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(fields=["at"], name="readings_publication_at"),
        ),
    ]
