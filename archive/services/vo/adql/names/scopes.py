"""The scope of one SELECT: its tables, the columns that joins merge, and how a name finds its column among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from archive.requests.spelling import resembling
from archive.services.vo.adql.catalog import Column, Table
from archive.services.vo.adql.grammar.whitelist import refuse
from archive.services.vo.adql.names.types import COLUMN, ROWS


@dataclass(frozen=True)
class Relation:
    """Columns that can be selected from: a table, a query in FROM, or one of WITH."""

    columns: tuple[Column, ...]
    rows: int = 0
    table: Table | None = None


@dataclass
class Source:
    """A relation in FROM: its alias in PostgreSQL and the names by which a query may call it."""

    alias: str
    relation: Relation
    name: exp.Identifier
    schema: str = ""

    def answers_to(self, qualifier: exp.Identifier, schema: str) -> bool:
        return same(qualifier, self.name) and (not schema or schema.lower() == self.schema.lower())

    @property
    def full_name(self) -> str:
        """A name by which a query may call it without doubt."""
        return f"{self.schema}.{self.name.name}" if self.schema else self.name.name

    def reference(self, column: Column) -> exp.Column:
        """A resolved column."""
        node = exp.column(exp.to_identifier(column.name, quoted=True), table=exp.to_identifier(self.alias, quoted=True))
        node.meta[COLUMN], node.meta[ROWS] = column, self.relation.rows
        return node


Merged = tuple[Column, exp.Expr, set[tuple[str, str]]]
"""A column that USING or NATURAL makes of two: what it is, its value, and the columns that it hides."""


@dataclass
class Scope:
    """The tables and columns that one SELECT sees.

    group : the first table since the last comma; a JOIN reaches no farther back
    """

    parent: Scope | None
    queries: Mapping[str, Relation]
    sources: list[Source] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    group: int = 0

    def joined(self) -> Scope:
        """The scope of a JOIN's condition."""
        sources = self.sources[self.group :]
        aliases = {one.alias for one in sources}
        merged = [entry for entry in self.merged if all(table in aliases for table, _ in entry[2])]
        return Scope(self.parent, self.queries, sources, merged)

    def common_names(self, other: Scope) -> list[exp.Identifier]:
        """The columns that both sides of a NATURAL JOIN have."""
        theirs = [column for column, _ in all_columns(other)]
        names = (quoted(column.name) for column, _ in all_columns(self))
        return [name for name in names if matching(theirs, name)]


def same(a: exp.Identifier, b: exp.Identifier) -> bool:
    return a.name == b.name if a.args.get("quoted") else a.name.lower() == b.name.lower()


def matching(columns: Iterable[Column], identifier: exp.Identifier) -> list[Column]:
    """The columns of that name; where several differ by case only, the one that is spelt so."""
    if identifier.args.get("quoted"):
        return [column for column in columns if column.name == identifier.name]
    found = [column for column in columns if column.name.lower() == identifier.name.lower()]
    return [one for one in found if one.name == identifier.name] or found if len(found) > 1 else found


def quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def folded_name(identifier: exp.Identifier) -> str:
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()


def all_columns(scope: Scope) -> list[tuple[Column, exp.Expr]]:
    """The columns that a star stands for: merged ones first, then the others in order."""
    hidden = {key for entry in scope.merged for key in entry[2]}
    found = [(column, value.copy()) for column, value, _ in scope.merged]
    for source in scope.sources:
        found += [
            (column, source.reference(column))
            for column in source.relation.columns
            if (source.alias, column.name) not in hidden
        ]
    return found


def merged_column(scope: Scope, name: exp.Identifier) -> Column:
    return matching([column for column, _, _ in scope.merged], name)[0]


def places_of(value: exp.Expr) -> set[tuple[str, str]]:
    return {(column.table, column.name) for column in value.find_all(exp.Column)}


def in_scope(node: exp.Column, scope: Scope) -> list[exp.Expr]:
    """The columns within one SELECT that a name may mean."""
    qualifier = node.args.get("table")
    if qualifier is not None:
        sources = [one for one in scope.sources if one.answers_to(qualifier, node.db)]
        return [one.reference(column) for one in sources for column in matching(one.relation.columns, node.this)]
    found = [value.copy() for column, value, _ in scope.merged if matching([column], node.this)]
    hidden = {key for entry in scope.merged for key in entry[2]}
    for one in scope.sources:
        found += [
            one.reference(column)
            for column in matching(one.relation.columns, node.this)
            if (one.alias, column.name) not in hidden
        ]
    return found


def no_table(name: str, scope: Scope) -> str:
    known = sorted({source.name.name for source in scope.sources})
    return f"{name} is not in FROM: there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"


def refuse_unknown(node: exp.Column, scope: Scope, blamed: exp.Expr) -> None:
    qualifier = node.args.get("table")
    levels = [scope]
    while levels[-1].parent is not None:
        levels.append(levels[-1].parent)
    sources = [source for level in levels for source in level.sources]
    if qualifier is not None:
        asked = [one for one in sources if one.answers_to(qualifier, node.db)]
        if not asked:
            refuse(blamed, f"unknown column {node.sql()}: {no_table(qualifier.name, scope)}")
        sources = asked
    known = [column.name for source in sources for column in source.relation.columns]
    nearest = resembling(node.name, known)
    within = ", ".join(dict.fromkeys(source.name.name for source in sources))
    hint = f": did you mean {nearest}?" if nearest else ""
    exact = [one for one in known if one.lower() == node.name.lower()]
    if node.this.args.get("quoted") and exact:
        hint = f': names in double quotes are exact; it is written "{exact[0]}"'
    refuse(blamed, f"unknown column {node.name} in {within}{hint}")
