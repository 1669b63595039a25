"""Follow an address from entity to entity: `Things(1)/Datastreams(2)/Observations`, `Things(1)/name/$value`."""

from dataclasses import dataclass
from typing import Any, Literal

from dashboards.sensorthings.entities import ENTITIES, SEGMENT, Entity, entity_of
from dashboards.sensorthings.errors import BadRequest, NotThere
from dashboards.sensorthings.reading import Reader, Scope

DEEPEST = 12  # entities of one address


@dataclass(frozen=True, slots=True)
class Found:
    """What an address leads to: a collection, an entity, a property, or the plain value or address of one."""

    kind: Literal["collection", "references", "entity", "reference", "property", "value"]
    entity: Entity
    scope: Scope
    row: dict[str, Any]
    property: str = ""


def follow(path: str, reader: Reader) -> Found:
    """Find what a path leads to; raises NotThere, BadRequest."""
    segments = [segment for segment in path.split("/") if segment]
    if not segments or len(segments) > DEEPEST:
        raise NotThere(path)
    entity: Entity | None = None
    row: dict[str, Any] | None = None
    scope: Scope | None = None
    while segments:
        segment = segments[0]
        if segment.startswith("$") or (row is not None and entity and segment in _shown(entity)):
            break
        segments.pop(0)
        found = SEGMENT.match(segment)
        if found is None:
            raise NotThere(segment)
        name, ident = found.group("name"), found.group("id")
        if entity is None:
            if name not in ENTITIES:
                raise NotThere(segment)
            entity, many = ENTITIES[name], True
            scope = Scope(entity, {})
        elif row is None:
            raise BadRequest(f"{entity.name} needs an id before /{segment}")
        else:
            link = entity.links.get(name)
            if link is None:
                raise NotThere(segment)
            entity, many = entity_of(link), link.many
            scope = Scope(entity, {column: row[column] for column in link.on})
        if many and ident is None:
            row = None
        elif many:
            assert ident is not None
            row = reader.row(entity, int(ident), within=scope)
        elif ident is not None:
            raise NotThere(segment)
        else:
            row = reader.single(scope)
    assert entity is not None and scope is not None
    return _rest(segments, entity, scope, row)


def _rest(segments: list[str], entity: Entity, scope: Scope, row: dict[str, Any] | None) -> Found:
    """Read what stands behind the last entity: a property, `$value`, `$ref`."""
    if row is None:
        if not segments:
            return Found("collection", entity, scope, {})
        if segments == ["$ref"]:
            return Found("references", entity, scope, {})
        raise BadRequest(f"/{'/'.join(segments)} does not follow a collection")
    if not segments:
        return Found("entity", entity, scope, row)
    if segments == ["$ref"]:
        return Found("reference", entity, scope, row)
    name, rest = segments[0], segments[1:]
    if name not in _shown(entity) or rest not in ([], ["$value"]):
        raise NotThere("/".join(segments))
    return Found("value" if rest else "property", entity, scope, row, name)


def _shown(entity: Entity) -> set[str]:
    return {*entity.properties, "@iot.id", "@iot.selfLink"}
