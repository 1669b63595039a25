"""The eight entity sets: the SQL of each, its properties, its links to the others, and how its ids are made.

Ids are integers. That of a Thing, a Location and a FeatureOfInterest is the number of the first placement with its
public id; that of a Datastream and an Observation is computed from the series, the level and the hour. They say in
which order placements were made and nothing of who or where.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.conf import settings

from calibration import flags as vocabulary

Kind = Literal["number", "string", "time", "bool", "point", "json", "null"]
Row = Mapping[str, Any]

RAW, CORRECTED = 0, 1  # levels of a datastream
HOURS_BITS = 21  # hours since 1970 fit until the year 2209
MOST = 2**53  # ids stay exact in JavaScript
HOUR = timedelta(hours=1)
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
GEOJSON = "application/geo+json"


@dataclass(frozen=True, slots=True)
class Property:
    """One property: the SQL that `$filter` and `$orderby` use ('' where they may not), and how a row shows it."""

    sql: str
    kind: Kind
    show: Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A relation: the entity set at its other end, the columns that are equal at both, and whether it gives many."""

    target: str
    on: tuple[str, ...]
    many: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity set. `table` is a subquery; `key` the SQL condition of an id, given as `%(id)s`.

    `inner` names the paths into a property that holds an object (`properties/precision_m`). `order` are the columns
    of the order where none is asked for; together they tell any two rows apart.
    """

    name: str
    one: str
    table: str
    key: str
    order: tuple[str, ...]
    properties: Mapping[str, Property]
    links: Mapping[str, Link]
    inner: Mapping[str, Property] = field(default_factory=dict)


def instant(at: datetime) -> str:
    """Write an instant of UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(name: str, kind: Kind = "string") -> Property:
    return Property(name, kind, lambda row: row[name])


def _id(row: Row) -> int:
    return int(row["id"])


def _point(row: Row) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [round(row["longitude"], 6), round(row["latitude"], 6)]}


def _about_place(row: Row) -> dict[str, Any]:
    return {
        "precision_m": row["precision_m"], "kind": row["kind"], "commune": row["commune"],
        "insee_code": row["insee_code"], "simulated": row["is_simulated"],
    }  # fmt: skip


ID = Property("id", "number", _id)
PLACE_INNER = {
    "properties/precision_m": Property("precision_m", "number", _id),
    "properties/kind": Property("kind", "string", _id),
    "properties/commune": Property("commune", "string", _id),
    "properties/insee_code": Property("insee_code", "string", _id),
    "properties/simulated": Property("is_simulated", "bool", _id),
}

PLACES = """(
SELECT public_id, min(placement_id) AS id, min(label) AS label, min(kind) AS kind, min(commune) AS commune,
       min(insee_code) AS insee_code, bool_or(is_simulated) AS is_simulated, min(latitude) AS latitude,
       min(longitude) AS longitude, max(precision_m) AS precision_m, min(public_from) AS public_from,
       CASE WHEN bool_or(public_until IS NULL) THEN NULL ELSE max(public_until) END AS public_until,
       min(purpose) AS purpose
FROM dashboards_published_series GROUP BY public_id)"""
PLACE_KEY = "public_id = (SELECT public_id FROM readings_placement WHERE id = %(id)s) AND id = %(id)s"

STAYS = """(
SELECT DISTINCT placement_id AS id, public_id, public_from AS stay_from FROM dashboards_published_series)"""

DATASTREAMS = """(
SELECT series.series_id * 2 + levels.level AS id, series.series_id, levels.level, series.public_id,
       series.property_id, series.sensor_model_id, series.label, series.variant, series.channel,
       series.public_from, series.public_until, series.is_simulated, property.name AS property_name, property.unit,
       property.unit_label, property.definition
FROM dashboards_published_series AS series
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
JOIN (VALUES (0), (1)) AS levels (level) ON levels.level = 0 OR property.is_pollutant)"""

MODELS = """(
SELECT model.id, model.id AS sensor_model_id, model.maker, model.name AS model_name, model.slug
FROM catalogue_sensormodel AS model
WHERE model.id IN (SELECT sensor_model_id FROM dashboards_published_series))"""

# A number of a code that has none: 28 bits of its digest, the same everywhere and for ever.
PROPERTIES = """(
SELECT ('x' || left(md5(property.code), 7))::bit(28)::int AS id, property.code AS property_id,
       property.name AS property_name, property.name_en, property.definition, property.medium, property.unit
FROM catalogue_observedproperty AS property
WHERE property.code IN (SELECT property_id FROM dashboards_published_series))"""

