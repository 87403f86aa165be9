"""``flow administration``: who has changed what of the installation."""

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
