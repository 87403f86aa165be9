"""Calendars that are closed for a time, whatever their processes say: a burst pipe, a day off for all."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import date, tzinfo

from flowengine.commands import access
from flowengine.commands.days import near_moment
from flowengine.commands.shell import Shell
from flowengine.core.answers import calendars_of
from flowengine.core.fields import near
from flowengine.core.world import CLOSED
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.language.calendars import Calendar
from flowengine.people.identities import By
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.store import Transaction, shown
from flowengine.store.closures import Closing
from flowengine.views.calendars import Closed, ClosureView
from flowengine.views.replies import AppointmentView

MOST_CLOSURES = 1_000
"""Closed times ahead that one calendar may have."""

LONGEST_WHY = 200


def calendars_in_use(shell: Shell, tx: Transaction) -> dict[str, Calendar]:
    """The calendars of the processes in use, by name; a fitting of a process without any has one of its own."""
    found: dict[str, Calendar] = {}
    for name in sorted({row.name for row in tx.processes.all()}):
        found |= calendars_of(shell.catalogue.latest(tx, name).process)
    return found


def known_calendars(shell: Shell, tx: Transaction) -> dict[str, tzinfo]:
    """The time zones of the calendars of the processes in use."""
    return {name: calendar.clock for name, calendar in calendars_in_use(shell, tx).items()}


def no_calendar(name: str, known: Sequence[str]) -> NotFound:
    """For a calendar that no process in use has."""
    what = phrase("there is no calendar %(name)s%(near)s", name=repr(name[:200]), near=near(name, known))
    return NotFound(what, where=name, possible=known)


def close(shell: Shell, calendar: str, start: date, end: date, why: str, by: By) -> Closed:
    """Close a calendar for a time. What is booked then stays so, and is told."""

    def work(tx: Transaction) -> Closed:
        asker, now = access.asker(tx, "close_calendar", by), shell.clock.now()
        zone = _zone(shell, tx, calendar)
        begins, ends = near_moment(start, zone), near_moment(end, zone, last=True)
        if len(why) > LONGEST_WHY:
            raise BadAnswer({"why": phrase("has more than %(longest_why)s characters", longest_why=LONGEST_WHY)})
        if ends <= begins:
            raise BadAnswer({"end": phrase("must be after the beginning")}, possible=[phrase("a later day or moment")])
        if ends <= now:
            raise BadAnswer({"end": phrase("is over already")}, possible=[phrase("a day or moment to come")])
        tx.bookings.guard([calendar])
        if len(tx.closures.ahead(calendar, now, MOST_CLOSURES)) >= MOST_CLOSURES:
            raise NotAllowed(
                phrase(
                    "%(calendar)s has %(most_closures)s closed times ahead",
                    calendar=calendar,
                    most_closures=MOST_CLOSURES,
                ),
                possible=(phrase("open some again first"),),
            )
        one = Closing(calendar=calendar, start=begins, end=ends, why=why, by=asker.id)
        tx.closures.put(one, now)
        booked = tx.bookings.of([calendar], begins, ends, now)[calendar]
        tx.note(asker, "close_calendar", calendar, {"start": begins.isoformat(), "end": ends.isoformat()}, why=why)
        return Closed(
            calendar=calendar,
            start=begins,
            end=ends,
            why=why,
            by=asker.id,
            appointments=tuple(
                AppointmentView(job=each.job, short=shown(each.job), start=each.start, end=each.end)
                for each in booked
                if each.job != CLOSED and each.end > now
            ),
        )

    return shell.keep(work)


def open_again(shell: Shell, calendar: str, start: date, by: By) -> list[ClosureView]:
    """Open a calendar that is closed from a moment or day on; what is closed still. Raises NotFound."""

    def work(tx: Transaction) -> list[ClosureView]:
        asker = access.asker(tx, "open_calendar", by)
        zone, now = _zone(shell, tx, calendar), shell.clock.now()
        begins = near_moment(start, zone)
        tx.bookings.guard([calendar])
        if not tx.closures.drop(calendar, begins):
            known = [one.start.isoformat() for one in tx.closures.ahead(calendar, now, MOST_CLOSURES)]
            what = phrase(
                "%(calendar)s is not closed from %(moment)s on",
                calendar=calendar,
                moment=moment_phrase(begins, zone),
            )
            raise NotFound(what, where=calendar, possible=known or (phrase("it is closed at no time ahead"),))
        tx.note(asker, "open_calendar", calendar, {"start": begins.isoformat()})
        return _views(tx.closures.ahead(calendar, now, MOST_CLOSURES))

    return shell.keep(work)


def closures(shell: Shell, calendar: str, by: By) -> list[ClosureView]:
    """When a calendar, or any, is closed from now on, the earliest first."""
    with shell.reading() as tx:
        access.asker(tx, "closures", by)
        if calendar:
            _zone(shell, tx, calendar)
        return _views(tx.closures.ahead(calendar, shell.clock.now(), MOST_CLOSURES))


def _views(found: list[Closing]) -> list[ClosureView]:
    return [ClosureView(calendar=one.calendar, start=one.start, end=one.end, why=one.why, by=one.by) for one in found]


def _zone(shell: Shell, tx: Transaction, calendar: str) -> tzinfo:
    """The time zone of a calendar. Raises NotFound for one that is not known."""
    known = known_calendars(shell, tx)
    if calendar in known:
        return known[calendar]
    if calendar in tx.bookings.calendars():
        return zoneinfo.ZoneInfo(shell.settings.zone)
    raise no_calendar(calendar, sorted(known))
