"""PostgreSQL through psycopg: many machines share the work.

What begins a transaction and what it writes is collected, and sent in one round trip with what is asked next or with
the commit. Readers have a pool of their own, whose transactions see one snapshot and cannot write. Nothing depends on a
session, so a transaction-mode pgbouncer may stand between. A lost connection is told with whether the commit was on its
way (``in_doubt``), and no wait for an answer is endless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

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
from flowengine.store.postgres_pools import Line, Pool, Pools
from flowengine.store.query import Query, Values
from flowengine.store.watchdog import Watchdog

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

    from flowengine.store.libpq import Borrowed, Step, Wire

T = TypeVar("T")

MIGRATION_LOCK = 0x666C6F77
"""The key of the advisory lock that is held while the schema changes."""

ANSWER = 30.0
"""How long, in seconds, an answer of the server is waited for before the connection is given up."""

_IDLE = 0
"""libpq's status of a connection on which no transaction was begun."""

_FAILED = "a statement of this transaction has failed; nothing of it was kept"

_SNAPSHOT: Step = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())

Sent = tuple[Query | str, Values]
"""A query with its values, or the word that ends the transaction."""


class PostgresChannel:
    """Statements on one connection. Writes wait for the next read or the commit, and so does what begins it.

    ``lost`` says that the connection is of no more use.
    """

    dialect = "postgresql"
    __slots__ = (
        "_ahead",
        "_begin",
        "_committing",
        "_expected",
        "_failing",
        "_pending",
        "_raw",
        "_watchdog",
        "_wire",
        "line",
        "lost",
        "writing",
    )

    def __init__(
        self,
        raw: psycopg.Connection[Any],
        wire: Wire | Borrowed,
        watchdog: Watchdog,
        *,
        line: Line | None = None,
        begin: Sequence[Step] = (),
        writing: bool = True,
    ) -> None:
        self.line = line
        self.writing = writing
        self.lost = False
        self._raw = raw
        self._wire = wire
        self._committing = False
        self._watchdog = watchdog
        self._begin = begin
        self._failing = False
        self._pending: list[Sent] = []
        self._expected: list[tuple[Query, Values]] = []
        self._ahead: list[tuple[Query, Values, PGresult]] = []

    @property
    def raw(self) -> psycopg.Connection[Any]:
        """The driver's connection, with the transaction begun and all that was collected written."""
        if self._pending or (self._begin and self._raw.pgconn.transaction_status == _IDLE):
            self._send()
        return self._raw

    def rows(self, query: Query, values: Values) -> list[Row]:
        return self._wire.rows(self._ask(query, values))

    def one(self, query: Query, values: Values) -> Row | None:
        for place, (what, given, answer) in enumerate(self._ahead):
            if what is query and given == values:
                del self._ahead[place]
                return self._wire.one(answer)
        return self._wire.one(self._ask(query, values))

    def expect(self, query: Query, values: Values) -> None:
        if self.line is not None:
            self._expected.append((query, values))

    def write(self, query: Query, values: Values) -> None:
        self._ahead.clear()
        self._pending.append((query, values))
        if self.line is None:
            self.flush()  # in the caller's transaction nothing is collected, so that savepoints mean what they say

    def write_many(self, query: Query, many: Sequence[Values]) -> None:
        self._ahead.clear()
        for values in many:
            self._pending.append((query, values))
        if self.line is None:
            self.flush()

    def count(self, query: Query, values: Values) -> int:
        self._ahead.clear()
        return self._ask(query, values).command_tuples or 0

    def flush(self) -> None:
        if self._pending:
            self._send()

    def finish(self, keep: bool) -> None:
        """Commit, or roll back; when the commit fails, nothing is kept either.

        What was collected goes with the commit in one round trip, where a failed statement keeps the commit from being
        done. Raises ConnectionLost, ``in_doubt`` from the moment in which the commit may have been sent.
        """
        kept = False
        try:
            if keep and (self.writing or self._pending):  # a reader's writes are sent, and so refused
                self._commit()
                kept = True
        finally:
            if not kept:
                self._roll_back()
            self.lost = self.lost or self._raw.closed
            self.close()

    def _commit(self) -> None:
        """Where nothing was asked or written, the server does not know of the transaction, and need not."""
        raw = self._raw
        if self.lost or raw.closed:
            self.lost = True
            raise ConnectionLost("the connection was lost before the commit; nothing was kept", where="commit")
        if self._failing:
            raise StoreError(_FAILED, where="commit")
        if self._pending or raw.pgconn.transaction_status != _IDLE:
            self._pending.append(("COMMIT", {}))
            self._committing = True
            if self._send()[-1].command_status != b"COMMIT":  # a statement of the driver's own connection has failed
                raise StoreError(_FAILED, where="commit")

    def _roll_back(self) -> None:
        """A connection that cannot even be rolled back is of no more use, and the server rolls back what it held."""
        self._pending = []
        if self.lost or self._raw.closed or self._wire.amid:
            self.lost = True
        elif self._raw.pgconn.transaction_status != _IDLE:
            try:
                self._trip([("ROLLBACK", ())])
            except errors():
                self.lost = True

    def _ask(self, query: Query, values: Values) -> PGresult:
        expected, self._expected = self._expected, []
        self._pending += [(query, values), *expected]
        answers = self._send()
        behind = len(answers) - len(expected)
        self._ahead += [(*asked, answer) for asked, answer in zip(expected, answers[behind:], strict=True)]
        return answers[behind - 1]

    def _send(self) -> list[PGresult]:
        """All that was collected, in one round trip; what begins the transaction goes ahead. The answers."""
        pending, self._pending = self._pending, []
        try:
            begins = self._begin and self._raw.pgconn.transaction_status == _IDLE
            steps: list[Step] = list(self._begin) if begins else []
            for what, values in pending:
                if isinstance(what, str):
                    steps.append((what, ()))
                else:
                    compiled = what.compiled.get("postgresql") or what.on("postgresql")
                    steps.append((compiled.sql, compiled.bind(values)))
            return self._trip(steps)
        except BaseException as error:
            self._failing = True
            if isinstance(error, errors()):
                raise self._failed(error, _named(pending)) from error
            raise

    def _trip(self, steps: Sequence[Step]) -> list[PGresult]:
        self._watchdog.waiting[self._raw] = monotonic()
        try:
            return self._wire.trip(steps)
        finally:
            self._watchdog.answered(self._raw)

    def _failed(self, error: Exception, where: str) -> StoreError:
        """The error as one of ours; a lost connection is noted."""
        if self._raw.closed or self._wire.amid or gone(error):
            self.lost = True
            return lost(error, where, self._committing)
        if state_of(error) == READ_ONLY and self.writing:
            self.lost = True  # a standby, or what has become one: the next connection may find the primary
            return ConnectionLost(f"the server takes no writes: {first_line(error)}", where=where)
        return translated(error, where)

    def close(self) -> None:
        self._wire = CLOSED


