"""What every command works with: which database, who acts, and how to answer.

Nothing heavy is imported here before it is needed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Desk
    from flowengine.clock import Clock

DEFAULT_DATABASE = "sqlite:///flow.db"

PROGRAM = "FLOW_PROGRAM"
"""The environment variable by which a supervisor tells its processes how it was called itself."""


class Stopped(click.Abort):
    """A person stopped at a question: certainly before anything was changed."""


@dataclass
class Terminal:
    """One run of a command. ``at`` and ``who`` are what was given on the command line; the environment comes second.

    ``clock`` is the time that the command lives in, the machine's own unless a program that runs the command itself
    gives another: ``flow.main([...], obj=Terminal(clock=SimulatedClock(...)))``. Nobody can set it from outside.
    """

    at: str = ""
    who: str = ""
    json: bool = False
    clock: Clock | None = field(default=None, repr=False)
    _desk: Desk | None = field(default=None, repr=False)
    _login: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The URL of the database, or of the server: what was said, else the server of ``flow login``, else a file."""
        return self.at or os.environ.get("FLOW_AT") or self._signed_in or DEFAULT_DATABASE

    @property
    def _signed_in(self) -> str:
        """The server to which commands go that name no place; empty where nobody has signed in."""
        if self._login is None:
            from flowengine.client.logins import Logins

            self._login = Logins.of(os.environ).default
        return self._login

    @property
    def far(self) -> bool:
        """Whether it is a server that is asked, for whoever has signed in there."""
        return self.address[:8].lower().startswith(("http://", "https://"))

    @property
    def shown_address(self) -> str:
        """The database's URL without its password, for showing."""
        from flowengine.client import without_password

        return without_password(self.address)

    @property
    def program(self) -> str:
        """This program as it is called in a shell."""
        return shlex.join(program())

    def line(self, words: str, *, who: bool = True) -> str:
        """A command line that works when it is pasted: with the options that were given to this command."""
        given = [*(("--at", self.at) if self.at else ()), *(("--as", self.who) if who and self.who else ())]
        return " ".join([self.program, words, *([shlex.join(given)] if given else [])])

    @property
    def once(self) -> str:
        """What sets the options of this command for all that are pasted into the same shell; empty without options."""
        given = {"FLOW_AT": self.at, "FLOW_AS": self.who}
        words = [f"{name}={shlex.quote(value)}" for name, value in given.items() if value]
        return f"export {' '.join(words)}" if words else ""

    @property
    def asks(self) -> bool:
        """Whether a person sits at a terminal and may be asked."""
        return not self.json and sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def who_or_nobody(self) -> str:
        """Who acts, as he said himself, else as a server knows who has signed in; empty when nobody said."""
        named = self._named
        if not named and self._desk is not None and self.far:
            me = self._desk.me
            return me.id if me is not None else ""
        return named

    @property
    def _named(self) -> str:
        return self.who or os.environ.get("FLOW_AS", "")

    def desk(self, *, create: bool = False) -> Desk:
        """The desk of who acts, or of the program itself where nobody is named: whoever can open the database operates
        it. It is opened once a command; only with ``create`` may a new SQLite file appear."""
        if self._desk is None:
            self._desk = self.opened(create=create)
            click.get_current_context().find_root().call_on_close(self._desk.close)
        return self._desk

    @property
    def zone(self) -> str:
        """The time zone of who acts; empty where nobody is named, or his is not known."""
        return self._desk.zone if self._desk is not None and (self._named or self.far) else ""

    def now(self) -> datetime:
        """The moment, in the time that the command lives in: the server's where one is asked, else this machine's."""
        if self.clock is not None:
            return self.clock.now()
        return self.desk().now() if self.far else datetime.now(UTC)

    def mine(self) -> Desk:
        """The desk of who acts; wrong use when nobody said, and has signed in."""
        if not self._named and not self.far:
            raise click.UsageError("Say who you are: --as ID, or set FLOW_AS.")
        return self.desk()

    def opened(self, *, create: bool = False, patience: float | None = None) -> Desk:
        """A desk at that address, for the caller to close; ``patience`` is for how many seconds a server is asked."""
        from flowengine.client import open_desk

        language = os.environ.get("FLOW_LANGUAGE", "")
        return open_desk(
            self.address, typed=self._named, language=language, clock=self.clock, create=create, patience=patience
        )

    def answer(self, value: Any, show: Callable[[Console], None]) -> None:
        """Write the one JSON document, or let ``show`` tell a person."""
        if self.json:
            write_json(value)
        else:
            show(screen())


def program() -> list[str]:
    """How this program was called, as words: ``flow`` where the shell finds it, else the path that was typed."""
    if told := os.environ.get(PROGRAM):
        return shlex.split(told)
    typed = Path(sys.argv[0])
    if typed.name == "__main__.py" and typed.parent.name == "cli":
        return [sys.executable, "-m", "flowengine.cli"]
    if typed.stem not in ("flow", "flowengine"):
        return ["flow"]
    found = shutil.which(typed.stem)
    return [typed.stem] if found and Path(found).resolve() == typed.resolve() else [str(typed)]


def screen(*, error: bool = False) -> Console:
    """A console that never interprets markup; wide enough for ids when nobody's window sets the width."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 120
    return Console(stderr=error, markup=False, highlight=False, emoji=False, width=width)


def write_json(value: Any) -> None:
    """One JSON document, in ASCII: no text in it can act on a terminal, and nothing is lost."""
    from flowengine import exact

    click.echo(exact.ascii_text(plain(value), indent=2))


def plain(value: Any) -> Any:
    """Views, and lists and dicts of them, as plain values."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if hasattr(value, "as_written"):
        return value.as_written()
    return value.to_json() if hasattr(value, "to_json") else value
