"""Texts with expressions in braces: ``Your {data.choose_style.cloth} suit``. ``{{`` and ``}}`` are braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration, Working
from flowengine.language.evaluation.numbers import exact, written
from flowengine.language.expressions import Expression, Names, is_date, is_time, local
from flowengine.language.syntax import closing_brace
from flowengine.problem import Place
from flowengine.speech.words import ENGLISH, Words


@dataclass(frozen=True, slots=True)
class Text:
    """A text for a person. ``parts`` are literal strings and expressions in turn."""

    source: str
    place: Place = field(default=Place(), compare=False)
    parts: tuple[str | Expression, ...] = field(init=False, compare=False, repr=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(_split(self.source, self.place)))

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return tuple(part for part in self.parts if isinstance(part, Expression))

    def render(self, names: Names, word: Callable[[Expression, Any], Any] | None = None) -> str:
        """The text with its expressions filled in, days and moments in full. ``word`` gives what a value stands for, by
        its expression. Raises :class:`ExpressionFailed`."""
        return "".join(part if isinstance(part, str) else spelt(part, names, word) for part in self.parts)

    def __str__(self) -> str:
        return self.source


def spelt(expression: Expression, names: Names, word: Callable[[Expression, Any], Any] | None = None) -> str:
    """The value of an expression as a text tells it. Raises :class:`ExpressionFailed`."""
    value = expression.value(names)
    return told(value if word is None else word(expression, value), names.zone, in_full=True, words=names.words)


def plain(value: Any, words: Words = ENGLISH) -> str:
    """A value as a person would write it; texts as they are, moments in UTC."""
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    if isinstance(value, int | float | Decimal):
        return words.number(exact(value) if isinstance(value, float) else value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Duration):
        return words.span(value.months, value.days, value.rest)
    if isinstance(value, Working):
        return words.span(value.length.months, value.length.days, value.length.rest, working=True)
    if isinstance(value, list | tuple):
        return ", ".join(plain(item, words) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(item, words)}" for key, item in value.items())
    return "" if value is None else str(value)


def told(value: Any, zone: tzinfo, *, in_full: bool = False, words: Words = ENGLISH) -> str:
    """A value as a person reads it: days and moments in words, in the zone; also those that are kept as ISO 8601 texts,
    which fields, appointments and ``day(…)`` give."""
    if isinstance(value, datetime):
        return words.moment(local(value, zone), zone, in_full=in_full)
    if isinstance(value, str):
        if is_date(value):
            return words.day(date.fromisoformat(value), in_full=in_full)
        return words.moment(datetime.fromisoformat(value), zone, in_full=in_full) if is_time(value) else value
    if isinstance(value, list | tuple):
        return ", ".join(told(item, zone, in_full=in_full, words=words) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {told(item, zone, in_full=in_full, words=words)}" for key, item in value.items())
    return plain(value, words)


def key_text(value: Any) -> str:
    """A value as a key that others name it by: like :func:`plain`, but equal numbers are one text, ``1.5``."""
    return written(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else plain(value)


def spoken(name: str) -> str:
    """A name of the file as words."""
    return name.replace("_", " ")


_LITERAL = re.compile(r"[^{}]+")


def _split(source: str, place: Place) -> list[str | Expression]:
    parts: list[str | Expression] = []
    literal, at = "", 0
    while at < len(source):
        if (plain_run := _LITERAL.match(source, at)) is not None:
            literal, at = literal + plain_run.group(), plain_run.end()
        elif source[at : at + 2] in ("{{", "}}"):
            literal, at = literal + source[at], at + 2
        elif source[at] == "}":
            raise ExpressionFailed("a '}' without a '{'; write '}}' for a brace", where=_around(source, at))
        else:
            end = closing_brace(source, at)
            if end < 0:
                raise ExpressionFailed("a '{' that is never closed; write '{{' for a brace", where=_around(source, at))
            if literal:
                parts.append(literal)
            parts.append(Expression(source[at + 1 : end], place))
            literal, at = "", end + 1
    return [*parts, literal] if literal else parts


def _around(source: str, at: int) -> str:
    return source[max(at - 20, 0) : at + 40]
