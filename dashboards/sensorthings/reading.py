"""Ask the database for entities and write them as SensorThings does; a collection is paged by key, not by offset."""

import re
import time
from collections.abc import Collection, Mapping, Sequence
from hashlib import md5
from typing import Any, NamedTuple

from django.core.cache import caches
from django.db import OperationalError, connection, transaction

from dashboards.sensorthings.entities import MOST, Entity, Link, entity_of
from dashboards.sensorthings.errors import BadRequest, NotThere, TooLong
from dashboards.sensorthings.filters import Compiler
from dashboards.sensorthings.links import next_link, values_of
from dashboards.sensorthings.narrowing import narrowed
from dashboards.sensorthings.options import MOST_TOP, TOP, Options
from dashboards.sensorthings.walk import MOST_SKIPPED, PAGE_SECONDS, PART_SECONDS, Page, Walk, patience
from dashboards.sensorthings.walk import counted as count_observations
from dashboards.sensorthings.zones import Zones, reaching

FEW_SKIPPED = 10_000  # rows that one question passes over
AT_ONCE_MS = 150  # for a question that the database may find quick
UNSORTED_MS = 6_000  # for an order in which nothing is kept
FIRST_EXPANDED = 25  # entities, of which one learns how long the others take
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

    def values(self, rows: Sequence[Row]) -> list[Any]:
        """Give what the last row is sorted by; nothing where that does not say where the next row stands."""
        return (
            [rows[-1][f"k{number}"] for number in range(len(self.parts))] if self.is_total() and rows else []
        )


