"""PostgreSQL through psycopg: many machines share the work.

Writes are collected and sent in one pipeline with what is asked next, or with the commit. Readers have a pool of their
own, whose transactions see one snapshot and cannot write. Nothing depends on a session, so a transaction-mode pgbouncer
may stand between. A lost connection is told with whether the commit was on its way (``in_doubt``), and no wait for an
answer is endless.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flowengine.errors import ConnectionLost, StoreError
from flowengine.store.channel import CLOSED, Row
from flowengine.store.postgres_errors import (
    READ_ONLY,
    errors,
    first_line,
    gone,
    lost,
    reaching,
    state_of,
    translated,
    translating,
)
from flowengine.store.postgres_pools import Pools
from flowengine.store.query import Query, Values
from flowengine.store.watchdog import Watchdog

if TYPE_CHECKING:
    import psycopg

MIGRATION_LOCK = 0x666C6F77
"""The key of the advisory lock that is held while the schema changes."""

ANSWER = 30.0
"""How long, in seconds, an answer of the server is waited for before the connection is given up."""

_BROKEN = 3
"""libpq's transaction status after a statement has failed: a COMMIT would be answered with a rollback."""

_ASTRAY = (1, 4)
"""The same after an error that is none of a statement: an answer is still expected (a server that shuts down says so in
the middle of a pipeline), or there is no connection any more."""


class PostgresChannel:
    """Statements on one psycopg connection. With ``collecting``, writes wait for the next read or the commit.

    ``lost`` says that the connection is of no more use.
    """

    dialect = "postgresql"
    __slots__ = ("_committing", "_cursor", "_pending", "_watchdog", "collecting", "fairy", "lost", "raw", "writing")

    def __init__(
        self,
        raw: psycopg.Connection[Any],
        watchdog: Watchdog,
        *,
        fairy: sa.PoolProxiedConnection | None = None,
        collecting: bool = True,
        writing: bool = True,
    ) -> None:
        self.raw = raw
        self.fairy = fairy
        self.collecting = collecting
        self.writing = writing
        self.lost = False
        self._committing = False
        self._watchdog = watchdog
        self._cursor = self._fresh()
        self._pending: list[tuple[Query, Sequence[Values]]] = []

    def _fresh(self) -> psycopg.Cursor[Row]:
        from psycopg.rows import tuple_row

        return self.raw.cursor(row_factory=tuple_row)  # an application's own connection may have another

    def rows(self, query: Query, values: Values) -> list[Row]:
        return self._ask(query, values).fetchall()

    def one(self, query: Query, values: Values) -> Row | None:
        return self._ask(query, values).fetchone()

    def write(self, query: Query, values: Values) -> None:
        self.write_many(query, (values,))

    def write_many(self, query: Query, many: Sequence[Values]) -> None:
        if not many:
            return
        self._pending.append((query, many))
        if not self.collecting:
            self.flush()

    def count(self, query: Query, values: Values) -> int:
        return self._ask(query, values).rowcount

    def flush(self) -> None:
        if self._pending:
            self._send()

    def finish(self, keep: bool) -> None:
        """Commit, or roll back; when the commit fails, nothing is kept either.

        What was collected goes with the commit in one pipeline, where a failed statement keeps the commit from being
        done. Raises ConnectionLost, ``in_doubt`` from the moment in which the commit may have been sent.
        """
        kept = False
        try:
            if keep and self._pending:
                self._send(commit=True)
            elif keep and self.writing:
                self._commit()
            kept = keep and self.writing
        finally:
            if not kept:
                self._roll_back()
            self.close()

    def begin(self, how: str) -> None:
        """Begin a transaction with these words, on a connection that would else commit each statement by itself."""
        self._watchdog.waiting[self.raw] = monotonic()
        try:
            self._cursor.execute(how, prepare=False)
        except errors() as error:
            raise self._failed(error, "begin") from error
        finally:
            self._watchdog.answered(self.raw)

    def _commit(self) -> None:
        raw = self.raw
        if self.lost or raw.closed:
            self.lost = True
            raise ConnectionLost("the connection was lost before the commit; nothing was kept", where="commit")
        if raw.pgconn.transaction_status == _BROKEN:
            raise StoreError("a statement of this transaction has failed; nothing of it was kept", where="commit")
        self._watchdog.waiting[raw] = monotonic()
        self._committing = True
        try:
            raw.commit()
        except errors() as error:
            raise self._failed(error, "commit") from error
        finally:
            self._watchdog.answered(raw)

    def _roll_back(self) -> None:
        """A connection that cannot even be rolled back is of no more use, and the server rolls back what it held."""
        raw = self.raw
        if self.lost or raw.closed:
            self.lost = True
            return
        self._watchdog.waiting[raw] = monotonic()
        try:
            raw.rollback()
        except errors():
            self.lost = True
        finally:
            self._watchdog.answered(raw)

    def _ask(self, query: Query, values: Values) -> psycopg.Cursor[Row]:
        if self._pending:
            return self._send(query, values)
        compiled = query.on("postgresql")
        raw = self.raw
        self._watchdog.waiting[raw] = monotonic()
        try:
            return self._cursor.execute(compiled.sql, compiled.bind(values))
        except errors() as error:
            raise self._failed(error, query.name) from error
        finally:
            self._watchdog.answered(raw)

    def _send(
        self, query: Query | None = None, values: Values | None = None, commit: bool = False
    ) -> psycopg.Cursor[Row]:
        """What was collected, and then a query or the commit, in one round trip. The cursor of the query."""
        pending, self._pending = self._pending, []
        first: Exception | None = None
        self._watchdog.waiting[self.raw] = monotonic()
        try:
            with self.raw.pipeline():
                try:
                    return self._piped(pending, query, values, commit)
                except errors() as error:
                    first = error  # kept from the driver, which would print all that goes down with it
        except errors() as error:
            first = first or error
        finally:
            self._watchdog.answered(self.raw)
        assert first is not None, "who is here has left the pipeline by an error"
        names = ", ".join(one.name for one, _ in pending)
        raise self._failed(first, names if query is None else f"{names}, {query.name}") from first

    def _piped(
        self,
        pending: list[tuple[Query, Sequence[Values]]],
        query: Query | None,
        values: Values | None,
        commit: bool,
    ) -> psycopg.Cursor[Row]:
        for one, many in pending:
            compiled = one.on("postgresql")
            if len(many) == 1:
                self._cursor.execute(compiled.sql, compiled.bind(many[0]))
            else:
                self._cursor.executemany(compiled.sql, [compiled.bind(v) for v in many])
        asking = self._fresh() if query is not None else self._cursor
        if query is not None and values is not None:
            compiled = query.on("postgresql")
            asking.execute(compiled.sql, compiled.bind(values))
        if commit:
            self._committing = True
            self.raw.commit()
        return asking

    def _failed(self, error: Exception, where: str) -> StoreError:
        """The error as one of ours; a lost connection is noted."""
        if gone(error) or self.raw.pgconn.transaction_status in _ASTRAY:
            self.lost = True
            return lost(error, where, self._committing)
        if state_of(error) == READ_ONLY and self.writing:
            self.lost = True  # a standby, or what has become one: the next connection may find the primary
            return ConnectionLost(f"the server takes no writes: {first_line(error)}", where=where)
        return translated(error, where)

    def close(self) -> None:
        self._cursor.close()
        self._cursor = CLOSED


