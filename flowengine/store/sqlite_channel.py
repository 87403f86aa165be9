"""Statements on one SQLite connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import sqlalchemy as sa

from flowengine.errors import StoreError
from flowengine.store.channel import CLOSED, Row
from flowengine.store.query import Query, Values
from flowengine.store.sqlite_errors import translated


class SqliteChannel:
    """Statements on one SQLite connection, each done at once."""

    dialect = "sqlite"
    __slots__ = ("_cursor", "fairy", "kept", "raw", "writing")

    def __init__(
        self, raw: sqlite3.Connection, fairy: sa.PoolProxiedConnection | None = None, writing: bool = False
    ) -> None:
        self.raw = raw
        self.fairy = fairy
        self.writing = writing
        self.kept = False
        self._cursor = raw.cursor()
        self._cursor.row_factory = None  # an application's own connection may have another

    def _do(self, query: Query, values: Values) -> sqlite3.Cursor:
        compiled = query.on("sqlite")
        try:
            return self._cursor.execute(compiled.sql, compiled.bind(values))
        except sqlite3.Error as error:
            raise translated(error, query.name) from error

    def rows(self, query: Query, values: Values) -> list[Row]:
        return self._do(query, values).fetchall()

    def one(self, query: Query, values: Values) -> Row | None:
        row: Row | None = self._do(query, values).fetchone()
        return row

    def expect(self, query: Query, values: Values) -> None:
        """Nothing is asked ahead on SQLite: there is no way to go."""

    def write(self, query: Query, values: Values) -> None:
        self._do(query, values)

    def write_many(self, query: Query, many: Sequence[Values]) -> None:
        if len(many) < 2:
            for values in many:
                self._do(query, values)
            return
        compiled = query.on("sqlite")
        try:
            self._cursor.executemany(compiled.sql, [compiled.bind(values) for values in many])
        except sqlite3.Error as error:
            raise translated(error, query.name) from error

    def count(self, query: Query, values: Values) -> int:
        return self._do(query, values).rowcount

    def flush(self) -> None:
        """Nothing is collected on SQLite."""

    @property
    def open(self) -> bool:
        """Whether the transaction goes on: some errors end it in SQLite itself."""
        return self.raw.in_transaction

    def another(self) -> SqliteChannel:
        """A further channel in the same transaction, closed on its own."""
        return SqliteChannel(self.raw)

    def command(self, sql: str) -> None:
        """``BEGIN``, ``COMMIT``, ``SAVEPOINT`` and the like."""
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise translated(error, sql) from error

    def finish(self, keep: bool) -> None:
        """Commit, or roll back; when the commit fails, nothing is kept either."""
        try:
            if keep:
                self.command("COMMIT")
        except StoreError:
            keep = False
            raise
        finally:
            if self.raw.in_transaction:
                keep = False
                self.command("ROLLBACK")
            self.kept = keep
            self.close()

    def close(self) -> None:
        self._cursor.close()
        self._cursor = CLOSED
