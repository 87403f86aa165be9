"""Bookings: which slots of a calendar are taken, and when people have appointments.

A person has bookings of his own, beside those of the calendars, under his seating (``person:<id>``), with one seat: he
is in one place at a time, whichever process, job and calendar it is for.

Whoever changes the bookings of a calendar or person writes its row first, in the order of their names, and so they come
one after another; then a free seat is looked for among all that overlaps, whichever version of a process booked it, on
whatever grid. As a second guard a booking is one row for each cell of its grid, with the key (calendar, cell, seat).

What is only held says until when. Once that is over it is in nobody's way (L13): it does not count, and whoever books
that time deletes it. The job that held it learns of it by its own clock, and nobody touches that job.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from flowengine.core.events import AnyEvent, SlotBooked, SlotFreed
from flowengine.core.seatings import person_seating
from flowengine.core.world import Appointment
from flowengine.errors import SlotTaken
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param, upserts

_B = t.bookings
DAY = 86_400_000_000
"""No cell is longer than a day, in microseconds, so that a range of cells bounds what can overlap."""

_OVERLAPS = (_B.c.cell > param("day_before"), _B.c.cell < param("before"), _B.c.until > param("after"))

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
LAPSED = Query(
    "bookings.lapsed",
    "Let go what was held too long, where it overlaps a time.",
    sa.delete(_B).where(_B.c.calendar == param("of_calendar"), *_OVERLAPS, _B.c.held_until <= param("now")),
)
GUARD = Query(
    "bookings.guard",
    "Let one transaction at a time change the bookings of a calendar or person.",
    lambda dialect: upserts(dialect, t.calendars, {"changes": t.calendars.c.changes + 1}),
)


@lru_cache(maxsize=32)
def taken(calendars: int) -> Query:
    """The slots of so many calendars and people that overlap a time, with their seats."""
    columns = (_B.c.calendar, _B.c.slot, _B.c.slot_end, _B.c.seat, _B.c.job_id)
    return Query(
        "bookings.taken",
        "The slots of calendars and people that overlap a time, with their seats.",
        sa.select(*columns)
        .distinct()
        .where(
            _B.c.calendar.in_([param(f"c{index}") for index in range(calendars)]),
            *_OVERLAPS,
            sa.or_(_B.c.held_until.is_(None), _B.c.held_until > param("now")),
        )
        .order_by(*columns),
    )


class Bookings:
    """Bookings in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def of(self, whose: Sequence[str], start: datetime, end: datetime, now: datetime) -> dict[str, list[Appointment]]:
        """For each of these calendars and people, the appointments that overlap the time from ``start`` to ``end``, in
        order; what was held until ``now`` or before is none."""
        found: dict[str, list[Appointment]] = {name: [] for name in whose}
        names = {plain(name): name for name in whose}
        rows = _taken(self._channel, list(names), micros(start), micros(end), micros(now))
        for calendar, slot, slot_end, _, job in rows:
            found[names[calendar]].append(Appointment(moment(slot), moment(slot_end), job))
        return found

    def guard(self, whose: Sequence[str]) -> None:
        """Nobody else changes the bookings of these until the transaction is over."""
        guard(self._channel, whose)


def guard(channel: Channel, whose: Sequence[str]) -> None:
    """Write the rows of calendars and people, in the order of their names, so that no two wait for each other."""
    channel.write_many(GUARD, [{"name": name, "changes": 1} for name in sorted({plain(one) for one in whose})])


def save(channel: Channel, job: str, events: Sequence[AnyEvent], at: datetime) -> None:
    """Write a command's bookings, in the order in which they happened. Raises SlotTaken."""
    changes = [event for event in events if type(event) is SlotBooked or type(event) is SlotFreed]
    if not changes:
        return
    guard(channel, [name for change in changes for name in _whose(change)])
    for change in changes:
        if isinstance(change, SlotFreed):
            slot = micros(change.start)
            rows = [{"job_id": job, "of_calendar": plain(name), "of_slot": slot} for name in _whose(change)]
            channel.write_many(FREE, rows)
            continue
        for name in _whose(change):
            _book(channel, job, change, name, micros(at))


def _whose(change: SlotBooked | SlotFreed) -> list[str]:
    """The calendar and the people whose bookings it changes."""
    return [change.calendar, *(person_seating(one) for one in (change.customer, change.staff) if one)]


def _book(channel: Channel, job: str, slot: SlotBooked, name: str, now: int) -> None:
    """Take a seat of a calendar, or one person."""
    start, end, calendar, person = micros(slot.start), micros(slot.end), plain(name), name != slot.calendar
    seats = 1 if person else slot.seats
    used = {seat for _, _, _, seat, _ in _taken(channel, [calendar], start, end, now)}
    free = [seat for seat in range(1, seats + 1) if seat not in used]
    beyond = sum(seat > seats for seat in used)  # booked when the calendar had more seats than this version knows
    if len(free) <= beyond:
        what = f"{name.partition(':')[2]} has another appointment then" if person else "it was booked by another"
        raise SlotTaken(
            f"the time {slot.start.isoformat()} is not free any more: {what}",
            where=slot.calendar,
            possible=["another time"],
        )
    width = DAY if person else min(round(slot.every * 1_000_000) or end - start, DAY)
    base: dict[str, Any] = {"calendar": calendar, "seat": free[0], "job_id": job, "slot": start, "slot_end": end}
    base["held_until"] = None if slot.held_until is None else micros(slot.held_until)
    cells = [base | {"cell": cell, "until": min(cell + width, end)} for cell in range(start, end, width)]
    channel.write(LAPSED, {"of_calendar": calendar, "now": now} | _range(start, end))
    channel.write_many(ADD, cells)


def _taken(channel: Channel, calendars: Sequence[str], start: int, end: int, now: int) -> list[tuple[Any, ...]]:
    """The rows of these calendars, by queries for as many as a power of two, so that there are few of them."""
    if not calendars:
        return []
    count = 1 << (len(calendars) - 1).bit_length()
    names = {f"c{index}": calendars[min(index, len(calendars) - 1)] for index in range(count)}
    return channel.rows(taken(count), names | {"now": now} | _range(start, end))


def _range(start: int, end: int) -> dict[str, Any]:
    return {"day_before": start - DAY, "before": end, "after": start}
