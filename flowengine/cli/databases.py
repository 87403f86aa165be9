"""``flow db``: the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.cli import show
from flowengine.cli.context import Desk, refuse_http
from flowengine.store import Database

if TYPE_CHECKING:
    from rich.console import Console


def create(desk: Desk) -> None:
    """Open the database, which gives an empty one its tables."""
    refuse_http(desk.address)
    with Database.open(desk.address) as database:
        _tell(desk, database.revision(), "is ready")


def upgrade(desk: Desk) -> None:
    """Open the database as it is, and bring its tables to this version."""
    refuse_http(desk.address)
    desk.must_exist()
    with Database.open(desk.address, check=False) as database:
        before = database.revision()
        after = database.upgrade()
    _tell(desk, after, "was up to date" if before == after else f"was upgraded from {before or 'nothing'}")


def copy(desk: Desk, file: str) -> None:
    """Copy the database, and say how to look into the copy."""
    from flowengine.store.backup import backup

    refuse_http(desk.address)
    desk.must_exist()
    size = backup(desk.address, Path(file))

    def tell(console: Console) -> None:
        show.line(console, ("Copied: ", "bold"), f"{desk.shown_address} to {file} ({size:,} bytes).")
        show.line(console, ("  check it: ", "dim"), f"{desk.program} audit --at sqlite:///{file}", pasted=True)

    desk.answer({"file": file, "size": size}, tell)


def _tell(desk: Desk, revision: str | None, what: str) -> None:
    desk.answer(
        {"database": desk.shown_address, "revision": revision},
        lambda console: show.line(console, desk.shown_address, f" {what}; its schema is ", (str(revision), "bold")),
    )
