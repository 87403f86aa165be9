"""Receipts that can be checked without the database: list, save, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowengine.cli import tab_words
from flowengine.cli.flags import terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Checked, Proof

LARGEST = 64_000_000
"""Bytes that a receipt may have."""


@click.group(cls=FlowGroup)
def receipt() -> None:
    """Receipts of what you have answered: list, save, and check them without the database."""


@receipt.command("list")
@click.argument("job", shell_complete=tab_words.jobs)
@common
@terminal
def list_(terminal: Terminal, job: str) -> None:
    """What you have done in a job, of which there is a receipt."""
    from flowengine.cli import show
    from flowengine.cli.moments import told

    desk = terminal.mine()
    rows = desk.receipts(job)

    def table(console: Console) -> None:
        shown = [(row.short, told(row.at), row.what) for row in rows]
        show.table(console, ("Receipt", "When", "What"), shown, "You have done nothing in this job.")

    terminal.answer(rows, table)


@receipt.command()
@click.argument("ref", metavar="JOB[.SEQ]", shell_complete=tab_words.jobs)
@click.option("--to", "path", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@common
@terminal
def save(terminal: Terminal, ref: str, path: Path, force: bool) -> None:
    """Save a receipt: of what you have done last in JOB, or of the entry SEQ, which flow receipt list shows."""
    from flowengine.cli import show
    from flowengine.client import canonical
    from flowengine.errors import Refused

    job, dot, number = ref.rpartition(".")
    if dot and not (number.isascii() and number.isdigit() and len(number) <= 12):
        raise click.UsageError(f"{ref!r} is neither a job nor a receipt like 8c1f2a3b.4.")
    if path.exists() and not force:
        raise Refused("the file is there already", where=str(path), possible=("another name", "--force"))
    made = terminal.desk().proof(job if dot else ref, int(number) if dot else None)
    try:
        path.write_bytes(canonical(made) + b"\n")
    except OSError as error:
        raise Refused(f"the file cannot be written: {error.strerror}", where=str(path)) from None

    def said(console: Console) -> None:
        show.line(console, ("Saved", "bold green"), f": {path}, a receipt of entry {made.seq} of job {made.job}")
        show.line(console, ("  Check it, wherever: ", "dim"), f"flow receipt verify {path}", pasted=True)

    terminal.answer(made, said)


@receipt.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--job", default="", metavar="ID", help="The full id of the job of which it should be.")
@common
@terminal
def verify(terminal: Terminal, path: Path, job: str) -> None:
    """Check a receipt by itself, without the database; with --at, also that the history there still has it."""
    from flowengine.client import verify as check
    from flowengine.errors import Refused

    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"the file cannot be read: {error.strerror}", where=str(path)) from None
    found = check(data, job) if len(data) <= LARGEST else check(b"")
    if found.holds and terminal.at:
        found = _in_chain(terminal, found, data)
    terminal.answer(found, lambda console: _shown(console, found))
    if not found.holds:
        raise click.exceptions.Exit(1)


def _in_chain(terminal: Terminal, found: Checked, data: bytes) -> Checked:
    """What became of a receipt that holds by itself, once the history was asked."""
    from msgspec.structs import replace

    from flowengine.client import canonical, verify
    from flowengine.errors import NotFound

    try:
        there: Proof = terminal.desk().proof(found.job, found.seq)
    except NotFound:
        words = "By itself it holds, but the database has no such entry, or it is not for you."
        return replace(found, verdict="not_in_chain", words=words)
    if there.hash != _hash(data):
        words = "By itself it holds, but the history there has another entry in its place."
        return replace(found, verdict="not_in_chain", words=words)
    check_there = verify(canonical(there))
    if found.verdict == "holds" and check_there.verdict == "erased":
        words = f"{found.words} The history has it still; its contents were erased there on request."
        return replace(found, verdict="erased", words=words)
    otherwise = ", ".join(sorted(set(found.unproved) - set(check_there.unproved)))
    besides = f" It tells otherwise by now: {otherwise}." if otherwise else ""
    return replace(found, words=f"{found.words} The history there has it still.{besides}")


def _hash(data: bytes) -> str:
    from flowengine.client import read_proof

    made = read_proof(data)
    assert made is not None, "a receipt that holds can be read"
    return made.hash


_STYLES = {"holds": "bold green", "erased": "yellow"}


def _shown(console: Console, found: Checked) -> None:
    from flowengine.cli import show

    show.line(console, (found.words, _STYLES.get(found.verdict, "bold red")))
    for line in found.proves:
        show.line(console, ("  proved  ", "dim"), line)
    for line in found.unproved:
        show.line(console, ("  told    ", "dim"), line)
