"""Calendars of people and rooms, and appointments as files."""

from __future__ import annotations

from datetime import date

from flowengine.commands import closing
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import calendar_files, free_hours
from flowengine.views.calendars import CalendarFile, Closed, ClosureView, DayView, FeedView, NewFeed


class Calendars(Part):
    """Calendars of people and rooms, and appointments as files."""

    def close_calendar(self, calendar: str, start: date, end: date, why: str = "", *, by: By = PROGRAM) -> Closed:
        """Close a calendar from ``start`` until ``end``, whatever its process says: aware moments, or days in the
        calendar's zone, of which the last counts too. No slot is offered then, nor booked. Said anew from the same
        ``start``, it takes the place of what was said before.

        What is booked for then stays booked, and is in the answer: it is to be moved. Raises NotFound for a calendar
        that no process in use has, BadAnswer where it ends before it begins, or is over.
        """
        return closing.close(self._shell, calendar, start, end, why, by)

    def open_calendar(self, calendar: str, start: date, *, by: By = PROGRAM) -> list[ClosureView]:
        """Open a calendar again that is closed from ``start`` on, a moment or day as it was given; when it is closed
        still. Raises NotFound."""
        return closing.open_again(self._shell, calendar, start, by)

    def closures(self, calendar: str = "", *, by: By = PROGRAM) -> list[ClosureView]:
        """When a calendar, or any, is closed from now on, the earliest first; what processes say is not in it."""
        return closing.closures(self._shell, calendar, by)

    def free_hours(self, calendar: str = "", day: date | None = None, *, by: By = PROGRAM) -> list[DayView]:
        """When a calendar, or each, is open on a day in its zone, today unless one is named, and in which of these
        hours there is room, for how many appointments; what is only kept for somebody who decides takes room. Notice,
        how far ahead appointments are offered, and who has to be free besides are left out. By the names of the
        calendars. Raises NotFound for a calendar that no process in use has, BadAnswer."""
        return free_hours.free_hours(self._shell, calendar, day, by)

    def appointment_file(self, job: str, *, by: By = PROGRAM) -> CalendarFile:
        """The appointments of a job for a calendar program, as the asker may see them. Raises NotFound, and
        NotConfigured where the library icalendar is not installed."""
        return calendar_files.of_job(self._shell, job, by)

    def agenda_file(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        person: str = "",
        role: str = "",
        calendar: str = "",
        by: By = PROGRAM,
    ) -> CalendarFile:
        """What :meth:`agenda` has, for a calendar program; what is only held is not in it."""
        return calendar_files.of_agenda(self._shell, first, last, person, role, calendar, by)

    def make_feed(self, *, by: By) -> NewFeed:
        """Make an address from which a calendar program reads the asker's appointments, from 30 days ago to a year
        ahead. Whoever knows it reads them, and can do nothing else; it ends by :meth:`end_feed`, and when he leaves."""
        return calendar_files.make_feed(self._shell, by)

    def feeds(self, *, by: By) -> list[FeedView]:
        """The asker's feeds, the oldest first, without their secrets."""
        return calendar_files.feeds(self._shell, by)

    def end_feed(self, id: str, *, by: By) -> list[FeedView]:
        """End one of the asker's feeds, at once; those that are left. Raises NotFound."""
        return calendar_files.end_feed(self._shell, id, by)

    def read_feed(self, secret: str) -> CalendarFile:
        """What a calendar program reads by the secret of a feed. Raises BadToken."""
        return calendar_files.read_feed(self._shell, secret)
