"""The functions of `$filter`, each with the SQL that it becomes."""

from collections.abc import Callable
from typing import NamedTuple


class Function(NamedTuple):
    """A function of `$filter`: how many arguments, their kinds (one kind stands for all), what it gives, its SQL."""

    counts: tuple[int, ...]
    kinds: tuple[str, ...]
    gives: str
    sql: Callable[..., str]


def _extract(part: str) -> Function:
    return Function(
        (1,), ("time",), "number", lambda at: f"extract({part} FROM {at} AT TIME ZONE 'UTC')::float8"
    )


TEXT, TEXTS = ("string",), ("string", "string")
FUNCTIONS: dict[str, Function] = {
    "substringof": Function((2,), TEXTS, "bool", lambda part, whole: f"(position({part} IN {whole}) > 0)"),
    "contains": Function((2,), TEXTS, "bool", lambda whole, part: f"(position({part} IN {whole}) > 0)"),
    "startswith": Function((2,), TEXTS, "bool", lambda whole, part: f"starts_with({whole}, {part})"),
    "endswith": Function(
        (2,), TEXTS, "bool", lambda whole, part: f"(right({whole}, length({part})) = {part})"
    ),
    "length": Function((1,), TEXT, "number", lambda whole: f"length({whole})"),
    "indexof": Function((2,), TEXTS, "number", lambda whole, part: f"(position({part} IN {whole}) - 1)"),
    "substring": Function(
        (2, 3), ("string", "number", "number"), "string",
        lambda whole, start, count=None: (
            f"substr({whole}, greatest({start}::int, 0) + 1"
            + (f", greatest({count}::int, 0))" if count else ")")
        ),
    ),
    "tolower": Function((1,), TEXT, "string", lambda whole: f"lower({whole})"),
    "toupper": Function((1,), TEXT, "string", lambda whole: f"upper({whole})"),
    "trim": Function((1,), TEXT, "string", lambda whole: f"btrim({whole})"),
    "concat": Function((2,), TEXTS, "string", lambda one, two: f"({one} || {two})"),
    "year": _extract("year"), "month": _extract("month"), "day": _extract("day"),
    "hour": _extract("hour"), "minute": _extract("minute"),
    "second": Function((1,), ("time",), "number", lambda at: f"floor(extract(second FROM {at}))::float8"),
    "fractionalseconds": Function(
        (1,), ("time",), "number",
        lambda at: f"(extract(second FROM {at}) - floor(extract(second FROM {at})))::float8",
    ),
    "date": Function((1,), ("time",), "date", lambda at: f"({at} AT TIME ZONE 'UTC')::date"),
    "time": Function((1,), ("time",), "clock", lambda at: f"({at} AT TIME ZONE 'UTC')::time"),
    "totaloffsetminutes": Function((1,), ("time",), "number", lambda at: f"({at} IS NOT NULL)::int * 0"),
    "now": Function((0,), (), "time", lambda: "now()"),
    "mindatetime": Function((0,), (), "time", lambda: "'-infinity'::timestamptz"),
    "maxdatetime": Function((0,), (), "time", lambda: "'infinity'::timestamptz"),
    "round": Function((1,), ("number",), "number", lambda value: f"round({value}::numeric)::float8"),
    "floor": Function((1,), ("number",), "number", lambda value: f"floor({value})::float8"),
    "ceiling": Function((1,), ("number",), "number", lambda value: f"ceil({value})::float8"),
    # Distances are in the units of the coordinates, degrees, as OData says of geography without a sphere.
    "geo.distance": Function((2,), ("point",), "number", lambda one, two: f"({one} <-> {two})"),
    "geo.length": Function((1,), ("line",), "number", lambda line: f"length({line})"),
    "geo.intersects": Function((2,), ("point", "shape"), "bool", lambda one, area: f"({one} <@ {area})"),
    "st_within": Function((2,), ("point", "shape"), "bool", lambda one, area: f"({one} <@ {area})"),
    "st_intersects": Function((2,), ("point", "shape"), "bool", lambda one, area: f"({one} <@ {area})"),
    "st_disjoint": Function((2,), ("point", "shape"), "bool", lambda one, area: f"(NOT {one} <@ {area})"),
    "st_equals": Function((2,), ("point",), "bool", lambda one, two: f"({one} ~= {two})"),
    "st_contains": Function((2,), ("shape", "point"), "bool", lambda area, one: f"({area} @> {one})"),
}  # fmt: skip
KNOWN_ELSEWHERE = {"st_touches", "st_overlaps", "st_crosses", "st_relate", "isof", "cast", "matchespattern"}