class GlancingChannel(PostgresChannel):
    """Looks without a transaction around them. Nothing stands in front that would refuse a write, so it is refused
    here."""

    __slots__ = ()

    def write(self, query: Query, values: Values) -> None:  # noqa: ARG002 - it is refused, whatever it is
        raise StoreError("nothing is written at a glance", where=query.name)

    def write_many(self, query: Query, many: Sequence[Values]) -> None:  # noqa: ARG002 - as above
        raise StoreError("nothing is written at a glance", where=query.name)

    def count(self, query: Query, values: Values) -> int:  # noqa: ARG002 - as above
        raise StoreError("nothing is written at a glance", where=query.name)


def _named(sent: Sequence[Sent]) -> str:
    """What an error was about: the queries, or else the word that begins or ends the transaction."""
    names = dict.fromkeys(what.name for what, _ in sent if isinstance(what, Query))
    return ", ".join(names) or ("commit" if sent else "begin")


SERVER_TIME = Query("clock", "What time it is on the server.", sa.select(sa.func.clock_timestamp()))


class PostgresDriver:
    """A PostgreSQL database and its two pools.

    ``timeout`` seconds bound the wait for a lock, ``answer`` seconds that for the server's answer to anything, and the
    server's for what a transaction that writes does next.
    """

    dialect = "postgresql"
    server_time: Query | None = SERVER_TIME
    warnings: tuple[str, ...] = ()

    def __init__(self, url: sa.URL, timeout: float, answer: float = ANSWER) -> None:
        self.timeout = timeout
        self.name = url.database or ""
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername != "postgresql+psycopg":
            raise StoreError(
                f"{url.drivername} is not a driver that is taken", possible=["postgresql+psycopg://…", "sqlite:///…"]
            )
        self.answer = max(answer, 2 * timeout)  # who waits for a lock is answered when the wait is over
        self._watchdog = Watchdog(self.answer)
        self._pools = Pools(url, timeout, self._watchdog)
        self.writer = self._pools.writer.engine

    def once(self, work: Callable[[PostgresChannel], T]) -> T:
        """Do ``work`` in a write transaction of its own and commit it."""
        channel, kept = self.begin_writing(), False
        try:
            result = work(channel)
            kept = True
        finally:
            self.end(channel, kept)
        return result

    def begin_writing(self) -> PostgresChannel:
        """A write transaction, which :meth:`end` ends.

        How long it waits for locks, and how long the server waits for it, is said with its ``BEGIN``, and for this
        transaction only: a pooler must not hand the settings to somebody else. A process that stands still in the
        middle of it (stopped, swapped out, cut off) would else keep its locks from everybody.
        """
        patience = f"set_config('lock_timeout', '{int(self.timeout * 1000)}', true)"
        silence = f"set_config('idle_in_transaction_session_timeout', '{int(self.answer * 1000)}', true)"
        begun: tuple[Step, ...] = (("BEGIN", ()), (f"SELECT {patience}, {silence}", ()))
        return self._opened(self._pools.writer, begun, writing=True)

    def begin_reading(self) -> PostgresChannel:
        """A read transaction, one snapshot of the database, which :meth:`end` ends."""
        return self._opened(self._pools.reader, (_SNAPSHOT,), writing=False)

    def begin_glancing(self) -> PostgresChannel:
        """For one look, which is a transaction by itself: a round trip, and nothing to roll back."""
        self._watchdog.watch()
        line = self._pools.reader.take()
        return GlancingChannel(line.raw, line.wire, self._watchdog, line=line, writing=False)

    def _opened(self, pool: Pool, begin: Sequence[Step], *, writing: bool) -> PostgresChannel:
        self._watchdog.watch()
        line = pool.take()
        return PostgresChannel(line.raw, line.wire, self._watchdog, line=line, begin=begin, writing=writing)

    def end(self, channel: PostgresChannel, keep: bool) -> None:
        """Commit or roll back, and give the connection back."""
        line = channel.line
        assert line is not None, "only a transaction of our own is ended here"
        try:
            channel.finish(keep)
        finally:
            if channel.lost:
                line.fairy.invalidate()
                self._pools.drop()  # the server went away: the other connections are no better
            else:
                line.pool.give(line)

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

        from flowengine.store.libpq import Borrowed

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
        return PostgresChannel(raw, Borrowed(raw), self._watchdog)

    def close(self) -> None:
        """Let go of all connections."""
        self._pools.drop()
        self._watchdog.close()
