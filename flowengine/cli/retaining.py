"""``flow archive``: finished jobs go into a file and out of the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import sure
from flowengine.cli.flags import so_long_before, terminal, when
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from flowengine.client import Duration


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--ended-before",
    "before",
    callback=when("a span like P365D nor a date like 2026-01-31"),
    required=True,
    metavar="P365D|DATE",
    help="Which jobs: those that ended longer ago than this, or before this day (UTC).",
)
@click.option("--batch", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Jobs a transaction.")
@click.option("--count", is_flag=True, help="Only say how many jobs it would be.")
@sure.yes
@common
@terminal
def archive(terminal: Terminal, file: Path, before: Duration | datetime, batch: int, count: bool, yes: bool) -> None:
    """Write finished jobs to the new file FILE, with their whole histories, and delete them from the database.

    FILE has one JSON object a line, packed where its name ends in .gz. `flow audit --archive FILE` checks it. What is
    deleted is on disk first, so it may be broken off at any time: what is left goes into the next archive.
    """
    from flowengine.cli import show

    desk = terminal.desk()
    moment = so_long_before(before, desk.now())
    if terminal.far and not count:
        from flowengine.client import must_exist

        must_exist(
            terminal.address, "an archive is written where the database is", "--count says how many jobs it would be"
        )
    if count:
        found = desk.archivable(moment)
        terminal.answer(
            {"jobs": found}, lambda console: show.line(console, f"{_jobs(found)} ended before {moment:%Y-%m-%d}.")
        )
        return

    def means(console: Any) -> None:
        show.line(console, f"{_jobs(desk.archivable(moment))} that ended before {moment:%Y-%m-%d} go into {file},")
        show.line(console, "and out of the database: flow track and flow history find them no more.")

    sure.be_sure(terminal, yes, "Archive them?", means)
    done = desk.archive(moment, file, batch=batch)

    def tell(console: Any) -> None:
        show.line(console, ("Archived: ", "bold"), f"{_jobs(done.jobs)} in {done.file} ({done.size:,} bytes).")
        if done.kept:
            show.line(console, f"  {_jobs(done.kept)} stayed here too: something was added meanwhile.")

    terminal.answer(done, tell)


def _jobs(count: int) -> str:
    return f"{count:,} finished {'job' if count == 1 else 'jobs'}"