class PostgresDriver:
    """A PostgreSQL database and its two pools.

    ``timeout`` seconds bound the wait for a lock, ``answer`` seconds that for the server's answer to anything.
    """

    dialect = "postgresql"
    remarks: tuple[str, ...] = ()

    def __init__(self, url: sa.URL, timeout: float, answer: float = ANSWER) -> None:
        self.timeout = timeout
        self.name = url.database or ""
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername != "postgresql+psycopg":
            raise StoreError(
                f"{url.drivername} is not a driver that is taken", possible=["postgresql+psycopg://…", "sqlite:///…"]
            )
        self._watchdog = Watchdog(max(answer, 2 * timeout))  # who waits for a lock is answered when the wait is over
        self._pools = Pools(url, timeout, self._watchdog)
        self.writer = self._pools.writer

    def begin_writing(self) -> PostgresChannel:
        """A write transaction, which :meth:`end` ends.

        How long it waits for locks is said with its ``BEGIN``, in one round trip, and for this transaction only: a
        pooler must not hand the setting to somebody else.
        """
        channel = self._opened(self._pools.writer, writing=True)
        try:
            channel.begin(f"BEGIN; SET LOCAL lock_timeout = {int(self.timeout * 1000)}")
        except BaseException:
            self.end(channel, keep=False)
            raise
        return channel

    def begin_reading(self) -> PostgresChannel:
        """A read transaction, one snapshot of the database, which :meth:`end` ends."""
        return self._opened(self._pools.reader, writing=False)

    def _opened(self, engine: sa.Engine, *, writing: bool) -> PostgresChannel:
        self._watchdog.watch()
        fairy = self._pools.take(engine)
        raw: Any = fairy.driver_connection
        return PostgresChannel(raw, self._watchdog, fairy=fairy, writing=writing)

    def end(self, channel: PostgresChannel, keep: bool) -> None:
        """Commit or roll back, and give the connection back."""
        fairy = channel.fairy
        assert fairy is not None, "only a transaction of our own is ended here"
        try:
            channel.finish(keep)
        finally:
            if channel.lost or channel.raw.closed:
                fairy.invalidate()
                self._pools.drop()  # the server went away: the other connections are no better
            else:
                fairy.close()

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """A SQLAlchemy connection in a transaction that excludes other migrations, for changing the schema."""
        with reaching(self._pools.address):
            fresh = self.writer.connect()
        with translating("migrate"), fresh:
            connection = fresh.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(self.timeout * 1000)}")
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
                yield connection

    def joining(self, connection: sa.Connection) -> PostgresChannel:
        """A channel in the caller's transaction; nothing is collected, so that savepoints mean what they say."""
        import psycopg

        raw: Any = connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise StoreError("the connection to join is not one of psycopg", where=str(connection.engine.url))
        if raw.autocommit:
            raise StoreError(
                "the connection to join commits each statement by itself (AUTOCOMMIT)",
                where=str(connection.engine.url),
                possible=["a connection with a transaction of its own"],
            )
        if raw.info.dbname != self.name:
            raise StoreError(
                f"the connection to join belongs to {raw.info.dbname}, not to this database",
                where=self.name,
                possible=["a connection to the same database"],
            )
        return PostgresChannel(raw, self._watchdog, collecting=False)

    def close(self) -> None:
        """Let go of all connections."""
        self._pools.drop()
        self._watchdog.close()
