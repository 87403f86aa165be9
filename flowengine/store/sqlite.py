"""SQLite: one writer at a time behind fair locks, readers beside it (WAL), every commit on disk (L2).

Writers ``BEGIN IMMEDIATE`` on a pool of their own, readers plain ``BEGIN`` on another that can only read. A database in
memory has one connection, which readers and writers take in turns.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from flowengine.errors import DatabaseBusy, StoreError
from flowengine.speech.phrases import phrase
from flowengine.store.channel import CLOSED, Row
from flowengine.store.gathering import LONGEST, MOST, Batch, Piece
from flowengine.store.locks import FairLock, FileLock
from flowengine.store.query import Query, Values
from flowengine.store.sqlite_errors import translated, translating

T = TypeVar("T")

LOG = logging.getLogger("flowengine.store")

MENDED = (3, 51, 3)
"""The first version of SQLite whose write-ahead log is reset safely beside other processes."""


AT_HAND = 8
"""Connections to read by that are kept at hand between transactions; others are given back to their pool."""


class Frozen(sqlite3.Connection):
    """A connection to a file that nobody can write at the moment, since its disk is full or read-only."""


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

    def rows(self, query: Query, values: Values) -> list[Row]:
        compiled = query.compiled.get("sqlite") or query.on("sqlite")
        try:
            return self._cursor.execute(compiled.sql, compiled.bind(values)).fetchall()
        except sqlite3.Error as error:
            raise translated(error, query.name) from error

    def one(self, query: Query, values: Values) -> Row | None:
        compiled = query.compiled.get("sqlite") or query.on("sqlite")
        try:
            row: Row | None = self._cursor.execute(compiled.sql, compiled.bind(values)).fetchone()
        except sqlite3.Error as error:
            raise translated(error, query.name) from error
        return row

    def expect(self, query: Query, values: Values) -> None:
        """Nothing is asked ahead on SQLite: there is no way to go."""

    def write(self, query: Query, values: Values) -> None:
        compiled = query.compiled.get("sqlite") or query.on("sqlite")
        try:
            self._cursor.execute(compiled.sql, compiled.bind(values))
        except sqlite3.Error as error:
            raise translated(error, query.name) from error

    def write_many(self, query: Query, many: Sequence[Values]) -> None:
        compiled = query.compiled.get("sqlite") or query.on("sqlite")
        try:
            if len(many) == 1:
                self._cursor.execute(compiled.sql, compiled.bind(many[0]))
            elif many:
                self._cursor.executemany(compiled.sql, map(compiled.bind, many))
        except sqlite3.Error as error:
            raise translated(error, query.name) from error

    def count(self, query: Query, values: Values) -> int:
        self.write(query, values)
        return self._cursor.rowcount

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
            if keep and (self.writing or self.raw.in_transaction):  # whoever glances has begun nothing
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


class SqliteDriver:
    """A SQLite file (or memory) and its two pools. At most so many pieces of other threads' work are gathered in one
    transaction, and for so many seconds (:mod:`~flowengine.store.gathering`)."""

    dialect = "sqlite"
    server_time: Query | None = None

    def __init__(self, url: str, timeout: float, *, most: int = MOST, longest: float = LONGEST) -> None:
        self.timeout = timeout
        self._most, self._longest = most, longest
        self._kept: sa.PoolProxiedConnection | None = None
        self._idle: list[sa.PoolProxiedConnection] = []
        self._raw: Any = None
        self._file: tuple[int, int] | None = None
        self.path = path_of(url)
        self.threads: FairLock[Piece] = FairLock()
        """Where threads of this process queue to write."""
        self._processes: FileLock | None = None
        self._safe = sqlite3.sqlite_version_info >= MENDED
        self.warnings: tuple[str, ...] = ()
        if self.path:
            if not Path(self.path).parent.is_dir():
                folder = str(Path(self.path).parent)
                raise StoreError("there is no such folder to keep the database in", where=folder)
            self.writer = self._engine(url, "BEGIN IMMEDIATE")
            self._reader = self._engine(url, "BEGIN")
        else:
            self.writer = self._reader = sa.create_engine(
                url,
                poolclass=StaticPool,
                connect_args={"check_same_thread": False, "isolation_level": None},
            )
            sa.event.listen(self.writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))

    def _engine(self, url: str, begin: str) -> sa.Engine:
        engine = sa.create_engine(
            url,
            pool_size=8,
            max_overflow=24,
            pool_reset_on_return=None,
            connect_args={"isolation_level": None, "timeout": self.timeout, "cached_statements": 256},
        )
        reading = begin == "BEGIN"
        if reading:
            sa.event.listen(engine, "do_connect", self._look_at)
        sa.event.listen(engine, "connect", lambda raw, _: self._prepare(raw, reading))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _look_at(self, _dialect: object, _record: object, _args: object, options: dict[str, Any]) -> Any:
        """A connection to read by: where nothing can be written beside the file, one that takes it as it lies."""
        try:
            raw = sqlite3.connect(self.path, **options)
            raw.execute("PRAGMA schema_version").fetchone()  # the first that needs more than the file
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NOTHING_BESIDE or not _whole(self.path):
                raise
            options = options | {"factory": Frozen, "uri": True, "check_same_thread": False}
            return sqlite3.connect(f"file:{quote(self.path)}?immutable=1", **options)
        return raw

    def _look_around(self) -> None:
        """Versions of SQLite before 3.51.3 can lose a commit when the log is reset while two processes write: where
        another process writes, that is said once."""
        if self._safe or self.warnings or self._processes is None or not self._processes.others():
            return
        found = phrase(
            "SQLite %(version)s can damage a database that several processes write at once; use SQLite %(mended)s or "
            "newer, or one process, or PostgreSQL",
            version=sqlite3.sqlite_version,
            mended=".".join(map(str, MENDED)),
        )
        self.warnings = (found,)
        _warn(self.path, found)

    def once(self, work: Callable[[SqliteChannel], T]) -> T:
        """Do ``work`` in a write transaction and commit it: in one of its own, or together with other threads' work.

        Whoever leads may do it for this thread, so it takes no lock that its caller holds. Raises what it raises, and
        StoreError when it could not be kept.
        """
        piece = Piece(work, copy_context())
        began = time.monotonic()
        if not self.threads.acquire(self.timeout, piece):
            result: T = piece.outcome()
            return result
        return self._lead(work, self.timeout - (time.monotonic() - began))

    def _lead(self, work: Callable[[SqliteChannel], T], patience: float) -> T:
        """Do this thread's work and what others have queued up meanwhile, and commit once."""
        channel = self._let_in(patience)
        batch = Batch(self.threads, channel, self._most, self._longest)
        keep, interrupt = False, None
        try:
            try:
                result = work(channel)
                if self.threads.waiting or not channel.raw.in_transaction:
                    interrupt = batch.gather()
                keep = True
            finally:
                channel.finish(keep)
        except StoreError as error:
            batch.settle(error)
            raise
        finally:
            if channel.kept and batch.taken:  # also when it was interrupted just after the commit
                batch.settle()
            self._leave(batch)
        if interrupt is not None:
            raise interrupt
        return result

    def _leave(self, batch: Batch) -> None:
        """Let the next one in, and those go on whose work was done; what was not done is somebody else's."""
        try:
            if batch.taken:
                batch.give_back()
        finally:
            try:
                self._give_turn()
            finally:
                if batch.taken:
                    batch.wake()

    def begin_writing(self) -> SqliteChannel:
        """A write transaction, which :meth:`end` ends. The one writer's connection is kept between transactions."""
        began = time.monotonic()
        self.threads.acquire(self.timeout)
        return self._let_in(self.timeout - (time.monotonic() - began))

    def _prepare(self, raw: Any, reading: bool) -> None:
        """Set up a fresh connection. All are to one and the same file."""
        _set_up(raw, self.path, reading)
        self._file = self._file or _identity(self.path)
        self._same_file()

    def _same_file(self) -> None:
        """Refuse to go on where the file is another one by now: SQLite would write what nobody ever reads."""
        if self._file is not None and self._file != _identity(self.path):
            raise StoreError(
                "the database file was deleted, moved or replaced while it was open; nothing was written",
                where=self.path,
                possible=["put the file back", "restart every process that uses it"],
            )

    def _let_in(self, patience: float) -> SqliteChannel:
        """Begin, once this thread has the lock between threads; it loses it when that fails."""
        self._come_first(patience)
        try:
            self._same_file()
            if self._kept is None:
                with translating("open"):
                    self._kept = self.writer.raw_connection()
                self._raw = self._kept.driver_connection
            channel = SqliteChannel(self._raw, self._kept, writing=True)
            channel.command("BEGIN IMMEDIATE")
            return channel
        except BaseException:
            self._give_turn()
            raise

    def begin_reading(self) -> SqliteChannel:
        """A read transaction, one snapshot of the database, which :meth:`end` ends."""
        channel = self.begin_glancing()
        if self.path:
            try:
                channel.command("BEGIN")
            except BaseException:
                self.end(channel, False)
                raise
        return channel

    def begin_glancing(self) -> SqliteChannel:
        """For one look, which is a transaction by itself."""
        if not self.path:
            return self.begin_writing()
        self._same_file()
        try:
            fairy = self._idle.pop()
        except IndexError:
            with translating("open"):
                fairy = self._reader.raw_connection()
        raw: Any = fairy.driver_connection
        return SqliteChannel(raw, fairy)

    def end(self, channel: SqliteChannel, keep: bool) -> None:
        """Commit or roll back, and let the next one in."""
        try:
            channel.finish(keep)
        finally:
            if channel.writing:
                self._give_turn()
            elif channel.fairy is not None:
                self._give_back(channel.fairy, channel.raw)

    def _give_back(self, fairy: sa.PoolProxiedConnection, raw: sqlite3.Connection) -> None:
        """A reader's connection is not needed any more. Some are kept at hand: to take one from SQLAlchemy's pool and
        to give it back makes fifty calls."""
        if isinstance(raw, Frozen):
            fairy.invalidate()  # the next look finds out anew whether anything can be written
            fairy.close()
        elif len(self._idle) < AT_HAND:
            self._idle.append(fairy)
        else:
            fairy.close()

    def _come_first(self, patience: float) -> None:
        """Be the process that writes, once this is its thread that does; it is not any more when that fails."""
        try:
            if self._processes is None and self.path:
                self._processes = FileLock(f"{self.path}.lock")  # whoever only looks needs none, and cannot make one
            if self._processes is not None:
                self._processes.acquire(patience)
                self._look_around()
        except BaseException:
            self.threads.release()
            raise

    def _give_turn(self) -> None:
        if self._processes is not None:
            self._processes.release()
        self.threads.release()

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """A SQLAlchemy connection in a write transaction, for changing the schema."""
        with self._turn(), translating("open"), self.writer.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.threads.acquire(self.timeout)
        self._come_first(self.timeout)
        try:
            yield
        finally:
            self._give_turn()

    def joining(self, connection: sa.Connection) -> SqliteChannel:
        """A channel in the caller's transaction, which is made a real one.

        Python's ``sqlite3`` begins a transaction only before the first write, so what was read before it would not be
        protected; therefore ``BEGIN IMMEDIATE`` is said here unless the caller's transaction has begun. The caller's
        ``commit()`` or ``rollback()`` then ends both.
        """
        raw: Any = connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise StoreError("the connection to join is not one to SQLite", where=str(connection.engine.url))
        begins_itself = raw.isolation_level is not None or raw.in_transaction
        if getattr(raw, "autocommit", -1) is True or not begins_itself:
            raise StoreError(
                "the connection to join commits each statement by itself (AUTOCOMMIT)",
                where=str(connection.engine.url),
                possible=["a connection with a transaction of its own"],
            )
        channel = SqliteChannel(raw)
        theirs = raw.execute("PRAGMA database_list").fetchone()[2]
        if not self.path or Path(theirs).resolve() != Path(self.path).resolve():
            raise StoreError(
                f"the connection to join belongs to {theirs or 'a database in memory'}, not to this database",
                where=self.path or "memory",
                possible=["a connection to the same file"],
            )
        if not raw.in_transaction:
            with self._turn():  # from then on SQLite keeps the others out, until the caller ends
                channel.command("BEGIN IMMEDIATE")
        return channel

    def close(self) -> None:
        """Let go of all connections; the planner's statistics are brought up to date."""
        if self._kept is not None:
            try:
                with self._turn():
                    raw: Any = self._kept.driver_connection
                    if self.path:
                        raw.execute("PRAGMA optimize")
                    self._kept.close()
            except (sqlite3.Error, DatabaseBusy):
                pass  # statistics are only a help; whoever writes now will see to them
        while self._idle:
            self._idle.pop().close()
        self.writer.dispose()
        self._reader.dispose()
        if self._processes is not None:
            self._processes.close()


