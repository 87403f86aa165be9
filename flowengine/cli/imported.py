"""Rows of a file of people entered a thousand at a time, and what came of them told by their lines.

Others take from here: ``entered``, ``tell`` and ``TOGETHER``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Desk, FileRow, Imported

TOGETHER = 1_000
"""Rows of one transaction."""

MOST_TOLD = 50
"""Rows that cannot be taken that a person is told, before it is said how many more there are."""


def entered(terminal: Terminal, desk: Desk, rows: Sequence[FileRow], dry: bool) -> Imported:
    """Enter the rows, a thousand at a time; rows are told by their lines."""
    from msgspec.structs import replace

    from flowengine.client import Imported, RefusedRow

    total, seen = Imported(dry=dry), dict[str, int]()
    for first in range(0, len(rows), TOGETHER):
        some = [_once(row, seen) for row in rows[first : first + TOGETHER]]
        good = [row for row in some if not row.problem]
        bad = [RefusedRow(row=0, line=row.line, problems={"": row.problem}) for row in some if row.problem]
        found = desk.import_people([row.row for row in good], dry=dry or bool(bad))
        refused = [*bad, *(replace(one, line=good[one.row - 1].line) for one in found.refused)]
        kept = not bad
        total = Imported(
            added=total.added + (found.added if kept else 0),
            changed=total.changed + (found.changed if kept else 0),
            same=total.same + (found.same if kept else 0),
            left_out=total.left_out + (found.left_out if kept else len(good) - len(found.refused)),
            refused=(*total.refused, *sorted(refused, key=lambda one: one.line)),
            dry=dry,
        )
        if terminal.asks and len(rows) > TOGETHER:
            click.echo(f"\r{min(first + TOGETHER, len(rows)):,} of {len(rows):,}", err=True, nl=False)
    if terminal.asks and len(rows) > TOGETHER:
        click.echo(err=True)
    return total


def _once(row: FileRow, seen: dict[str, int]) -> FileRow:
    """The row, unless its id stood in a line before."""
    id = row.row.get("id")
    before = seen.setdefault(id.strip(), row.line) if isinstance(id, str) and id.strip() else row.line
    return row if before == row.line else row._replace(problem=f"the id {str(id)[:60]} stands in line {before} already")


def tell(console: Console, done: Imported) -> None:
    """What came of rows, those that cannot be taken each with its line."""
    from flowengine.cli.show import line

    would = "would be " if done.dry else ""
    line(console, (f"{done.added:,} {would}added, {done.changed:,} changed", "bold"), f", {done.same:,} as they were.")
    for one in done.refused[:MOST_TOLD]:
        wrong = "; ".join(f"{name}: {problem}" if name else problem for name, problem in one.problems.items())
        line(console, (f"  line {one.line}: ", "bold red"), wrong)
    if len(done.refused) > MOST_TOLD:
        line(console, f"  and {len(done.refused) - MOST_TOLD:,} more that cannot be taken")
    if done.left_out:
        line(console, ("  Left out with them: ", "yellow"), f"{done.left_out:,}. Mend the lines, and import it again.")
