"""What people were told: it stands in the history, as it was said and to whom."""

from __future__ import annotations

from collections.abc import Iterable

from flowengine.commands import access
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.store import Entry, StoredJob, Transaction

APPOINTMENTS = ("lapsed", "missed", "moved")
"""What can become of an appointment without its customer's doing."""

REBOOKED = ("booked", "changed", "cancelled")
"""What can be done with one, of which those hear who have it in their calendars."""


def told_in(tx: Transaction, job: str, seq: int) -> list[e.Told]:
    """What the command of that number told, in order."""
    entries = tx.history.of(job, seq - 1, 1)
    return [event for event in entries[0].events if isinstance(event, e.Told)] if entries else []


def appointments_in(tx: Transaction, job: str, seq: int) -> tuple[list[e.AppointmentChanged], list[e.AnyEvent]]:
    """What became of appointments by the command of that number, in order, and all its events; nothing where its
    history is archived."""
    entries = tx.history.of(job, seq - 1, 1)
    events = list(entries[0].events) if entries else []
    return [event for event in events if isinstance(event, e.AppointmentChanged)], events


def took_part(entries: Iterable[Entry]) -> list[str]:
    """The ids of those who acted on a step, or in whose stead an operator did, and of the parties for which somebody
    did; the first first."""
    by = (
        entry.command.person if isinstance(entry.command, c.ActFor) else entry.by
        for entry in entries
        if isinstance(entry.command, c.Act | c.ActFor)
    )
    return list(dict.fromkeys(id for one in by if (id := one.party or one.id)))


def voted_by(tx: Transaction, job: StoredJob, seq: int) -> list[str]:
    """Who has voted in votes that were opened by then, whose ballots are in no history."""
    found: dict[str, None] = {}
    for box in tx.ballots.of_job(job.id):
        opened = access.opening(tx, job, box.step)
        if opened is not None and opened[0] <= seq:
            found |= dict.fromkeys(tx.ballots.who_voted(job.id, box.step))
    return list(found)
