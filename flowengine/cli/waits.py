"""What open jobs wait for, as a table for operators who look for what does not move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console

from flowengine.cli import show
from flowengine.cli.moments import distance, told
from flowengine.client import StuckView, WaitView


def stuck(console: Console, rows: Sequence[StuckView], now: datetime) -> None:
    """One line for each thing that a job waits for; a job is named on its first line alone."""
    show.table(
        console,
        ("Job", "Customer", "Waits for", "Since"),
        [cells for row in rows for cells in _lines(row, now)],
        "No open job waits for anything.",
    )


def _lines(row: StuckView, now: datetime) -> Iterator[Sequence[str]]:
    whose = f"{row.customer_name} ({row.process})"
    for index, wait in enumerate(row.waits):
        since = f"{told(wait.since)} ({distance(wait.since, now)})"
        yield ("", "", words(wait, now), since) if index else (row.short, whose, words(wait, now), since)
    if row.more:
        yield "", "", "and more", ""
    if not row.waits:
        yield row.short, whose, "nothing that is listed", f"{told(row.since)} ({distance(row.since, now)})"


def words(wait: WaitView, now: datetime) -> str:
    """One thing that a job waits for, in words: for whom or what, until when, what went wrong, and what comes next."""
    return "; ".join(filter(None, (_what(wait, now), _trouble(wait, now), wait.id)))


def _what(wait: WaitView, now: datetime) -> str:
    until = f" (until {told(wait.due)}{', overdue' if wait.due < now else ''})" if wait.due else ""
    match wait.kind:
        case "step":
            return f"{wait.whom or 'nobody'}: {wait.what}{until}"
        case "message":
            return f"the message {wait.what}" + (f" ({wait.whom})" if wait.whom else "")
        case "call":
            said = f" ({wait.progress})" if wait.progress else ""
            return f"the service {wait.whom}{', by an external worker' if wait.external else ''}: {wait.what}{said}"
        case "suspended":
            return f"suspended by {wait.whom}: {wait.what}"
        case "job":
            return f"the job {wait.whom}: {wait.what}"
        case _:
            return f"the clock: {wait.what}{until}"


def _trouble(wait: WaitView, now: datetime) -> str:
    if not wait.error or wait.kind == "step":
        return wait.error
    tried = f"tried {wait.attempts} {'time' if wait.attempts == 1 else 'times'}: " if wait.attempts else ""
    if wait.next is None:
        return f"gave up, {tried}{wait.error}"
    again = f"again {distance(wait.next, now)}" if wait.next > now else "again now"
    return f"{tried}{wait.error}; {again}"
