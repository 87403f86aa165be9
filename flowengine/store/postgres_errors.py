"""What PostgreSQL says, and what it means: which errors are the user's, and which say that the server is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from flowengine.errors import ConnectionLost, DatabaseBusy, StoreError
from flowengine.store import driver

COLLIDED = {"40P01", "40001", "23505"}
"""SQLSTATEs: deadlock, serialization failure, unique violation. The database has broken off one of two that were in
each other's way. Whoever enters a row has looked for it before; done again, he finds what the other has written."""

BUSY = COLLIDED | {"55P03", "57014"}
"""And: lock not available, query cancelled."""

READ_ONLY = "25006"
"""A write on a server that only takes reads: a standby, or a primary that has become one."""

_GONE = {"57P01", "57P02", "57P03", "57P05", "25P03", "25P04"}
"""Shut down by an administrator, by a crash, starting up or shutting down, and sessions ended for being slow."""

_CONNECTION = "08"
"""The class of SQLSTATEs for connections; a pooler uses it when it cannot reach its server."""

_MEANINGS = {
    "53100": "the disk is full; nothing of this transaction was kept",
    "23505": "the same row was written by another transaction first",
    "25P02": "a statement of this transaction has failed before; nothing of it was kept",
    "3D000": "there is no such database; create it first",
    "42P01": "the tables of flowengine are not there",
}

_ADVICE = {
    "53100": ("free some space and ask again; nothing has to be restarted",),
    "3D000": ("createdb",),
    "42P01": ("flow db create",),
}

_AWAY = (
    "starting up",
    "shutting down",
    "recovery mode",
    "accepting connections",
    "terminating connection",
    "too many clients",
    "too many connections",
    "connection slots",
    "no more connections",
    "read-only",
    "standby mode",
    "pgbouncer cannot connect",
    "server login has been failing",
    "query_wait_timeout",
    "server conn crashed",
)
"""Words in a refused connection that say: later. libpq gives no SQLSTATE for it."""


@cache
def errors() -> type[Exception]:
    """The root of the driver's errors, imported when there is one."""
    from psycopg import Error

    return Error


def state_of(error: BaseException) -> str:
    """The SQLSTATE, or nothing where the server did not give one."""
    return getattr(error, "sqlstate", None) or ""


def gone(error: BaseException) -> bool:
    """Whether the error says that the connection is of no more use."""
    state = state_of(error)
    return state in _GONE or state.startswith(_CONNECTION)


def translated(error: BaseException, where: str) -> StoreError:
    """The driver's error as one of ours, where the connection was not lost."""
    state = state_of(error)
    said = first_line(error)
    if state in BUSY:
        return DatabaseBusy(
            _MEANINGS.get(state, f"another transaction was in the way: {said}"),
            where=where,
            possible=["try again"],
            collided=state in COLLIDED,
        )
    return StoreError(_MEANINGS.get(state, f"PostgreSQL says: {said}"), where=where, possible=_ADVICE.get(state, ()))


def lost(error: BaseException, where: str, in_doubt: bool) -> ConnectionLost:
    """The driver's error as one of ours, where the connection was lost."""
    kept = "whether the transaction was kept is not known" if in_doubt else "nothing of the transaction was kept"
    advice = "ask again with the same request key" if in_doubt else "try again"
    what = f"the connection to PostgreSQL was lost: {first_line(error)}; {kept}"
    return ConnectionLost(what, where=where, possible=[advice], in_doubt=in_doubt)


translating = partial(driver.translating, errors, translated)


@contextmanager
def reaching(address: str) -> Iterator[None]:
    """Translate what goes wrong before there is a connection; no password is ever in what libpq says of it."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise DatabaseBusy(
            "all connections of this process are in use", where=address, possible=["try again"]
        ) from error
    except Exception as error:
        if not isinstance(error, sa.exc.DBAPIError | errors()):
            raise
        raise unreached(getattr(error, "orig", None) or error, address) from error


def unreached(error: Any, address: str) -> StoreError:
    """What a connection that did not come about means: the user's mistake, or a server that is away."""
    said = first_line(error)
    if "FATAL" in str(error) and not gone(error) and not any(words in str(error) for words in _AWAY):
        return StoreError(f"PostgreSQL refused the connection: {said}", where=address)
    return ConnectionLost(
        f"PostgreSQL could not be reached: {said}", where=address, possible=["start the server", "another address"]
    )


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__
