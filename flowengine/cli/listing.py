"""How lists are asked for and told: ``-o`` says in which form or which columns, ``--sort-by`` in which order.

One :class:`Listing` for each noun says what its table shows; everything else is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.terminal import Terminal, plain, screen, write_json

if TYPE_CHECKING:
    from rich.console import Console

FORMS = ("table", "json", "jsonl", "id")
"""What ``-o`` takes beside columns."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of one kind of rows. ``views`` names their types, in :mod:`flowengine.client`, whose fields are its
    columns.

    ``id`` is the field that commands take in full. ``table`` shows rows to a person, at a moment.
    """

    views: tuple[str, ...]
    id: str
    table: Callable[[Console, Sequence[Any], datetime], None]

    @property
    def columns(self) -> list[str]:
        from flowengine import client

        fields = [name for view in self.views for name in getattr(client, view).__struct_fields__]
        return list(dict.fromkeys(fields))


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``-o`` and ``--sort-by``, for a command that lists."""
    how = (
        "How to tell it: table, json (one document), jsonl (an object a line), id (an id a line), or columns: id,title."
    )
    command = click.option("--sort-by", "sort_by", metavar="COLUMN", help="Sort by a column; -COLUMN: backwards.")(
        command
    )
    return click.option("-o", "--output", "output", metavar="HOW|COLUMNS", help=how)(command)


@dataclass(frozen=True, slots=True)
class Form:
    """How one list is to be told: checked before anything is asked."""

    listing: Listing
    how: str = "table"
    columns: tuple[str, ...] = ()
    sort_by: str = ""
    backwards: bool = False

    @classmethod
    def of(cls, terminal: Terminal, listing: Listing, output: str | None, sort_by: str | None) -> Form:
        """Raises wrong use for columns that the rows do not have."""
        form, order = cls(listing), (sort_by or "").removeprefix("-")
        if order:
            _known(listing, "--sort-by", (order,))
            form = replace(form, sort_by=order, backwards=(sort_by or "").startswith("-"))
        if output is None:
            return replace(form, how="json") if terminal.json else form
        columns = tuple(name.strip() for name in output.split(","))
        if output not in FORMS:
            _known(listing, "-o", columns)
        if terminal.json and output != "json":
            raise click.UsageError(f"--json and -o {output} say two things: leave one out.")
        if output in FORMS:
            terminal.json = output == "json"
            return replace(form, how=output)
        return replace(form, how="columns", columns=columns)

    @property
    def is_table(self) -> bool:
        """Whether a person is shown the usual table, with what helps him beside it."""
        return self.how == "table"

    def tell(self, rows: Sequence[Any], now: datetime, also: Callable[[Console], None] | None = None) -> None:
        """Tell the rows, as they are ``now``; ``also`` is what a person is told below his table."""
        rows = self.sorted(rows)
        if self.how == "json":
            write_json(list(rows))
        elif self.how == "jsonl":
            _each_line(rows)
        elif self.how == "id":
            for row in rows:
                click.echo(_word(getattr(row, self.listing.id)))
        elif self.how == "columns":
            self._columns(rows)
        else:
            console = screen()
            self.listing.table(console, rows, now)
            if also is not None:
                also(console)

    def sorted(self, rows: Sequence[Any]) -> Sequence[Any]:
        """What has no value comes last, in either direction; equals keep their order."""
        if not self.sort_by:
            return rows
        there = [row for row in rows if getattr(row, self.sort_by, None) is not None]
        absent = [row for row in rows if getattr(row, self.sort_by, None) is None]
        return [*sorted(there, key=lambda row: _order(getattr(row, self.sort_by)), reverse=self.backwards), *absent]

    def _columns(self, rows: Sequence[Any]) -> None:
        """A table at a terminal; piped, a line a row, its values between tabs, without heads."""
        console = screen()
        cells = [[getattr(row, name, None) for name in self.columns] for row in rows]
        if not console.is_terminal:
            for row in cells:
                click.echo("\t".join(map(_word, row)))
            return
        from flowengine.cli import tables

        tables.draw(console, self.columns, [[tables.cell(_shown(value)) for value in row] for row in cells])


def _known(listing: Listing, option: str, columns: Sequence[str]) -> None:
    known = listing.columns
    wrong = next((name for name in columns if name not in known), None)
    if wrong is not None:
        forms = f"{', '.join(FORMS)}, or columns: " if option == "-o" else ""
        raise click.UsageError(f"{option}: there is no column {wrong!r}; there are {forms}{', '.join(known)}.")


def _each_line(rows: Sequence[Any]) -> None:
    from flowengine import exact

    for row in rows:
        click.echo(exact.ascii_text(plain(row)))


def _order(value: Any) -> Any:
    """Texts without regard to case; what has no order, as it is written."""
    if isinstance(value, str):
        return value.casefold()
    return value if isinstance(value, int | float | datetime) else _word(value)


def _shown(value: Any) -> str:
    """A value in a table of columns that a person chose."""
    from flowengine.cli.moments import told

    return told(value) if isinstance(value, datetime) else _word(value)


def _word(value: Any) -> str:
    """A value on one line for a program: moments in ISO 8601, several values with commas, nothing for none."""
    from flowengine import exact
    from flowengine.cli.safe_text import harmless

    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list) and all(isinstance(one, str) for one in value):
        return harmless(",".join(value))
    return harmless(value if isinstance(value, str | int) else exact.ascii_text(plain(value)))
