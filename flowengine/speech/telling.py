"""Moments, days, spans, numbers and prices as a reader of any language has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers, units

from flowengine.speech import spoken_time
from flowengine.speech.catalogues import texts
from flowengine.speech.languages import SOURCE
from flowengine.speech.phrases import Phrase
from flowengine.speech.words import ENGLISH, Words

_WEEKDAY = re.compile(r"E+|c+")
"""A weekday in a pattern of CLDR: a pattern is for each width of it, where it has none of its own."""

_LOCALES: Mapping[str, str] = {"en": "en_GB"}
"""Which land's habits a language goes by, where it names none: days before months, and a clock of 24 hours."""


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language))


@lru_cache
def _pattern(language: str, skeleton: str) -> str:
    """The pattern of CLDR for what a skeleton names. It is looked for among all that a language has, which takes longer
    than all else of telling a day."""
    known = _locale(language).datetime_skeletons
    pattern: str = known[dates.match_skeleton(skeleton, known)].pattern
    return pattern


@dataclass(frozen=True, slots=True)
class Speech:
    """Speaks to a reader in his ``language`` (``en``, ``de``) and, where it is known, in his time ``zone`` (an IANA
    name), else in that of what he reads about, else in the ``default``; ``now`` is when he reads."""

    language: str = SOURCE
    zone: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    default: str = "UTC"

    @property
    def locale(self) -> Locale:
        """The habits of his language."""
        return _locale(self.language)

    def say(self, text: str, /, **named: Any) -> str:
        """A text in his language, with what is ``%(named)s`` in it."""
        found = texts(self.language).gettext(text)
        return found % named if named else found

    @property
    def words(self) -> Words:
        """The words in which the engine's views are told to him."""
        zone = ZoneInfo(self.zone) if self.zone else None
        return Words(zone) if self.language == SOURCE else translated(self.language, zone)

    def tell(self, text: str) -> str:
        """A phrase of the engine in his language; any other text as it is."""
        return text.told(self.words) if isinstance(text, Phrase) else text

    def say_many(self, one: str, many: str, number: int, /, **named: Any) -> str:
        """A text about so many, with ``%(num)s``."""
        return texts(self.language).ngettext(one, many, number) % {"num": self.number(number), **named}

    def clock(self, home: str = "") -> ZoneInfo:
        """The zone in which he reads moments: his own, else ``home``, that of what he reads about."""
        return ZoneInfo(self.zone or home or self.default)

    def place(self, home: str = "") -> str:
        """The zone in which he reads moments, in words: ``Berlin``, ``UTC``."""
        key = self.zone or home or self.default
        return key if key == "UTC" else key.rpartition("/")[2].replace("_", " ")

    def day(self, at: datetime | date, home: str = "", *, short: bool = False) -> str:
        """``Wednesday 2 December``, ``short``: ``Wed 2 Dec``; with the year, where it is another."""
        here = at.astimezone(self.clock(home)).date() if isinstance(at, datetime) else at
        same = here.year == self.now.astimezone(self.clock(home)).year
        skeleton = ("MMMEd" if short else "MMMMEd") if same else ("yMMMEd" if short else "yMMMMEd")
        return _day(here, skeleton, self.language, short=short)

    def time(self, at: datetime, home: str = "") -> str:
        """``14:30``."""
        return dates.format_time(at, "HH:mm", tzinfo=self.clock(home), locale=self.locale)

    def moment(self, at: datetime, home: str = "", *, short: bool = True) -> str:
        """``Wed 2 Dec, 14:30``."""
        return f"{self.day(at, home, short=short)}, {self.time(at, home)}"

    def distance(self, at: datetime) -> str:
        """How far that is from now: ``in 3 days``, ``2 hours ago``, ``just now``."""
        if abs(at - self.now) < timedelta(seconds=1):
            return self.say("just now")
        return dates.format_timedelta(at - self.now, add_direction=True, locale=self.locale)

    def span(self, length: timedelta) -> str:
        """``3 days``."""
        return dates.format_timedelta(length, locale=self.locale)

    def lasting(self, months: int = 0, days: int = 0, rest: timedelta = timedelta()) -> str:
        """A length as it is meant, and not about: ``12 days``, ``1 month``, ``2 hours, 30 minutes``."""
        hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
        parts = ((months, "month"), (days, "day"), (hours, "hour"), (minutes, "minute"))
        said = [units.format_unit(n, f"duration-{unit}", "long", locale=self.locale) for n, unit in parts if n]
        return ", ".join(said) or units.format_unit(0, "duration-minute", "long", locale=self.locale)

    def wait(self, seconds: float) -> str:
        """How long to wait, never less than that: ``20 seconds``, ``3 minutes``."""
        whole = max(1, -int(-seconds // 1))
        unit, count = ("second", whole) if whole < 120 else ("minute", -(-whole // 60))
        return units.format_unit(count, f"duration-{unit}", "long", locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        """``1,234.5``, ``1.234,5``."""
        return numbers.format_decimal(value, locale=self.locale, decimal_quantization=False)

    def symbol(self, currency: str) -> str:
        """``£``; nothing where there is no currency."""
        return numbers.get_currency_symbol(currency, self.locale) if currency else ""

    def money(self, value: int | Decimal, currency: str = "") -> str:
        """``£1,510.00``; without a currency as a number."""
        if not currency:
            return self.number(value)
        return numbers.format_currency(value, currency, locale=self.locale)


@dataclass(frozen=True, slots=True)
class Translated(Words):
    """The engine's words in another language than English."""

    @property
    def _locale(self) -> Locale:
        return _locale(self.language)

    def say(self, text: str, /, **named: Any) -> str:
        found = texts(self.language).gettext(text)
        return found % self._told(named) if named else str(found)

    def say_many(self, one: str, many: str, number: int, /, **named: Any) -> str:
        found = texts(self.language).ngettext(one, many, number)
        return found % {"num": self.number(number), **self._told(named)}

    def within(self, title: str) -> str:
        """As it is: which of its words are written small is not known."""
        return title

    def day(self, value: date, *, in_full: bool = False) -> str:
        return _day(value, "yMMMMEd" if in_full else "yMMMEd", self.language, short=not in_full)

    def number(self, value: int | Decimal) -> str:
        behind = len(ENGLISH.number(value).partition(".")[2])
        return numbers.format_decimal(value, f"#,##0.{'0' * behind}" if behind else "#,##0", locale=self._locale)

    def count(self, value: int) -> str:
        return self.number(value)

    def money(self, value: int | Decimal, currency: str) -> str:
        return numbers.format_currency(value, currency, locale=self._locale, decimal_quantization=False)

    def span(self, months: int = 0, days: int = 0, rest: timedelta = timedelta(), *, working: bool = False) -> str:
        parts = spoken_time.parts_of(months, days, rest) or [(0, "second")]
        told = ", ".join(units.format_unit(n, f"duration-{unit}", "long", locale=self._locale) for n, unit in parts)
        return self.say("%(length)s of working time", length=told) if working else told


def _day(value: date, skeleton: str, language: str, *, short: bool) -> str:
    found = _pattern(language, skeleton)
    return dates.format_date(value, found if short else _WEEKDAY.sub("EEEE", found), locale=_locale(language))


@lru_cache
def translated(language: str, zone: tzinfo | None = None) -> Words:
    """The words of a language that is not English."""
    return Translated(zone, language)
