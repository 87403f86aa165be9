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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowengine.errors import NotFound, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.clock import Clock
    from flowengine.core.values import Actor
    from flowengine.engine import Engine

DEFAULT_DATABASE = "sqlite:///flow.db"

PROGRAM = "FLOW_PROGRAM"
"""The environment variable by which a supervisor tells its processes how it was called itself."""

_BEGINNINGS = ("flow deploy FILE begins one", "flow db create", "--at URL or FLOW_AT names another", "flow demo")


class Stopped(click.Abort):
    """A person stopped at a question: certainly before anything was changed."""


@dataclass
class Desk:
    """One run of a command. ``at`` and ``who`` are what was given on the command line; the environment comes second.

    ``clock`` is the time that the command lives in, the machine's own unless a program that runs the command itself
    gives another: ``flow.main([...], obj=Desk(clock=SimulatedClock(...)))``. Nobody can set it from outside.
    """

    at: str = ""
    who: str = ""
    json: bool = False
    clock: Clock | None = field(default=None, repr=False)
    _engine: Engine | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The database's URL."""
        return self.at or os.environ.get("FLOW_AT") or DEFAULT_DATABASE

    @property
    def shown_address(self) -> str:
        """The database's URL without its password, for showing."""
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
        """The id of who acts; empty when nobody said."""
        return self.who or os.environ.get("FLOW_AS", "")

    @property
    def me(self) -> str:
        """The id of who acts; wrong use when nobody said."""
        if not self.who_or_nobody:
            raise click.UsageError("Say who you are: --as ID, or set FLOW_AS.")
        return self.person(self.engine(), self.who_or_nobody)

    def person(self, engine: Engine, typed: str) -> str:
        """The id of the person whose whole id, contact or name was typed; else what was typed: somebody new, perhaps.

        A mere beginning is nobody: ``ann`` who is new must not become Anna.
        """
        try:
            found = engine.find_person(typed)
        except NotFound:
            return typed
        whole = typed.strip().casefold() in (found.contact.casefold(), found.name.casefold())
        return found.id if whole else typed

    @property
    def me_or_operator(self) -> str | Actor:
        """Who acts, or an operator: whoever can open the database with no name of his own operates it."""
        from flowengine.core.values import Actor

        return self.me if self.who_or_nobody else Actor(kind="operator", id="operator")

    def engine(self, *, create: bool = False) -> Engine:
        """The engine on the database, opened once a command. Only with ``create`` may a new SQLite file appear."""
        if self._engine is None:
            if not create:
                self.must_exist()
            self._engine = opened(self.address, self.clock)
            click.get_current_context().find_root().call_on_close(self._engine.close)
        return self._engine

    def must_exist(self) -> None:
        """A reading command in the wrong folder must not leave an empty database there. Raises NotFound."""
        path = _sqlite_file(self.address)
        if path is not None and not path.exists():
            raise NotFound("there is no database here yet", where=str(path), possible=_BEGINNINGS)

    def answer(self, value: Any, show: Callable[[Console], None]) -> None:
        """Write the one JSON document, or let ``show`` tell a person."""
        if self.json:
            write_json(value)
        else:
            show(screen())


def without_password(address: str) -> str:
    """An URL for showing."""
    scheme, rest, path = address.partition("://")
    user, at, host = path.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{rest}{name}{':***' if colon else ''}{at}{host}"


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


def refuse_http(address: str) -> None:
    """Raises Refused for the address of a server."""
    if address.startswith(("http://", "https://")):
        raise Refused(
            "a flowengine over HTTP cannot be reached yet",
            where=address,
            possible=("sqlite:///FILE", "postgresql+psycopg://HOST/DATABASE"),
        )


def opened(address: str, clock: Clock | None = None) -> Engine:
    """An engine on the database of that URL, with the settings that the environment gives. Raises NotConfigured."""
    from flowengine.engine import Engine
    from flowengine.runtime.settings import Settings

    refuse_http(address)
    return Engine(address, clock=clock, settings=Settings.from_environment(os.environ))


def screen(*, error: bool = False) -> Console:
    """A console that never interprets markup; wide enough for ids when nobody's window sets the width."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 120
    return Console(stderr=error, markup=False, highlight=False, emoji=False, width=width)


def write_json(value: Any) -> None:
    """One JSON document, in ASCII: no text in it can act on a terminal, and nothing is lost."""
    import json

    import msgspec

    click.echo(json.dumps(msgspec.to_builtins(plain(value)), indent=2, ensure_ascii=True))


def plain(value: Any) -> Any:
    """Views, and lists and dicts of them, as plain values."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value.to_json() if hasattr(value, "to_json") else value


def _sqlite_file(address: str) -> Path | None:
    scheme, colon, rest = address.partition(":///")
    name = rest.partition("?")[0]
    if not colon or not scheme.startswith("sqlite") or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(name)
