from datetime import date

from django.db import migrations, models


def write(apps, schema_editor):
    apps.get_model("readings", "CellRule").objects.create(
        below_households=11, size_m=1_000, valid_from=date(2026, 1, 1),
        reason="choix par défaut de Capto, à décider par l’association : onze ménages, le seuil sous lequel l’Insee "
        "ne publie pas un carreau (de mémoire)",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('readings', '0014_rule_the_size_of_published_cells'),
    ]

    operations = [
        migrations.CreateModel(
            name='GridSquare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('east', models.IntegerField()),
                ('north', models.IntegerField()),
                ('households', models.FloatField()),
            ],
        ),
        migrations.AddField(
            model_name='cellrule',
            name='below_households',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='cellrule',
            name='below_population',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='cellrule',
            constraint=models.CheckConstraint(condition=models.Q(('below_population__isnull', True), ('below_households__isnull', True), _connector='XOR'), name='a_cell_rule_counts_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='gridsquare',
            constraint=models.UniqueConstraint(fields=('east', 'north'), name='one_row_per_square_of_the_grid'),
        ),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
