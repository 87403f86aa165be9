"""The database: opened, brought to the right schema, and used one transaction at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import sqlalchemy as sa

from flowengine.clock import Clock, FollowingClock, SystemClock
from flowengine.core.values import Actor
from flowengine.errors import NotConfigured, SchemaMismatch, StoreError
from flowengine.store import persistence, schema
from flowengine.store.codec import unwritable
from flowengine.store.driver import Driver
from flowengine.store.postgres import ANSWER, PostgresDriver
from flowengine.store.sqlite import SqliteDriver
from flowengine.store.tables import HEAD
from flowengine.store.transaction import USUAL, Terms, Transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session  # a session is known by what it does: to import it takes long

T = TypeVar("T")

TIMEOUT = 10.0
"""How long, in seconds, a transaction waits for a lock before DatabaseBusy."""


class Scope:
    """A with-block around one transaction: kept when the block ends well, rolled back when it raises."""

    __slots__ = ("_begin", "_channel", "_driver", "_reads_only", "_terms")

    def __init__(self, driver: Driver[Any], begin: Callable[[], Any], *, reads_only: bool = False) -> None:
        self._driver = driver
        self._begin = begin
        self._reads_only = reads_only
        self._terms = USUAL

    def under(self, terms: Terms) -> Scope:
        """The same, in which whoever asks is held against these terms."""
        self._terms = terms
        return self

    def __enter__(self) -> Transaction:
        self._channel = self._begin()
        return Transaction(self._channel, reads_only=self._reads_only, terms=self._terms)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._driver.end(self._channel, kind is None)
        if isinstance(error, UnicodeEncodeError):
            raise unwritable(error) from error


class Database:
    """A database of flowengine. Threads may share it; a process that forks opens it anew.

    >>> with Database.open("sqlite://") as database, database.reading() as tx:
    ...     tx.processes.all()
    []
    """

    def __init__(self, driver: Driver[Any], url: str, patience: float = TIMEOUT) -> None:
        self._driver = driver
        self._patience = patience
        self._clock: FollowingClock | None = None
        self.url = url
        self.dialect = driver.dialect
        self._process = os.getpid()
        self._known: set[int] = set()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        timeout: float = TIMEOUT,
        patience: float | None = None,
        answer: float = ANSWER,
        check: bool = True,
    ) -> Database:
        """Open a database and check its schema; an empty one is given its tables.

        ``url`` is ``sqlite:///flow.db`` (relative), ``sqlite:////var/flow.db`` (absolute), ``sqlite://`` (in memory)
        or ``postgresql+psycopg://user@host/name``. ``timeout`` bounds the wait for locks, in seconds;
        ``patience`` how long :meth:`keep` tries to reach a database that has gone away (the same, unless it is given);
        ``answer`` how long a PostgreSQL that says nothing is waited for before the connection is given up. With
        ``check=False`` the schema is left as it is, so that :meth:`upgrade` can be called. Raises SchemaMismatch for a
        database of an older or newer flowengine, StoreError for one that cannot be opened.
        """
        driver = _driver(url, timeout, answer)
        database = cls(driver, sa.make_url(url).render_as_string(), timeout if patience is None else patience)
        if check:
            try:
                database._check()
            except BaseException:
                database._driver.close()
                raise
        return database

    def _check(self) -> None:
        with self.reading() as tx:
            found = schema.revision(tx.channel)
            fits = schema.fits(tx.channel, found)
        if found is None:
            self.upgrade()
        elif not fits:
            raise _mismatch(found, self.url)

    def revision(self) -> str | None:
        """The revision of the schema, or None for an empty database."""
        with self.reading() as tx:
            return schema.revision(tx.channel)

    def upgrade(self) -> str:
        """Bring the schema to this version's, and give its revision. Two processes may try at once.

        Raises SchemaMismatch for a database of a newer flowengine.
        """
        found = self.revision()
        if found is not None and found > HEAD:
            raise _mismatch(found, self.url)
        with self._driver.migrating() as connection:
            tx = Transaction(self._driver.joining(connection)) if found not in (None, HEAD) else None
            was = schema.revision(tx.channel) if tx is not None else HEAD  # another may have been before us
            schema.upgrade(connection)
            if tx is not None and was != HEAD:
                tx.note(Actor(kind="operator"), "upgrade", "", {"was": was, "schema": HEAD})
                tx.channel.flush()
        return HEAD

    @property
    def warnings(self) -> tuple[str, ...]:
        """What endangers this database as it is used, as far as it has been seen."""
        return self._driver.warnings

    @property
    def address(self) -> str:
        """Where the database is, for showing: without its password, and what else stands in the URL."""
        return sa.make_url(self.url).set(query={}).render_as_string(hide_password=True)

    def clock(self) -> Clock:
        """The clock of this database: the server's, so that all machines agree, or the machine's where it is the only
        one."""
        if self._driver.server_time is None:
            return SystemClock()
        if self._clock is None:
            self._clock = FollowingClock(self._server_time, away=StoreError)
        return self._clock

    def _tend(self) -> None:
        """Have the clock know the time before a transaction holds a connection: it never asks for another then."""
        if self._clock is not None:
            self._clock.tend()

    def _server_time(self) -> datetime:
        with Scope(self._driver, self._driver.begin_reading, reads_only=True) as tx:
            row = tx.channel.one(self._driver.server_time, {}) if self._driver.server_time else None
        assert row is not None, "a function of no table gives one row"
        return cast(datetime, row[0])

    def keep(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in a write transaction and commit it: what it returns is durable (L2).

        Where the database did not keep it (two transactions crossed, the connection was lost), ``work`` is done again
        (:mod:`~flowengine.store.persistence`), so it changes nothing but the transaction, and comes to the same. Raises
        what it raises, DatabaseBusy, and ConnectionLost when the database stays away longer than its ``patience``.
        """
        self._same_process()
        return persistence.keep(self._once, work, self._patience)

    def _once(self, work: Callable[[Transaction], T]) -> T:
        """One try."""
        self._tend()

        def written(channel: Any) -> T:
            try:
                return work(Transaction(channel))
            except UnicodeEncodeError as error:  # of what was asked or said, wherever a driver met it
                raise unwritable(error) from error

        return self._driver.once(written)

    def writing(self) -> Scope:
        """A transaction that writes: kept whole at the end of the block, or not at all (L2). Raises DatabaseBusy.

        Prefer :meth:`keep`, which does again what the database did not keep.
        """
        self._same_process()
        self._tend()
        return Scope(self._driver, self._driver.begin_writing)

    def reading(self) -> Scope:
        """A transaction that only reads: one snapshot, however many queries."""
        self._same_process()
        self._tend()
        return Scope(self._driver, self._driver.begin_reading, reads_only=True)

    def glancing(self) -> Scope:
        """As :meth:`reading`, for one query: of several, each sees what is committed when it is asked. It saves what
        begins and ends a transaction, on PostgreSQL a round trip."""
        self._same_process()
        self._tend()
        return Scope(self._driver, self._driver.begin_glancing, reads_only=True)

    def joined(self, connection: sa.Connection | Session) -> Transaction:
        """A transaction inside the caller's, on a SQLAlchemy connection or session to the same database.

        It never commits: the caller's ``commit()`` keeps his rows and the flow's together, his ``rollback()`` neither.
        On SQLite the caller's transaction is begun at once (``BEGIN IMMEDIATE``), for Python's driver would only do so
        at the first write. Raises StoreError for another database and for a connection in AUTOCOMMIT, SchemaMismatch
        when flowengine's tables are of another version.
        """
        self._same_process()
        if not isinstance(connection, sa.Connection):
            connection.flush()
            connection = connection.connection()
        if not connection.in_transaction():
            connection.begin()  # or SQLAlchemy would not know that its commit() has something to commit
        channel = self._driver.joining(connection)
        known: dict[Any, Any] = connection.info
        if known.get("flowengine") != HEAD:
            found = schema.revision(channel)
            if not schema.fits(channel, found):
                raise _mismatch(found, self.url)
            known["flowengine"] = HEAD
        return Transaction(channel)

    def _same_process(self) -> None:
        if os.getpid() != self._process:
            raise StoreError(
                "the database was opened by the process that this one was forked from",
                where=self.url,
                possible=["open the database after the fork"],
            )

    def close(self) -> None:
        """Let go of all connections and locks."""
        self._driver.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _driver(url: str, timeout: float, answer: float) -> Driver[Any]:
    try:
        made = sa.make_url(url)
        asynchronous = made.get_dialect().is_async
    except sa.exc.ArgumentError as error:
        raise StoreError(f"{url!r} is not the address of a database", possible=_ADDRESSES) from error
    if asynchronous and made.get_backend_name() in _PLAIN:
        raise _asynchronous(f"{made.drivername} is an asynchronous driver", _PLAIN[made.get_backend_name()])
    if made.get_backend_name() == "sqlite":
        return SqliteDriver(url, timeout)
    if made.get_backend_name() == "postgresql":
        return PostgresDriver(made, timeout, answer)
    raise StoreError(f"{made.get_backend_name()} is not a database that is taken", possible=_ADDRESSES)


