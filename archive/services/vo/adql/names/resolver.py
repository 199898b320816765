"""Gives every table its place in PostgreSQL and every column its table; writes stars and joins by name out in full.

Names without quotes compare without regard to case, names in double quotes exactly. A name that is not found is
refused with the nearest one there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp

from archive.requests.numbers import whole
from archive.services.vo.adql.catalog import Catalog, Column, Table
from archive.services.vo.adql.grammar.whitelist import refuse
from archive.services.vo.adql.names.lengths import either, weighed
from archive.services.vo.adql.names.scopes import (
    Relation,
    Scope,
    Source,
    all_columns,
    folded_name,
    in_scope,
    matching,
    merged_column,
    no_table,
    places_of,
    quoted,
    refuse_unknown,
    same,
)
from archive.services.vo.adql.names.types import COLUMN, described, wider
from archive.services.vo.adql.sql import tables_of

MOST_COLUMNS = 1600  # PostgreSQL's limit on a result


class Resolver:
    """Resolves the names of one query."""

    def __init__(self, catalog: Catalog):
        self.catalog = catalog

    def resolve(self, tree: exp.Query) -> tuple[Column, ...]:
        """Resolve a query in place; gives its result columns, whose names are made unique.

        Raises
        ------
        ADQLError
        """
        return self._query(tree, None, {}, top=True).columns

    def _query(self, node: exp.Expr, parent: Scope | None, queries: Mapping, top: bool = False) -> Relation:
        if isinstance(node, exp.Subquery):
            inner = self._query(node.this, parent, queries, top)
            self._order(node, Scope(parent, queries), inner)
            return inner
        queries = self._with(node, parent, queries)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, queries, top)
        assert isinstance(node, exp.Select)
        return self._select(node, parent, queries, top)

    def _with(self, node: exp.Expr, parent: Scope | None, queries: Mapping) -> Mapping:
        found, own = node.args.get("with_"), set()
        for one in found.expressions if found else ():
            relation = self._query(one.this, parent, queries)
            alias = one.args["alias"]
            relation = _renamed(one, relation, alias)
            name = alias.name.lower()
            if name in own:
                refuse(one, f"WITH names {alias.name} twice")
            own.add(name)
            queries = {**queries, name: relation}
            alias.set("this", quoted(name))
        return queries

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None, queries: Mapping, top: bool) -> Relation:
        left = self._query(node.this, parent, queries, top)
        right = self._query(node.expression, parent, queries, top)
        word = type(node).__name__.upper()
        if len(left.columns) != len(right.columns):
            refuse(node, f"{word}: {len(left.columns)} columns on the left, {len(right.columns)} on the right")
        columns = []
        for one, other in zip(left.columns, right.columns, strict=True):
            kind = one.type if one.type == other.type else wider(one.type, other.type)
            columns.append(either(replace(one, type=kind), one, other))
        relation = Relation(tuple(columns), max(left.rows, right.rows))
        self._order(node, Scope(parent, queries), relation)
        return relation

    def _select(self, node: exp.Select, parent: Scope | None, queries: Mapping, top: bool) -> Relation:
        scope = Scope(parent, queries)
        start = node.args.get("from_")
        if start is not None:
            self._from(start, scope)
        for join in node.args.get("joins") or ():
            self._join(join, scope)
        if node.args.get("where") is not None:
            self._expression(node.args["where"], scope)
        columns = self._select_list(node, scope, top)
        relation = Relation(columns, max((one.relation.rows for one in scope.sources), default=0))
        for clause in ("group", "having"):
            if node.args.get(clause) is not None:
                self._grouping(node.args[clause], scope, relation)
        self._order(node, scope, relation)
        return relation

    # --- FROM -------------------------------------------------------------------------------------------------
    def _from(self, node: exp.Expr, scope: Scope) -> None:
        """The item of a FROM or JOIN, with the joins that stand in its own brackets."""
        item = node.this
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Table):
            self._from(item, scope)
            for join in item.args.get("joins") or ():
                self._join(join, scope)
            if item.alias:
                refuse(item, "tables joined in brackets take no name of their own")
            return
        source = self._table(item, scope) if isinstance(item, exp.Table) else self._derived(item, scope)
        if any(same(source.name, one.name) and source.schema == one.schema for one in scope.sources):
            refuse(item, f"{source.name.name} stands twice in FROM: give each a name of its own (AS name)")
        taken = {one.alias for one in scope.sources}
        base, n = source.alias, 1
        while source.alias in taken:
            n += 1
            source.alias = f"{base}_{n}"
        columns = item.args["alias"].args.get("columns") if item.args.get("alias") else None
        item.set("alias", exp.TableAlias(this=quoted(source.alias), columns=columns))
        scope.sources.append(source)
        for join in item.args.get("joins") or ():
            self._join(join, scope)

    def _table(self, node: exp.Table, scope: Scope) -> Source:
        alias = node.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            refuse(node, "names of columns after a table's name are not part of ADQL")
        own = scope.queries.get(node.name.lower()) if not node.db else None
        name = alias.this if alias is not None else node.this
        if own is not None:
            node.set("this", quoted(node.name.lower()))
            return Source(folded_name(name), own, name)
        table = self._known(node)
        schema, physical = table.physical or (table.schema, table.name)
        node.set("this", quoted(physical))
        node.set("db", quoted(schema))
        return Source(
            folded_name(name), Relation(table.columns, table.rows, table), name, "" if alias else table.schema
        )

    def _known(self, node: exp.Table) -> Table:
        return self.catalog.table(node.db, node.name) or self._refuse_table(node)

    def _refuse_table(self, node: exp.Table) -> NoReturn:
        several = [one.full_name for one in self.catalog.called(node.name)] if not node.db else []
        if several:
            refuse(node, f"table {node.name} is in several schemas: write {' or '.join(several)}")
        name = f"{node.db}.{node.name}" if node.db else node.name
        nearest = self.catalog.like(name)
        hint = f"did you mean {nearest}? There are" if nearest else "there are"
        if nearest and nearest.lower() == name.lower():
            hint = f"names in double quotes are exact; it is written {nearest}. There are"
        refuse(node, f"unknown table {name}: {hint} {self.catalog.describe()}")

    def _derived(self, node: exp.Expr, scope: Scope) -> Source:
        alias = node.args.get("alias")
        if alias is None or alias.this is None:
            refuse(node, "a query in FROM needs a name: ( SELECT ... ) AS name")
        relation = self._query(node.this, scope.parent, scope.queries)
        return Source(folded_name(alias.this), _renamed(node, relation, alias), alias.this)

    # --- JOIN -------------------------------------------------------------------------------------------------
    def _join(self, join: exp.Join, scope: Scope) -> None:
        comma = not any(join.args.get(part) for part in ("kind", "side", "method", "on", "using"))
        first = len(scope.sources)
        if comma:
            scope.group = first
        left = scope.joined()
        inside = Scope(scope.parent, scope.queries, scope.sources, group=first)
        self._from(join, inside)
        right = inside.joined()
        scope.merged = scope.merged + inside.merged
        using, on = list(join.args.get("using") or ()), join.args.get("on")
        if join.method == "NATURAL":
            if using or on is not None:
                refuse(join, "NATURAL JOIN takes neither ON nor USING")
            using = left.common_names(right)
            join.set("method", None)
            if not using:
                join.set("on", exp.true())
        elif join.side and not using and on is None:
            refuse(join, f"{join.side} JOIN: ON condition or USING (columns) expected after the table")
        if using:
            self._merge(join, scope, left, right, using)
        elif on is not None:
            join.set("on", self._expression(on, scope.joined()))
        if join.side == "FULL":
            _check_full(join, {one.alias for one in right.sources})

    def _merge(self, join: exp.Join, scope: Scope, left: Scope, right: Scope, names: list[exp.Identifier]) -> None:
        """USING: the columns of that name on both sides are equal, and one."""
        conditions = []
        for name in names:
            one, other = (self._find(exp.Column(this=name.copy()), side, name) for side in (left, right))
            conditions.append(exp.EQ(this=one, expression=other))
            column = one.meta[COLUMN] if isinstance(one, exp.Column) else merged_column(left, name)
            either = exp.Coalesce(this=one.copy(), expressions=[other.copy()])
            value = {"RIGHT": other, "FULL": either}.get(join.side, one)
            hidden = places_of(one) | places_of(other)
            for entry in [entry for entry in scope.merged if entry[2] & hidden]:
                scope.merged.remove(entry)
                hidden |= entry[2]
            scope.merged.append((column, value.copy(), hidden))
        joined: exp.Expr = conditions[0]
        for condition in conditions[1:]:
            joined = exp.And(this=joined, expression=condition)
        join.set("using", None)
        join.set("on", joined)

    # --- columns ----------------------------------------------------------------------------------------------
    def _expression(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """The expression with all its columns resolved, in place of itself in its parent."""
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, exp.Query):
            self._query(node, scope, scope.queries)
            return node
        for key, value in node.args.items():
            if isinstance(value, exp.Expression):
                found = self._expression(value, scope)
                if found is not value:
                    node.set(key, found)
            elif isinstance(value, list):
                changed = [self._expression(one, scope) if isinstance(one, exp.Expression) else one for one in value]
                if any(a is not b for a, b in zip(changed, value, strict=True)):
                    node.set(key, changed)
        return node

    def _column(self, node: exp.Column, scope: Scope) -> exp.Expr:
        if COLUMN in node.meta:
            return node
        if isinstance(node.this, exp.Star):
            refuse(node, "a star stands only in the list after SELECT")
        if node.args.get("catalog"):
            refuse(node, f"{node.sql()}: write schema.table.column")
        return self._find(node, scope, node)

    def _find(self, node: exp.Column, scope: Scope, blamed: exp.Expr) -> exp.Expr:
        level: Scope | None = scope
        while level is not None:
            found = in_scope(node, level)
            if len(found) > 1:
                called = {one.alias: one.full_name for one in level.sources}
                names = sorted(f"{called[one.table]}.{node.name}" for one in found if isinstance(one, exp.Column))
                refuse(blamed, f"column {node.name} is ambiguous: write {' or '.join(names)}")
            if found:
                if isinstance(found[0], exp.Column):
                    found[0].this.meta.update(node.this.meta)
                return found[0]
            level = level.parent
        refuse_unknown(node, scope, blamed)
        return node

    def _select_list(self, node: exp.Select, scope: Scope, top: bool) -> tuple[Column, ...]:
        taken: set[str] = set()
        items, columns = [], []
        for position, item in enumerate(self._without_stars(node, scope), 1):
            value = self._expression(item.unalias(), scope)
            name = item.alias if isinstance(item, exp.Alias) else _name_of(item, value, position)
            exact = isinstance(item, exp.Column) or (isinstance(item, exp.Alias) and _is_quoted(item.args["alias"]))
            name = _unique(name, taken, exact) if top else name
            taken.add(name)
            items.append(exp.Alias(this=value, alias=quoted(name)))
            columns.append(weighed(described(value, name), value))
        if len(items) > MOST_COLUMNS:
            refuse(node, f"{len(items)} columns: a result has at most {MOST_COLUMNS}")
        node.set("expressions", items)
        return tuple(columns)

    def _without_stars(self, node: exp.Select, scope: Scope) -> Iterable[exp.Expr]:
        for item in node.expressions:
            if isinstance(item, exp.Star):
                if not scope.sources:
                    refuse(item, "* without FROM: name a table to select from")
                yield from (value for _, value in all_columns(scope))
            elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
                qualifier, schema = item.args["table"], item.db
                sources = [one for one in scope.sources if one.answers_to(qualifier, schema)]
                if not sources:
                    refuse(item, no_table(qualifier.name, scope))
                yield from (sources[0].reference(column) for column in sources[0].relation.columns)
            else:
                yield item

    # --- GROUP BY, HAVING, ORDER BY -----------------------------------------------------------------------------
    def _grouping(self, node: exp.Expr, scope: Scope, relation: Relation) -> None:
        if isinstance(node, exp.Group):
            node.set("expressions", [self._or_output(one, scope, relation, False) for one in node.expressions])
        else:
            self._expression(node, scope)

    def _order(self, node: exp.Expr, scope: Scope, relation: Relation) -> None:
        order = node.args.get("order")
        for one in order.expressions if order is not None else ():
            one.set("this", self._or_output(one.this, scope, relation, True))

    def _or_output(self, node: exp.Expr, scope: Scope, relation: Relation, first: bool) -> exp.Expr:
        """A term that may be the name of a result column (`first`: before it is looked for in the tables)."""
        if isinstance(node, exp.Literal) and not node.is_string:
            _check_ordinal(node, relation)
            return node
        if isinstance(node, exp.Column) and not node.table:
            output = matching(relation.columns, node.this)
            if output and (first or not in_scope(node, scope)):
                return exp.column(quoted(output[0].name))
        if not scope.sources:
            refuse(node, f"{node.sql()}: the result of a set operation is ordered by names or numbers of its columns")
        return self._expression(node, scope)


def _check_full(join: exp.Join, right: set[str]) -> None:
    """PostgreSQL joins both sides in full by equalities only."""
    for one in join.args["on"].flatten() if isinstance(join.args["on"], exp.And) else [join.args["on"]]:
        condition = one.unnest()
        sides = [tables_of(condition.this), tables_of(condition.expression)] if isinstance(condition, exp.EQ) else []
        apart = len(sides) == 2 and all(sides) and sorted(bool(side & right) for side in sides) == [False, True]
        if not (apart and any(side <= right for side in sides)) and not isinstance(condition, exp.Boolean):
            refuse(one, "FULL JOIN: its condition can only say that values of both tables are equal (a.x = b.y)")


def _renamed(blamed: exp.Expr, relation: Relation, alias: exp.TableAlias) -> Relation:
    """A query's columns under the names in brackets after its own; the names in PostgreSQL become the same."""
    names = alias.args.get("columns") or []
    if not names:
        return relation
    if len(names) != len(relation.columns):
        refuse(blamed, f"{alias.name}: {len(names)} names for {len(relation.columns)} columns")
    columns = tuple(replace(one, name=folded_name(name)) for name, one in zip(names, relation.columns, strict=True))
    alias.set("columns", [quoted(column.name) for column in columns])
    return Relation(columns, relation.rows)


def _name_of(item: exp.Expr, value: exp.Expr, position: int) -> str:
    """Name of a result column that has none: the column's own, the function's, or its place."""
    if isinstance(item, exp.Column):
        known = value.meta.get(COLUMN)
        return known.name if known is not None else item.name
    if isinstance(item, exp.Anonymous):
        return item.name.lower()
    if isinstance(item, exp.AggFunc | exp.Coalesce | exp.Nullif):
        return type(item).__name__.lower()
    return f"col_{position}"


def _is_quoted(identifier: exp.Identifier) -> bool:
    return bool(identifier.args.get("quoted"))


def _unique(name: str, taken: set[str], exact: bool) -> str:
    """A result's name, numbered where it is taken: a table's own and those in quotes differ by case, others do not."""
    used = taken if exact else {one.lower() for one in taken}
    found, n = name, 1
    while (found if exact else found.lower()) in used:
        n += 1
        found = f"{name}_{n}"
    return found


def _check_ordinal(node: exp.Literal, relation: Relation) -> None:
    if whole(node.this, 1, len(relation.columns)) is None:
        refuse(node, f"{node.this[:40]}: a number here is that of a result column, 1 to {len(relation.columns)}")
