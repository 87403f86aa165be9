"""PostgreSQL through psycopg: many machines share the work.

Writes are collected and sent in one pipeline with what is asked next, or with the commit. Readers have a pool of their
own, whose transactions see one snapshot and cannot write. Nothing depends on a session, so a transaction-mode pgbouncer
may stand between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flowengine.errors import ConnectionLost, DatabaseBusy, StoreError
from flowengine.store.channel import CLOSED, Row
from flowengine.store.query import Query, Values

if TYPE_CHECKING:
    import psycopg

MIGRATION_LOCK = 0x666C6F77
"""The key of the advisory lock that is held while the schema changes."""


class PostgresChannel:
    """Statements on one psycopg connection. With ``collecting``, writes wait for the next read or the commit."""

    dialect = "postgresql"
    __slots__ = ("_cursor", "_pending", "collecting", "fairy", "raw")

    def __init__(
        self,
        raw: psycopg.Connection[Any],
        *,
        fairy: sa.PoolProxiedConnection | None = None,
        collecting: bool = True,
    ) -> None:
        self.raw = raw
        self.fairy = fairy
        self.collecting = collecting
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
        done.
        """
        kept = False
        try:
            if keep and self._pending:
                self._send(commit=True)
            elif keep:
                with _translating("commit"):
                    self.raw.commit()
            kept = keep
        finally:
            if not kept and not self.raw.closed:
                self.raw.rollback()
            self.close()

    def begin(self, how: str) -> None:
        """Begin a transaction with these words, on a connection that would else commit each statement by itself."""
        with _translating("begin"):
            self._cursor.execute(how, prepare=False)

    def _ask(self, query: Query, values: Values) -> psycopg.Cursor[Row]:
        if self._pending:
            return self._send(query, values)
        compiled = query.on("postgresql")
        with _translating(query.name):
            return self._cursor.execute(compiled.sql, compiled.bind(values))

    def _send(
        self, query: Query | None = None, values: Values | None = None, commit: bool = False
    ) -> psycopg.Cursor[Row]:
        """What was collected, and then a query or the commit, in one round trip. The cursor of the query."""
        pending, self._pending = self._pending, []
        where = ", ".join(one.name for one, _ in pending)
        with _translating(where if query is None else f"{where}, {query.name}"), self.raw.pipeline():
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
                self.raw.commit()
        return asking

    def close(self) -> None:
        self._cursor.close()
        self._cursor = CLOSED


class PostgresDriver:
    """A PostgreSQL database and its two pools. ``timeout`` seconds bound the wait for a lock."""

    dialect = "postgresql"
    remarks: tuple[str, ...] = ()

    def __init__(self, url: sa.URL, timeout: float) -> None:
        self.timeout = timeout
        self.name = url.database or ""
        self.address = _address(url)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername != "postgresql+psycopg":
            raise StoreError(
                f"{url.drivername} is not a driver that is taken", possible=["postgresql+psycopg://…", "sqlite:///…"]
            )
        try:
            pools = {"pool_size": 10, "max_overflow": 30, "pool_reset_on_return": None}
            self.writer = sa.create_engine(url, isolation_level="AUTOCOMMIT", **pools)  # BEGIN is said by us
            self._reader = sa.create_engine(url, **pools)
        except ImportError as error:
            raise StoreError(
                "psycopg, the driver of PostgreSQL, is not installed", possible=["pip install 'flowengine[postgres]'"]
            ) from error
        sa.event.listen(self._reader, "connect", lambda raw, _: _only_reading(raw))

    def begin_writing(self) -> PostgresChannel:
        """A write transaction, which :meth:`end` ends.

        How long it waits for locks is said with its ``BEGIN``, in one round trip, and for this transaction only: a
        pooler must not hand the setting to somebody else.
        """
        channel = self._opened(self.writer)
        try:
            channel.begin(f"BEGIN; SET LOCAL lock_timeout = {int(self.timeout * 1000)}")
        except BaseException:
            self.end(channel, keep=False)
            raise
        return channel

    def begin_reading(self) -> PostgresChannel:
        """A read transaction, one snapshot of the database, which :meth:`end` ends."""
        return self._opened(self._reader)

    def _opened(self, engine: sa.Engine) -> PostgresChannel:
        with _reaching(self.address):
            fairy = engine.raw_connection()
        raw: Any = fairy.driver_connection
        return PostgresChannel(raw, fairy=fairy)

    def end(self, channel: PostgresChannel, keep: bool) -> None:
        """Commit or roll back, and give the connection back."""
        fairy = channel.fairy
        assert fairy is not None, "only a transaction of our own is ended here"
        try:
            channel.finish(keep)
        finally:
            if channel.raw.closed:
                fairy.invalidate()
                self.writer.dispose()  # the server went away: the other connections are no better
                self._reader.dispose()
            else:
                fairy.close()

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """A SQLAlchemy connection in a transaction that excludes other migrations, for changing the schema."""
        with _reaching(self.address):
            fresh = self.writer.connect()
        with _translating("migrate"), fresh:
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
        return PostgresChannel(raw, collecting=False)

    def close(self) -> None:
        """Let go of all connections."""
        self.writer.dispose()
        self._reader.dispose()


def _address(url: sa.URL) -> str:
    """Where the server is, as people may read it: never with a password."""
    host = url.host or url.query.get("host") or "the local socket"
    return f"{host if isinstance(host, str) else ', '.join(host)}:{url.port or 5432}"


def _only_reading(raw: Any) -> None:
    import psycopg

    raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    raw.read_only = True


@contextmanager
def _translating(where: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise translated(error.orig or error, where) from error
    except Exception as error:
        if type(error).__module__.startswith("psycopg"):
            raise translated(error, where) from error
        raise


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """Translate what goes wrong before there is a connection; no password is ever in what libpq says of it."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise DatabaseBusy(
            "all connections of this process are in use", where=address, possible=["try again"]
        ) from error
    except Exception as error:
        if not isinstance(error, sa.exc.DBAPIError) and not type(error).__module__.startswith("psycopg"):
            raise
        said = _first_line(getattr(error, "orig", None) or error)
        if "FATAL" in said:
            raise StoreError(f"PostgreSQL refused the connection: {said}", where=address) from error
        raise ConnectionLost(
            f"PostgreSQL could not be reached: {said}", where=address, possible=["start the server", "another address"]
        ) from error


def _first_line(error: BaseException) -> str:
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__


_BUSY = {"55P03", "40P01", "40001", "57014"}
"""SQLSTATEs: lock not available, deadlock, serialization failure, query cancelled."""

_MEANINGS = {
    "53100": "the disk is full; nothing of this transaction was kept",
    "23505": "the same row was written by another transaction first",
    "3D000": "there is no such database; create it first",
    "42P01": "the tables of flowengine are not there",
}


def translated(error: BaseException, where: str) -> StoreError:
    """The driver's error as one of ours."""
    state = getattr(error, "sqlstate", None) or ""
    said = _first_line(error)
    if state in _BUSY:
        return DatabaseBusy(f"another transaction was in the way: {said}", where=where, possible=["try again"])
    if not state and where and "connection" in said:
        return ConnectionLost(
            f"the connection to PostgreSQL was lost: {said}; whether the transaction was kept is not known",
            where=where,
            possible=["ask again with the same request key"],
            in_doubt="commit" in where,
        )
    return StoreError(_MEANINGS.get(state, f"PostgreSQL says: {said}"), where=where)
