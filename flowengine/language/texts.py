"""Texts with expressions in braces: ``Your {data.choose_style.cloth} suit``. ``{{`` and ``}}`` are braces."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, Names
from flowengine.language.problems import Place


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

    def render(self, names: Names) -> str:
        """The text with its expressions filled in. Raises :class:`ExpressionFailed`."""
        return "".join(part if isinstance(part, str) else plain(part.value(names)) for part in self.parts)

    def __str__(self) -> str:
        return self.source


def plain(value: Any) -> str:
    """A value as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    return "" if value is None else str(value)


def _split(source: str, place: Place) -> list[str | Expression]:
    parts: list[str | Expression] = []
    literal, at = "", 0
    while at < len(source):
        char = source[at]
        if source[at : at + 2] in ("{{", "}}"):
            literal, at = literal + char, at + 2
        elif char == "}":
            raise ExpressionFailed("a '}' without a '{'; write '}}' for a brace", where=source[:60])
        elif char == "{":
            end = _closing(source, at)
            if literal:
                parts.append(literal)
            parts.append(Expression(source[at + 1 : end], place))
            literal, at = "", end + 1
        else:
            literal, at = literal + char, at + 1
    return [*parts, literal] if literal else parts


def _closing(source: str, start: int) -> int:
    depth, quote, at = 0, "", start
    while at < len(source):
        char = source[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise ExpressionFailed("a '{' that is never closed; write '{{' for a brace", where=source[:60])
