"""Bookings: which slots of a calendar are taken.

Whoever changes a calendar's bookings writes the calendar's row first, and so they come one after another; then a free
seat is looked for among all that overlaps, whichever version of a process booked it, on whatever grid. As a second
guard a booking is one row for each cell of its grid, with the key (calendar, cell, seat).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from flowengine.core.events import AnyEvent, SlotBooked, SlotFreed
from flowengine.errors import SlotTaken
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param, upserts

_B = t.bookings
DAY = 86_400_000_000
"""No cell is longer than a day, in microseconds, so that a range of cells bounds what can overlap."""

ADD = Query("bookings.add", "Take a cell of a calendar on one seat.", inserts(_B))
FREE = Query(
    "bookings.free",
    "Let a slot go.",
    sa.delete(_B).where(
        _B.c.job_id == param("job_id"),
        _B.c.calendar == param("of_calendar"),
        _B.c.slot == param("of_slot"),
    ),
)
TAKEN = Query(
    "bookings.taken",
    "The slots of a calendar that overlap a time, with their seats.",
    sa.select(_B.c.slot, _B.c.slot_end, _B.c.seat)
    .distinct()
    .where(
        _B.c.calendar == param("of_calendar"),
        _B.c.cell > param("day_before"),
        _B.c.cell < param("before"),
        _B.c.until > param("after"),
    )
    .order_by(_B.c.slot, _B.c.seat),
)
GUARD = Query(
    "bookings.guard",
    "Let one transaction at a time change a calendar's bookings.",
    lambda dialect: upserts(dialect, t.calendars, {"changes": t.calendars.c.changes + 1}),
)


class Bookings:
    """Bookings in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def taken(self, calendar: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Start and end of the booked slots that overlap the time from ``start`` to ``end``, one for each booking."""
        rows = self._channel.rows(TAKEN, _range(calendar, micros(start), micros(end)))
        return [(moment(slot), moment(slot_end)) for slot, slot_end, _ in rows]


def save(channel: Channel, job: str, events: Sequence[AnyEvent]) -> None:
    """Write a command's bookings, in the order in which they happened. Raises SlotTaken."""
    changes = [event for event in events if type(event) is SlotBooked or type(event) is SlotFreed]
    if not changes:
        return
    calendars = sorted({plain(change.calendar) for change in changes})
    channel.write_many(GUARD, [{"name": calendar, "changes": 1} for calendar in calendars])
    for change in changes:
        if isinstance(change, SlotFreed):
            values = {"job_id": job, "of_calendar": plain(change.calendar), "of_slot": micros(change.start)}
            channel.write(FREE, values)
        else:
            _book(channel, job, change)


def _book(channel: Channel, job: str, slot: SlotBooked) -> None:
    start, end, calendar = micros(slot.start), micros(slot.end), plain(slot.calendar)
    used = {seat for _, _, seat in channel.rows(TAKEN, _range(calendar, start, end))}
    free = [seat for seat in range(1, slot.seats + 1) if seat not in used]
    beyond = sum(seat > slot.seats for seat in used)  # booked when the calendar had more seats than this version knows
    if len(free) <= beyond:
        raise SlotTaken(
            f"the time {slot.start.isoformat()} was booked by another in the meantime",
            where=slot.calendar,
            possible=["another time"],
        )
    width = min(round(slot.every * 1_000_000) or end - start, DAY)
    base: dict[str, Any] = {"calendar": calendar, "seat": free[0], "job_id": job, "slot": start, "slot_end": end}
    cells = [base | {"cell": cell, "until": min(cell + width, end)} for cell in range(start, end, width)]
    channel.write_many(ADD, cells)


def _range(calendar: str, start: int, end: int) -> dict[str, Any]:
    return {"of_calendar": calendar, "day_before": start - DAY, "before": end, "after": start}
