"""What a letter is made of, whatever it tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flowengine.core.values import Json
from flowengine.interop.ical import Method
from flowengine.store import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An appointment for the receiver's calendar, as iCalendar; ``method``: what his calendar is to do with it."""

    method: Method
    calendar: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One letter: ``data`` is the same for programs."""

    to: str
    name: str
    subject: str
    text: str
    why: str
    data: dict[str, Json]
    at: datetime
    invitation: Invitation | None = None


def greeting(person: Person) -> str:
    return f"Hello {person.name}," if person.name else "Hello,"


def where(words: str, answer: str) -> str:
    return f"{words}\n    {answer}"


def about(title: str, short: str) -> str:
    """To what it belongs: the title of a process, and a job or step of it."""
    return f"It belongs to: {title} ({short})"


def text(lines: tuple[str, ...]) -> str:
    """The paragraphs of a letter; empty ones are none."""
    return "\n\n".join(line for line in lines if line) + "\n"
