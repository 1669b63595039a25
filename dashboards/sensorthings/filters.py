"""Turn `$filter` and `$orderby` into SQL: parsed by odata-query, allowed by the entities, values as parameters.

What is not among the properties of an entity cannot be asked for: a filter sees what an answer shows, no more.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from odata_query import ast, exceptions
from odata_query.grammar import ODataLexer, ODataParser

from dashboards.sensorthings.entities import Entity, Link, entity_of
from dashboards.sensorthings.errors import BadRequest, NotOffered
from dashboards.sensorthings.functions import FUNCTIONS, KNOWN_ELSEWHERE

Parameters = dict[str, Any]
DEEPEST = 60  # of an expression; far beyond what a person writes
LONGEST = 4000  # characters of a filter

COMPARATORS = {ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class Term(NamedTuple):
    """A part of an expression: its SQL and its kind.

    Kinds: number, string, time, duration, date, clock (time of day), bool, point, line, shape, null.
    """

    sql: str
    kind: str


@dataclass
class Compiler:
    """Compiles expressions over one entity; collects parameters for the whole statement."""

    parameters: Parameters
    # which series surely, and which perhaps hold what is said of observations so many links away; None: any can
    reaching: Callable[[Any, int], tuple[set[int], set[int]] | None] | None = None
    _aliases: int = 0
    _depth: int = 0

    def parameter(self, value: Any) -> str:
        """Add a value, and give how the statement names it."""
        name = f"v{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def alias(self) -> str:
        """Give a name of a table that the statement does not use yet."""
        self._aliases += 1
        return f"t{self._aliases}"

    def condition(self, written: str, entity: Entity, alias: str) -> str:
        """Give the SQL of a `$filter`; raises BadRequest, NotOffered."""
        return self._truth(parse(written), entity, alias)

    def truth(self, node: Any, entity: Entity, alias: str) -> str:
        """Give the SQL of a part of a `$filter` that was read before; raises BadRequest, NotOffered."""
        return self._truth(node, entity, alias)

    def order(self, written: str, entity: Entity, alias: str) -> str:
        """Give the SQL of what one part of an `$orderby` sorts by; raises BadRequest."""
        joins: list[_Join] = []
        term = self._term(parse(written), entity, alias, joins)
        if term.kind not in {"number", "string", "time", "bool", "date", "clock"}:
            raise BadRequest(f"{written!r} has no order")
        if not joins:
            return term.sql
        if any(join.link.many for join in joins):
            raise BadRequest(f"{written!r} leads to many values, which have no order")
        tables = ", ".join(f"{join.entity.table} AS {join.alias}" for join in joins)
        return f"(SELECT {term.sql} FROM {tables} WHERE {_conditions(joins)} LIMIT 1)"

    # --- truths --------------------------------------------------------------------------------

    def _truth(self, node: Any, entity: Entity, alias: str) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadRequest("the filter is nested too deeply")
        try:
            return self._truth_of(node, entity, alias)
        finally:
            self._depth -= 1

    def _truth_of(self, node: Any, entity: Entity, alias: str) -> str:
        if isinstance(node, ast.BoolOp):
            word = "AND" if isinstance(node.op, ast.And) else "OR"
            left, right = self._truth(node.left, entity, alias), self._truth(node.right, entity, alias)
            return f"({left} {word} {right})"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(NOT coalesce({self._truth(node.operand, entity, alias)}, false))"
        if (
            isinstance(node, ast.Compare)
            and isinstance(node.left, ast.UnaryOp)
            and isinstance(node.left.op, ast.Not)
        ):  # `not a eq b` binds as `not (a eq b)`
            inner = ast.Compare(node.comparator, node.left.operand, node.right)
            return self._truth(ast.UnaryOp(ast.Not(), inner), entity, alias)
        if isinstance(node, ast.CollectionLambda):
            raise NotOffered("any and all are not of SensorThings: write the path, Datastreams/name eq 'x'")
        joins: list[_Join] = []
        if isinstance(node, ast.Compare):
            sql = self._compare(node, entity, alias, joins)
        else:
            term = self._term(node, entity, alias, joins)
            if term.kind != "bool":
                raise BadRequest("a filter is a comparison or a function that is true or false")
            sql = term.sql
        if not joins:
            return sql
        tables = ", ".join(f"{join.entity.table} AS {join.alias}" for join in joins)
        # OFFSET 0: asked of one row after another, not of millions of observations before the first answer.
        looked = f"EXISTS (SELECT 1 FROM {tables} WHERE {_conditions(joins)} AND {sql}{{}} OFFSET 0)"
        reach = (
            self.reaching(node, len(joins))
            if self.reaching and joins[-1].entity.name == "Observations"
            else None
        )
        if reach is None:
            return looked.format("")
        surely, perhaps = reach
        column, (*before, last) = f"{joins[-1].alias}.series_id", joins
        if last.link.on == ("public_id",):
            sure = f"{last.parent}.public_id IN (SELECT public_id FROM dashboards_published_series WHERE true{{}})"
            sure = sure.format(self._among("series_id", surely))
        elif before and before[-1].link.many:
            tables = ", ".join(f"{join.entity.table} AS {join.alias}" for join in before)
            sure = f"EXISTS (SELECT 1 FROM {tables} WHERE {_conditions(before)}{{}})"
            sure = sure.format(self._among(f"{last.parent}.series_id", surely))
        else:  # of one datastream: a sum does not say which of the two levels it is of
            return looked.format(self._among(column, surely | perhaps))
        return f"({sure} OR {looked.format(self._among(column, perhaps))})" if perhaps else sure

    def _among(self, column: str, series: set[int]) -> str:
        return f" AND {column} = ANY({self.parameter(sorted(series))}::bigint[])"

    def _compare(self, node: ast.Compare, entity: Entity, alias: str, joins: list["_Join"]) -> str:
        left = self._term(node.left, entity, alias, joins)
        if isinstance(node.comparator, ast.In):
            if not isinstance(node.right, ast.List):
                raise BadRequest("in is followed by a list")
            parts = [self._pair(left, self._term(item, entity, alias, joins), "=") for item in node.right.val]
            return "(" + " OR ".join(parts or ["false"]) + ")"
        right = self._term(node.right, entity, alias, joins)
        return self._pair(left, right, COMPARATORS[type(node.comparator)])

    def _pair(self, left: Term, right: Term, sign: str) -> str:
        if "null" in (left.kind, right.kind):
            if sign not in ("=", "<>"):
                raise BadRequest("null is only equal or not equal")
            known = left if right.kind == "null" else right
            if known.kind == "null":
                return "true" if sign == "=" else "false"
            return f"({known.sql} IS {'NOT ' if sign == '<>' else ''}NULL)"
        left, right = self._alike(left, right), self._alike(right, left)
        if left.kind != right.kind:
            raise BadRequest(f"a {left.kind} is not compared with a {right.kind}")
        if left.kind in {"point", "shape"}:
            raise BadRequest("positions are compared by the functions geo.* and st_*")
        return f"({left.sql} {sign} {right.sql})"

    def _alike(self, one: Term, other: Term) -> Term:
        """Read a quoted literal as what it is compared with: `result gt '3'`."""
        if one.kind == "string" and one.sql.startswith("%(") and other.kind != "string":
            written = self.parameters[one.sql[2:-2]]
            if other.kind == "number":
                return self._number(str(written))
            if other.kind == "time":
                return self._instant(str(written))
        if one.kind == "date" and other.kind == "time":
            return Term(f"({one.sql}::timestamp AT TIME ZONE 'UTC')", "time")
        return one

    # --- terms ---------------------------------------------------------------------------------

    def _term(self, node: Any, entity: Entity, alias: str, joins: list["_Join"]) -> Term:
        if isinstance(node, ast.Identifier | ast.Attribute):
            return self._property(_path(node), entity, alias, joins)
        if isinstance(node, ast.Integer | ast.Float):
            return self._number(node.val)
        if isinstance(node, ast.String):
            return Term(self.parameter(node.val), "string")
        if isinstance(node, ast.DateTime):
            return self._instant(node.val)
        if isinstance(node, ast.Boolean):
            return Term(node.val.lower(), "bool")
        if isinstance(node, ast.Null):
            return Term("NULL", "null")
        if isinstance(node, ast.Date):
            return Term(f"{self.parameter(node.val)}::date", "date")
        if isinstance(node, ast.Time):
            return Term(f"{self.parameter(node.val)}::time", "clock")
        if isinstance(node, ast.Duration):
            return Term(f"{self.parameter(_duration(node))}::interval", "duration")
        if isinstance(node, ast.Geography):
            return self._shape(node.val)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self._term(node.operand, entity, alias, joins)
            return Term(f"(- {_need(inner, 'number').sql})", "number")
        if isinstance(node, ast.BinOp):
            return self._calculation(node, entity, alias, joins)
        if isinstance(node, ast.Call):
            name = ".".join([*node.func.namespace, node.func.name]).lower()
            return self._call(name, [self._term(item, entity, alias, joins) for item in node.args])
        if isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
            return Term(self._truth(node, entity, alias), "bool")
        raise BadRequest("a part of the expression is not understood")

    def _property(self, path: list[str], entity: Entity, alias: str, joins: list["_Join"]) -> Term:
        while len(path) > 1 and path[0] in entity.links:
            link = entity.links[path.pop(0)]
            join = _Join(entity_of(link), self.alias(), link, alias)
            joins.append(join)
            entity, alias = join.entity, join.alias
        name = "/".join(path)
        known = entity.properties.get(name) or entity.inner.get(name)
        if known is None:
            raise BadRequest(f"{entity.one} has no property {name}")
        if not known.sql:
            raise BadRequest(f"{name} of {entity.one} cannot be filtered or sorted by")
        return Term(_qualified(known.sql, alias), known.kind)

    def _number(self, written: str) -> Term:
        try:
            value = float(written)
        except ValueError as error:
            raise BadRequest(f"{written!r} is not a number") from error
        if not math.isfinite(value):
            raise BadRequest(f"{written!r} is not a number")
        exact = int(written) if re.fullmatch(r"[+-]?\d{1,18}", written) else value
        return Term(f"{self.parameter(exact)}::{'bigint' if isinstance(exact, int) else 'float8'}", "number")

    def instant(self, written: str) -> datetime:
        """Read an instant; raises BadRequest."""
        try:
            at = datetime.fromisoformat(written.split("/")[0])
        except ValueError as error:
            raise BadRequest(f"{written!r} is not a time: write 2026-11-20T11:00:00Z") from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def _instant(self, written: str) -> Term:
        at = self.instant(written)
        return Term(f"{self.parameter(at)}::timestamptz", "time")

    def _calculation(self, node: ast.BinOp, entity: Entity, alias: str, joins: list["_Join"]) -> Term:
        left, right = (self._term(part, entity, alias, joins) for part in (node.left, node.right))
        kinds = (left.kind, right.kind)
        if isinstance(node.op, ast.Mod):
            _need(left, "number"), _need(right, "number")
            return Term(f"mod({left.sql}::numeric, nullif({right.sql}::numeric, 0))::float8", "number")
        sign = OPERATORS[type(node.op)]
        if kinds == ("number", "number"):
            divisor = f"nullif({right.sql}::float8, 0)" if sign == "/" else f"{right.sql}::float8"
            return Term(f"({left.sql}::float8 {sign} {divisor})", "number")
        if kinds == ("time", "duration") and sign in "+-":
            return Term(f"({left.sql} {sign} {right.sql})", "time")
        if kinds == ("time", "time") and sign == "-":
            return Term(f"({left.sql} - {right.sql})", "duration")
        if kinds == ("duration", "duration") and sign in "+-":
            return Term(f"({left.sql} {sign} {right.sql})", "duration")
        raise BadRequest(f"{left.kind} {sign} {right.kind} has no meaning")

    def _call(self, name: str, arguments: list[Term]) -> Term:
        known = FUNCTIONS.get(name)
        if known is None:
            if name in KNOWN_ELSEWHERE:
                raise NotOffered(f"the function {name} is not offered")
            raise BadRequest(f"there is no function {name}")
        if len(arguments) not in known.counts:
            raise BadRequest(f"{name} takes {' or '.join(map(str, known.counts))} arguments")
        kinds = known.kinds * len(arguments) if len(known.kinds) == 1 else known.kinds
        for argument, kind in zip(arguments, kinds, strict=False):
            _need(argument, kind)
        return Term(known.sql(*[argument.sql for argument in arguments]), known.gives)

    def _shape(self, written: str) -> Term:
        """Read a position in well-known text: POINT (lon lat), LINESTRING or POLYGON; degrees."""
        found = re.fullmatch(
            r"\s*(?:SRID=\d+;)?\s*(POINT|LINESTRING|POLYGON)\s*\(\s*(.*?)\s*\)\s*", written, re.IGNORECASE | re.DOTALL
        )  # fmt: skip
        if found is None:
            raise BadRequest(f"{written!r} is not a POINT, LINESTRING or POLYGON")
        kind, inside = found.group(1).upper(), found.group(2)
        if kind == "POLYGON":
            if inside.count("(") != 1:
                raise NotOffered("polygons with holes are not offered")
            inside = inside.strip("() ")
        try:
            pairs = [tuple(float(part) for part in pair.split()[:2]) for pair in inside.split(",")]
            if any(len(pair) != 2 or not all(map(math.isfinite, pair)) for pair in pairs):
                raise ValueError
        except ValueError as error:
            raise BadRequest(f"{written!r} is not a position in degrees") from error
        text = ",".join(f"({east!r},{north!r})" for east, north in pairs)
        if kind == "POINT":
            if len(pairs) != 1:
                raise BadRequest("a POINT has one position")
            return Term(f"{self.parameter(text)}::point", "point")
        if len(pairs) < 2:
            raise BadRequest(f"a {kind} has several positions")
        if kind == "LINESTRING":
            return Term(f"{self.parameter(f'[{text}]')}::path", "line")
        return Term(f"{self.parameter(f'({text})')}::polygon", "shape")


@dataclass
class _Join:
    """A step along a link inside one comparison."""

    entity: Entity
    alias: str
    link: Link
    parent: str
    conditions: str = field(init=False)

    def __post_init__(self) -> None:
        self.conditions = " AND ".join(f"{self.alias}.{name} = {self.parent}.{name}" for name in self.link.on)


def parse(written: str) -> Any:
    """Read an expression of OData; raises BadRequest."""
    if len(written) > LONGEST:
        raise BadRequest(f"an expression has at most {LONGEST} characters")
    outside = re.sub(r"('(?:[^']|'')*')|@iot\.id", lambda found: found.group(1) or "id", written)
    try:
        parser = ODataParser()
        # SensorThings has functions that OData has not.
        parser._function_call = ast.Call  # type: ignore[method-assign]
        parsed = parser.parse(ODataLexer().tokenize(outside.strip()))
    except exceptions.ODataException as error:
        raise BadRequest(f"the expression is not understood: {error}") from error
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise BadRequest("the expression is not understood") from error
    if parsed is None:
        raise BadRequest("the expression is empty")
    return parsed


def _path(node: Any) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*_path(node.owner), node.attr]
    if isinstance(node, ast.Identifier) and not node.namespace:
        return [node.name]
    raise BadRequest("a path is made of names")


def _qualified(sql: str, alias: str) -> str:
    """Put the alias of the table before each column of a property's SQL; words in quotes are no columns."""
    return re.sub(
        r"('[^']*'(?:::\w+)?)|\b(?!(?:CASE|WHEN|THEN|ELSE|END|point)\b)([a-z][a-z_]*)\b",
        lambda found: found.group(1) or f"{alias}.{found.group(2)}",
        sql,
    )


def _conditions(joins: list[_Join]) -> str:
    return " AND ".join(join.conditions for join in joins)


def _need(term: Term, kind: str) -> Term:
    if term.kind != kind:
        raise BadRequest(f"a {kind} stands here, not a {term.kind}")
    return term


def _duration(node: ast.Duration) -> timedelta:
    try:
        value = node.py_val
    except (ValueError, TypeError, OverflowError, exceptions.ODataException) as error:
        raise BadRequest(f"{node.val!r} is not a duration") from error
    if not isinstance(value, timedelta) or abs(value) > timedelta(days=365 * 300):
        raise BadRequest(f"{node.val!r} is not a duration")
    return value
