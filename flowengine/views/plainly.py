"""Values as a person reads them: days, moments in his zone or that of the process, spans, prices, units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from flowengine.core.values import Json, Seating
from flowengine.exact import CONTEXT, Number
from flowengine.language.durations import Duration
from flowengine.language.model import Process, State
from flowengine.language.parts import Field, Group, Role
from flowengine.language.texts import plain
from flowengine.speech.phrases import phrase
from flowengine.speech.spoken_time import last_day
from flowengine.speech.words import ENGLISH, Words


@dataclass(frozen=True, slots=True)
class Clock:
    """How values and moments of a process are told in a reader's words: in his own zone where it is known, else in that
    of the process."""

    process: Process
    words: Words = ENGLISH

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
        return self.words.moment(value, self.words.zone or there, self.home)

    def promised(self, value: datetime) -> str:
        """A promised moment; the end of a day, which a promised date is, as that day."""
        whole = last_day(value, self.process.clock)
        return self.moment(value) if whole is None else self.words.day(whole)

    def value(self, field: Field, given: Json) -> str:
        """An answer to a field as its person would say it, with its unit."""
        if field.currency and isinstance(given, int | Decimal):
            return price(given, field.currency, self.words)
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
                    return self.words.day(date.fromisoformat(given))
                if format == "date-time":
                    at = datetime.fromisoformat(given)
                    return self.moment(at if at.tzinfo else at.replace(tzinfo=self.process.clock), state)
                if format == "duration":
                    length = Duration.parse(given)
                    return self.words.span(length.months, length.days, length.rest)
            except (ValueError, OverflowError):
                return given
        return plain(given, self.words)


def price(value: Number, currency: str = "", words: Words = ENGLISH) -> str:
    """``£1,510.00``; where the process names no currency ``1510``, ``10.50``."""
    if currency:
        return words.money(value, currency)
    behind = -int(CONTEXT.normalize(Decimal(value)).as_tuple().exponent)
    return words.number(Decimal(f"{Decimal(value):.{max(2, behind) if behind > 0 else 0}f}"))


def sentence_case(words: str) -> str:
    """Words that begin as a sentence does."""
    return words[:1].upper() + words[1:]


def sentence(words: str) -> str:
    """Words as a sentence: with a full stop, where they end with nothing like it."""
    last = words[:-1] if words[-1:] in ("”", "“") else words
    return f"{words}." if words and last[-1:] not in (".", "?", "!", "…") else words


_MANY = {
    "customers": phrase("any customer"),
    "staff": phrase("any of the staff"),
    "anyone": phrase("anyone"),
    "everyone": phrase("everyone who took part"),
}


def waits_for_words(
    seating: Seating,
    names: Mapping[str, str],
    roles: Mapping[str, Role],
    groups: Mapping[str, Group],
    asker: str = "",
) -> str:
    """Whom a seating means, as a phrase where the words are ours. ``names`` maps ids of persons to their names."""
    kind, _, name = seating.partition(":")
    if kind == "person":
        if asker and name == asker:
            return phrase("you")
        return names.get(name) or name or phrase("nobody")
    if kind == "role":
        return roles[name].title if name in roles else name
    if kind == "group":
        return groups[name].title if name in groups else name
    return _MANY.get(kind, seating)
