"""Connections to PostgreSQL: how they are made, that a dead one is not given out, and what stands in between.

What libpq is told can be said otherwise in the address: ``?connect_timeout=2&tcp_user_timeout=5000``.
"""

from __future__ import annotations

import os
import select
from time import monotonic
from typing import Any

import sqlalchemy as sa

from flowengine.distribution import installing
from flowengine.errors import ConnectionLost, StoreError
from flowengine.store.postgres_errors import reaching
from flowengine.store.watchdog import Watchdog

SIZE, OVERFLOW = 10, 30
"""Connections that a pool keeps, and that it may open beyond them when many threads ask at once."""

DEFAULTS = {
    "connect_timeout": ("5", "PGCONNECT_TIMEOUT"),
    "keepalives_idle": ("10", ""),
    "keepalives_interval": ("5", ""),
    "keepalives_count": ("3", ""),
    "tcp_user_timeout": ("20000", ""),
    "application_name": ("flowengine", "PGAPPNAME"),
}
"""What libpq is told unless the address says otherwise, or the variable of libpq's own does."""


class Pools:
    """The two pools of a PostgreSQL database: ``writer`` begins by itself, ``reader`` sees snapshots only."""

    def __init__(self, url: sa.URL, timeout: float, watchdog: Watchdog) -> None:
        self.address = address_of(url)
        self._watchdog = watchdog
        options: dict[str, Any] = {
            "pool_size": SIZE,
            "max_overflow": OVERFLOW,
            "pool_timeout": timeout,
            "pool_reset_on_return": None,
            "use_native_hstore": False,
            "connect_args": _arguments(url),
        }
        self._told_to_prepare = "prepare_threshold" in url.query
        url = url.difference_update_query(("prepare_threshold",))
        try:
            self.writer = sa.create_engine(url, isolation_level="AUTOCOMMIT", **options)  # BEGIN is said by us
            self.reader = sa.create_engine(url, **options)
        except ImportError as error:
            raise StoreError(
                "psycopg, the driver of PostgreSQL, is not installed", possible=[installing("postgres")]
            ) from error
        for engine in (self.writer, self.reader):
            sa.event.listen(engine, "do_connect", self._connect)
            sa.event.listen(engine, "connect", self._greet)
        sa.event.listen(self.reader, "connect", lambda raw, _: _only_reading(raw))

    def take(self, engine: sa.Engine) -> sa.PoolProxiedConnection:
        """A connection that was not dead a moment ago. Raises ConnectionLost, and DatabaseBusy when all are in use."""
        for _ in range(SIZE + OVERFLOW + 1):
            with reaching(self.address):
                fairy = engine.raw_connection()
            if not stale(fairy.driver_connection):
                return fairy
            fairy.invalidate()
        raise ConnectionLost("PostgreSQL closes every connection at once", where=self.address, possible=["try again"])

    def drop(self) -> None:
        """Let go of all connections that are not in use."""
        self.writer.dispose()
        self.reader.dispose()

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


def stale(raw: Any) -> bool:
    """Whether an idle connection has been closed by the server: then there is something to read, without a question."""
    if raw.closed:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


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
