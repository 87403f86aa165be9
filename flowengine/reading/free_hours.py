"""The free hours of a day: when calendars are open, and how much room there is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo
from itertools import pairwise

from flowengine.commands import access
from flowengine.commands.closing import calendars_in_use, no_calendar
from flowengine.commands.shell import Shell
from flowengine.core.world import CLOSED, Appointment
from flowengine.errors import BadAnswer
from flowengine.language.calendars import Opening, openings
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.views.calendars import DayView, RoomView


def free_hours(shell: Shell, calendar: str, day: date | None, by: By) -> list[DayView]:
    """When calendars are open on a day, and how many appointments there is room for."""
    with shell.reading() as tx:
        access.asker(tx, "free_hours", by)
        known, now = calendars_in_use(shell, tx), shell.clock.now()
        if calendar and calendar not in known:
            raise no_calendar(calendar, sorted(known))
        wanted = {name: one for name, one in sorted(known.items()) if calendar in ("", name)}
        days = {name: _day(day or now, one.clock) for name, one in wanted.items()}
        opening = {name: list(openings(one, days[name])) for name, one in wanted.items()}
        booked = _booked(tx, opening, now)
    return [
        DayView(
            calendar=name, zone=str(one.clock), day=days[name], seats=one.seats,
            open=tuple((each.begin, each.end) for each in opening[name]),
            rooms=tuple(room for each in opening[name] for room in _rooms(each, booked.get(name, ()), one.seats)),
        )
        for name, one in wanted.items()
    ]  # fmt: skip


def _day(given: date, clock: tzinfo) -> date:
    found = given.astimezone(clock).date() if isinstance(given, datetime) else given
    if found.year in (1, 9999):
        raise BadAnswer({"day": phrase("is too far away")}, possible=(phrase("a day like 2026-12-24"),))
    return found


def _booked(tx: Transaction, opening: dict[str, list[Opening]], now: datetime) -> dict[str, Sequence[Appointment]]:
    """What is booked while these calendars are open, and when they are closed, by calendar."""
    every = [one for found in opening.values() for one in found]
    if not every:
        return {}
    first, last = min(one.begin for one in every), max(one.end for one in every)
    return dict(tx.bookings.of(list(opening), first, last, now))


def _rooms(opening: Opening, booked: Sequence[Appointment], seats: int) -> Iterator[RoomView]:
    """The times of an opening in which there is room for the same number; those without room are left out."""
    begin, end = opening.begin, opening.end
    inside = [one for one in booked if one.start < end and one.end > begin]
    edges = {begin, end, *(edge for one in inside for edge in (one.start, one.end) if begin < edge < end)}
    found: list[RoomView] = []
    for start, until in pairwise(sorted(edges)):
        met = [one for one in inside if one.start < until and one.end > start]
        free = 0 if any(one.job == CLOSED for one in met) else max(0, seats - len(met))
        if found and (found[-1].free, found[-1].end) == (free, start):
            start = found.pop().start
        found.append(RoomView(start=start, end=until, free=free))
    yield from (one for one in found if one.free)
