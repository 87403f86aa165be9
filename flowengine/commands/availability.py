"""When members of staff can be met: their working hours and absences."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo

import msgspec

from flowengine.clock import is_zone
from flowengine.commands import access
from flowengine.commands.days import near_moment
from flowengine.commands.people import view
from flowengine.commands.shell import Shell
from flowengine.core.seatings import person_seating
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.language.parser.calendars import read_hours
from flowengine.people.identities import By
from flowengine.people.permissions import OWN, denied, needs
from flowengine.runtime.actors import nobody
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.store import Absence, Person, Transaction, shown
from flowengine.views.replies import AppointmentView, Away, PersonView

LONGEST_WHY = 500
"""Characters that say why somebody is away."""

MOST_ABSENCES = 500
"""Absences that are kept of one person; those that are over make room."""

_HOURS = "{'mon-thu': '09:00-12:00, 13:00-17:00', 'fri': '09:00-13:00'}"
_REPLACE = msgspec.structs.replace


def set_hours(shell: Shell, id: str, hours: Mapping[str, str] | None, zone: str, by: By) -> PersonView:
    given = _checked(hours or {}, zone)

    def change(person: Person) -> Person:
        return _REPLACE(person, hours=given, hours_zone=zone)

    def work(tx: Transaction) -> PersonView:
        person, asker = _changed(tx, "set_hours", id, by, change)
        tx.note(asker, "set_hours", id, {"hours": given, "zone": zone})
        return view(person)

    return shell.keep(work)


def _checked(hours: Mapping[str, str], zone: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    possible = []
    try:
        read_hours(hours)
    except (ValueError, TypeError, AttributeError) as error:
        problems["hours"] = str(error) if isinstance(error, ValueError) else phrase("must be hours by weekday")
        possible.append(_HOURS)
    if zone and not is_zone(zone):
        problems["zone"] = phrase("%(zone)s is not a time zone", zone=repr(zone[:60]))
        possible.append(phrase("a time zone like Europe/London or UTC"))
    if problems:
        raise BadAnswer(problems, possible=possible)
    return dict(hours)


def add_absence(shell: Shell, id: str, start: date, end: date, why: str, by: By) -> Away:
    """His bookings are locked meanwhile, so that each appointment is either told here or was not booked."""

    def work(tx: Transaction) -> Away:
        now = shell.clock.now()

        def change(person: Person) -> Person:
            absence = _absence(shell, person, start, end, why)
            kept = [one for one in person.absences if one.end > now and one.start != absence.start]
            if len(kept) >= MOST_ABSENCES:
                raise NotAllowed(
                    phrase("%(id)s has %(count)s absences ahead already", id=id, count=len(kept)),
                    where=id,
                    possible=(phrase("take some back first"),),
                )
            return _REPLACE(person, absences=tuple(sorted((*kept, absence), key=lambda one: (one.start, one.end))))

        person, asker = _changed(tx, "add_absence", id, by, change)
        absence = _absence(shell, person, start, end, why)
        whose = person_seating(id)
        booked = tx.bookings.of([whose], absence.start, absence.end, now)[whose]
        tx.note(asker, "add_absence", id, {"start": _written(absence.start), "end": _written(absence.end)}, why=why)
        return Away(
            person=id,
            start=absence.start,
            end=absence.end,
            why=why,
            appointments=tuple(
                AppointmentView(job=one.job, short=shown(one.job), start=one.start, end=one.end)
                for one in booked
                if one.end > now
            ),
        )

    return shell.keep(work)


def remove_absence(shell: Shell, id: str, start: date, by: By) -> PersonView:
    def change(person: Person) -> Person:
        begins = _moment(shell, person, start)
        kept = tuple(one for one in person.absences if one.start != begins)
        if len(kept) == len(person.absences):
            known = [one.start.isoformat() for one in kept]
            raise NotFound(
                phrase(
                    "no absence of %(id)s begins at %(moment)s",
                    id=id,
                    moment=moment_phrase(begins, _zone(shell, person)),
                ),
                where=id,
                possible=known,
            )
        return _REPLACE(person, absences=kept)

    def work(tx: Transaction) -> PersonView:
        person, asker = _changed(tx, "remove_absence", id, by, change)
        tx.note(asker, "remove_absence", id, {"start": _written(_moment(shell, person, start))})
        return view(person)

    return shell.keep(work)


def _written(moment: datetime) -> str:
    return moment.isoformat()


def _changed(tx: Transaction, verb: str, id: str, by: By, change: Callable[[Person], Person]) -> tuple[Person, Actor]:
    """The member of staff, changed, and who asked. Whoever may do this only for himself is refused where it is another;
    changes of one person come one after another, and none while he is being booked."""
    asker = access.asker(tx, verb, by)
    if needs(verb, asker) == OWN and asker.id != id:
        raise denied(verb, asker)
    tx.bookings.guard([person_seating(id)])
    found = tx.people.get(id)
    if found is None:
        raise nobody(id)
    if found.kind != "staff":
        raise NotAllowed(phrase("%(id)s is a customer", id=id), where=id, possible=(phrase("name a member of staff"),))
    changed = change(found)
    tx.people.update(changed)
    return changed, asker


def _absence(shell: Shell, person: Person, start: date, end: date, why: str) -> Absence:
    begins, ends = _moment(shell, person, start), _moment(shell, person, end, last=True)
    if len(why) > LONGEST_WHY:
        raise BadAnswer({"why": phrase("has more than %(longest_why)s characters", longest_why=LONGEST_WHY)})
    if ends <= begins:
        raise BadAnswer({"end": phrase("must be after the beginning")}, possible=[phrase("a later day or moment")])
    return Absence(start=begins, end=ends, why=why)


def _moment(shell: Shell, person: Person, given: date, *, last: bool = False) -> datetime:
    """The moment that is meant; a bare day is that day where the person works."""
    return near_moment(given, _zone(shell, person), last=last)


def _zone(shell: Shell, person: Person) -> tzinfo:
    """The zone in which somebody works."""
    own = zoneinfo.ZoneInfo(person.hours_zone) if person.hours_zone else person.clock
    return own or zoneinfo.ZoneInfo(shell.settings.zone)
