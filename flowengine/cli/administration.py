"""``flow administration``: who has changed what of the installation; ``flow status``: how it fares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowengine.cli import listing
from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.option(
    "--about", default="", metavar="ID", help="Only what is about a person, process, token, calendar or file."
)
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--after", type=click.IntRange(1, 2**53), metavar="NUMBER", help="The last one of the page before.")
@listing.options
@common
@terminal
def administration(
    terminal: Terminal, about: str, limit: int, after: int | None, output: str | None, sort_by: str | None
) -> None:
    """Who has changed what of the installation, the newest first.

    Processes put in use, people entered and erased, roles, tokens, links, calendars closed: whatever is no act on a
    job, which flow history tells. flow audit checks that nothing of it was changed or left out.
    """
    from flowengine.cli import lists

    form = listing.Form.of(terminal, lists.ADMINISTRATION, output, sort_by)
    desk = terminal.desk()
    rows = desk.administration(about, limit=limit, after=after or 0)

    def more(console: Console) -> None:
        if len(rows) == limit:
            lists.more(console, f"there may be more; --after {rows[-1].seq} lists them")

    form.tell(rows, desk.now(), more)


@click.command()
@common
@terminal
def status(terminal: Terminal) -> None:
    """How the installation fares: what is wrong and what helps, what is due and not done, what is set.

    Of secrets it is told only whether they are set. It looks and changes nothing; exit code 1 where something grave is
    wrong, for supervisors.
    """
    from flowengine.cli import show
    from flowengine.cli.group import REFUSED
    from flowengine.cli.moments import distance

    found = terminal.desk().status()

    def tell(console: Console) -> None:
        for one in found.wrong:
            show.line(console, ("✗ " if one.grave else "· ", "bold red" if one.grave else "dim"), one.what)
            for helps in one.possible:
                show.line(console, (f"  → {helps}", "dim"))
        if not any(one.grave for one in found.wrong):
            show.line(console, ("Nothing is wrong.", "bold green"))
        show.line(console, f"Open: {found.jobs:,} jobs, {found.steps:,} steps. Running calls: {found.running:,}.")
        for queue in found.queues:
            name = f"{queue.name} of {queue.handler}" if queue.handler else queue.name
            long = f", the oldest since {distance(queue.since, found.at)}" if queue.due else ""
            show.line(console, f"Due {name}: {queue.due:,}{long}; gave up: {queue.gave_up:,}")
        for worker in found.workers:
            seen = f", seen {distance(worker.seen, found.at)}" if worker.seen else ""
            show.line(console, f"Worker {worker.where or worker.id}: {worker.calls:,} calls{seen}")
        show.line(console, f"{found.database} at {found.address}, schema {found.schema}")
        show.line(console, f"flowengine {found.version}, Python {found.python}")
        for setting in found.settings:
            show.line(console, (f"{setting.variable or setting.name}: ", "dim"), setting.value or "–")

    terminal.answer(found, tell)
    if any(one.grave for one in found.wrong):
        click.get_current_context().exit(REFUSED)
