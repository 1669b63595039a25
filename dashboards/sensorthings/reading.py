"""Ask the database for entities and write them as SensorThings does; a collection is paged by key, not by offset."""

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.core.cache import caches
from django.db import connection

from dashboards.sensorthings.entities import MOST, Entity, Link, entity_of
from dashboards.sensorthings.errors import BadRequest, NotThere
from dashboards.sensorthings.filters import Compiler
from dashboards.sensorthings.options import MOST_TOP, TOP, Options

COUNTED_SECONDS = 30  # as long as any answer may be reused
counted = caches["limits"]  # in the memory of the process

NULLABLE = {"expanded_uncertainty", "calibration_id", "second_calibration_id", "public_until"}

Row = dict[str, Any]
Written = dict[str, Any]


class Scope(NamedTuple):
    """Which rows of an entity set: those whose columns equal the given values, as a link from one entity says."""

    entity: Entity
    equal: Mapping[str, Any]


class Order(NamedTuple):
    """What rows are sorted by: SQL expressions, whether each descends."""

    parts: tuple[tuple[str, bool], ...]

    def sql(self, *, prefix: str = "") -> str:
        """Write the ORDER BY, of the expressions or of the columns k0, k1, ... that hold them."""
        return ", ".join(
            f"{f'{prefix}k{number}' if prefix else sql} {'DESC' if descends else 'ASC'}"
            for number, (sql, descends) in enumerate(self.parts)
        )

    def keys(self) -> str:
        """Write the columns k0, k1, ... that hold the expressions."""
        return ", ".join(f"{sql} AS k{number}" for number, (sql, _) in enumerate(self.parts))

    def is_total(self) -> bool:
        """Tell whether no part can be absent: only then does the last row of a page say where the next begins."""
        return all(re.fullmatch(r"e\.[a-z_]+", sql) and sql[2:] not in NULLABLE for sql, _ in self.parts)


