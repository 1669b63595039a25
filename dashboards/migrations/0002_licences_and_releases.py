"""Licences of datasets by recorded decisions, and releases that never change."""

from datetime import UTC, datetime

from django.db import migrations, models


def first_decisions(apps, schema_editor):
    """Citizens' data under ODbL; reference values under the licence of their source."""
    DatasetLicence = apps.get_model("dashboards", "DatasetLicence")
    for dataset in ("hourly", "aggregates", "messages", "changes", "reference"):
        DatasetLicence.objects.create(
            dataset=dataset,
            licence="lov2" if dataset == "reference" else "odbl",
            decided_at=datetime(2026, 1, 1, tzinfo=UTC),
            reason="Valeur par défaut : un commun pour les mesures citoyennes, la licence de la source pour les stations.",
        )


class Migration(migrations.Migration):

    dependencies = [("dashboards", "0001_what_is_public")]

    operations = [
        migrations.CreateModel(
            name="DatasetLicence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("dataset", models.CharField(max_length=20)),
                ("licence", models.CharField(choices=[("odbl", "Open Data Commons Open Database License 1.0"), ("lov2", "Licence Ouverte 2.0")], max_length=20)),
                ("decided_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("dataset", "reference"), _negated=True) | models.Q(("licence", "lov2")),
                        name="reference_values_keep_the_licence_of_their_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("licence__in", ["odbl", "lov2"])), name="a_dataset_has_a_known_licence"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=10)),
                ("version", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField()),
                ("code_version", models.CharField(max_length=40)),
                ("marks", models.JSONField()),
                ("files", models.JSONField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("period", "version"), name="one_release_per_period_and_version"
                    )
                ],
            },
        ),
        migrations.RunPython(first_decisions, migrations.RunPython.noop),
    ]
