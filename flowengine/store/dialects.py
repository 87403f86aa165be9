"""What the statements of the databases differ in. SQLAlchemy writes them; what it cannot know stands here, and is asked
for by those who build a statement (:class:`~flowengine.store.query.Query`)."""

from __future__ import annotations

from typing import Any, Protocol

import sqlalchemy as sa


class Dialect(Protocol):
    """How one database wants its statements."""

    name: str

    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's own, which knows its words and placeholders; imported when it is needed."""

    def insert(self, table: sa.Table) -> Any:
        """An insert that can say what happens where the key is there already."""

    def few(self, number: int) -> sa.ColumnElement[int] | int:
        """How many rows are wanted."""

    def candidates(self, rows: sa.Select[Any]) -> Any:
        """The keys of the rows that a claim takes, so that two claims at once take different ones."""

    def by_index(self, name: str) -> str:
        """The hint that a table is read by that index, behind the table's name."""

    def joined(self, texts: sa.ColumnElement[str], apart: str) -> sa.ColumnElement[str]:
        """All texts of a column as one, with a text between them; NULL where there are none."""

    def has_table(self, name: str) -> sa.Select[Any]:
        """Whether a table is there: 1 or 0."""

    def rows_of(self, table: sa.Table, given: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """Rows for a table that are given as one text: a JSON list of objects, with a value for each column."""


class Sqlite:
    """One writer at a time has the database to himself, so a claim need not lock what it looks at."""

    name = "sqlite"

    def compiler(self) -> sa.Dialect:
        from sqlalchemy.dialects.sqlite import pysqlite

        return pysqlite.dialect(paramstyle="qmark")

    def insert(self, table: sa.Table) -> Any:
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)

    def few(self, number: int) -> int:
        return number  # as a value: a number in the statement leads its planner astray

    def candidates(self, rows: sa.Select[Any]) -> Any:
        return rows

    def by_index(self, name: str) -> str:
        return f"INDEXED BY {name} "

    def joined(self, texts: sa.ColumnElement[str], apart: str) -> sa.ColumnElement[str]:
        return sa.func.group_concat(texts, sa.literal_column(f"'{apart}'"))

    def rows_of(self, table: sa.Table, given: sa.ColumnElement[Any]) -> sa.Select[Any]:
        row = sa.func.json_each(given).table_valued("value").c.value
        paths: list[sa.ColumnElement[str]] = [sa.literal_column(f"'$.{column.name}'") for column in table.c]
        return sa.select(*(sa.func.json_extract(row, path) for path in paths))

    def has_table(self, name: str) -> sa.Select[Any]:
        master = sa.table("sqlite_master", sa.column("name", sa.String))
        return sa.select(sa.func.count()).select_from(master).where(master.c.name == name)


class Postgresql:
    """Many write at once: a claim passes by the rows that others have locked."""

    name = "postgresql"

    def compiler(self) -> sa.Dialect:
        from sqlalchemy.dialects.postgresql import psycopg

        made: sa.Dialect = psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # untyped there
        return made

    def insert(self, table: sa.Table) -> Any:
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    def few(self, number: int) -> sa.ColumnElement[int]:
        """In the statement: a plan is kept only where it knows that, and to plan takes longer than to find one row."""
        return sa.literal_column(f"{number:d}")

    def candidates(self, rows: sa.Select[Any]) -> Any:
        return rows.with_for_update(skip_locked=True).cte("ready").select()

    def by_index(self, name: str) -> str:  # noqa: ARG002 - it takes no hints, and needs none
        return ""

    def joined(self, texts: sa.ColumnElement[str], apart: str) -> sa.ColumnElement[str]:
        return sa.func.string_agg(texts, sa.literal_column(f"'{apart}'"))

    def rows_of(self, table: sa.Table, given: sa.ColumnElement[Any]) -> sa.Select[Any]:
        columns = [sa.column(column.name, column.type) for column in table.c]
        found = sa.func.json_to_recordset(sa.cast(given, sa.JSON)).table_valued(*columns)
        return sa.select(*found.render_derived(with_types=True).c)

    def has_table(self, name: str) -> sa.Select[Any]:
        return sa.select(sa.func.count(sa.func.to_regclass(name)))


DIALECTS: dict[str, Dialect] = {one.name: one for one in (Sqlite(), Postgresql())}
