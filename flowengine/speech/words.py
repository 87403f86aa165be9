"""The engine's own words for a reader: English, and how it tells days, moments, numbers, lengths and prices.

Views are given the ``Words`` of who reads, and never know by which library another language is spoken (``readers``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from flowengine.speech import money, spoken_time
from flowengine.speech.languages import SOURCE
from flowengine.speech.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Words:
    """English for a reader, whose time ``zone`` may be known. Those of other languages are a class below."""

    zone: tzinfo | None = None
    language: str = SOURCE

    # texts

    def say(self, text: str, /, **named: Any) -> str:
        """A text in his language, with what is ``%(named)s`` in it: texts, phrases, numbers."""
        return text % self._told(named) if named else str(text)

    def say_many(self, one: str, many: str, number: int, /, **named: Any) -> str:
        """A text about so many, with ``%(num)s``."""
        return (one if number == 1 else many) % {"num": self.count(number), **self._told(named)}

    def tell(self, value: object) -> str:
        """A phrase in his language; any other text as it is; numbers, yes and no as he has them."""
        if isinstance(value, Phrase):
            return value.told(self)
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return self.say("yes") if value else self.say("no")
        if isinstance(value, int):
            return self.count(value)
        return self.number(value) if isinstance(value, Decimal) else str(value)

    def aside(self, written: object) -> str:
        """What somebody wrote, in brackets behind what he did and between the language's quotation marks; nothing where
        it is no text, or an empty one."""
        return self.say(" (“%(written)s”)", written=written) if isinstance(written, str) and written else ""

    def _told(self, named: dict[str, Any]) -> dict[str, str]:
        return {name: self.tell(value) for name, value in named.items()}

    def within(self, title: str) -> str:
        """A title in the middle of a sentence: ``your suit``, but ``NHS glasses``."""
        return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title

    # values

    def day(self, value: date, *, in_full: bool = False) -> str:
        """``Mon 5 Oct 2026``; in sentences in full, ``Monday, 5 October 2026``."""
        return spoken_time.day(value, in_full=in_full)

    def moment(self, value: datetime, zone: tzinfo, home: tzinfo | None = None, *, in_full: bool = False) -> str:
        """``Mon 5 Oct 2026, 10:00`` as clocks in the ``zone`` show it, which is said where those at ``home`` show
        another time, and UTC always: ``Sun 10 May 2026, 22:00 (New York)``."""
        said = None if type(self) is Words else lambda day, in_full: self.day(day, in_full=in_full)
        return spoken_time.moment(value, zone, home, in_full=in_full, spoken=said)

    def number(self, value: int | Decimal) -> str:
        """As it was written, so that 11.50 keeps its zero, but never with an exponent. What came as ``98.0``, as it
        comes from those who have only binary floats, is ``98``."""
        return str(value) if isinstance(value, int) else f"{value or abs(value):f}".removesuffix(".0")

    def count(self, value: int) -> str:
        """How many: its thousands are set off."""
        return f"{value:,}"

    def money(self, value: int | Decimal, currency: str) -> str:
        """``£1,510.00``: nothing is rounded."""
        return money.money(value, currency)

    def span(self, months: int = 0, days: int = 0, rest: timedelta = timedelta(), *, working: bool = False) -> str:
        """A length as it is meant: ``1 month 2 days``, ``3 working days``, ``45 minutes``, ``0 seconds``."""
        return spoken_time.span(months, days, rest, working=working)


ENGLISH = Words()
"""For a reader of whom nothing is known."""
