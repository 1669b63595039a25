"""What a `$filter` of observations says of series, hours and figures, so that only those are read.

A filter is split at its outermost `and`. A part that speaks of the datastream alone, or of the feature of interest
alone, chooses series; one that compares
a figure with a number chooses the months and days whose extremes reach it; all that
an hour alone decides is asked of the hour before anything is joined to it. The rest is asked of each observation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from odata_query import ast

from dashboards.sensorthings.entities import ENTITIES, Property
from dashboards.sensorthings.errors import BadRequest
from dashboards.sensorthings.filters import Compiler, parse

OBSERVATIONS = ENTITIES["Observations"]
OF_THE_SUMS = {  # property of an observation: its lowest and highest in the sum of a month
    "result": ("result_low", "result_high"),
    "resultTime": ("computed_low", "computed_high"),
    "parameters/n": ("n_low", "n_high"),
    "parameters/coverage": ("coverage_low", "coverage_high"),
}
NEGATED: dict[type, type] = {  # none of the figures is ever absent
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
}
FLIPPED: dict[type, type] = {
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Eq: ast.Eq,
}


@dataclass
class Narrowed:
    """The parts of a filter as SQL: of datastreams `d`, features `f`, sums `sum`, hours `hourly`, observations `e`."""

    streams: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    sums: list[str] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_of_series_only(self) -> bool:
        """Tell whether the filter chooses series and a time, and nothing within them."""
        return not (self.hours or self.rest)


def narrowed(written: str, compiler: Compiler) -> Narrowed:
    """Split a filter of observations; raises BadRequest, NotOffered as the filter itself would."""
    found = Narrowed()
    if not written:
        return found
    for part in _parts(parse(written)):
        paths = list(_paths(part))
        firsts = {path[0] if len(path) > 1 else "" for path in paths}
        if firsts == {"Datastream"}:
            found.streams.append(compiler.truth(_below(part), ENTITIES["Datastreams"], "d"))
        elif firsts == {"FeatureOfInterest"}:
            found.features.append(compiler.truth(_below(part), ENTITIES["FeaturesOfInterest"], "f"))
        elif firsts & {"Datastream", "FeatureOfInterest"} or ["id"] in paths:
            found.rest.append(compiler.truth(part, OBSERVATIONS, "e"))
        else:
            _of_hours(part, found, compiler)
    return found


def _of_hours(part: Any, found: Narrowed, compiler: Compiler) -> None:
    """Add a part that an hour alone decides: of its raw mean or of its corrected value."""
    of_all = compiler.truth(part, OBSERVATIONS, "e")
    comparison = _comparison(part)
    if comparison is not None and comparison[0] == "phenomenonTime":
        _bound(found, comparison[1], compiler.instant(str(comparison[2].val)))
        return
    levels = [compiler.truth(part, _with_result(sql), "hourly") for sql in ("raw_mean", "value")]
    if any(path == ["result"] for path in _paths(part)):
        found.rest.append(of_all)
        found.hours.append(f"({' OR '.join(levels)})")
    else:
        found.hours.append(levels[0])
    if comparison is not None and comparison[0] in OF_THE_SUMS:
        name, sign, literal = comparison
        low, high = OF_THE_SUMS[name]
        value = compiler.truth(
            ast.Compare(ast.Eq(), ast.Identifier(name.split("/")[-1]), literal), _SUMMED, "sum"
        )
        value = value[1:-1].partition(" = ")[2]
        if sign in (ast.Gt, ast.GtE):
            found.sums.append(f"sum.{high} {'>' if sign is ast.Gt else '>='} {value}")
        elif sign in (ast.Lt, ast.LtE):
            found.sums.append(f"sum.{low} {'<' if sign is ast.Lt else '<='} {value}")
        else:
            found.sums.append(f"sum.{low} <= {value} AND sum.{high} >= {value}")


_SUMMED = replace(
    OBSERVATIONS,
    properties={
        "result": Property("result_low", "number", lambda row: row),
        "resultTime": Property("computed_low", "time", lambda row: row),
        "n": Property("n_low", "number", lambda row: row),
        "coverage": Property("coverage_low", "number", lambda row: row),
    },
)


def _with_result(sql: str) -> Any:
    known = OBSERVATIONS.properties["result"]
    return replace(OBSERVATIONS, properties={**OBSERVATIONS.properties, "result": replace(known, sql=sql)})


def _bound(found: Narrowed, sign: type, at: datetime) -> None:
    """Take an instant as the edge of the hours to read."""
    after = at + timedelta(microseconds=1)
    if sign in (ast.Gt, ast.GtE, ast.Eq):
        start = after if sign is ast.Gt else at
        found.start = max(found.start or start, start)
    if sign in (ast.Lt, ast.LtE, ast.Eq):
        end = at if sign is ast.Lt else after
        found.end = min(found.end or end, end)


def _comparison(part: Any) -> tuple[str, type, Any] | None:
    """Read `property sign literal`, whichever way round; None for anything else."""
    if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
        inner = _comparison(part.operand)
        return (inner[0], NEGATED[inner[1]], inner[2]) if inner and inner[1] in NEGATED else None
    if not isinstance(part, ast.Compare) or type(part.comparator) not in FLIPPED:
        return None
    sign: type = type(part.comparator)
    left, right = part.left, part.right
    if _is_literal(left):
        left, right, sign = right, left, FLIPPED[sign]
    if not isinstance(left, ast.Identifier | ast.Attribute) or not _is_literal(right):
        return None
    return "/".join(_path(left)), sign, right


def _is_literal(node: Any) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _is_literal(node.operand)
    return isinstance(node, ast.Integer | ast.Float | ast.String | ast.DateTime)


def _parts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _path(node: Any) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*_path(node.owner), node.attr]
    if isinstance(node, ast.Identifier):
        return [node.name]
    raise BadRequest("a path is made of names")


def _paths(node: Any) -> Iterator[list[str]]:
    """Give every path of an expression; a function's own name is none."""
    if isinstance(node, ast.Identifier | ast.Attribute):
        yield _path(node)
    elif isinstance(node, ast.Call):
        for argument in node.args:
            yield from _paths(argument)
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _paths(one)
    elif is_dataclass(node):
        for known in fields(node):
            yield from _paths(getattr(node, known.name))


def of_observations(node: Any, links: int, compiler: Compiler) -> Narrowed:
    """Give what a comparison says of observations that so many links lead to."""
    found = Narrowed()
    comparison = _comparison(node)
    if comparison is not None and comparison[0].count("/") >= links:
        for _ in range(links):
            node = _below(node)
        _of_hours(node, found, compiler)
    return found


def _below(node: Any) -> Any:
    """Give the expression as seen from the end of the link that all its paths begin with."""
    if isinstance(node, ast.Identifier | ast.Attribute):
        first, *others = _path(node)[1:]
        below: Any = ast.Identifier(first)
        for name in others:
            below = ast.Attribute(below, name)
        return below
    if isinstance(node, ast.Call):
        return ast.Call(node.func, [_below(argument) for argument in node.args])
    if isinstance(node, list | tuple):
        return type(node)(_below(one) for one in node)
    if is_dataclass(node) and not isinstance(node, type):
        return type(node)(*(_below(getattr(node, known.name)) for known in fields(node)))
    return node
