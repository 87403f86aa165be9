"""How a command tells what went wrong: what, where, and what is possible instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import screen, write_json
from flowengine.errors import BadAnswer, FlowError, ProcessRefused

if TYPE_CHECKING:
    from rich.console import Console

MOST = 20
"""How many of the possible things are listed for a person; ``--json`` gives all."""


def show(error: FlowError, *, json: bool) -> None:
    """A typed error: as JSON on standard output, or for a person on standard error."""
    if json:
        write_json(error.to_json())
        return
    console = screen(error=True)
    if isinstance(error, ProcessRefused):
        from flowengine.cli.problem_lines import show_problems

        show_problems(console, error.problems)
        return
    tell(console, error)


def tell(console: Console, error: FlowError) -> None:
    """What, where and possible, each on its own line."""
    if isinstance(error, BadAnswer) and error.problems:
        _line(console, "Not accepted: ", "the answer cannot be taken as it is")
        for name, problem in error.problems.items():
            _line(console, f"  {harmless(name)}: " if name else "  ", problem, style="")
    else:
        _line(console, "Refused: " if error.code not in _BROKEN else "Failed: ", error.what)
    if error.where:
        _line(console, "  where: ", _short_ids(error.where), style="dim")
    if error.possible:
        listed = [_short_ids(_HINTS.get(one, one)) for one in error.possible[:MOST]]
        _possible(console, [harmless(one) for one in listed], len(error.possible))


_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-([0-9a-f]{8})[0-9a-f]{4}\b")
"""A whole id, of which people are shown what commands show elsewhere."""


def _short_ids(text: str) -> str:
    return _ID.sub(r"\1", text)


_HINTS = {"an exact id: find_person finds people": "flow people list"}
"""What is possible in terms of the engine, and the command for it."""


def _possible(console: Console, listed: list[str], count: int) -> None:
    """Names stand in one line, sentences and commands in a line of their own, to be read or pasted."""
    label = "  possible: "
    more = f" and {count - len(listed)} more" if count > len(listed) else ""
    if not any(" " in one for one in listed):
        _line(console, label, ", ".join(listed) + more, style="green", pasted=True)
        return
    for index, one in enumerate(listed):
        _line(console, label if index == 0 else " " * len(label), one, style="green", pasted=True)
    if more:
        _line(console, " " * (len(label) - 1), more)


_BROKEN = frozenset(
    {
        "StoreError", "DatabaseBusy", "ConnectionLost", "SchemaMismatch", "HistoryBroken", "InvariantBroken",
        "AnswerRefused", "Unreachable", "Overloaded",
    }
)  # fmt: skip


def wrong_use(error: click.ClickException, *, json: bool) -> None:
    """A command that was typed wrongly."""
    ctx = getattr(error, "ctx", None)
    if json:
        _plain_error("WrongUse", error.format_message(), ctx.command_path if ctx else "flow")
        return
    console = screen(error=True)
    if ctx is not None:
        _line(console, "", ctx.get_usage(), style="", lines=True)
    _line(console, "Wrong use: ", error.format_message(), lines=True)
    if ctx is not None:
        _line(console, "  help: ", f"{ctx.command_path} --help", style="dim")


def stopped(*, json: bool, unchanged: bool) -> None:
    """Ctrl-C, or the end of the input. In the midst of work nobody can say what was kept."""
    what = "Nothing was changed." if unchanged else "Look whether it was done: flow track JOB."
    if json:
        _plain_error("Stopped", what, "")
    else:
        _line(screen(error=True), "Stopped. ", what)


def unreadable(error: OSError, *, json: bool) -> None:
    """The operating system refused: a file that may not be read, a full disk."""
    what, where = error.strerror or str(error), str(error.filename or "")
    if json:
        _plain_error(type(error).__name__, what, where)
    else:
        console = screen(error=True)
        _line(console, "Failed: ", what)
        if where:
            _line(console, "  where: ", where, style="dim")


def _plain_error(code: str, what: str, where: str) -> None:
    document: dict[str, Any] = {"error": code, "what": what, "where": where, "possible": []}
    write_json(document)


def _line(
    console: Console, label: str, text: str, style: str = "bold red", *, lines: bool = False, pasted: bool = False
) -> None:
    """``pasted`` is a line with a command, which stays whole."""
    from rich.text import Text

    whole = pasted or not console.is_terminal
    console.print(Text.assemble((label, style), harmless(text, lines=lines)), soft_wrap=whole)
