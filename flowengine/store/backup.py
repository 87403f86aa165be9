"""A copy of a SQLite database while it is in use: one snapshot, whole and on disk before it gets its name."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from flowengine.errors import NotFound, Refused, StoreError
from flowengine.store.sqlite import path_of
from flowengine.store.sqlite_errors import translated

ELSEWHERE = (
    "pg_dump --format=custom, for a copy of one moment",
    "pg_basebackup with an archive of the log, for any moment",
)


def backup(url: str, to: Path) -> int:
    """Copy the database at a ``sqlite:///`` URL to a new file; gives its size in bytes. Writers are not held up.

    Raises Refused when the file is there already or the database is not a SQLite file (PostgreSQL has tools of its own:
    ``possible`` names them), NotFound when there is no such database, StoreError when the copy fails; then no file is
    left.
    """
    source = _file(url)
    if to.exists():
        raise Refused("there is such a file already", where=str(to), possible=("name a new file",))
    partly = to.with_name(f"{to.name}.part")
    try:
        _copy(source, partly)
        os.link(partly, to)  # unlike a renaming, this never replaces a file that came up meanwhile
    except FileExistsError:
        raise Refused("there is such a file already", where=str(to), possible=("name a new file",)) from None
    except OSError as error:
        raise StoreError(f"the copy cannot be written: {error.strerror}", where=str(to)) from error
    finally:
        partly.unlink(missing_ok=True)
    _sync(to.parent)
    return to.stat().st_size


def _file(url: str) -> Path:
    made = sa.make_url(url)
    name = path_of(url) if made.get_backend_name() == "sqlite" else ""
    if not name:
        raise Refused("only a SQLite file is copied here", where=made.render_as_string(), possible=ELSEWHERE)
    path = Path(name)
    if not path.exists():
        raise NotFound("there is no database here", where=str(path))
    return path


def _copy(source: Path, to: Path) -> None:
    to.unlink(missing_ok=True)
    to.touch(exist_ok=False)
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(to)) as new:
            old.backup(new)  # all pages in one step, so one snapshot: writers go on in the log meanwhile
            found = new.execute("PRAGMA quick_check(1)").fetchone()[0]
            new.execute("PRAGMA journal_mode=DELETE")  # one file, with no log beside it
    except sqlite3.Error as error:
        raise translated(error, str(to)) from error
    if found != "ok":
        raise StoreError(f"the copy is damaged: {found}", where=str(to))
    with to.open("rb+") as file:
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
