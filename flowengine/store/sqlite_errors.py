"""What SQLite's errors mean for whoever asked."""

from __future__ import annotations

import sqlite3
from functools import partial

from flowengine.errors import DatabaseBusy, StoreError
from flowengine.store import driver

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_MEANINGS = {
    sqlite3.SQLITE_FULL: "the disk is full; nothing of this transaction was kept",
    sqlite3.SQLITE_IOERR: "the disk could not be read or written; nothing of this transaction was kept",
    sqlite3.SQLITE_READONLY: "the database cannot be written: the file or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
}
_EXACTLY = {
    sqlite3.SQLITE_IOERR_SHMSIZE: _MEANINGS[sqlite3.SQLITE_FULL],
    sqlite3.SQLITE_IOERR_FSYNC: "the disk did not confirm what was written; it may be there after a crash all the same",
}
"""What some extended codes mean more exactly."""
LOOK_ELSEWHERE = "to look only: copy the file, and the one ending in -wal, to where one can write, and look there"
"""Where a log lies beside the file, SQLite must be able to write its index even to read it."""
_FREE = "free some space and ask again; nothing has to be restarted"
_ADVICE: dict[int, tuple[str, ...]] = {
    sqlite3.SQLITE_FULL: (_FREE,),
    sqlite3.SQLITE_IOERR_SHMSIZE: (_FREE, LOOK_ELSEWHERE),
    sqlite3.SQLITE_READONLY: (LOOK_ELSEWHERE,),
    sqlite3.SQLITE_CANTOPEN: (LOOK_ELSEWHERE,),
}


def translated(error: BaseException, where: str) -> StoreError:
    """The driver's error as one of ours."""
    exactly = getattr(error, "sqlite_errorcode", None) or 0
    code = exactly & 0xFF
    if code in _BUSY:
        stale = exactly == sqlite3.SQLITE_BUSY_SNAPSHOT
        what = (
            "another has written since this transaction began to read"
            if stale
            else "another program has the database locked"
        )
        return DatabaseBusy(what, where=where, possible=["try again"])
    meaning = _EXACTLY.get(exactly) or _MEANINGS.get(code)
    return StoreError(
        meaning or f"SQLite says: {error}", where=where, possible=_ADVICE.get(exactly) or _ADVICE.get(code, ())
    )


translating = partial(driver.translating, lambda: sqlite3.Error, translated)
