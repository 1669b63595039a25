"""Keep what the keys of devices mean as versions that never change, and which one read what."""

import django.db.models.deletion
from django.db import migrations, models

FREEZE = """
CREATE FUNCTION a_decoder_map_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a_decoder_map_never_changes: declare the next version' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER a_decoder_map_never_changes BEFORE UPDATE ON firmware_bridge_decodermap
    FOR EACH ROW EXECUTE FUNCTION a_decoder_map_never_changes();
CREATE TRIGGER tell_the_bridge AFTER INSERT OR DELETE ON firmware_bridge_decodermap
    FOR EACH STATEMENT EXECUTE FUNCTION firmware_bridge_tell();
"""
THAW = """
DROP TRIGGER tell_the_bridge ON firmware_bridge_decodermap;
DROP TRIGGER a_decoder_map_never_changes ON firmware_bridge_decodermap;
DROP FUNCTION a_decoder_map_never_changes();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0005_require_the_position_of_a_lending_point'),
        ('firmware_bridge', '0002_issue_credentials_to_sensors'),
    ]

    operations = [
        migrations.CreateModel(
            name='DecoderMap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wire_format', models.CharField(max_length=40)),
                ('stated_name', models.CharField(blank=True, max_length=120)),
                ('version', models.PositiveIntegerField()),
                ('fields', models.JSONField()),
                ('note', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('sensor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='decoder_maps', to='catalogue.sensor')),
                ('sensor_model', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='decoder_maps', to='catalogue.sensormodel')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('wire_format', 'sensor', 'sensor_model', 'stated_name', 'version'), name='one_decoder_map_per_version', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('sensor', None), ('sensor_model', None), models.Q(('stated_name', ''), _negated=True)), models.Q(('sensor__isnull', False), ('sensor_model', None), ('stated_name', '')), models.Q(('sensor', None), ('sensor_model__isnull', False), ('stated_name', '')), _connector='OR'), name='a_decoder_map_has_one_target')],
            },
        ),
        migrations.CreateModel(
            name='MappingUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('mapping', models.CharField(max_length=120)),
                ('sensor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mapping_uses', to='catalogue.sensor')),
            ],
            options={
                'indexes': [models.Index(fields=['sensor', '-since'], name='mapping_of_a_sensor_at_a_time')],
            },
        ),
        migrations.RunSQL(FREEZE, THAW),
    ]
