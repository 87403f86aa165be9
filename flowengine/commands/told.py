"""What a process has told people: it stands in the history, as it was said and to whom."""

from __future__ import annotations

from collections.abc import Iterable

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.store import Entry, Transaction


def told_in(tx: Transaction, job: str, seq: int) -> list[e.Told]:
    """What the command of that number told, in order."""
    entries = tx.history.of(job, seq - 1, 1)
    return [event for event in entries[0].events if isinstance(event, e.Told)] if entries else []


def took_part(entries: Iterable[Entry]) -> list[str]:
    """The ids of those who acted on a step, the first first."""
    return list(dict.fromkeys(entry.by.id for entry in entries if isinstance(entry.command, c.Act) and entry.by.id))
