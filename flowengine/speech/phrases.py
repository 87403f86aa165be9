"""What is said where nobody knows yet who reads it: an English text that can be told in other languages later.

The core and the commands refuse in phrases; the doors, which know the reader, have his ``Words`` tell them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Protocol

from flowengine.speech.spoken_time import day, moment, span


class Telling(Protocol):
    """What tells a phrase: the ``Words`` of a reader."""

    @property
    def zone(self) -> tzinfo | None: ...
    def say(self, text: str, /, **named: Any) -> str: ...
    def say_many(self, one: str, many: str, number: int, /, **named: Any) -> str: ...
    def tell(self, value: object) -> str: ...
    def day(self, value: date) -> str: ...
    def span(self, months: int, days: int, rest: timedelta, *, working: bool) -> str: ...
    def moment(self, value: datetime, zone: tzinfo, home: tzinfo | None = None) -> str: ...


class Phrase(str):
    """An English text that knows how it is told in the ``Words`` of a reader. To everything else it is a text."""

    __slots__ = ("many", "named", "number", "text")

    text: str
    """As it stands in the catalogues: with ``%(name)s`` for what is in its holes."""
    many: str
    """The same of several; empty where it is not told by a ``number``."""
    number: int
    named: dict[str, Any]

    def told(self, words: Telling) -> str:
        """The text in a reader's language, and what is in its holes."""
        if self.many:
            return words.say_many(self.text, self.many, self.number, **self.named)
        return words.say(self.text, **self.named)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_made, (self.text, self.many, self.number, self.named))


class _Moment(Phrase):
    """A moment of which nobody knows yet who reads it."""

    __slots__ = ("at", "home")

    at: datetime
    home: tzinfo

    def told(self, words: Telling) -> str:
        return words.moment(self.at, words.zone or self.home, self.home)

    def __reduce__(self) -> tuple[Any, ...]:
        return (moment_phrase, (self.at, self.home))


class _Day(Phrase):
    """A day."""

    __slots__ = ("on",)

    on: date

    def told(self, words: Telling) -> str:
        return words.day(self.on)

    def __reduce__(self) -> tuple[Any, ...]:
        return (day_phrase, (self.on,))


class _Span(Phrase):
    """A length of time."""

    __slots__ = ("length",)

    length: tuple[int, int, timedelta, bool]

    def told(self, words: Telling) -> str:
        months, days, rest, working = self.length
        return words.span(months, days, rest, working=working)

    def __reduce__(self) -> tuple[Any, ...]:
        return (span_phrase, self.length)


class _Listing(Phrase):
    """Several texts in a row."""

    __slots__ = ("between", "parts")

    parts: tuple[str, ...]
    between: str

    def told(self, words: Telling) -> str:
        return words.tell(self.between).join(map(words.tell, self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return (listing, (self.parts, self.between))


def phrase(text: str, /, **named: Any) -> Phrase:
    """A text with ``%(name)s`` in it, filled with texts, phrases and numbers. One that has nothing in its holes yet is
    the text itself, which ``Words.say`` can fill."""
    return _made(text, "", 0, named)


def phrase_many(one: str, many: str, number: int, /, **named: Any) -> Phrase:
    """A text about so many, with ``%(num)s``."""
    return _made(one, many, number, named)


def moment_phrase(at: datetime, home: tzinfo) -> Phrase:
    """A moment, in the zone of who reads it, else at ``home``: ``Mon 5 Oct 2026, 10:00``."""
    made = _Moment(moment(at, home, home))
    made.at, made.home = at, home
    return made


def day_phrase(on: date) -> Phrase:
    """A day: ``Mon 5 Oct 2026``."""
    made = _Day(day(on))
    made.on = on
    return made


def span_phrase(months: int = 0, days: int = 0, rest: timedelta = timedelta(), working: bool = False) -> Phrase:
    """A length as it is meant: ``1 month 2 days``, ``3 working days``."""
    made = _Span(span(months, days, rest, working=working))
    made.length = (months, days, rest, working)
    return made


def listing(parts: Iterable[str], between: str = ", ") -> Phrase:
    """Texts and phrases, one after the other; what is ``between`` them may be a phrase as well."""
    found = tuple(parts)
    made = _Listing(between.join(found))
    made.parts, made.between = found, between
    return made


def _made(text: str, many: str, number: int, named: dict[str, Any]) -> Phrase:
    template = many if many and number != 1 else text
    holes = {"num": f"{number:,}", **named} if many else named
    made = Phrase(template % {name: written(value) for name, value in holes.items()} if holes else template)
    made.text, made.many, made.number, made.named = text, many, number, named
    return made


def written(value: object) -> str:
    """What is in a hole, in English: of numbers the thousands are set off."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
