"""``flow insight``: what all jobs of a process have taught."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import show, tab_words
from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.moments import length
from flowengine.cli.terminal import Terminal, screen

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Desk, Insight, InsightRow, InsightTable


@click.command()
@click.argument("process", required=False, shell_complete=tab_words.processes)
@click.option("--since", default="", metavar="MONTH", help="From this month on: 2026-05.  [default: the first]")
@click.option("--until", default="", metavar="MONTH", help="Up to this month, with it.  [default: the last]")
@click.option(
    "--by",
    "split",
    type=click.Choice(["month", "version", "group"]),
    help="A row for each month, version, or group of customers.",
)
@click.option("--csv", "as_csv", is_flag=True, help="All rows of all tables as CSV.")
@click.option("--rebuild", is_flag=True, help="Count all anew from the histories first.")
@common
@terminal
def insight(
    terminal: Terminal, process: str | None, since: str, until: str, split: str | None, as_csv: bool, rebuild: bool
) -> None:
    """What all jobs of PROCESS have taught: choices, waits, lead times, promises, satisfaction.

    Where one process alone is in use, PROCESS may be left out. Nothing is told of fewer than five customers.
    """
    if as_csv and terminal.json:
        raise click.UsageError("--csv and --json say two things: leave one out.")
    desk = terminal.desk()
    wanted: dict[str, Any] = {"since": since, "until": until, "split": split or ""}
    name = process or only_process(desk)
    if rebuild:
        desk.insight(name, **wanted)  # refused before anything is forgotten
        desk.recount()
    found = desk.insight(name, **wanted)
    while rebuild and found.anew:
        screen(error=True).print(behind(found.behind, anew=found.anew), style="dim")
        found = desk.insight(name, **wanted)
    if as_csv:
        from flowengine.client import as_rows, csv_text

        click.echo(csv_text([*as_rows(found.tables)]), nl=False)
        return
    terminal.answer(found, lambda console: _shown(console, found))


def only_process(desk: Desk) -> str:
    """The one process that is in use. Raises wrong use where there are several, or none."""
    names = sorted({one.name for one in desk.processes() if one.latest})
    if len(names) != 1:
        raise click.UsageError(f"Of which process? In use: {', '.join(names) or 'none'}.")
    return names[0]


def behind(jobs: int, *, anew: bool) -> str:
    """That so many jobs are still to be counted."""
    count = f"{jobs:,}{' or more' if jobs >= 1_000 else ''}"
    before = "All is being counted anew, and what is told is not whole yet: " if anew else ""
    return f"{before}{count} {'job is' if jobs == 1 else 'jobs are'} still to be counted."


def _shown(console: Console, found: Insight) -> None:
    when = f", {found.since}" if found.since == found.until else f", {found.since} to {found.until}"
    show.line(console, (found.title, "bold"), (f" ({found.process})", "dim"), when if found.since else "")
    for table in found.tables:
        show.line(console, "")
        _table(console, table, split=found.split)
    if not found.tables:
        show.line(
            console, (f"There is nothing to tell yet: nothing is told of fewer than {found.least} customers.", "dim")
        )
    if found.behind or found.anew:
        show.line(console, "")
        show.line(console, (behind(found.behind, anew=found.anew), "yellow"))


def _table(console: Console, table: InsightTable, split: str) -> None:
    """A table under its title; columns in which nothing stands are left out."""
    heads = ["State", "What", split.capitalize(), "Count", "Of", "Mean", "Usually", "Nine of ten within"]
    rows = [tuple(_cells(row)) for row in table.rows]
    there = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    show.line(console, (table.title, "bold"))
    show.table(console, [heads[index] for index in there], [[row[index] for index in there] for row in rows], "")
    if table.withheld:
        what = "value is" if table.withheld == 1 else "values are"
        show.line(console, (f"{table.withheld} {what} of too few customers to be told alone.", "dim"))


def _cells(row: InsightRow) -> Iterator[str]:
    spans = (None if one is None else timedelta(seconds=one) for one in (row.usual, row.slow))
    yield row.title
    yield row.words
    yield row.split
    yield f"{row.count:,}"
    yield f"{row.of:,}" if row.of != row.count else ""
    yield f"{row.mean:.2f}" if row.mean is not None and row.usual is None else ""
    yield from ("" if one is None else length(one) for one in spans)
