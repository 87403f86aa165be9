"""Connections to PostgreSQL: how they are made, that a dead one is not given out, and what stands in between.

What libpq is told can be said otherwise in the address: ``?connect_timeout=2&tcp_user_timeout=5000``.
"""

from __future__ import annotations

import os
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from flowengine.distribution import installing
from flowengine.errors import ConnectionLost, StoreError
from flowengine.store.postgres_errors import reaching
from flowengine.store.watchdog import Watchdog

if TYPE_CHECKING:
    import psycopg

    from flowengine.store.libpq import Wire

AT_HAND, SIZE, OVERFLOW = 5, 10, 30
"""Connections that a pool keeps (so many of them at hand), and that it may open beyond them when many threads ask at
once."""

_WIRE = "flowengine.wire"
"""Where SQLAlchemy keeps what is known of a connection's statements, as long as it keeps the connection."""

DEFAULTS = {
    "connect_timeout": ("5", "PGCONNECT_TIMEOUT"),
    "keepalives_idle": ("10", ""),
    "keepalives_interval": ("5", ""),
    "keepalives_count": ("3", ""),
    "tcp_user_timeout": ("20000", ""),
    "application_name": ("flowengine", "PGAPPNAME"),
}
"""What libpq is told unless the address says otherwise, or the variable of libpq's own does."""


class Line(NamedTuple):
    """A connection that is lent: as SQLAlchemy lends it, as the driver knows it, and as statements are sent on it.
    ``dropped`` is how often its pool had been dropped when it was made."""

    pool: Pool
    dropped: int
    fairy: sa.PoolProxiedConnection
    raw: psycopg.Connection[Any]
    wire: Wire


class Pool:
    """Connections of one kind, some of which are kept at hand between transactions.

    SQLAlchemy makes them, bounds their number, and lets those wait who find none; to take one from it and to give it
    back makes sixty calls. So what is given back stays here, unless somebody waits there for one.
    """

    def __init__(self, engine: sa.Engine, address: str, turn: Lock) -> None:
        self.engine = engine
        self._address = address
        self._turn = turn  # of all that send to this database: flowengine.store.libpq
        self._dropped = 0
        self._mutex = Lock()
        self._idle: list[Line] = []
        self._asking = 0

    def take(self) -> Line:
        """A connection that was not dead a moment ago. Raises ConnectionLost, and DatabaseBusy when all are in use."""
        for _ in range(SIZE + OVERFLOW + 1):
            with self._mutex:
                line = self._idle.pop() if self._idle else None
                self._asking += line is None
            if line is None:
                line = self._fetched()
            if line.wire.quiet() and not line.raw.closed:
                return line
            line.fairy.invalidate()
        raise ConnectionLost("PostgreSQL closes every connection at once", where=self._address, possible=["try again"])

    def _fetched(self) -> Line:
        from flowengine.store.libpq import Wire

        dropped = self._dropped
        try:
            with reaching(self._address):
                fairy = self.engine.raw_connection()
        finally:
            with self._mutex:
                self._asking -= 1
        raw: Any = fairy.driver_connection
        wire = fairy.info[_WIRE] = fairy.info.get(_WIRE) or Wire(raw, self._turn)
        return Line(self, dropped, fairy, raw, wire)

    def give(self, line: Line) -> None:
        """It is not needed any more."""
        with self._mutex:
            keep = line.dropped == self._dropped and not self._asking and len(self._idle) < AT_HAND
            if keep:
                self._idle.append(line)
        if not keep:
            line.fairy.close()

    def drop(self) -> None:
        """Let go of all: of those in use when they are given back."""
        with self._mutex:
            idle, self._idle = self._idle, []
            self._dropped += 1
        for line in idle:
            line.fairy.close()
        self.engine.dispose()


class Pools:
    """The two pools of a PostgreSQL database: ``writer`` begins by itself, ``reader`` sees snapshots only."""

    def __init__(self, url: sa.URL, timeout: float, watchdog: Watchdog) -> None:
        self.address = address_of(url)
        self._watchdog = watchdog
        options: dict[str, Any] = {
            "pool_size": SIZE - AT_HAND,
            "max_overflow": AT_HAND + OVERFLOW,
            "pool_timeout": timeout,
            "pool_reset_on_return": None,
            "use_native_hstore": False,
            "connect_args": _arguments(url),
        }
        self._told_to_prepare = "prepare_threshold" in url.query
        url = url.difference_update_query(("prepare_threshold",))
        try:
            writer = sa.create_engine(url, isolation_level="AUTOCOMMIT", **options)  # BEGIN is said by us
            reader = sa.create_engine(url, **options)
        except ImportError as error:
            raise StoreError(
                "psycopg, the driver of PostgreSQL, is not installed", possible=[installing("postgres")]
            ) from error
        for engine in (writer, reader):
            sa.event.listen(engine, "do_connect", self._connect)
            sa.event.listen(engine, "connect", self._greet)
        sa.event.listen(reader, "connect", lambda raw, _: _only_reading(raw))
        turn = Lock()
        self.writer, self.reader = Pool(writer, self.address, turn), Pool(reader, self.address, turn)

    def drop(self) -> None:
        """Let go of all connections that are not in use."""
        self.writer.drop()
        self.reader.drop()

    def _connect(self, _dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        import psycopg

        made = psycopg.connect(*arguments, **named)
        self._watchdog.waiting[made] = monotonic()  # until it has been greeted, whoever asks it meanwhile
        return made

    def _greet(self, raw: Any, _: Any) -> None:
        """Find out whether a pooler stands in between: it invents the process id that it tells its clients.

        Prepared statements would be on another of its connections the next time.
        """
        try:
            (pid,) = raw.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
            raw.rollback()
        except BaseException:
            raw.close()  # the pool has not taken it yet
            raise
        finally:
            self._watchdog.answered(raw)
        if pid != raw.info.backend_pid and not self._told_to_prepare:
            raw.prepare_threshold = None


def address_of(url: sa.URL) -> str:
    """Where the server is, as people may read it: never with a password."""
    host = url.host or url.query.get("host") or "the local socket"
    return f"{host if isinstance(host, str) else ', '.join(host)}:{url.port or 5432}"


def _arguments(url: sa.URL) -> dict[str, Any]:
    """What psycopg is told beside the address."""
    told: dict[str, Any] = {
        name: value
        for name, (value, variable) in DEFAULTS.items()
        if name not in url.query and not (variable and variable in os.environ)
    }
    wanted = url.query.get("prepare_threshold")
    if wanted is not None:
        told["prepare_threshold"] = _threshold(wanted)
    return told


def _threshold(wanted: str | tuple[str, ...]) -> int | None:
    if wanted == "none":
        return None
    if isinstance(wanted, str) and wanted.isascii() and wanted.isdigit():
        return int(wanted)
    raise StoreError(
        f"prepare_threshold={wanted} is not taken", where="the address", possible=["none", "a number, 5 for example"]
    )


def _only_reading(raw: Any) -> None:
    import psycopg

    raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    raw.read_only = True
