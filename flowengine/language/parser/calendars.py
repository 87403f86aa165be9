"""Calendars: opening hours by weekday, in a time zone, without holidays, cut into slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, NamedTuple

from flowengine.clock import is_zone
from flowengine.language.durations import Duration
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import DURATION, SOME_TIME, WEEKDAYS, name_key
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Either, Json, ListOf, MapOf, Named, Number, Word, full
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
_is_country = full("[A-Z]{2,3}(-.+)?")


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
    if not is_zone(text):
        raise ValueError(f"{text[:60]!r} is not a time zone; write one like Europe/London or UTC")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a date; write it as 2026-12-25") from None


def _country(text: str) -> str:
    if not _is_country(text):
        raise ValueError(f"{text!r} is not a country's code; write it as GB, or with a part of the country as GB-ENG")
    return text


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
        build=lambda _name, place, spans, _reading: (place, spans),
        least=1,
    )
)
ZONE = Word("a time zone", "bad-zone", _zone)


class _Closed(NamedTuple):
    """Days on which it does not open: dates, and the public holidays of a country or a part of one."""

    days: frozenset[date]
    holidays: str = ""
    place: Place = Place()


def _build_closed(values: Values, reading: Reading) -> _Closed:  # noqa: ARG001 - the signature of builders
    return _Closed(frozenset(values.get("also", ())), values["holidays"], values.places["holidays"])


_DATES = ListOf(Word("a date", "bad-date", _date, r"^\d{4}-\d{2}-\d{2}$", 10), least=0)
_CLOSED = Named(
    "closed",
    Either(
        "a list of dates, or {holidays: …, also: […]}",
        None,
        _DATES,
        record(
            "closed days",
            Key(
                "holidays",
                Word("a country", "bad-name", _country, r"^[A-Z]{2,3}(-.+)?$", 40),
                "The country, or a part of it, whose public holidays are closed days: GB, GB-ENG.",
                True,
            ),
            Key("also", _DATES, "Further days on which it is closed."),
            build=_build_closed,
        ),
    ),
)
_CALENDAR = record(
    "a calendar",
    Key("zone", ZONE, "The time zone of its hours, for example Europe/London; the process's, unless given."),
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
    Key("closed", _CLOSED, "Days on which it is closed: dates, or public holidays and further dates."),
)


def _named(name: str, place: Place, values: Any, reading: Reading) -> Calendar:  # noqa: ARG001 - as builders
    closed = values.pop("closed", ())
    days, holidays, where = closed if isinstance(closed, _Closed) else _Closed(frozenset(closed))
    return Calendar(name=name, place=place, closed=days, holidays=holidays, holidays_place=where, **values)


CALENDARS = MapOf(name_key("a calendar's name"), Named("calendar", _CALENDAR), _named)