_PLAIN = {"sqlite": "sqlite:///flow.db", "postgresql": "postgresql+psycopg://user@host/name"}
_ADDRESSES = tuple(_PLAIN.values())


def refuse_async(connection: sa.Connection | Session) -> None:
    """Raise NotConfigured for a connection or session of SQLAlchemy's asyncio: a transaction is one thread's."""
    marks = ("sync_connection", "sync_session")  # how they look from outside, for to import asyncio's takes long
    dialect = getattr(connection, "dialect", None)
    if any(hasattr(connection, mark) for mark in marks) or (dialect is not None and dialect.is_async):
        raise _asynchronous("the connection to join is asynchronous", "a plain Connection or Session")


def _asynchronous(what: str, instead: str) -> NotConfigured:
    in_thread = "await asyncio.to_thread(…) around the engine's methods"
    return NotConfigured(f"{what}, and the engine's methods wait for the database", possible=(instead, in_thread))


def _mismatch(found: str | None, where: str) -> SchemaMismatch:
    if found is None:
        return SchemaMismatch("the tables of flowengine are not there", where=where, possible=["flow db create"])
    return SchemaMismatch(
        f"the database has schema {found}, this flowengine works with {HEAD}",
        where=where,
        possible=["flow db upgrade"] if found < HEAD else ["a newer flowengine"],
    )
