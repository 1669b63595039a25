"""Give readers one row per value: (series, observed_at, value) from the one row per message that is stored."""

from django.db import migrations

VIEW = """
CREATE VIEW readings_reading AS
SELECT series.id AS series_id, placement.id AS placement_id, message.sensor_id, message.observed_at,
       message.received_at, channel.property_id AS quantity, channel.variant, channel.channel,
       element.value, message.value_flags ->> (element.position - 1)::text AS flag, message.time_uncertain
FROM readings_raw_message AS message
CROSS JOIN LATERAL unnest(message.values) WITH ORDINALITY AS element (value, position)
JOIN readings_layoutchannel AS channel
  ON channel.layout_id = message.layout_id AND channel.position = element.position
JOIN readings_placement AS placement
  ON placement.sensor_id = message.sensor_id
 AND message.observed_at >= placement.starts_at
 AND (placement.ends_at IS NULL OR message.observed_at < placement.ends_at)
LEFT JOIN readings_series AS series
  ON series.placement_id = placement.id AND series.property_id = channel.property_id
 AND series.variant = channel.variant AND series.channel = channel.channel;
"""


class Migration(migrations.Migration):

    dependencies = [("readings", "0002_hypertables")]

    operations = [migrations.RunSQL(VIEW, "DROP VIEW readings_reading;")]
