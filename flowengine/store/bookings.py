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
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from flowengine.core.events import AnyEvent, SlotBooked, SlotFreed
from flowengine.core.seatings import person_seating
from flowengine.core.world import CLOSED, Appointment
from flowengine.errors import SlotTaken
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param, upserts

_B, _C = t.bookings, t.closures
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
    names = [param(f"c{index}") for index in range(calendars)]
    booked = (
        sa.select(*columns)
        .distinct()
        .where(
            _B.c.calendar.in_(names),
            *_OVERLAPS,
            sa.or_(_B.c.held_until.is_(None), _B.c.held_until > param("now")),
        )
    )
    closed = sa.select(_C.c.calendar, _C.c.start, _C.c.until, sa.literal(0), sa.literal(CLOSED)).where(
        _C.c.calendar.in_(names), _C.c.start < param("before"), _C.c.until > param("after")
    )
    return Query(
        "bookings.taken",
        "The slots of calendars and people that overlap a time, with their seats, and when calendars are closed.",
        sa.union_all(booked, closed).order_by(sa.literal_column("1"), sa.literal_column("2"), sa.literal_column("5")),
    )


@lru_cache(maxsize=32)
def agenda(calendars: int) -> Query:
    """What so many calendars or people have in a time, in order, from some place on."""
    columns = (_B.c.slot, _B.c.job_id, _B.c.slot_end, _B.c.held_until)
    return Query(
        "bookings.agenda",
        "What calendars or people have in a time, by its beginning.",
        sa.select(*columns)
        .distinct()
        .where(
            _B.c.calendar.in_([param(f"c{index}") for index in range(calendars)]),
            *_OVERLAPS,
            sa.or_(_B.c.held_until.is_(None), _B.c.held_until > param("now")),
            sa.tuple_(_B.c.slot, _B.c.job_id) > sa.tuple_(param("from_slot"), param("from_job")),
        )
        .order_by(_B.c.slot, _B.c.job_id)
        .limit(param("most")),
    )


@lru_cache(maxsize=32)
def whose(jobs: int) -> Query:
    """Which calendars and people the appointments of so many jobs have taken."""
    columns = (_B.c.job_id, _B.c.slot, _B.c.calendar)
    return Query(
        "bookings.whose",
        "Which calendars and people the appointments of some jobs have taken.",
        sa.select(*columns).distinct().where(_B.c.job_id.in_([param(f"j{index}") for index in range(jobs)])),
    )


_PEOPLE = person_seating("")
CALENDARS = Query(
    "bookings.calendars",
    "The calendars in which anything was ever booked; people are none.",
    sa.select(t.calendars.c.name)
    .where(sa.or_(t.calendars.c.name < _PEOPLE, t.calendars.c.name >= _PEOPLE[:-1] + chr(ord(_PEOPLE[-1]) + 1)))
    .order_by(t.calendars.c.name),
)


class Booked(NamedTuple):
    """An appointment that is booked, or held until then: in which calendar, and for whom (by their ids)."""

    start: datetime
    end: datetime
    job: str
    held_until: datetime | None
    calendar: str
    people: tuple[str, ...]


class Bookings:
    """Bookings in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def of(self, whose: Sequence[str], start: datetime, end: datetime, now: datetime) -> dict[str, list[Appointment]]:
        """For each of these calendars and people, the appointments that overlap the time from ``start`` to ``end``, in
        order; what was held until ``now`` or before is none. When a calendar is closed is an appointment of no job."""
        found: dict[str, list[Appointment]] = {name: [] for name in whose}
        names = {plain(name): name for name in whose}
        rows = _taken(self._channel, list(names), micros(start), micros(end), micros(now))
        for calendar, slot, slot_end, _, job in rows:
            found[names[calendar]].append(Appointment(moment(slot), moment(slot_end), job))
        return found

    def calendars(self) -> list[str]:
        """The names of the calendars in which anything was ever booked."""
        return [row[0] for row in self._channel.rows(CALENDARS, {})]

    def agenda(
        self,
        names: Sequence[str],
        start: datetime,
        end: datetime,
        now: datetime,
        limit: int,
        after: tuple[datetime, str] | None = None,
    ) -> list[Booked]:
        """What these calendars, or these people by their seatings, have between ``start`` and ``end``, in order of time
        and then of jobs; ``after`` are the start and the job of the last one before."""
        if not names:
            return []
        place = {"from_slot": micros(after[0]) if after else -(2**62), "from_job": after[1] if after else ""}
        values = _named("c", [plain(name) for name in names]) | place | {"now": micros(now), "most": limit}
        found = self._channel.rows(agenda(_rounded(len(names))), values | _range(micros(start), micros(end)))
        jobs = list(dict.fromkeys(row[1] for row in found))
        taken: dict[tuple[str, int], set[str]] = {}
        for job, slot, name in self._channel.rows(whose(_rounded(len(jobs))), _named("j", jobs)) if jobs else ():
            taken.setdefault((job, slot), set()).add(name)
        booked = []
        for slot, job, slot_end, held_until in found:
            people = {name for name in taken[job, slot] if name.startswith(_PEOPLE)}
            (calendar,) = taken[job, slot] - people
            ids = tuple(sorted(name.removeprefix(_PEOPLE) for name in people))
            until = None if held_until is None else moment(held_until)
            booked.append(Booked(moment(slot), moment(slot_end), job, until, calendar, ids))
        return booked

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
        at = moment_phrase(slot.start, slot.start.tzinfo or UTC)
        what = phrase("the time %(moment)s is not free any more: it was booked by another", moment=at)
        if person:
            whose = name.partition(":")[2]
            what = phrase(
                "the time %(moment)s is not free any more: %(person)s has another appointment then",
                moment=at,
                person=whose,
            )
        raise SlotTaken(what, where=slot.calendar, possible=[phrase("another time")])
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
    return channel.rows(taken(_rounded(len(calendars))), _named("c", calendars) | {"now": now} | _range(start, end))


def _rounded(count: int) -> int:
    """The power of two from which on queries are for so many."""
    return 1 << (count - 1).bit_length()


def _named(name: str, values: Sequence[str]) -> dict[str, str]:
    """The values as parameters, of which the last fills up to a power of two."""
    return {f"{name}{index}": values[min(index, len(values) - 1)] for index in range(_rounded(len(values)))}


def _range(start: int, end: int) -> dict[str, Any]:
    return {"day_before": start - DAY, "before": end, "after": start}
