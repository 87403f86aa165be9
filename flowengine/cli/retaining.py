"""``flow archive``: finished jobs go into a file and out of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from flowengine.cli.context import Desk
from flowengine.cli.flags import desk, span_or_moment
from flowengine.cli.group import common


class Before(click.ParamType[timedelta | datetime]):
    """A span of time before now (``P365D``), a date or a moment."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        if isinstance(value, timedelta | datetime):
            return value
        try:
            found = span_or_moment(value)
        except ValueError:
            self.fail(f"{value!r} is neither a span like P365D nor a date like 2026-01-31.", param, ctx)
        if not isinstance(found, datetime):
            return timedelta(seconds=found.seconds)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--ended-before",
    "before",
    type=Before(),
    required=True,
    metavar="P365D|DATE",
    help="Which jobs: those that ended longer ago than this, or before this day (UTC).",
)
@click.option("--batch", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Jobs a transaction.")
@click.option("--count", is_flag=True, help="Only say how many jobs it would be.")
@common
@desk
def archive(desk: Desk, file: Path, before: timedelta | datetime, batch: int, count: bool) -> None:
    """Write finished jobs to the new file FILE, with their whole histories, and delete them from the database.

    FILE has one JSON object a line, packed where its name ends in .gz. `flow audit --archive FILE` checks it. What is
    deleted is on disk first, so it may be broken off at any time: what is left goes into the next archive.
    """
    from flowengine.cli import show

    engine = desk.engine()
    moment = before if isinstance(before, datetime) else engine.clock.now() - before
    if count:
        found = engine.archivable(moment)
        desk.answer(
            {"jobs": found}, lambda console: show.line(console, f"{_jobs(found)} ended before {moment:%Y-%m-%d}.")
        )
        return
    done = engine.archive(moment, file, batch=batch)

    def tell(console: Any) -> None:
        show.line(console, ("Archived: ", "bold"), f"{_jobs(done.jobs)} in {done.file} ({done.size:,} bytes).")
        if done.kept:
            show.line(console, f"  {_jobs(done.kept)} stayed here too: something was added meanwhile.")

    desk.answer(done, tell)


def _jobs(count: int) -> str:
    return f"{count:,} finished {'job' if count == 1 else 'jobs'}"
