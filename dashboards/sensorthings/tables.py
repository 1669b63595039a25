"""The SQL of the entity sets: subqueries over what is public, with every text that an answer shows as a column.

What is shown is what is filtered and sorted by: a name stands here once.
"""

from django.conf import settings

RAW, CORRECTED = 0, 1  # levels of a datastream
HOURS_BITS = 21  # hours since 1970 fit until the year 2209
SITE = settings.SITE_URL.replace("'", "''").replace("%", "%%")  # inside quotes, in statements with parameters

PLACES = """(
SELECT place.*,
       'Capteur prêté : ' || place.label || CASE place.commune WHEN '' THEN '' ELSE ', ' || place.commune END
       AS thing_description,
       'Centre d’une maille de ' || place.precision_m || ' m, non l’adresse' AS cell_description,
       'L’air d’une maille de ' || place.precision_m || ' m' AS air_description
FROM (
SELECT public_id, min(placement_id) AS id, min(label) AS label, min(kind) AS kind, min(commune) AS commune,
       min(insee_code) AS insee_code, bool_or(is_simulated) AS is_simulated, min(latitude) AS latitude,
       min(longitude) AS longitude, max(precision_m) AS precision_m, min(public_from) AS public_from,
       CASE WHEN bool_or(public_until IS NULL) THEN NULL ELSE max(public_until) END AS public_until,
       min(purpose) AS purpose
FROM dashboards_published_series GROUP BY public_id) AS place)"""
PLACE_KEY = "public_id = (SELECT public_id FROM readings_placement WHERE id = %(id)s) AND id = %(id)s"

STAYS = """(
SELECT DISTINCT placement_id AS id, public_id, public_from AS stay_from FROM dashboards_published_series)"""

DATASTREAMS = """(
SELECT series.series_id * 2 + levels.level AS id, series.series_id, levels.level, series.public_id,
       series.property_id, series.sensor_model_id, series.label, series.variant, series.channel,
       series.public_from, series.public_until, series.is_simulated, property.name AS property_name, property.unit,
       property.unit_label, property.definition, named.name,
       named.name || ' : ' || series.label || '. Moyennes horaires, en UTC.' AS description
FROM dashboards_published_series AS series
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
JOIN (VALUES (0), (1)) AS levels (level) ON levels.level = 0 OR property.is_pollutant
CROSS JOIN LATERAL (
    SELECT property.name
           || CASE WHEN concat(series.variant, series.channel) = '' THEN ''
              ELSE ' (' || concat_ws(' ', NULLIF(series.variant, ''), NULLIF(series.channel, '')) || ')' END
           || CASE levels.level WHEN 0 THEN ', moyenne brute' ELSE ', valeur corrigée' END AS name) AS named)"""

MODELS = f"""(
SELECT model.id, model.id AS sensor_model_id, model.maker, model.name AS model_name,
       model.maker || ' ' || model.name AS name, 'Modèle de capteur : ' || model.maker || ' ' || model.name
       AS description, '{SITE}/methode/#' || model.slug AS metadata
FROM catalogue_sensormodel AS model
WHERE model.id IN (SELECT sensor_model_id FROM dashboards_published_series))"""

# A number of a code that has none: 28 bits of its digest, the same everywhere and for ever.
PROPERTIES = f"""(
SELECT ('x' || left(md5(property.code), 7))::bit(28)::int AS id, property.code AS property_id,
       property.name AS property_name, property.name_en, property.medium, property.unit,
       COALESCE(NULLIF(property.definition, ''), '{SITE}/data/#' || property.code) AS definition
FROM catalogue_observedproperty AS property
WHERE property.code IN (SELECT property_id FROM dashboards_published_series))"""

OBSERVATIONS = f"""(
SELECT ((hourly.series_id * 2 + levels.level) << {HOURS_BITS})
       + (extract(epoch FROM hourly.hour)::bigint / 3600) AS id,
       hourly.series_id, levels.level, hourly.hour, levels.result, hourly.expanded_uncertainty, hourly.n,
       hourly.coverage, hourly.flags, hourly.grade, hourly.calibration_id,
       hourly.second_calibration_id, hourly.is_provisional,
       hourly.computed_at, hourly.code_version, series.public_id
FROM readings_hourly_value AS hourly
JOIN dashboards_published_series AS series ON series.series_id = hourly.series_id
 AND hourly.hour >= series.public_from AND (series.public_until IS NULL OR hourly.hour < series.public_until)
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
CROSS JOIN LATERAL (VALUES (0, hourly.raw_mean), (1, hourly.value)) AS levels (level, result)
WHERE levels.result IS NOT NULL AND (levels.level = 0 OR property.is_pollutant))"""
OBSERVATION_KEY = (
    f"series_id = (%(id)s::bigint >> {HOURS_BITS + 1}) AND level = (%(id)s::bigint >> {HOURS_BITS}) %% 2"
    f" AND hour = to_timestamp((%(id)s::bigint & {2**HOURS_BITS - 1}) * 3600)"
)
