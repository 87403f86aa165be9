"""Answers about calendars: when they are closed, and appointments as files."""

from __future__ import annotations

from datetime import date, datetime

from flowengine.views.replies import AppointmentView, View


class ClosureView(View, frozen=True, kw_only=True):
    """A time, from ``start`` until before ``end``, in which a calendar has no appointments, whatever its process says;
    ``by`` has said so."""

    calendar: str
    start: datetime
    end: datetime
    why: str = ""
    by: str = ""


class Closed(ClosureView, frozen=True, kw_only=True):
    """A calendar was closed for a time. ``appointments`` were booked for then before: they stay booked, until they are
    moved or given back."""

    appointments: tuple[AppointmentView, ...] = ()


class RoomView(View, frozen=True, kw_only=True):
    """A time, from ``start`` until before ``end``, in which there is room for so many appointments side by side."""

    start: datetime
    end: datetime
    free: int


class DayView(View, frozen=True, kw_only=True):
    """A ``day`` of a calendar in its ``zone``: when it is ``open`` (from, until), whatever is booked, and in which of
    these times there is room, for how many of its ``seats``. A day on which it does not open has neither."""

    calendar: str
    zone: str
    day: date
    seats: int
    open: tuple[tuple[datetime, datetime], ...] = ()
    rooms: tuple[RoomView, ...] = ()


class CalendarFile(View, frozen=True, kw_only=True):
    """Appointments as iCalendar (RFC 5545): ``text`` with the line ends of the format, and how many there are."""

    text: str
    appointments: int


class FeedView(View, frozen=True, kw_only=True):
    """An address from which a calendar program reads somebody's appointments, without its secret. ``id`` is short and
    public."""

    id: str
    created: datetime


class NewFeed(FeedView, frozen=True, kw_only=True):
    """A new address. ``secret`` is the last part of it, which is never shown again; ``path`` what comes behind the URL
    of the installation, and ``url`` the whole, where the installation says its own (``FLOW_URL``)."""

    secret: str
    path: str
    url: str = ""

    def __repr__(self) -> str:
        return f"NewFeed(id={self.id!r})"
