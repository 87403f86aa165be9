"""Values as a person reads them: days, moments in his zone or that of the process, spans, prices, units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from flowengine.core.values import Json, Seating
from flowengine.exact import CONTEXT, Number
from flowengine.interop.labels import span
from flowengine.language.durations import Duration
from flowengine.language.model import Process, State
from flowengine.language.parts import Field, Group, Role
from flowengine.language.texts import plain
from flowengine.speech.money import money
from flowengine.speech.spoken_time import day, last_day, moment


@dataclass(frozen=True, slots=True)
class Clock:
    """How moments of a process are told to a reader: in his own zone where it is known, else in that of the process."""

    process: Process
    reader: tzinfo | None = None

    @property
    def home(self) -> tzinfo:
        """The zone in which the people of the process live: its own, or that of all its calendars, else UTC."""
        zones = {calendar.clock for calendar in self.process.calendars.values()}
        return zones.pop() if self.process.clock is UTC and len(zones) == 1 else self.process.clock

    def moment(self, value: datetime, state: State | None = None) -> str:
        """``Mon 5 Oct 2026, 10:00``, with the zone where it differs from that of the process. To a reader whose zone is
        not known, the appointment of a fitting (``state``) is told as clocks show it where it takes place."""
        calendar = self.process.calendars.get((state and state.calendar_name) or "")
        there = calendar.clock if calendar is not None else self.home
        return moment(value, self.reader or there, self.home)

    def promised(self, value: datetime) -> str:
        """A promised moment; the end of a day, which a promised date is, as that day."""
        whole = last_day(value, self.process.clock)
        return self.moment(value) if whole is None else day(whole)

    def value(self, field: Field, given: Json) -> str:
        """An answer to a field as its person would say it, with its unit."""
        if field.currency and isinstance(given, int | Decimal):
            return price(given, field.currency)
        if isinstance(given, list):
            given = [field.titles.get(one, one) if isinstance(one, str) else one for one in given]
        elif isinstance(given, str):
            given = field.titles.get(given, given)
        text = self._text(str(field.schema.get("format", "")), given)
        return f"{text} {field.unit}" if field.unit and text else text

    def moment_text(self, given: Json, state: State | None = None) -> str:
        """A moment that was saved as text, for people; what is no moment as it is."""
        return self._text("date-time", given, state)

    def _text(self, format: str, given: Json, state: State | None = None) -> str:
        if isinstance(given, str):
            try:
                if format == "date":
                    return day(date.fromisoformat(given))
                if format == "date-time":
                    at = datetime.fromisoformat(given)
                    return self.moment(at if at.tzinfo else at.replace(tzinfo=self.process.clock), state)
                if format == "duration":
                    return span(Duration.parse(given))
            except (ValueError, OverflowError):
                return given
        return plain(given)


def price(value: Number, currency: str = "") -> str:
    """``£1,510.00``; where the process names no currency ``1510``, ``10.50``."""
    if currency:
        return money(value, currency)
    behind = -int(CONTEXT.normalize(Decimal(value)).as_tuple().exponent)
    return f"{Decimal(value):.{max(2, behind) if behind > 0 else 0}f}"


def sentence(words: str) -> str:
    """Words as a sentence: with a full stop, where they end with nothing like it."""
    return f"{words}." if words and words[-1] not in ".?!…" and words[-2:] not in (".”", "?”", "!”") else words


def lower(title: str) -> str:
    """A title in the middle of a sentence: ``your suit``, but ``NHS glasses``."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title


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
