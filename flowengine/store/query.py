"""A query has a name and a sentence, is built with SQLAlchemy Core, and is compiled to text once a dialect.

The text goes straight to the driver's cursor, so that SQLAlchemy costs nothing per act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from flowengine.store.dialects import DIALECTS, Dialect

Values = Mapping[str, Any]


def param(name: str) -> sa.BindParameter[Any]:
    """A value that is given when the query runs."""
    return sa.bindparam(name)


Statement = sa.Select[Any] | sa.CompoundSelect[Any] | sa.Insert | sa.Update | sa.Delete | sa.TextClause


@cache
def _compiler(name: str) -> sa.Dialect:
    return DIALECTS[name].compiler()


class Compiled:
    """A statement as one driver takes it: ``sql``, and ``bind`` that puts named values in the driver's order."""

    __slots__ = ("bind", "sql")

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=_compiler(dialect.name), compile_kwargs={"render_postcompile": True})
        order = tuple(compiled.positiontup or ())
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self.sql = str(compiled)
        self.bind = _binder(order, {name: fixed[name] for name in order if name in fixed})


def _binder(order: tuple[str, ...], fixed: dict[str, Any]) -> Callable[[Values], tuple[Any, ...]]:
    if not order:
        return lambda _: ()
    if fixed:
        return lambda values: tuple(values[name] if name in values else fixed[name] for name in order)
    if len(order) == 1:
        name = order[0]
        return lambda values: (values[name],)
    return itemgetter(*order)


class Query:
    """A named statement. ``about`` says in one sentence what it does.

    ``build`` is the statement, or a function that makes it for a dialect where the databases differ.
    """

    __slots__ = ("_build", "about", "compiled", "name")

    def __init__(self, name: str, about: str, build: Statement | Callable[[Dialect], Statement]) -> None:
        self.name = name
        self.about = about
        self._build = build
        self.compiled: dict[str, Compiled] = {}
        """The statement by dialect, once it was compiled by :meth:`on`."""

    def on(self, dialect: str) -> Compiled:
        """The statement for ``sqlite`` or ``postgresql``."""
        found = self.compiled.get(dialect)
        if found is None:
            known = DIALECTS[dialect]
            statement = self._build(known) if callable(self._build) else self._build
            found = self.compiled[dialect] = Compiled(statement, known)
        return found


def inserts(table: sa.Table, **fixed: Any) -> sa.Insert:
    """An insert of every column of the table, each from a value of the column's name."""
    return sa.insert(table).values({c.name: fixed.get(c.name, sa.bindparam(c.name)) for c in table.c})


def inserts_all(dialect: Dialect, table: sa.Table) -> sa.Insert:
    """An insert of every column of the table for many rows, which are given as one JSON list (``rows``)."""
    return sa.insert(table).from_select([column.name for column in table.c], dialect.rows_of(table, param("rows")))


def upserts(
    dialect: Dialect, table: sa.Table, changes: Mapping[str, Any] | None = None, keep: tuple[str, ...] = ()
) -> sa.Insert:
    """An insert of every column that, where the key is there already, changes the other columns except ``keep``.

    ``changes`` says another expression for some columns.
    """
    insert = dialect.insert(table).values({column.name: sa.bindparam(column.name) for column in table.c})
    key = [column.name for column in table.primary_key]
    new = {c.name: insert.excluded[c.name] for c in table.c if c.name not in key and c.name not in keep}
    statement: sa.Insert = insert.on_conflict_do_update(index_elements=key, set_=new | dict(changes or {}))
    return statement