@cache
def _warn(path: str, what: str) -> None:
    """Log it, once for each file."""
    LOG.warning(what, extra={"file": path})


def path_of(url: str) -> str:
    """The file of the URL, or an empty text for a database in memory. Raises StoreError for an URL with options."""
    if "?" in url:
        what = "a '?' begins options, and the address of a SQLite file has none; its name can hold no '?' either"
        raise StoreError(what, where=url, possible=["sqlite:///path/to/flow.db"])
    name = sa.make_url(url).database or ""
    if name == ":memory:" or not name:
        return ""
    if name.startswith("file:"):
        raise StoreError("file: URIs are not taken", where=name, possible=["sqlite:///path/to/flow.db"])
    return str(Path(name).absolute())


def _identity(path: str) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None when there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


_NOTHING_BESIDE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
"""How SQLite says that it cannot write the index of its log, which it does even to read."""


def _whole(path: str) -> bool:
    """Whether all that was committed lies in the file itself, and nothing in a log beside it."""
    log = Path(f"{path}-wal")
    return Path(path).is_file() and (not log.exists() or log.stat().st_size == 0)


def _set_up(raw: Any, path: str, reading: bool) -> None:
    try:
        if not isinstance(raw, Frozen) and raw.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise StoreError("SQLite cannot keep a write-ahead log here; is it a network drive?", where=path)
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA trusted_schema=OFF")
        raw.execute("PRAGMA journal_size_limit=67108864")
        raw.execute("PRAGMA cache_size=-16000")
        if reading:
            raw.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        raise translated(error, path) from error
