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
from dashboards.sensorthings.tables import (
    CORRECTED,
    DATASTREAMS,
    MODELS,
    OBSERVATION_KEY,
    OBSERVATIONS,
    PLACE_KEY,
    PLACES,
    PROPERTIES,
    STAYS,
)

Kind = Literal["number", "string", "time", "bool", "point", "json", "null"]
Row = Mapping[str, Any]

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
        "second_correction_id": row["second_calibration_id"] if row["level"] == CORRECTED else None,
        "provisional": row["is_provisional"], "code_version": row["code_version"],
    }  # fmt: skip


def _place(name: str, one: str, properties: dict[str, Property], links: dict[str, Link]) -> Entity:
    return Entity(name, one, PLACES, PLACE_KEY, ("id",), {"id": ID, **properties}, links, PLACE_INNER)


ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        _place(
            "Things",
            "Thing",
            {
                "name": _plain("label"),
                "description": _plain("thing_description"),
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
                "name": _plain("label"),
                "description": _plain("cell_description"),
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
                "name": _plain("name"),
                "description": _plain("description"),
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
                "name": _plain("name"),
                "description": _plain("description"),
                "encodingType": Property("'text/html'::text", "string", lambda row: "text/html"),
                "metadata": _plain("metadata"),
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
                "definition": _plain("definition"),
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
                "parameters/second_correction_id": Property("second_calibration_id", "number", _id),
                "parameters/provisional": Property("is_provisional", "bool", _id),
                "parameters/code_version": Property("code_version", "string", _id),
            },
        ),
        _place(
            "FeaturesOfInterest",
            "FeatureOfInterest",
            {
                "name": _plain("label"),
                "description": _plain("air_description"),
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
