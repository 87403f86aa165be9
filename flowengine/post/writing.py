"""What a letter is made of, whatever it tells: parts, from which its text and its HTML are written in the same words.

The HTML loads nothing and has no script, no picture and no address but the one that the letter is about. What people
wrote is text in it: it can make neither a link nor a line of another kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import TypeAlias

from flowengine.core.values import Json
from flowengine.interop.ical import Method
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Person

_INDENT = "    "
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;margin:0 auto;padding:16px;max-width:36em;"
    "overflow-wrap:anywhere}"
    "blockquote{margin:0 0 1em;padding:0 0 0 1em;border-left:3px solid}"
    "blockquote p{margin:0;white-space:pre-line}"
    "dl{margin:0 0 1em}dd{margin:0 0 .5em;font-weight:bold}"
    "code{font-size:1.1em}.about{font-size:.9em}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An appointment for the receiver's calendar, as iCalendar; ``method``: what his calendar is to do with it."""

    method: Method
    calendar: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """What stands by itself: a title, or what somebody wrote, after the words that it is ``opened`` with, if any."""

    words: str
    opened: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines of a title and a text each."""

    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Where to go on: an address, or, where this installation has none, a command."""

    words: str
    to: str


@dataclass(frozen=True, slots=True)
class About:
    """To what a letter belongs."""

    words: str


Part: TypeAlias = str | Quoted | Shown | Way | About
"""One paragraph; an empty text, and lines of which there are none, are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One letter, told in the words of its ``reader``; ``data`` is the same for programs."""

    reader: Words = field(repr=False)
    to: str
    name: str
    subject: str
    parts: tuple[Part, ...]
    why: str
    data: dict[str, Json]
    at: datetime
    invitation: Invitation | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", self.reader.tell(self.subject))
        object.__setattr__(self, "parts", tuple(_told(part, self.reader.tell) for part in self.parts))

    @property
    def text(self) -> str:
        """The letter as plain text."""
        return "\n\n".join(filter(None, map(_as_text, self.parts))) + "\n"

    @property
    def html(self) -> str:
        """The letter as HTML, in the same words."""
        body = "\n".join(filter(None, map(_as_html, self.parts)))
        return (
            f'<!doctype html>\n<html lang="{self.reader.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
            f"<title>{escape(self.subject)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
        )


def greeting(person: Person) -> str:
    return hello(person.name)


def hello(name: str) -> str:
    return phrase("Hello %(name)s,", name=name) if name else phrase("Hello,")


def about(title: str, short: str) -> About:
    """That a letter belongs to a job or step of a process with that title."""
    return About(phrase("It belongs to: %(title)s (%(short)s)", title=title, short=short))


def _told(part: Part, tell: Callable[[str], str]) -> Part:
    match part:
        case Quoted(words, opened):
            return Quoted(tell(words), tell(opened))
        case Way(words, to):
            return Way(tell(words), to)
        case About(words):
            return About(tell(words))
        case Shown():
            return part
        case _:
            return tell(part)


def _as_text(part: Part) -> str:
    match part:
        case Quoted(words, opened):
            told = f"\n{_INDENT}".join(words.strip().splitlines())
            return f"{opened}\n{_INDENT}{told}" if opened else f"{_INDENT}{told}"
        case Shown(lines):
            return "\n".join(f"{_INDENT}{title}: {value}" for title, value in lines)
        case Way(words, to):
            return f"{words}\n{_INDENT}{to}"
        case About(words):
            return words
        case _:
            return part


def _as_html(part: Part) -> str:
    match part:
        case Quoted(words, opened):
            before = f"<p>{escape(opened)}</p>\n" if opened else ""
            return f"{before}<blockquote><p>{escape(words.strip())}</p></blockquote>"
        case Shown(lines):
            told = "".join(f"<dt>{escape(title)}</dt><dd>{escape(value)}</dd>" for title, value in lines)
            return f"<dl>{told}</dl>" if told else ""
        case Way(words, to):
            return f"<p>{escape(words)}<br>{_address(to)}</p>"
        case About(words):
            return f'<p class="about">{escape(words)}</p>'
        case "":
            return ""
        case _:
            return "<p>" + "<br>".join(map(escape, part.splitlines())) + "</p>"


def _address(to: str) -> str:
    """An address of the web can be followed; everything else is only read."""
    told = escape(to)
    return f'<a href="{told}">{told}</a>' if to.startswith(("https://", "http://")) else f"<code>{told}</code>"
