"""Calendars: opening hours by weekday, in a time zone, cut into slots."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from flowengine.language.durations import Duration
from flowengine.language.parser.records import Key, record
from flowengine.language.parser.scalars import DURATION, SOME_TIME, WEEKDAYS, name_key
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, ListOf, MapOf, Named, Number, Word, full
from flowengine.language.parts import Calendar
from flowengine.language.yaml_reader import Node
from flowengine.problem import Place

Hours = tuple[tuple[time, time], ...]

_DAY = "(?:" + "|".join(WEEKDAYS) + ")"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN_PATTERN = rf"{_TIME}\s*-\s*{_TIME}"
_HOURS_PATTERN = rf"{_SPAN_PATTERN}(?:\s*,\s*{_SPAN_PATTERN})*"
_is_days = full(rf"{_DAY}(?:-{_DAY})?")
_is_hours = full(_HOURS_PATTERN)


def _days(text: str) -> tuple[int, ...]:
    if not _is_days(text):
        raise ValueError(f"{text[:40]!r} is not a weekday; write {', '.join(WEEKDAYS)}, or mon-fri")
    first, _, last = text.partition("-")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise ValueError(f"{text!r} runs backwards; the week begins with mon")
    return tuple(range(start, end + 1))


def _spans(text: str) -> Hours:
    if not _is_hours(text):
        raise ValueError(f"{text[:60]!r} are not hours; write them as 09:00-12:00, 13:00-17:00")
    spans: list[tuple[time, time]] = []
    for span in text.split(","):
        begin, end = (time.fromisoformat(part.strip()) for part in span.split("-"))
        if end <= begin:
            raise ValueError(f"{span.strip()!r} ends before it begins")
        if spans and begin < spans[-1][1]:
            raise ValueError(f"{span.strip()!r} begins before the hours before it end")
        spans.append((begin, end))
    return tuple(spans)


def _zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text[:60]!r} is not a time zone; write one like Europe/London or UTC") from None
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a date; write it as 2026-12-25") from None


def _grid(text: str) -> Duration:
    duration = Duration.parse(text)
    if duration.months or not 60 <= duration.seconds <= 86_400 or duration.seconds % 60:
        raise ValueError(f"{text[:40]!r} does not cut a day into slots; write whole minutes, for example PT30M")
    return duration


def read_hours(written: Mapping[str, str]) -> dict[int, Hours]:
    """Hours by weekday, written as a calendar's ``open``. Raises ValueError."""
    hours: dict[int, Hours] = {}
    for days, spans in written.items():
        for day in _days(days):
            if day in hours:
                raise ValueError(f"{WEEKDAYS[day]} is there twice")
            hours[day] = _spans(spans)
    return hours


@dataclass(frozen=True, slots=True)
class _Open:
    """Opening hours by weekday; a day may be named once, alone or in a range."""

    days: MapOf

    def read(self, node: Node, reading: Reading) -> dict[int, Hours]:
        hours: dict[int, Hours] = {}
        found: Any = self.days.read(node, reading)
        for days, (place, spans) in found.items():
            for day in days:
                if day in hours:
                    raise reading.refuse(place, "bad-hours", f"{WEEKDAYS[day]} is there twice")
                hours[day] = spans
        return dict(sorted(hours.items()))

    def schema(self, defs: Json) -> Json:
        return self.days.schema(defs)


_OPEN = _Open(
    MapOf(
        Word("a weekday", "bad-hours", _days, rf"^{_DAY}(-{_DAY})?$", 20),
        Word("hours", "bad-hours", _spans, rf"^{_HOURS_PATTERN}$", 200),
        build=lambda _name, place, spans: (place, spans),
        least=1,
    )
)
ZONE = Word("a time zone", "bad-zone", _zone)
_CALENDAR = record(
    "a calendar",
    Key("zone", ZONE, "The time zone, for example Europe/London.", True),
    Key(
        "open",
        _OPEN,
        "Opening hours by weekday: {mon-fri: '09:00-12:00, 13:00-17:00', sat: '10:00-14:00'}.",
        True,
        "hours",
    ),
    Key(
        "every",
        Word("a duration", "bad-duration", _grid, "^P", 40),
        "How far apart slots begin, for example PT30M.",
        True,
    ),
    Key("notice", DURATION, "How long before an appointment it must be booked."),
    Key("ahead", SOME_TIME, "How far ahead appointments can be booked; two months unless given."),
    Key("seats", Number(1, 10_000), "How many appointments fit side by side; 1 unless given."),
    Key(
        "closed",
        ListOf(Word("a date", "bad-date", _date, r"^\d{4}-\d{2}-\d{2}$", 10), least=0),
        "Days without appointments.",
    ),
)


def _named(name: str, place: Place, values: Any) -> Calendar:
    return Calendar(name=name, place=place, **values)


CALENDARS = MapOf(name_key("a calendar's name"), Named("calendar", _CALENDAR), _named)
