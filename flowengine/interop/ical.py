"""Appointments as iCalendar (RFC 5545, RFC 5546): files, feeds, and what goes with a letter. Written by ``icalendar``.

An appointment keeps its UID however often it is moved, and its SEQUENCE grows each time: so a calendar that has it
changes it, and takes it out again when it is cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from flowengine.distribution import __version__, installing
from flowengine.errors import NotConfigured

if TYPE_CHECKING:
    from icalendar import Calendar, Event

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
"""What the receiver is to do: look at it, take it into his calendar, take it out."""

LONGEST_SUMMARY = 200
LONGEST_DESCRIPTION = 4_000
REFRESH = timedelta(hours=1)
"""How often programs that subscribe to a feed are asked to look again."""


class Party(NamedTuple):
    """Who takes part, by a mail address."""

    name: str
    mail: str


class Occasion(NamedTuple):
    """An appointment as a calendar shows it. ``zone`` is the time zone in which its place lies; ``stamp`` is when it
    became as it is; ``sequence`` is larger each time that it was changed."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    zone: str
    stamp: datetime
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    cancelled: bool = False


def is_installed() -> bool:
    """Whether the library that writes calendars is there."""
    return find_spec("icalendar") is not None


def written(
    occasions: Sequence[Occasion],
    method: Method = "PUBLISH",
    *,
    name: str = "",
    organiser: Party | None = None,
    attendee: Party | None = None,
) -> str:
    """A calendar of these occasions, as text with the line ends of the format. ``name`` is that of a feed.

    With an ``organiser`` and an ``attendee`` it is an invitation, which nobody has to answer: both know already.
    Raises NotConfigured where the library icalendar is not installed.
    """
    try:
        from icalendar import Calendar
    except ImportError as error:
        what = "appointments for calendars need the library icalendar, which is not installed"
        raise NotConfigured(what, possible=(installing("calendar"),)) from error
    calendar = Calendar()
    calendar.add("prodid", f"-//flowengine//{__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("name", _line(name))
        calendar.add("x-wr-calname", _line(name))
        calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
        calendar.add("x-published-ttl", f"PT{int(REFRESH.total_seconds() // 3600)}H")
    for one in occasions:
        calendar.add_component(_event(one, organiser, attendee))
    _add_zones(calendar, occasions)
    text: str = calendar.to_ical().decode()
    return text


def _event(one: Occasion, organiser: Party | None, attendee: Party | None) -> Event:
    from icalendar import Event

    event, zone = Event(), ZoneInfo(one.zone or "UTC")
    event.add("uid", one.uid)
    event.add("sequence", one.sequence)
    event.add("dtstamp", one.stamp.astimezone(UTC))
    event.add("last-modified", one.stamp.astimezone(UTC))
    event.add("dtstart", one.start.astimezone(zone))
    event.add("dtend", one.end.astimezone(zone))
    event.add("summary", _line(one.summary)[:LONGEST_SUMMARY])
    if one.description:
        event.add("description", _lines(one.description)[:LONGEST_DESCRIPTION])
    if one.location:
        event.add("location", _line(one.location))
    if one.url:
        event.add("url", one.url)
    event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if one.cancelled else "OPAQUE")
    if organiser is not None and attendee is not None:
        event.add("organizer", f"mailto:{organiser.mail}", parameters=_named(organiser))
        how = {"role": "REQ-PARTICIPANT", "partstat": "ACCEPTED", "rsvp": "FALSE"}
        event.add("attendee", f"mailto:{attendee.mail}", parameters=_named(attendee) | how)
    return event


def _named(party: Party) -> dict[str, str]:
    return {"cn": _line(party.name)} if _line(party.name) else {}


def _add_zones(calendar: Calendar, occasions: Sequence[Occasion]) -> None:
    """The rules of the zones that are named, for the years around what is in the calendar."""
    if occasions:
        year = timedelta(days=400)
        first = min(one.start for one in occasions) - year
        last = max(one.end for one in occasions) + year
        calendar.add_missing_timezones(first_date=first.date(), last_date=last.date())


def _line(text: str) -> str:
    """One line, without signs that are not to be seen."""
    return " ".join(_lines(text).split())


def _lines(text: str) -> str:
    """Lines of a text, without signs that are not to be seen."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign if sign == "\n" or sign.isprintable() else " " for sign in plain)
