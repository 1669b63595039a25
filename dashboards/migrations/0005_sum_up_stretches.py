"""Keep what months and days of each published series hold, so that questions of millions of hours read few of them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("dashboards", "0004_withdraw_what_was_published")]

    operations = [
        migrations.CreateModel(
            name="StretchSum",
            fields=[
                ("pk", models.CompositePrimaryKey("start", "series_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("start", models.DateTimeField()),
                ("series_id", models.BigIntegerField()),
                ("low", models.DateTimeField()),
                ("high", models.DateTimeField()),
                ("hours", models.IntegerField()),
                ("corrected", models.IntegerField()),
                ("result_low", models.FloatField(null=True)),
                ("result_high", models.FloatField(null=True)),
                ("n_low", models.IntegerField(null=True)),
                ("n_high", models.IntegerField(null=True)),
                ("coverage_low", models.FloatField(null=True)),
                ("coverage_high", models.FloatField(null=True)),
                ("computed_low", models.DateTimeField(null=True)),
                ("computed_high", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
            ],
        ),
    ]
