"""Write what is wrong with a device, since when, and what the borrower says of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('firmware_bridge', '0003_keep_decoder_maps_as_versions'),
        ('readings', '0005_state_of_devices'),
    ]

    operations = [
        migrations.CreateModel(
            name='Diagnosis',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('silent', 'Plus de nouvelles'), ('stuck', 'Valeur figée'), ('out_of_range', 'Valeur impossible'), ('too_humid', 'Humidité dans le boîtier'), ('clock_wrong', 'Horloge fausse'), ('battery_low', 'Batterie faible'), ('weak_signal', 'Wi-Fi trop faible'), ('fan_failing', 'Ventilateur en panne'), ('indoors_by_mistake', 'Capteur à l’intérieur'), ('drifting', 'Mesure qui dérive')], max_length=20)),
                ('since', models.DateTimeField()),
                ('found_at', models.DateTimeField()),
                ('until', models.DateTimeField(blank=True, null=True)),
                ('evidence', models.JSONField(default=dict)),
                ('answer', models.CharField(blank=True, choices=[('cooking', 'Je cuisinais ou je faisais un feu'), ('moved', 'J’ai déplacé le capteur'), ('unplugged', 'Je l’ai débranché'), ('fixed', 'J’ai fait ce qui était conseillé'), ('normal', 'Tout me semble normal'), ('other', 'Autre chose')], max_length=12)),
                ('answer_text', models.CharField(blank=True, max_length=500)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('placement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='diagnoses', to='readings.placement')),
            ],
            options={
                'verbose_name_plural': 'diagnoses',
                'constraints': [models.UniqueConstraint(condition=models.Q(('until', None)), fields=('placement', 'kind'), name='one_open_diagnosis_of_a_kind_per_placement')],
            },
        ),
    ]
