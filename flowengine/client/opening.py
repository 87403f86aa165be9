"""Desks by their addresses; and what is done to a database itself, by whoever runs the installation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.errors import NotConfigured, NotFound
from flowengine.people.identities import By

if TYPE_CHECKING:
    from flowengine.client.desk import Desk
    from flowengine.clock import Clock
    from flowengine.views.replies import Audit, HistoryLine, JobRow, StaffTrack

_BEGINNINGS = ("flow deploy FILE begins one", "flow db create", "--at URL or FLOW_AT names another", "flow demo")


def open_desk(
    address: str,
    identity: By | None = None,
    *,
    typed: str = "",
    clock: Clock | None = None,
    create: bool = False,
) -> Desk:
    """The desk at an address (the URL of a database), with the settings that the environment gives, for who asks
    (:class:`~flowengine.client.local.LocalDesk`).

    Only with ``create`` may a new SQLite file appear. Raises NotFound, NotConfigured, StoreError.
    """
    if create:
        _database(address)
    else:
        must_exist(address)
    from flowengine.client.local import LocalDesk
    from flowengine.engine import Engine
    from flowengine.runtime.settings import Settings

    return LocalDesk(
        Engine(address, clock=clock, settings=Settings.from_environment(os.environ)), identity, typed=typed
    )


def create(address: str) -> str | None:
    """Open a database, which gives an empty one its tables: its schema's revision."""
    from flowengine.store import Database

    with Database.open(_database(address)) as database:
        return database.revision()


def upgrade(address: str) -> tuple[str | None, str]:
    """Bring a database's tables to this version: its schema's revision before and after."""
    must_exist(address)
    from flowengine.store import Database

    with Database.open(address, check=False) as database:
        return database.revision(), database.upgrade()


def backup(address: str, file: Path) -> int:
    """Copy a SQLite database to a new file while it is in use: how many bytes it has."""
    must_exist(address)
    from flowengine.store.backup import backup

    return backup(address, file)


def verify_archive(file: str | Path) -> Audit:
    """Check the histories in an archive against their hashes (L5). Raises NotFound, and Refused for no archive."""
    from flowengine.engine import Engine

    return Engine.verify_archive(file)


def archived_jobs(
    file: str | Path, *, status: str | None = None, process: str | None = None, customer: str | None = None
) -> list[JobRow]:
    """The jobs in an archive, the newest first. Raises NotFound, and Refused for no archive or a damaged one."""
    from flowengine.reading import archives

    return archives.jobs(Path(file), status=status, process=process, customer=customer)


def archived_history(file: str | Path, job: str) -> list[HistoryLine]:
    """All that happened to a job in an archive. Raises NotFound, Ambiguous, Refused, HistoryBroken."""
    from flowengine.reading import archives

    return archives.history(Path(file), job)


def archived_track(file: str | Path, job: str) -> StaffTrack:
    """How a job in an archive ended. Raises as :func:`archived_history` does."""
    from flowengine.reading import archives

    return archives.track(Path(file), job)


def must_exist(address: str) -> None:
    """A reading command in the wrong folder must not leave an empty database there. Raises NotFound, NotConfigured."""
    scheme, colon, name = _database(address).partition(":///")
    in_file = colon and scheme.startswith("sqlite") and name not in ("", ":memory:") and not name.startswith("file:")
    if in_file and not Path(name).exists():
        raise NotFound("there is no database here yet", where=name, possible=_BEGINNINGS)


def without_password(address: str) -> str:
    """An URL for showing."""
    scheme, rest, path = address.partition("://")
    user, at, host = path.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{rest}{name}{':***' if colon else ''}{at}{host}"


def _database(address: str) -> str:
    """The address, unless it is a server's. Raises NotConfigured."""
    if address.startswith(("http://", "https://")):
        raise NotConfigured(
            "a flowengine over HTTP cannot be reached yet: that comes with the HTTP client",
            where=without_password(address),
            possible=("sqlite:///FILE", "postgresql+psycopg://HOST/DATABASE"),
        )
    return address
