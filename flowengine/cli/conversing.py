"""Commands of conversations: message, note, write, conversation; and file, for what belongs to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowengine.cli import sure, tab_words
from flowengine.cli.flags import request_key, terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Stopped, Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Desk, FileView, MessageView, OpenConversation

files = click.option(
    "--file", "paths", metavar="PATH", multiple=True, help="A file that goes with it. May be repeated."
)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("text", nargs=-1)
@files
@click.option("--to", default="", metavar="ID", help="What it answers: its id, as flow conversation shows it.")
@request_key
@common
@terminal
def message(
    terminal: Terminal, job: str, text: tuple[str, ...], paths: tuple[str, ...], to: str, key: str | None
) -> None:
    """Write about a job.

    What a customer writes waits in the inbox of those who answer, until one has. What staff write is told to the
    customer; with --to it answers what waits.
    """
    from flowengine.cli import acting

    desk = terminal.mine()
    words = _words(terminal, text, "flow message JOB TEXT")
    receipt = desk.message(job, words, _uploaded(desk, paths, job), to=to, key=key)
    acting.spoken(terminal, desk, receipt, "answer" if to else "message", words)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("text", nargs=-1)
@files
@request_key
@common
@terminal
def note(terminal: Terminal, job: str, text: tuple[str, ...], paths: tuple[str, ...], key: str | None) -> None:
    """Note something about a job for those inside: no customer ever sees it."""
    from flowengine.cli import acting

    desk = terminal.mine()
    words = _words(terminal, text, "flow note JOB TEXT")
    acting.spoken(terminal, desk, desk.note(job, words, _uploaded(desk, paths, job), key=key), "note", words)


@click.command()
@click.argument("text", nargs=-1)
@click.option("--to", "person", metavar="CUSTOMER", shell_complete=tab_words.customers, help="For staff: to whom.")
@files
@request_key
@common
@terminal
def write(
    terminal: Terminal, text: tuple[str, ...], person: str | None, paths: tuple[str, ...], key: str | None
) -> None:
    """Write to the organisation, or for staff to a customer, about no job in particular.

    What a customer writes waits until one of the staff writes back: flow conversation --open lists what waits.
    """
    from flowengine.cli import acting, show
    from flowengine.cli.moments import told

    desk = terminal.mine()
    words = _words(terminal, text, "flow write TEXT")
    whom = acting.person(desk, person, "customer") if person else ""
    named = _uploaded(desk, paths)
    sent = desk.message_to(whom, words, named, key=key) if whom else desk.write(words, named, key=key)

    def tell(console: Console) -> None:
        show.line(console, ("Said", "bold green"), ": ", words)
        until = f"  Waits for an answer, by {told(sent.due)}." if sent.due else "  The customer reads it."
        show.line(console, until)

    terminal.answer(sent, tell)


@click.command()
@click.argument("job", required=False, shell_complete=tab_words.jobs)
@click.option("--with", "person", metavar="CUSTOMER", shell_complete=tab_words.customers, help="All with a customer.")
@click.option("--open", "open_", is_flag=True, help="For staff: which customers wait for an answer without a job.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--after", default="", metavar="PLACE", help="The next page, as the page before says.")
@common
@terminal
def conversation(terminal: Terminal, job: str | None, person: str | None, open_: bool, limit: int, after: str) -> None:
    """What was said about a JOB, the oldest first; with --with, all that was said with a customer, the newest first."""
    from flowengine.cli import acting

    if (job is not None) + (person is not None) + open_ != 1:
        raise click.UsageError("Name a JOB, or a customer --with whom, or ask what is --open.")
    if open_:
        desk = terminal.mine()
        waiting = desk.open_conversations(after, limit)
        terminal.answer(waiting, lambda console: _show_open(console, waiting, limit))
        return
    desk = terminal.desk()
    if job is not None:
        found = desk.conversation(job, after, limit)
    else:
        found = desk.conversation_with(acting.person(desk, str(person), "customer"), after, limit)
    terminal.answer(found, lambda console: _show(terminal, console, found, limit))


def _words(terminal: Terminal, text: tuple[str, ...], example: str) -> str:
    from flowengine.cli import acting

    return " ".join(text) or acting.words(terminal, "What do you want to say?", example)


def _uploaded(desk: Desk, paths: tuple[str, ...], job: str = "") -> list[str]:
    from flowengine.cli.uploads import upload

    return [upload(desk, path, job) for path in paths]


def _show(terminal: Terminal, console: Console, found: list[MessageView], limit: int) -> None:
    from flowengine.cli import show
    from flowengine.cli.moments import told
    from flowengine.cli.tables import ID

    for one in found:
        kind = " · for those inside" if one.inside else ""
        about = f" · {one.process}" if one.process else ""
        show.line(console, (one.who, "bold"), (f" ({one.saying}), {told(one.at)}{about}{kind}", "dim"))
        for text in one.text.splitlines() or [""]:
            show.line(console, "    ", text)
        for file in one.files:
            _show_file(console, file)
            if not file.words and file.state != "erased":
                show.line(console, ("    → ", "dim"), terminal.line(f"file get {file.id}"), pasted=True)
        if one.status == "waiting":
            due = f", by {told(one.due)}" if one.due else ""
            show.line(
                console, (f"    waits for an answer from {one.whom}{due}", "yellow"), ("   ", ""), (one.short, ID)
            )
        elif one.status == "taken_back":
            show.line(console, ("    taken back", "dim"))
    if not found:
        show.line(console, ("Nothing was said yet.", "dim"))
    elif len(found) == limit:
        show.line(console, ("There is more: --after ", "dim"), found[-1].place)


def _show_file(console: Console, file: FileView) -> None:
    from flowengine.cli import show
    from flowengine.cli.tables import ID

    words = f", {file.words}" if file.words else ""
    said = "erased" if file.state == "erased" else f"{file.name}, {_size(file.size)}{words}"
    show.line(console, "    ", (file.id, ID), f"  {said}")


def _size(count: int) -> str:
    """``12 kB``, ``3.4 MB``."""
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _show_open(console: Console, found: list[OpenConversation], limit: int) -> None:
    from flowengine.cli import show, tables
    from flowengine.cli.moments import told
    from flowengine.interop.labels import shorten

    if not found:
        show.line(console, ("Nobody waits for an answer.", "bold green"))
        return
    rows = [(one.party, one.name, one.waiting, told(one.due), shorten(one.text, 60)) for one in found]
    tables.draw(console, ("Customer", "Name", "Messages", "By", "The last"), rows, dropped=(1, 4))
    if len(found) == limit:
        show.line(console, ("There is more: --after ", "dim"), found[-1].place)


# files


@click.group(cls=FlowGroup)
def file() -> None:
    """Files that belong to messages and answers: open one, look at one, refuse one."""


@file.command("get")
@click.argument("id")
@click.option(
    "--to", "path", metavar="PATH", help="Where it is written: a file, a folder, or - ; else here, as it is called."
)
@sure.yes
@common
@terminal
def get(terminal: Terminal, id: str, path: str | None, yes: bool) -> None:
    """Write the contents of a file to a PATH. What is there already is not overwritten without being asked."""
    from flowengine.cli import show

    desk = terminal.desk()
    seen = desk.file(id)
    if path == "-":
        if terminal.json:
            raise click.UsageError("--to - writes the contents: leave --json out.")
        sys.stdout.buffer.write(desk.file_data(id))
        return
    place = Path(path or ".")
    if place.is_dir():
        place /= seen.name
    if place.exists() and not yes:
        _ask_to_overwrite(terminal, place)
    data = desk.file_data(id)
    place.write_bytes(data)
    written = {"file": str(place), "size": len(data), "type": seen.type}
    terminal.answer(written, lambda console: show.line(console, ("Written", "bold green"), f": {place}"))


def _ask_to_overwrite(terminal: Terminal, place: Path) -> None:
    from flowengine.cli import prompt
    from flowengine.cli.terminal import screen

    if not terminal.asks:
        raise click.UsageError(f"{place} is there already: say --yes, or another --to.")
    if not prompt.sure(screen(), f"{place} is there already: overwrite it?"):
        raise Stopped


@file.command("show")
@click.argument("id")
@common
@terminal
def show_one(terminal: Terminal, id: str) -> None:
    """What a file is."""
    seen = terminal.desk().file(id)
    terminal.answer(seen, lambda console: _show_file(console, seen))


@file.command("refuse")
@click.argument("id")
@click.option("--because", required=True, metavar="TEXT", help="Why; whoever asks for it is told.")
@common
@terminal
def refuse(terminal: Terminal, id: str, because: str) -> None:
    """For operators: let nobody open a file any more."""
    seen = terminal.desk().refuse_file(id, because=because)
    terminal.answer(seen, lambda console: _show_file(console, seen))
