"""Calendars of people and rooms, and appointments as files."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from datetime import date

from flowengine.client.desk.part import Part
from flowengine.views.calendars import CalendarFile, Closed, ClosureView, DayView, FeedView, NewFeed


class Calendars(Part):
    """Calendars of people and rooms, and appointments as files."""

    def close_calendar(self, calendar: str, start: date, end: date, why: str = "") -> Closed:
        """Close a calendar for a time, whatever its process says; tells what is booked for then."""
        return self._ask("close_calendar", calendar, start, end, why)

    def open_calendar(self, calendar: str, start: date) -> list[ClosureView]:
        """Open a calendar again that is closed from ``start`` on; when it is closed still."""
        return self._ask("open_calendar", calendar, start)

    def closures(self, calendar: str = "") -> list[ClosureView]:
        """When a calendar, or any, is closed from now on, the earliest first."""
        return self._ask("closures", calendar)

    def free_hours(self, calendar: str = "", day: date | None = None) -> list[DayView]:
        """When a calendar, or each, is open on a day, and in which hours there is room for how many appointments."""
        return self._ask("free_hours", calendar, day)

    def appointment_file(self, job: str) -> CalendarFile:
        """The appointments of a job for a calendar program."""
        return self._ask("appointment_file", job)

    def agenda_file(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        person: str = "",
        role: str = "",
        calendar: str = "",
    ) -> CalendarFile:
        """What :meth:`agenda` has, for a calendar program."""
        return self._ask("agenda_file", first, last, person=person, role=role, calendar=calendar)

    def make_feed(self) -> NewFeed:
        """Make an address from which a calendar program reads one's own appointments."""
        return self._ask("make_feed")

    def feeds(self) -> list[FeedView]:
        """One's own feeds, without their secrets."""
        return self._ask("feeds")

    def end_feed(self, id: str) -> list[FeedView]:
        """End one of one's own feeds; those that are left."""
        return self._ask("end_feed", id)