class Question(NamedTuple):
    """One page of a collection: what is asked, as conditions and an order in SQL, and how many rows are wanted."""

    scope: Scope
    options: Options
    order: Order
    conditions: Sequence[str]
    compiler: Compiler
    wanted: int


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
        compiler = Compiler({}, reaching)
        conditions = self._conditions(scope, options, compiler)
        order = self._order(scope.entity, options, compiler, fixed=scope.equal)
        top = min(TOP if options.top is None else options.top, MOST_TOP)
        answer: Written = {}
        if options.count:
            answer |= self._counted(scope, options, conditions, compiler)
        found = self._page(Question(scope, options, order, conditions, compiler, top + 1))
        rows = found.rows[:top]
        written, resume = self._written_in_time(scope.entity, rows, options), found.resume
        if len(written) < len(rows) or len(found.rows) > top > 0:
            resume = order.values(rows[: len(written)])
        if resume is not None and top > 0:
            answer["@iot.nextLink"] = next_link(address, options, resume, passed=len(written))
        answer["value"] = written
        return answer

    def _page(self, question: Question) -> Page:
        """Give the rows of a page: by one question where the database answers it at once, else by a walk."""
        options = question.options
        walk = self._walk(question.scope, options, question.order)
        if walk is None:
            return self._asked(question)
        if not walk.in_order_of:
            with patience(UNSORTED_MS):
                return self._asked(question)
        if walk.in_order_of in {"series", "time"} and options.skip <= FEW_SKIPPED:
            try:
                with transaction.atomic(), patience(AT_ONCE_MS):
                    return self._asked(question)
            except OperationalError as error:
                if "statement timeout" not in str(error):
                    raise
        return self._walked(walk, options, wanted=question.wanted)

    def _asked(self, question: Question) -> Page:
        """Give the rows of a page by one question to the database."""
        scope, options, order, conditions, compiler, wanted = question
        paged = list(conditions)
        if options.skiptoken:
            paged.append(self._after(values_of(options.skiptoken), order, compiler))
        offset = 0 if options.skiptoken else options.skip
        return Page(
            _ask(
                f"SELECT e.*, {order.keys()} FROM {scope.entity.table} AS e WHERE {' AND '.join(paged) or 'true'}"
                f" ORDER BY {order.sql()} LIMIT {wanted} OFFSET {offset}",
                compiler.parameters,
            )
        )

    def _walk(self, scope: Scope, options: Options, order: Order) -> Walk | None:
        """Give the walk to the observations of many series; None where one question surely finds them."""
        if scope.entity.name != "Observations" or "series_id" in scope.equal:
            return None
        if (
            not options.filter
            and order.parts[0][0] in {"e.series_id", "e.hour"}
            and options.skip <= FEW_SKIPPED
        ):
            return None
        compiler = Compiler({}, reaching)
        narrow = narrowed(options.filter, compiler)
        token = values_of(options.skiptoken) if options.skiptoken else []
        return Walk(
            Zones(narrow, scope.equal, compiler.parameters), narrow, order.parts, order.keys(), order.sql(),
            self._after(token, order, compiler) if options.skiptoken else "", token, _ask,
        )  # fmt: skip

    def _walked(self, walk: Walk, options: Options, *, wanted: int) -> Page:
        passed = 0 if walk.token else options.skip
        if passed and not options.filter and walk.in_order_of == "series":
            passed -= walk.skip_series(passed)
        if passed > MOST_SKIPPED:
            raise TooLong
        page = walk.page(wanted + passed)
        if passed and page.resume is not None:
            raise TooLong
        return page._replace(rows=page.rows[passed:])

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

    def _counted(
        self, scope: Scope, options: Options, conditions: Sequence[str], compiler: Compiler
    ) -> Written:
        """Give the number of entities, and a mark where it is an estimate, as OData lets a service count."""
        if scope.entity.name != "Observations" or "series_id" in scope.equal:
            return {"@iot.count": self._count(scope, conditions, compiler)}
        key = (
            "sensorthings-"
            + md5(repr((scope.equal, options.filter)).encode(), usedforsecurity=False).hexdigest()
        )
        known = counted.get(key)
        if known is None:
            separate = Compiler({})
            narrow = narrowed(options.filter, separate)
            known = count_observations(Zones(narrow, scope.equal, separate.parameters), narrow, _ask)
            counted.set(key, known, COUNTED_SECONDS)
        number, is_estimate = known
        return {"@iot.count": number} | ({"@capto.countIsEstimate": True} if is_estimate else {})

    def _count(self, scope: Scope, conditions: Sequence[str], compiler: Compiler) -> int:
        """Count the entities exactly."""
        rows = _ask(
            f"SELECT count(*) AS n FROM {scope.entity.table} AS e WHERE {' AND '.join(conditions) or 'true'}",
            compiler.parameters,
        )
        return int(rows[0]["n"])

    # --- paging by key ---------------------------------------------------------------------------

    def _after(self, values: Sequence[Any], order: Order, compiler: Compiler) -> str:
        """Give the condition of the rows behind the last one of the page before."""
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

    def _written_in_time(self, entity: Entity, rows: Sequence[Row], options: Options) -> list[Written]:
        """Write rows with what is expanded, as many as can be in about a second: the next page begins behind them."""
        if not options.expand:
            return self._written(entity, rows, options)
        began, written, size = time.monotonic(), list[Written](), FIRST_EXPANDED
        while len(written) < len(rows) and (not written or time.monotonic() - began < PAGE_SECONDS):
            before = time.monotonic()
            written += self._written(entity, rows[len(written) : len(written) + size], options)
            took = time.monotonic() - before
            size = max(1, int(size * min(40.0, PART_SECONDS / max(took, 1e-3))))
        return written

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
        reached = self._reached(link, rows, options)
        if reached is not None:
            conditions.append(f"p.series_id = ANY({compiler.parameter(sorted(reached))}::bigint[])")
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
        counts = self._counts(link, rows, options, reached) if options.count and link.many else []
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
                one[f"{name}@iot.nextLink"] = next_link(
                    address, options, order.values(of_row[:top]), passed=top
                )
            one[name] = parts

    def _reached(self, link: Link, rows: Sequence[Row], options: Options) -> set[int] | None:
        """Give the series of the rows whose observations can be as a filter says; None: all can."""
        if not options.filter or link.target != "Observations" or "series_id" not in link.on:
            return None
        compiler = Compiler({})
        narrow = narrowed(options.filter, compiler)
        reach = Zones(narrow, {}, compiler.parameters).reaching([row["series_id"] for row in rows])
        return reach and reach.surely | reach.perhaps

    def _counts(
        self, link: Link, rows: Sequence[Row], options: Options, reached: set[int] | None
    ) -> list[int]:
        counts = []
        for row in rows:
            if reached is not None and row["series_id"] not in reached:
                counts.append(0)
                continue
            scope = Scope(entity_of(link), {column: row[column] for column in link.on})
            compiler = Compiler({})
            conditions = self._conditions(scope, options, compiler)
            counts.append(self._counted(scope, options, conditions, compiler)["@iot.count"])
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
