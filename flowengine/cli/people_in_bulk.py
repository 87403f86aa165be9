"""``flow people import`` and ``export``: many people from and to files, and all that is kept of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import imported, tab_words, vcard_files
from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal, write_json
from flowengine.errors import BadAnswer, NotAllowed, NotFound

if TYPE_CHECKING:
    from flowengine.client import Desk

PAGE = 200
OF_JSON = (".jsonl", ".ndjson", ".json")


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False))
@click.option("--dry", is_flag=True, help="Say what would come of it, and enter nobody.")
@common
@terminal
def import_people(terminal: Terminal, path: str, dry: bool) -> None:
    """Enter the customers in FILE, or change what is said of them: CSV whose first line names the columns, a JSON
    object a line (.jsonl), or vCards 3.0 and 4.0 (.vcf).

    The columns are id, name, contact, groups (a;b), zone, language, record (JSON) and record.KEY. A thousand rows are
    entered together, or, where one of them cannot be taken, not at all; each such row is told with its line. The same
    file again changes nothing. Of vCards it is told what has no place here, and who may be known already.
    """
    from flowengine.client import OF_CARDS, read_people

    data = _read(path)
    if path.lower().endswith(OF_CARDS):
        vcard_files.enter(terminal, path, data, dry)
        return
    try:
        rows = list(read_people(data, lines_of_json=path.lower().endswith(OF_JSON)))
    except ValueError as error:
        raise BadAnswer({"": str(error)}, where=path) from None
    done = imported.entered(terminal, terminal.desk(create=not dry), rows, dry)
    terminal.answer(done, lambda console: imported.tell(console, done))
    if done.refused:
        click.get_current_context().exit(1)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise NotFound("there is no such file", where=path) from None
    except OSError as error:
        raise NotFound(f"the file cannot be read: {error.strerror}", where=path) from None


@click.command("export")
@click.argument("person", metavar="[ID]", required=False, shell_complete=tab_words.people)
@click.option("--all", "everybody", is_flag=True, help="All customers: who they are, and what is kept of them.")
@click.option("--csv", "as_csv", is_flag=True, help="With --all: as CSV; else a JSON object a line.")
@click.option("--vcard", is_flag=True, help="With ID: who it is, as a vCard 4.0.")
@click.option("-o", "--output", "path", metavar="FILE", help="Write to a new file.")
@common
@terminal
def export_people(
    terminal: Terminal, person: str | None, everybody: bool, as_csv: bool, vcard: bool, path: str | None
) -> None:
    """All that is kept of a customer, as one JSON document; or --all customers, as flow people import takes them.

    ID is the whole id. A vCard says who somebody is and how to reach him, and nothing else that is known. In CSV no
    cell is a formula: what could be one has an apostrophe before it.
    """
    if bool(person) == everybody:
        raise click.UsageError("Name one ID, or say --all.")
    if as_csv and not everybody:
        raise click.UsageError("--csv goes with --all.")
    if as_csv and terminal.json:
        raise click.UsageError("--csv and --json say two things: leave one out.")
    if vcard and (everybody or terminal.json):
        raise click.UsageError("--vcard goes with one ID, and without --json.")
    desk = terminal.desk()
    if person and vcard:
        from flowengine.client import written_card

        found = desk.record(person)
        write(path, [written_card(found.person.as_written(), found.contacts)])
    elif person:
        write_own(terminal, desk.export_person(person), path)
    else:
        write(path, _all(desk, as_csv))


def write_own(terminal: Terminal, found: dict[str, Any], path: str | None) -> None:
    """Write what is kept of somebody: to a new file, or as the answer."""
    from flowengine import exact

    if path is None:
        write_json(found)
        return
    write(path, [exact.ascii_text(found, indent=2), "\n"])
    terminal.answer({"file": path}, lambda _: click.echo(f"Written to {click.format_filename(path)}."))


def _all(desk: Desk, as_csv: bool) -> Iterator[str]:
    from flowengine import exact
    from flowengine.client import written_people

    after, head = "", True
    while page := desk.people("customer", after=after, limit=PAGE):
        there = [one.as_written() for one in page if one.erased is None]
        if as_csv:
            yield written_people(there, head=head)
        else:
            for one in there:
                kept = {name: one[name] for name in ("id", "name", "contact", "groups", "zone", "record")}
                yield exact.ascii_text(kept) + "\n"
        after, head = page[-1].id, False


def write(path: str | None, parts: Iterator[str] | Sequence[str]) -> None:
    """Write to standard output, or to a new file that its owner alone may read."""
    if path is None:
        sys.stdout.flush()
        for part in parts:
            click.echo(part, nl=False)
        return
    try:
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            out.writelines(parts)
    except FileExistsError:
        raise NotAllowed("there is a file already", where=path, possible=("another name",)) from None
    except OSError as error:
        raise NotAllowed(f"the file cannot be written: {error.strerror}", where=path) from None