class Reader:
    """Reads for one request: `root` is the address of the service."""

    def __init__(self, root: str) -> None:
        self.root = root

    # --- one entity ------------------------------------------------------------------------------

    def row(self, entity: Entity, ident: int, *, within: Scope | None = None) -> Row:
        """Give the row of an id, within a scope; raises NotThere."""
        if not 0 < ident < MOST:
            raise NotThere(f"{entity.name}({ident})")
        parameters: dict[str, Any] = {"id": ident}
        conditions = [entity.key] + (_equal(within, parameters) if within else [])
        found = _ask(
            f"SELECT e.* FROM {entity.table} AS e WHERE {' AND '.join(conditions)} LIMIT 1", parameters
        )
        if not found:
            raise NotThere(f"{entity.name}({ident})")
        return found[0]

    def single(self, scope: Scope) -> Row:
        """Give the one row of a scope, as behind Observation/Datastream; raises NotThere."""
        parameters: dict[str, Any] = {}
        condition = " AND ".join(_equal(scope, parameters))
        found = _ask(f"SELECT e.* FROM {scope.entity.table} AS e WHERE {condition} LIMIT 1", parameters)
        if not found:
            raise NotThere(scope.entity.one)
        return found[0]

    def entity(self, entity: Entity, row: Row, options: Options) -> Written:
        """Write one entity with what is expanded."""
        return self._written(entity, [row], options)[0]

    # --- collections -----------------------------------------------------------------------------

    def collection(self, scope: Scope, options: Options, *, address: str) -> Written:
        """Write one page of a collection; `address` is that of the collection, without options."""
        compiler = Compiler({})
        conditions = self._conditions(scope, options, compiler)
        order = self._order(scope.entity, options, compiler, fixed=scope.equal)
        top = min(TOP if options.top is None else options.top, MOST_TOP)
        answer: Written = {}
        if options.count:
            answer["@iot.count"] = self._count(scope, conditions, compiler)
        paged = list(conditions)
        if options.skiptoken:
            paged.append(self._after(options.skiptoken, order, compiler))
        offset = 0 if options.skiptoken else options.skip
        rows = _ask(
            f"SELECT e.*, {order.keys()} FROM {scope.entity.table} AS e WHERE {' AND '.join(paged) or 'true'}"
            f" ORDER BY {order.sql()} LIMIT {top + 1} OFFSET {offset}",
            compiler.parameters,
        )
        more = len(rows) > top
        rows = rows[:top]
        if more and (options.top is None or options.top > 0):
            answer["@iot.nextLink"] = self._next(address, options, rows, order, top=top)
        answer["value"] = self._written(scope.entity, rows, options)
        return answer

    def references(self, scope: Scope, options: Options, *, address: str) -> Written:
        """Write the addresses of the entities of a collection."""
        page = self.collection(scope, Options(**{**vars(options), "select": ("id",)}), address=address)
        page["value"] = [{"@iot.selfLink": one["@iot.selfLink"]} for one in page["value"]]
        return page

    def _conditions(self, scope: Scope, options: Options, compiler: Compiler) -> list[str]:
        conditions = _equal(scope, compiler.parameters)
        if options.filter:
            conditions.append(compiler.condition(options.filter, scope.entity, "e"))
        return conditions

    def _order(
        self, entity: Entity, options: Options, compiler: Compiler, *, fixed: Collection[str]
    ) -> Order:
        """Give the order of rows; columns whose value is `fixed` order nothing, and keep an index from being used."""
        asked = [(compiler.order(sql, entity, "e"), descends) for sql, descends in options.orderby]
        # Rows that are equal in what was asked stand in an order of their own, the same on every page.
        last = asked[-1][1] if asked else False
        given = {sql for sql, _ in asked}
        rest = [
            (f"e.{name}", last) for name in entity.order if f"e.{name}" not in given and name not in fixed
        ]
        return Order((*asked, *rest) or (("e.id", False),))

    def _count(self, scope: Scope, conditions: Sequence[str], compiler: Compiler) -> int:
        """Count the entities exactly; the number of all of millions is asked again as rarely as a page is."""
        if scope.entity.in_all and not conditions:
            key = f"sensorthings-{scope.entity.name}"
            known = counted.get(key)
            if known is None:
                known = int(_ask(scope.entity.in_all, {})[0]["n"])
                counted.set(key, known, COUNTED_SECONDS)
            return int(known)
        rows = _ask(
            f"SELECT count(*) AS n FROM {scope.entity.table} AS e WHERE {' AND '.join(conditions) or 'true'}",
            compiler.parameters,
        )
        return int(rows[0]["n"])

    # --- paging by key ---------------------------------------------------------------------------

    def _next(self, address: str, options: Options, rows: Sequence[Row], order: Order, *, top: int) -> str:
        kept: list[tuple[str, str]] = []
        if options.filter:
            kept.append(("$filter", options.filter))
        if options.orderby:
            kept.append(
                ("$orderby", ",".join(f"{sql} desc" if down else sql for sql, down in options.orderby))
            )
        if options.select:
            kept.append(("$select", ",".join(options.select)))
        if options.expand:
            kept.append(("$expand", _expand_text(options.expand)))
        if options.count:
            kept.append(("$count", "true"))
        if options.top is not None:
            kept.append(("$top", str(options.top)))
        if order.is_total():
            values = [rows[-1][f"k{number}"] for number in range(len(order.parts))]
            kept.append(("$skiptoken", _token(values)))
        else:
            kept.append(("$skip", str(options.skip + top)))
        return f"{address}?{urlencode(kept, quote_via=quote, safe='$,()/;=')}"

    def _after(self, token: str, order: Order, compiler: Compiler) -> str:
        """Give the condition of the rows behind the last one of the page before."""
        values = _values(token)
        if len(values) != len(order.parts):
            raise BadRequest("$skiptoken does not belong to this address")
        names = [compiler.parameter(value) for value in values]
        if len({descends for _, descends in order.parts}) == 1:
            sign = "<" if order.parts[0][1] else ">"
            left = ", ".join(sql for sql, _ in order.parts)
            return f"({left}) {sign} ({', '.join(names)})"
        either: list[str] = []
        before: list[str] = []
        for (sql, descends), name in zip(order.parts, names, strict=True):
            either.append(" AND ".join([*before, f"{sql} {'<' if descends else '>'} {name}"]))
            before.append(f"{sql} = {name}")
        return "(" + " OR ".join(f"({one})" for one in either) + ")"

    # --- writing ---------------------------------------------------------------------------------

    def _written(self, entity: Entity, rows: Sequence[Row], options: Options) -> list[Written]:
        wanted = options.select
        shown = [name for name in entity.properties if name != "id" and (not wanted or name in wanted)]
        links = [name for name in entity.links if not wanted or name in wanted or name in options.expand]
        found = []
        for row in rows:
            own = f"{self.root}/{entity.name}({row['id']})"
            written: Written = {"@iot.id": row["id"], "@iot.selfLink": own}
            written |= {name: entity.properties[name].show(row) for name in shown}
            written |= {f"{name}@iot.navigationLink": f"{own}/{name}" for name in links}
            found.append(written)
        for name, inner in options.expand.items():
            self._expand(entity.links[name], name, rows, found, inner, entity)
        return found

    def _expand(
        self, link: Link, name: str, rows: Sequence[Row], found: Sequence[Written], options: Options, parent: Entity
    ) -> None:  # fmt: skip
        """Add what stands behind a link to every row, by one question to the database."""
        if not rows:
            return
        target = entity_of(link)
        compiler = Compiler({})
        conditions = [f"e.{column} = p.{column}" for column in link.on]
        if options.filter:
            conditions.append(compiler.condition(options.filter, target, "e"))
        order = self._order(target, options, compiler, fixed=link.on)
        top = min(TOP if options.top is None else options.top, MOST_TOP) if link.many else 1
        columns = ", ".join(f"{compiler.parameter([row[column] for row in rows])}::{_array(rows[0][column])}"
                            for column in link.on)  # fmt: skip
        given = f"unnest({columns}) WITH ORDINALITY AS p ({', '.join(link.on)}, parent_number)"
        children: dict[int, list[Row]] = {}
        for row in _ask(
            f"SELECT p.parent_number, c.* FROM {given} CROSS JOIN LATERAL (SELECT e.*, {order.keys()}"
            f" FROM {target.table} AS e WHERE {' AND '.join(conditions)} ORDER BY {order.sql()}"
            f" LIMIT {top + 1} OFFSET {options.skip}) AS c"
            f" ORDER BY p.parent_number, {order.sql(prefix='c.')}",
            compiler.parameters,
        ):
            children.setdefault(row["parent_number"], []).append(row)
        flat = [row for number in range(1, len(rows) + 1) for row in children.get(number, [])[:top]]
        written = iter(self._written(target, flat, options))
        counts = self._counts(link, rows, options) if options.count and link.many else []
        for number, (row, one) in enumerate(zip(rows, found, strict=True), 1):
            of_row = children.get(number, [])
            parts = [next(written) for _ in of_row[:top]]
            if not link.many:
                one[name] = parts[0] if parts else None
                continue
            if counts:
                one[f"{name}@iot.count"] = counts[number - 1]
            if len(of_row) > top > 0:
                address = f"{self.root}/{parent.name}({row['id']})/{name}"
                one[f"{name}@iot.nextLink"] = self._next(address, options, of_row[:top], order, top=top)
            one[name] = parts

    def _counts(self, link: Link, rows: Sequence[Row], options: Options) -> list[int]:
        counts = []
        for row in rows:
            scope = Scope(entity_of(link), {column: row[column] for column in link.on})
            compiler = Compiler({})
            counts.append(self._count(scope, self._conditions(scope, options, compiler), compiler))
        return counts


