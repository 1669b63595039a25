"""Read the options of an address: `$filter`, `$expand` with options of its own, `$select`, `$orderby`, paging."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dashboards.sensorthings.entities import Entity, entity_of
from dashboards.sensorthings.errors import BadRequest, NotOffered

TOP = 100  # entities of an answer where no number is asked for
MOST_TOP = 1000
MOST_SKIP = 10_000_000
DEEPEST_EXPAND = 6
KNOWN = {
    "$filter",
    "$expand",
    "$select",
    "$orderby",
    "$top",
    "$skip",
    "$count",
    "$skiptoken",
    "$resultFormat",
}


@dataclass
class Options:
    """What is asked of one collection or entity; `expand` holds the options of each link to follow."""

    filter: str = ""
    select: tuple[str, ...] = ()
    orderby: tuple[tuple[str, bool], ...] = ()  # expression, whether it descends
    top: int | None = None
    skip: int = 0
    count: bool = False
    skiptoken: str = ""
    expand: dict[str, "Options"] = field(default_factory=dict)


def options_of(query: Mapping[str, str] | Iterable[tuple[str, str]], entity: Entity) -> Options:
    """Read the options of a collection of an entity set; raises BadRequest, NotOffered."""
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    found = Options()
    seen: set[str] = set()
    for name, value in pairs:
        if not name.startswith("$"):
            continue  # as OData says: options of others are let be
        if name not in KNOWN:
            raise BadRequest(f"there is no option {name}")
        if name in seen:
            raise BadRequest(f"{name} stands twice")
        seen.add(name)
        _read(found, name, value, entity)
    return found


def _read(found: Options, name: str, value: str, entity: Entity) -> None:
    if name == "$filter":
        if not value.strip():
            raise BadRequest("$filter is empty")
        found.filter = value
    elif name == "$select":
        found.select = tuple(_selected(value, entity))
    elif name == "$orderby":
        found.orderby = tuple(_ordered(value))
    elif name == "$top":
        found.top = _number(value, "$top")
    elif name == "$skip":
        found.skip = _number(value, "$skip")
        if found.skip > MOST_SKIP:
            raise BadRequest(f"$skip is at most {MOST_SKIP}: follow @iot.nextLink instead")
    elif name == "$count":
        if value not in {"true", "false"}:
            raise BadRequest("$count is true or false")
        found.count = value == "true"
    elif name == "$skiptoken":
        found.skiptoken = value
    elif name == "$resultFormat":
        raise NotOffered("$resultFormat is not offered: the answer is plain JSON")
    else:
        _expand(found, value, entity, depth=1)


def _selected(value: str, entity: Entity) -> Iterator[str]:
    for name in (part.strip() for part in value.split(",")):
        name = "id" if name == "@iot.id" else name
        if name not in entity.properties and name not in entity.links:
            raise BadRequest(f"{entity.one} has no property {name!r}")
        yield name


def _ordered(value: str) -> Iterator[tuple[str, bool]]:
    for part in split(value, ","):
        words = part.strip().rsplit(None, 1)
        if not words:
            raise BadRequest("$orderby is empty")
        descends = len(words) == 2 and words[1].lower() == "desc"
        has_direction = len(words) == 2 and words[1].lower() in {"asc", "desc"}
        yield (words[0] if has_direction else part.strip()), descends


def _number(value: str, name: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise BadRequest(f"{name} is a whole number, zero or more")
    return int(value)


def _expand(found: Options, value: str, entity: Entity, *, depth: int) -> None:
    """Read `Datastreams($top=1;$expand=Sensor),Locations` and `Datastreams/Sensor`."""
    if depth > DEEPEST_EXPAND:
        raise BadRequest(f"$expand is at most {DEEPEST_EXPAND} deep")
    for part in split(value, ","):
        path, inside = part.strip(), ""
        if path.endswith(")") and "(" in path:
            path, inside = path[:-1].split("(", 1)
        first, _, rest = path.partition("/")
        link = entity.links.get(first.strip())
        if link is None:
            raise BadRequest(f"{entity.one} has no link {first.strip()!r}")
        target = entity_of(link)
        options = found.expand.setdefault(first.strip(), Options())
        if rest:
            _expand(options, f"{rest}({inside})" if inside else rest, target, depth=depth + 1)
            continue
        seen: set[str] = set()
        for option in split(inside, ";") if inside.strip() else ():
            name, _, written = option.strip().partition("=")
            if name not in KNOWN - {"$skiptoken", "$resultFormat"}:
                raise BadRequest(f"there is no option {name!r} inside $expand")
            if name in seen:
                raise BadRequest(f"{name} stands twice inside $expand")
            seen.add(name)
            if name == "$expand":
                _expand(options, written, target, depth=depth + 1)
            else:
                _read(options, name, written, target)


def split(text: str, sign: str) -> list[str]:
    """Split at a sign outside parentheses and quotes; raises BadRequest where they do not close.

    >>> split("a($x=1,2),b eq 'c,d'", ",")
    ['a($x=1,2)', "b eq 'c,d'"]
    """
    parts, depth, quoted, start = [], 0, False, 0
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth < 0:
                raise BadRequest("a parenthesis closes that was not opened")
        elif letter == sign and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    if depth or quoted:
        raise BadRequest("a parenthesis or a quote is not closed")
    return [*parts, text[start:]]
