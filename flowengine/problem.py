"""A problem of a process file: where it is, what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; line and column count from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem. ``code`` is stable (``unknown-key``); ``hint`` says what would be right, or is empty."""

    file: str
    place: Place
    code: str
    message: str
    hint: str = field(default="")

    def __str__(self) -> str:
        text = f"{self.file}:{self.place.line}:{self.place.column}: {self.code}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "line": self.place.line,
            "column": self.place.column,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of the file; of two at one place the one found first comes first."""
    return sorted(problems, key=lambda problem: problem.place)
