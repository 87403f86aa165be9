"""The bare drivers, and the rows of recorded acts that they write."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import uuid_utils

from flowengine.store.query import Compiled, Query

Statement = tuple[str, list[tuple[Any, ...]]]
"""SQL as the driver takes it, and one or several sets of values."""


class Record:
    """The statements that were sent, one list for each act."""

    def __init__(self) -> None:
        self.acts: list[list[Statement]] = []
        self.open: list[Statement] = []

    def note(self, sql: str, values: tuple[Any, ...]) -> None:
        if self.open and self.open[-1][0] == sql:
            self.open[-1][1].append(values)
        else:
            self.open.append((sql, [values]))

    def cut(self) -> None:
        """An act ends here."""
        self.acts.append(self.open)
        self.open = []

    def take(self) -> list[list[Statement]]:
        """The acts since the last take."""
        taken, self.acts = self.acts, []
        return taken


class _Noted:
    """A compiled statement that is noted when its values are bound, which is when it is sent."""

    def __init__(self, compiled: Compiled, record: Record) -> None:
        self.sql, self._bind, self._record = compiled.sql, compiled.bind, record

    def bind(self, values: Any) -> tuple[Any, ...]:
        bound = self._bind(values)
        self._record.note(self.sql, bound)
        return bound


@contextmanager
def recording() -> Iterator[Record]:
    """Record what the store sends meanwhile: each query is compiled anew, to a statement that notes its values."""
    record, on = Record(), Query.on
    queries = [one for one in gc.get_objects() if isinstance(one, Query)]
    known = [dict(one.compiled) for one in queries]
    for one in queries:
        one.compiled.clear()

    def noted(query: Query, dialect: str) -> Any:
        if dialect not in query.compiled:
            query.compiled[dialect] = _Noted(on(query, dialect), record)  # type: ignore[assignment]
        return query.compiled[dialect]

    Query.on = noted  # type: ignore[method-assign]
    try:
        yield record
    finally:
        Query.on = on  # type: ignore[method-assign]
        for one, compiled in zip(queries, known, strict=True):
            one.compiled.clear()
            one.compiled.update(compiled)


class Bare(Protocol):
    """A driver without anything on top."""

    def replay(self, acts: list[list[Statement]], *, reads: bool) -> float:
        """Send each act's statements in a transaction of its own. The seconds it took."""

    def all(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table."""

    def durable(self) -> None:
        """Raises Differs when a commit is less durable than the engine's."""

    def close(self) -> None: ...


def _without_reads(acts: list[list[Statement]]) -> list[list[Statement]]:
    return [[one for one in act if not one[0].lstrip().startswith("SELECT")] for act in acts]


class SqliteBare:
    """The bare ``sqlite3`` module with the durability that the engine has."""

    def __init__(self, path: Path) -> None:
        self.raw = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
            self.raw.execute(f"PRAGMA {pragma}")

    def replay(self, acts: list[list[Statement]], *, reads: bool) -> float:
        wanted = acts if reads else _without_reads(acts)
        cursor = self.raw.cursor()
        began = perf_counter()
        for act in wanted:
            cursor.execute("BEGIN IMMEDIATE")
            for sql, many in act:
                if len(many) == 1:
                    cursor.execute(sql, many[0])
                    if cursor.description:
                        cursor.fetchall()
                else:
                    cursor.executemany(sql, many)
            cursor.execute("COMMIT")
        return perf_counter() - began

    def all(self, table: str) -> list[tuple[Any, ...]]:
        return self.raw.execute(f"SELECT * FROM {table}").fetchall()

    def durable(self) -> None:
        found = [self.raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        if found != ["wal", 2]:
            raise Differs(f"SQLite is at {found}")

    def close(self) -> None:
        self.raw.close()


class PostgresBare:
    """Bare psycopg: one statement after the other, or all of an act in one pipeline with its commit."""

    def __init__(self, url: str, pipelined: bool) -> None:
        import psycopg

        self.raw = psycopg.connect(url.replace("+psycopg", ""))
        self.pipelined = pipelined

    def replay(self, acts: list[list[Statement]], *, reads: bool) -> float:
        wanted = acts if reads else _without_reads(acts)
        began = perf_counter()
        for act in wanted:
            if self.pipelined:
                with self.raw.pipeline():
                    self._send(act)
                    self.raw.commit()
            else:
                self._send(act)
                self.raw.commit()
        return perf_counter() - began

    def _send(self, act: list[Statement]) -> None:
        from psycopg import RawCursor

        cursor: Any = RawCursor(self.raw)  # the statements have PostgreSQL's own placeholders
        for sql, many in act:
            if len(many) == 1:
                cursor.execute(sql, many[0])
                if not self.pipelined and cursor.description:
                    cursor.fetchall()
            else:
                cursor.executemany(sql, many)

    def all(self, table: str) -> list[tuple[Any, ...]]:
        found = self.raw.execute(f"SELECT * FROM {table}").fetchall()
        self.raw.commit()
        return found

    def durable(self) -> None:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        found = [self.raw.execute(f"SHOW {name}").fetchone() for name in names]
        self.raw.commit()
        if found != [("on",)] * 3:
            raise Differs(f"PostgreSQL is at {found}")

    def close(self) -> None:
        self.raw.close()


ROWS = ("flow_jobs", "flow_steps", "flow_timers", "flow_history", "flow_receipts")
"""The tables that an act writes."""


class Differs(Exception):
    """The two that are compared do not do the same."""


def same_rows(one: Bare, other: Bare) -> None:
    """Raises Differs unless both databases hold the same jobs with all that hangs on them, byte for byte."""
    for table in ROWS:
        first, second = (sorted(map(repr, bare.all(table))) for bare in (one, other))
        if first != second:
            raise Differs(f"{table}: the bare driver has not written the same rows")


def bulk_jobs(path: Path, number: int) -> None:
    """Many jobs at once: copies of one job's rows under fresh ids."""
    raw = sqlite3.connect(path, isolation_level=None)
    (template,) = raw.execute("SELECT id FROM flow_jobs LIMIT 1").fetchone()
    ids = [str(uuid_utils.uuid7()) for _ in range(number)]
    raw.execute("BEGIN IMMEDIATE")
    for table in ROWS:
        columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
        key = "id" if table == "flow_jobs" else "job_id"
        rows = raw.execute(f"SELECT * FROM {table} WHERE {key} = ?", (template,)).fetchall()
        marks = ", ".join("?" for _ in columns)
        raw.executemany(
            f"INSERT INTO {table} VALUES ({marks})",
            (_renamed(columns, row, template, id) for id in ids for row in rows),
        )
    raw.execute("COMMIT")
    raw.execute("PRAGMA optimize")
    raw.close()


def _renamed(columns: list[str], row: tuple[Any, ...], old: str, new: str) -> list[Any]:
    values = [value.replace(old, new) if isinstance(value, str) else value for value in row]
    if "short" in columns:
        values[columns.index("short")] = new[-12:]
    if "key" in columns:
        values[columns.index("key")] += f" {new}"
    return values
