"""What SQLite is given, statement by statement, on the connections that are opened meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

COMMANDS = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")


@contextmanager
def statements() -> Iterator[list[str]]:
    """A list that grows by each statement of this process, just before it is done."""
    given: list[str] = []

    def listen(raw: object, _: object) -> None:
        if isinstance(raw, sqlite3.Connection):
            raw.set_trace_callback(given.append)

    sa.event.listen(sa.pool.Pool, "connect", listen)
    try:
        yield given
    finally:
        sa.event.remove(sa.pool.Pool, "connect", listen)


def commands(given: Iterable[str]) -> list[str]:
    """Those that begin and end transactions, or parts of one."""
    return [sql for sql in given if sql.split()[0] in COMMANDS]
