"""Desks by their addresses; and what is done to a database itself, by whoever runs the installation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.client.logins import Logins
from flowengine.client.places import insecure, is_server, server_address, without_password
from flowengine.errors import NotAllowed, NotConfigured, NotFound
from flowengine.people.identities import By, Identity, person_of

if TYPE_CHECKING:
    from flowengine.client.desk import Desk
    from flowengine.client.remote import RemoteDesk
    from flowengine.clock import Clock
    from flowengine.views.replies import Audit, HistoryLine, JobRow, StaffTrack

_TABLES = "tables are made and upgraded where the database is"

_BEGINNINGS = ("flow deploy FILE begins one", "flow db create", "--at URL or FLOW_AT names another", "flow demo")


def open_desk(
    address: str,
    identity: By | None = None,
    *,
    typed: str = "",
    language: str = "",
    clock: Clock | None = None,
    create: bool = False,
    patience: float | None = None,
) -> Desk:
    """The desk at an address, with the settings that the environment gives, for who asks: at the URL of a database
    (:class:`~flowengine.client.local.LocalDesk`), or of a server (:class:`~flowengine.client.remote.RemoteDesk`), where
    who asks is who has signed in, and ``identity`` or ``typed`` may only say the same. ``language`` is that in which he
    reads, as ``de``; without one his own.

    Only with ``create`` may a new SQLite file appear. ``patience`` is for how many seconds a server is asked at most.
    Raises NotFound, NotConfigured, StoreError; NotAllowed for somebody else than who has signed in.
    """
    if is_server(address):
        return _remote(
            address, typed or (person_of(identity) if isinstance(identity, str | Identity) else ""), patience, language
        )
    if create:
        _database(address)
    else:
        must_exist(address)
    from flowengine.client.local import LocalDesk
    from flowengine.engine import Engine
    from flowengine.runtime.settings import Settings

    engine = Engine(address, clock=clock, settings=Settings.from_environment(os.environ))
    return LocalDesk(engine, identity, typed=typed, language=language)


def _remote(address: str, who: str, patience: float | None, language: str) -> RemoteDesk:
    """A desk on a server, with ``FLOW_TOKEN`` or the login that is kept for it."""
    from flowengine.client.line import PATIENCE, TIMEOUT
    from flowengine.client.remote import RemoteDesk

    url = server_address(address, insecure=insecure(address))
    token = os.environ.get("FLOW_TOKEN", "")
    if not token:
        login = Logins.of(os.environ).to(url)
        if login is None:
            raise NotConfigured("nobody has signed in there", where=url, possible=(f"flow login {url}", "FLOW_TOKEN"))
        token = login.token
    desk = RemoteDesk(
        url,
        token,
        language=language,
        timeout=min(patience or TIMEOUT, TIMEOUT),
        patience=patience or PATIENCE,
        insecure=insecure(address),
        proxy=os.environ.get("FLOW_PROXY", ""),
    )
    try:
        _must_be(desk, who)
    except BaseException:
        desk.close()
        raise
    return desk


def _must_be(desk: Desk, who: str) -> None:
    """Raises NotAllowed unless that is who has signed in: by his whole id, contact or name."""
    if not who:
        return
    me = desk.me
    wanted = who.strip().casefold()
    if me is None or wanted not in {text.casefold() for text in (me.id, me.contact, me.name) if text}:
        signed_in = f"{me.name or me.id} ({me.id})" if me is not None else "a program"
        raise NotAllowed(
            f"who asks a server is who has signed in there, and that is {signed_in}, not {who[:60]!r}",
            where="--as",
            possible=("leave out --as and FLOW_AS", "flow login URL as somebody else"),
        )


def create(address: str) -> str | None:
    """Open a database, which gives an empty one its tables: its schema's revision."""
    from flowengine.store import Database

    with Database.open(_database(address, _TABLES)) as database:
        return database.revision()


def upgrade(address: str) -> tuple[str | None, str]:
    """Bring a database's tables to this version: its schema's revision before and after."""
    must_exist(address, _TABLES)
    from flowengine.store import Database

    with Database.open(address, check=False) as database:
        return database.revision(), database.upgrade()


def backup(address: str, file: Path) -> int:
    """Copy a SQLite database to a new file while it is in use: how many bytes it has."""
    must_exist(address, "a database is copied where it is")
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


def must_exist(address: str, *why: str) -> None:
    """A reading command in the wrong folder must not leave an empty database there. Where it is a server, the first of
    ``why`` says why this is not done there, the others what is possible instead. Raises NotFound, NotConfigured."""
    scheme, colon, name = _database(address, *why).partition(":///")
    in_file = colon and scheme.startswith("sqlite") and name not in ("", ":memory:") and not name.startswith("file:")
    if in_file and not Path(name).exists():
        raise NotFound("there is no database here yet", where=name, possible=_BEGINNINGS)


def _database(address: str, why: str = "this is done where the database is", *instead: str) -> str:
    """The address, unless it is a server's: then ``why`` it is not done there. Raises NotConfigured."""
    if is_server(address):
        raise NotConfigured(
            f"{why}, and not over HTTP",
            where=without_password(address),
            possible=("at the server: --at sqlite:///FILE", "--at postgresql+psycopg://HOST/DATABASE", *instead),
        )
    return address
