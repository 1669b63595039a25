"""Give each sensor its credentials, and tell who listens when one is issued or revoked."""

import django.db.models.deletion
from django.db import migrations, models

TELL = """
CREATE TRIGGER tell_the_bridge AFTER INSERT OR UPDATE OR DELETE ON firmware_bridge_credential
    FOR EACH STATEMENT EXECUTE FUNCTION firmware_bridge_tell();
"""
SILENCE = "DROP TRIGGER tell_the_bridge ON firmware_bridge_credential;"


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0005_require_the_position_of_a_lending_point'),
        ('firmware_bridge', '0001_tell_when_sensors_or_placements_change'),
        ('readings', '0005_state_of_devices'),
    ]

    operations = [
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('username', models.CharField(max_length=40, unique=True)),
                ('secret_sha256', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('placement', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='credentials', to='readings.placement')),
                ('sensor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credentials', to='catalogue.sensor')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('sensor',), name='one_valid_credential_per_sensor')],
            },
        ),
        migrations.RunSQL(TELL, SILENCE),
    ]
