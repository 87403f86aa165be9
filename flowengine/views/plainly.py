"""Values as a person reads them: days, moments in the zone of the process's calendar, spans, prices, units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo

from flowengine.core.values import Json, Seating
from flowengine.interop.labels import span
from flowengine.language.durations import Duration
from flowengine.language.model import Process, State
from flowengine.language.parts import Field, Group, Role
from flowengine.language.texts import plain

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Names of our own: those of ``strftime`` follow the locale of the machine."""


def zone_of(process: Process, state: State | None = None) -> tzinfo:
    """The zone in which a process's people live: of a fitting's calendar, else that of all calendars, else UTC."""
    calendar = process.calendars.get((state and state.calendar_name) or "")
    if calendar is not None:
        return calendar.clock
    zones = {calendar.clock for calendar in process.calendars.values()}
    return zones.pop() if len(zones) == 1 else UTC


def day(value: date) -> str:
    """``Mon 5 Oct 2026``."""
    return f"{_DAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime, zone: tzinfo) -> str:
    """``Mon 5 Oct 2026, 10:00``, in the zone; in UTC it says so, for nobody's clock need show it."""
    local = value.astimezone(zone)
    return f"{day(local)}, {local:%H:%M}" + (" UTC" if zone is UTC else "")


def value(field: Field, given: Json, zone: tzinfo) -> str:
    """An answer to a field as its person would say it, with its unit."""
    text = _text(str(field.schema.get("format", "")), given, zone)
    return f"{text} {field.unit}" if field.unit and text else text


def moment_text(given: Json, zone: tzinfo) -> str:
    """A moment that was saved as text, for people; what is no moment as it is."""
    return _text("date-time", given, zone)


def price(value: float) -> str:
    """``1510``, ``10.50``."""
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def lower(title: str) -> str:
    """A title in the middle of a sentence: ``your suit``, but ``NHS glasses``."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title


def _text(format: str, given: Json, zone: tzinfo) -> str:
    if isinstance(given, str):
        try:
            if format == "date":
                return day(date.fromisoformat(given))
            if format == "date-time":
                at = datetime.fromisoformat(given)
                return moment(at if at.tzinfo else at.replace(tzinfo=zone), zone)
            if format == "duration":
                return span(Duration.parse(given))
        except (ValueError, OverflowError):
            return given
    return plain(given)


_MANY = {
    "customers": "any customer",
    "staff": "any of the staff",
    "anyone": "anyone",
    "everyone": "everyone who took part",
}


def waits_for_words(
    seating: Seating,
    names: Mapping[str, str],
    roles: Mapping[str, Role],
    groups: Mapping[str, Group],
    asker: str = "",
) -> str:
    """Whom a seating means, in plain words. ``names`` maps ids of persons to their names."""
    kind, _, name = seating.partition(":")
    if kind == "person":
        return "you" if asker and name == asker else names.get(name) or name or "nobody"
    if kind == "role":
        return roles[name].title if name in roles else name
    if kind == "group":
        return groups[name].title if name in groups else name
    return _MANY.get(kind, seating)
