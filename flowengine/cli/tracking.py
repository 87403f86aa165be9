"""``flow track``: where a job is, once, or as long as somebody looks on; or how one in an archive ended."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from flowengine.cli import show, watching
from flowengine.cli.moments import told
from flowengine.cli.terminal import Terminal, screen
from flowengine.client import Track, archived_track


def once(terminal: Terminal, job: str) -> None:
    """Where it is now."""
    desk = terminal.desk()
    seen = desk.track(job)
    terminal.answer(seen, lambda console: show.track(console, seen, desk.now(), terminal.program, terminal.once))


def archived(terminal: Terminal, file: str, job: str) -> None:
    """How it ended, as the file says."""
    seen = archived_track(file, job)
    terminal.answer(seen, lambda console: show.track(console, seen, datetime.now(UTC), terminal.program, ""))


def follow(terminal: Terminal, job: str, every: float) -> None:
    """Where it is, and then a line for each thing that is new."""
    if terminal.json:
        raise click.UsageError("--follow tells one line after the other: leave --json out.")
    console = screen()

    def tell(before: Track | None, seen: Track, now: datetime) -> None:
        if before is None:
            show.track(console, seen, now, terminal.program, "")
            return
        for words in watching.news(before, seen):
            show.line(console, (f"{told(seen.updated, seen.zone)}  ", "dim"), words)

    watching.track(terminal.desk(), job, every, tell)
