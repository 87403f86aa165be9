"""One question at a terminal: what is typed is read, or explained and asked again.

``?`` explains the question, ``back`` and ``<`` go to the one before. Ctrl-C and the end of the input stop the command
before anything changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import Stopped

T = TypeVar("T")

LONGEST_LINE = 4095
"""Bytes of a line that a terminal hands on; it drops what comes behind them."""

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_UNREADABLE = re.compile("[\ud800-\udfff]")
_BACK = ("back", "<")
_LITERAL = re.compile(r'"(back|<|\?|-)"', re.IGNORECASE)


class Back(Exception):
    """The person wants to go to what was asked before."""


def question_of(
    console: Console,
    question: str,
    read: Callable[[str], T],
    explain: Callable[[], None],
    *,
    back: bool,
    words: bool = True,
) -> T:
    """The answer to a question that ``?`` explains. Raises Back where the person goes ``back``; without ``words`` only
    by ``<``, for an answer is called like that."""

    def understood(text: str) -> T:
        if text == "?":
            explain()
            raise ValueError
        if text == "<" or (words and is_command(text)):
            if back:
                raise Back
            raise ValueError("this is the first question; Ctrl-C stops")
        return read(text)

    return repeat(console, question, understood)


def is_command(text: str) -> bool:
    """Whether a text asks to go back."""
    return text.casefold() in _BACK


def literally(text: str) -> str:
    """The word itself, where a text is one of the words that mean something here, in quotes."""
    found = _LITERAL.fullmatch(text)
    return found[1] if found else text


def sure(console: Console, question: str, *, usual: bool = False) -> bool:
    """Yes or no; an empty line is what is ``usual``."""

    def read(text: str) -> bool:
        if text.casefold() in ("", "y", "yes", "n", "no"):
            return text.casefold() in ("y", "yes") or (not text and usual)
        raise ValueError("type y for yes, or n for no")

    return repeat(console, f"{question} [{'Y/n' if usual else 'y/N'}]", read)


def repeat(console: Console, question: str, read: Callable[[str], T]) -> T:
    """Ask until the answer can be read; each refusal is explained. Raises Stopped when the person stops."""
    try:
        while True:
            try:
                return read(_line(console, question))
            except ValueError as error:
                if str(error):
                    console.print(Text.assemble(("  ✗ ", "red"), harmless(error)), soft_wrap=not console.is_terminal)
    except (EOFError, KeyboardInterrupt):
        console.print()
        raise Stopped from None


def _line(console: Console, question: str) -> str:
    """A line as it was typed, without blanks around. Raises ValueError for what cannot be an answer."""
    console.print(Text.assemble((harmless(question), "bold"), ": "), end="", soft_wrap=True)
    try:
        text = input()
    except UnicodeDecodeError:
        raise ValueError("this could not be read as text; please type it again") from None
    if _UNREADABLE.search(text):
        raise ValueError("this could not be read as text; please type it again")
    if len(text.encode()) >= LONGEST_LINE:
        raise ValueError(
            f"a terminal cuts a line off after {LONGEST_LINE} signs; type less, or give it with --answer @FILE"
        )
    if found := _CONTROL.search(text):
        raise ValueError(
            f"there is a control character in it ({harmless(found[0])}), as an arrow key makes; type it again"
        )
    return text.strip()