def _equal(scope: Scope, parameters: dict[str, Any]) -> list[str]:
    conditions = []
    for column, value in scope.equal.items():
        name = f"scope_{column}"
        parameters[name] = value
        conditions.append(f"e.{column} = %({name})s")
    return conditions


def _ask(sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(parameters))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _array(value: Any) -> str:
    return "text[]" if isinstance(value, str) else "bigint[]"


def _token(values: Sequence[Any]) -> str:
    written = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(written, default=str).encode()).decode().rstrip("=")


def _values(token: str) -> list[Any]:
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return [
            datetime.fromisoformat(value["t"]) if isinstance(value, dict) else _scalar(value)
            for value in read
        ]
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BadRequest("$skiptoken is not one of this service") from error


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise TypeError(value)
    return value


def _expand_text(expand: Mapping[str, Options]) -> str:
    """Write an `$expand` again, as it was read."""
    return ",".join(f"{name}({inside})" if (inside := ";".join(_inside(options))) else name
                    for name, options in expand.items())  # fmt: skip


def _inside(options: Options) -> Iterator[str]:
    if options.filter:
        yield f"$filter={options.filter}"
    if options.select:
        yield f"$select={','.join(options.select)}"
    if options.orderby:
        yield "$orderby=" + ",".join(f"{sql} desc" if down else sql for sql, down in options.orderby)
    if options.top is not None:
        yield f"$top={options.top}"
    if options.skip:
        yield f"$skip={options.skip}"
    if options.count:
        yield "$count=true"
    if options.expand:
        yield f"$expand={_expand_text(options.expand)}"
