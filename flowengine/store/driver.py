"""What a database must give to keep flows. SQLite and PostgreSQL do; another one is a driver, its channel
(:class:`~flowengine.store.channel.Channel`), its dialect (:class:`~flowengine.store.dialects.Dialect`), and a line in
:mod:`flowengine.store.database`. The suites in ``tests/store`` and ``tests/engine`` say whether it is one.

Errors of the driver's library never come out: they are :class:`~flowengine.errors.StoreError`, and two kinds mean more.
DatabaseBusy says that nothing was kept, and ``collided`` that doing it again may help; ConnectionLost says with
``in_doubt`` whether the commit may have been kept (:mod:`~flowengine.store.persistence` finds that out).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

import sqlalchemy as sa

from flowengine.errors import StoreError
from flowengine.store.channel import Channel
from flowengine.store.query import Query

T = TypeVar("T")
C = TypeVar("C", bound=Channel)


class Driver(Protocol[C]):
    """A database that is open. Threads may share it; none of its methods waits longer than its ``timeout``."""

    dialect: str
    """The name of its dialect."""

    server_time: Query | None
    """What asks the server for the time, where machines share it; None where the machine's clock is the database's."""

    warnings: tuple[str, ...]
    """What endangers the database as it is used, as far as it has been seen."""

    def once(self, work: Callable[[C], T]) -> T:
        """Do ``work`` in one write transaction and commit it, durably (L2); it may be done together with the work of
        other threads, and kept with it or not at all. Raises what it raises, and what kept it from being kept."""

    def begin_writing(self) -> C:
        """A write transaction, which :meth:`end` ends. Of two that lock the same row, the second waits; a savepoint
        (``SAVEPOINT``, or SQLAlchemy's ``begin_nested``) takes back a part of it."""

    def begin_reading(self) -> C:
        """A transaction that sees one snapshot, waits for no writer, and cannot write."""

    def begin_glancing(self) -> C:
        """As :meth:`begin_reading`, for one look: each statement sees what is committed when it is asked."""

    def end(self, channel: C, keep: bool) -> None:
        """Commit or roll back what was begun here; when the commit fails, nothing is kept either."""

    def joining(self, connection: sa.Connection) -> C:
        """A channel in the caller's own transaction, which he ends. Raises StoreError where that is none, or one to
        another database."""

    def migrating(self) -> AbstractContextManager[sa.Connection]:
        """A connection in a transaction that excludes other migrations, for changing the schema."""

    def close(self) -> None:
        """Let go of all connections and locks."""


@contextmanager
def translating(
    errors: Callable[[], type[Exception]], translated: Callable[[BaseException, str], StoreError], where: str
) -> Iterator[None]:
    """Translate what goes wrong in a block that uses SQLAlchemy: ``errors()`` is the root of the driver's own."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise translated(error.orig or error, where) from error
    except errors() as error:
        raise translated(error, where) from error
