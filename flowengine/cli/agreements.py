"""``flow agreement``: what a partner who calls a process is promised of it, and what is different from what he has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import tab_words
from flowengine.cli.designers import read_file
from flowengine.cli.flags import is_file, terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

WORDS = {"need": "The need asks", "asks": "The customer is asked", "tells": "He is told", "ends": "It ends"}


@click.command()
@click.argument("source", metavar="FILE|PROCESS", shell_complete=tab_words.processes)
@click.option(
    "--against",
    metavar="FILE|VERSION",
    help="What is different from this: a process file, an agreement that --json has written, or a version in use.",
)
@common
@terminal
def agreement(terminal: Terminal, source: str, against: str | None) -> None:
    """What a partner who calls a process is promised of it, and its version.

    The version is what the partner writes as agreement: into the call in his process.
    """
    from flowengine.interop.agreement import differences, version_of

    agreed = _agreed(terminal, source)
    answer: dict[str, Any] = {"version": version_of(agreed), "agreed": agreed}
    different: list[str] = []
    if against is not None:
        before = _agreed(terminal, against, agreed["process"])
        different = differences(before, agreed)
        answer |= {"was": version_of(before), "changes": different}
    terminal.answer(answer, lambda console: _tell(console, answer))


def _agreed(terminal: Terminal, source: str, process: str = "") -> dict[str, Any]:
    """What is agreed by a file or a process in use; with ``process``, ``source`` may be a version of it."""
    from flowengine.interop.agreement import agreement, saved
    from flowengine.language import load, parse

    if source.endswith(".json"):
        return saved(read_file(Path(source)), source)
    if is_file(source):
        read_file(Path(source))
        return agreement(load(source))
    desk = terminal.desk()
    text = desk.source(process, source) if process else desk.source(source)
    return agreement(parse(text, check=False))


def _tell(console: Console, answer: dict[str, Any]) -> None:
    from flowengine.cli import show, tables

    agreed = answer["agreed"]
    show.line(console, (agreed["process"], "bold"), ": agreement ", (answer["version"], tables.ID))
    if "was" in answer:
        same = answer["was"] == answer["version"]
        show.line(console, "It is the same." if same else f"What is different from {answer['was']}:")
        for change in answer["changes"]:
            show.line(console, f"  {change}")
        return
    for part, words in WORDS.items():
        show.line(console, (f"  {words}", "dim"))
        for name, what in agreed[part].items():
            show.line(console, "    ", (name, "bold"), f": {_words(part, what)}")
    withdrawn = "can" if agreed["withdraw"] else "cannot"
    show.line(console, f"  The customer {withdrawn} withdraw.")


def _words(part: str, what: Any) -> str:
    """One thing of an agreement in a line."""
    if part == "ends":
        return str(what)
    if part == "need":
        return _field(what)
    fields = what if part == "tells" else what["fields"]
    told = ", ".join(f"{name} ({_field(one)})" for name, one in fields.items())
    if part == "tells":
        return told
    chosen = ", ".join(what.get("choose", ()))
    return "; ".join(filter(None, (what["type"], " or ".join(what["ways"]), chosen, told)))


def _field(one: dict[str, Any]) -> str:
    """A field's type, and what its answer is held against."""
    rest = [f"{key} {value}" for key, value in one.items() if key not in ("type", "optional", "unit")]
    return ", ".join([one["type"], *rest, *(["optional"] if one["optional"] else []), *filter(None, [one["unit"]])])