OBSERVATIONS = f"""(
SELECT ((hourly.series_id * 2 + levels.level) << {HOURS_BITS})
       + (extract(epoch FROM hourly.hour)::bigint / 3600) AS id,
       hourly.series_id, levels.level, hourly.hour, levels.result, hourly.expanded_uncertainty, hourly.n,
       hourly.coverage, hourly.flags, hourly.grade, hourly.calibration_id, hourly.is_provisional,
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

LEVELS = {RAW: "moyenne brute", CORRECTED: "valeur corrigée"}


def _datastream_name(row: Row) -> str:
    output = " ".join(part for part in (row["variant"], row["channel"]) if part)
    return f"{row['property_name']}{f' ({output})' if output else ''}, {LEVELS[row['level']]}"


def _model_name(row: Row) -> str:
    return f"{row['maker']} {row['model_name']}"


def _unit(row: Row) -> dict[str, str]:
    return {
        "name": row["unit_label"],
        "symbol": row["unit"],
        "definition": f"https://ucum.org/ucum#{row['unit']}",
    }


def _quality(row: Row) -> dict[str, Any]:
    corrected = row["level"] == CORRECTED
    return {
        "validity": "not_to_be_interpreted" if row["grade"] == "D" else "valid",
        "grade": row["grade"],
        "expanded_uncertainty": row["expanded_uncertainty"] if corrected else None,
        "coverage_factor": 2,
        "flags": list(vocabulary.names(row["flags"])),
    }


def _parameters(row: Row) -> dict[str, Any]:
    return {
        "n": row["n"], "coverage": row["coverage"],
        "correction_id": row["calibration_id"] if row["level"] == CORRECTED else None,
        "provisional": row["is_provisional"], "code_version": row["code_version"],
    }  # fmt: skip


def _definition(row: Row) -> str:
    return row["definition"] or f"{settings.SITE_URL}/data/#{row['property_id']}"


def _place(name: str, one: str, properties: dict[str, Property], links: dict[str, Link]) -> Entity:
    return Entity(name, one, PLACES, PLACE_KEY, ("id",), {"id": ID, **properties}, links, PLACE_INNER)


ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        _place(
            "Things",
            "Thing",
            {
                "name": Property("label", "string", lambda row: row["label"]),
                "description": Property(
                    "", "string", lambda row: f"Capteur prêté : {row['label']}, {row['commune']}".rstrip(", ")
                ),
                "properties": Property(
                    "", "json",
                    lambda row: {
                        "place_id": row["public_id"], "url": f"{settings.SITE_URL}/lieu/{row['public_id']}/",
                        "purpose": row["purpose"], "from": instant(row["public_from"]),
                        "until": row["public_until"] and instant(row["public_until"]), **_about_place(row),
                    },
                ),
            },
            {
                "Datastreams": Link("Datastreams", ("public_id",), True),
                "Locations": Link("Locations", ("public_id",), True),
                "HistoricalLocations": Link("HistoricalLocations", ("public_id",), True),
            },
        ),
        _place(
            "Locations",
            "Location",
            {
                "name": Property("label", "string", lambda row: row["label"]),
                "description": Property(
                    "", "string", lambda row: f"Centre d’une maille de {row['precision_m']} m, non l’adresse"
                ),
                "encodingType": Property(f"'{GEOJSON}'::text", "string", lambda row: GEOJSON),
                "location": Property("point(longitude, latitude)", "point", _point),
                "properties": Property("", "json", _about_place),
            },
            {
                "Things": Link("Things", ("public_id",), True),
                "HistoricalLocations": Link("HistoricalLocations", ("public_id",), True),
            },
        ),
        Entity(
            "HistoricalLocations",
            "HistoricalLocation",
            STAYS,
            "id = %(id)s",
            ("id",),
            {"id": ID, "time": Property("stay_from", "time", lambda row: instant(row["stay_from"]))},
            {
                "Thing": Link("Things", ("public_id",), False),
                "Locations": Link("Locations", ("public_id",), True),
            },
        ),
        Entity(
            "Datastreams",
            "Datastream",
            DATASTREAMS,
            "series_id = %(id)s / 2 AND level = %(id)s %% 2",
            ("series_id", "level"),
            {
                "id": ID,
                "name": Property(
                    "property_name || CASE level WHEN 0 THEN ', moyenne brute' ELSE ', valeur corrigée' END",
                    "string",
                    _datastream_name,
                ),
                "description": Property(
                    "", "string",
                    lambda row: f"{_datastream_name(row)} : {row['label']}. Moyennes horaires, en UTC.",
                ),
                "observationType": Property(f"'{MEASUREMENT}'::text", "string", lambda row: MEASUREMENT),
                "unitOfMeasurement": Property("", "json", _unit),
                "properties": Property(
                    "", "json",
                    lambda row: {
                        "quantity": row["property_id"], "variant": row["variant"], "channel": row["channel"],
                        "level": "corrected" if row["level"] else "raw", "place_id": row["public_id"],
                        "aggregation": "PT1H", "simulated": row["is_simulated"],
                        "licence": "https://opendatacommons.org/licenses/odbl/1-0/",
                    },
                ),
            },
            {
                "Thing": Link("Things", ("public_id",), False),
                "Sensor": Link("Sensors", ("sensor_model_id",), False),
                "ObservedProperty": Link("ObservedProperties", ("property_id",), False),
                "Observations": Link("Observations", ("series_id", "level"), True),
            },
            {
                "unitOfMeasurement/symbol": Property("unit", "string", _id),
                "unitOfMeasurement/name": Property("unit_label", "string", _id),
                "properties/quantity": Property("property_id", "string", _id),
                "properties/variant": Property("variant", "string", _id),
                "properties/channel": Property("channel", "string", _id),
                "properties/level": Property("CASE level WHEN 0 THEN 'raw' ELSE 'corrected' END", "string", _id),
                "properties/simulated": Property("is_simulated", "bool", _id),
            },
        ),
        Entity(
            "Sensors",
            "Sensor",
            MODELS,
            "id = %(id)s",
            ("id",),
            {
                "id": ID,
                "name": Property("maker || ' ' || model_name", "string", _model_name),
                "description": Property("", "string", lambda row: f"Modèle de capteur : {_model_name(row)}"),
                "encodingType": Property("'text/html'::text", "string", lambda row: "text/html"),
                "metadata": Property("", "string", lambda row: f"{settings.SITE_URL}/methode/#{row['slug']}"),
                "properties": Property("", "json", lambda row: {"maker": row["maker"], "model": row["model_name"]}),
            },
            {"Datastreams": Link("Datastreams", ("sensor_model_id",), True)},
            {
                "properties/maker": Property("maker", "string", _id),
                "properties/model": Property("model_name", "string", _id),
            },
        ),
        Entity(
            "ObservedProperties",
            "ObservedProperty",
            PROPERTIES,
            "id = %(id)s",
            ("id",),
            {
                "id": ID,
                "name": Property("property_name", "string", lambda row: row["property_name"]),
                "definition": Property("definition", "string", _definition),
                "description": Property("name_en", "string", lambda row: row["name_en"]),
                "properties": Property(
                    "", "json",
                    lambda row: {"quantity": row["property_id"], "medium": row["medium"], "unit": row["unit"]},
                ),
            },
            {"Datastreams": Link("Datastreams", ("property_id",), True)},
            {
                "properties/quantity": Property("property_id", "string", _id),
                "properties/medium": Property("medium", "string", _id),
                "properties/unit": Property("unit", "string", _id),
            },
        ),
        Entity(
            "Observations",
            "Observation",
            OBSERVATIONS,
            OBSERVATION_KEY,
            ("series_id", "hour", "level"),
            {
                "id": ID,
                "phenomenonTime": Property(
                    "hour", "time", lambda row: f"{instant(row['hour'])}/{instant(row['hour'] + HOUR)}"
                ),
                "resultTime": Property("computed_at", "time", lambda row: instant(row["computed_at"])),
                "result": Property("result", "number", lambda row: row["result"]),
                "resultQuality": Property("", "json", _quality),
                "parameters": Property("", "json", _parameters),
            },
            {
                "Datastream": Link("Datastreams", ("series_id", "level"), False),
                "FeatureOfInterest": Link("FeaturesOfInterest", ("public_id",), False),
            },
            {
                "resultQuality/grade": Property("grade", "string", _id),
                "resultQuality/expanded_uncertainty": Property("expanded_uncertainty", "number", _id),
                "parameters/n": Property("n", "number", _id),
                "parameters/coverage": Property("coverage", "number", _id),
                "parameters/correction_id": Property("calibration_id", "number", _id),
                "parameters/provisional": Property("is_provisional", "bool", _id),
                "parameters/code_version": Property("code_version", "string", _id),
            },
        ),
        _place(
            "FeaturesOfInterest",
            "FeatureOfInterest",
            {
                "name": Property("label", "string", lambda row: row["label"]),
                "description": Property(
                    "", "string", lambda row: f"L’air d’une maille de {row['precision_m']} m"
                ),
                "encodingType": Property(f"'{GEOJSON}'::text", "string", lambda row: GEOJSON),
                "feature": Property("point(longitude, latitude)", "point", _point),
                "properties": Property("", "json", _about_place),
            },
            {"Observations": Link("Observations", ("public_id",), True)},
        ),
    )
}  # fmt: skip

SEGMENT = re.compile(r"^(?P<name>\w+)(?:\((?P<id>-?\d+)\))?$")


def entity_of(link: Link) -> Entity:
    """Give the entity set at the other end of a link."""
    return ENTITIES[link.target]
