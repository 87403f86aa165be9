"""One reading of one file: the problems found so far, and the limits that keep any file bounded (L12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from flowengine.errors import ExpressionFailed
from flowengine.language.currencies import currency
from flowengine.language.expressions import Expression
from flowengine.language.parser.patterns import pattern_cost
from flowengine.language.texts import Text
from flowengine.problem import Place, Problem
from flowengine.speech.languages import SOURCE

MOST_STATES = 3_000
"""States a process may have, members of races not counted: as many as can be read and checked in time (L12)."""
MOST_PROBLEMS = 200
"""Problems after which reading stops."""
MOST_PARTS = 60_000
"""Names, values and signs that all expressions and patterns of a file may have together: each costs about 10 µs."""
_EACH_COSTS = 8
"""Parts that an expression costs beside its own."""
_plain_words = re.compile(r"[A-Za-z](?:[\w' ,!?-]|\.(?!\w)){0,60}").fullmatch
_doubled = re.compile(r"(?<!\{)\{\{(\s*(?:data|customer|job|item|now)\b[^{}]*)\}\}(?!\})").search
_parts = re.compile(r"\w+|[^\w\s]").findall


class Refusal(Exception):
    """A value was refused and the problem is noted; whoever reads the parts of a whole goes on with the next part."""


class Enough(Exception):
    """Reading stops: there are too many problems, or a limit of the file is passed."""


class Translation(NamedTuple):
    """A text in another language: where the file names it, what it says, and where."""

    named: Place
    text: str
    place: Place


class Said(NamedTuple):
    """A text for people. ``wanted``: it is to be said in other languages too, for it has words."""

    text: str
    wanted: bool


def text_key(text: str) -> str:
    """A text as its translations are found by it: however its lines are broken."""
    return " ".join(text.split())


@dataclass(slots=True)
class Reading:
    """What the parser knows while it reads, in the file's own language or in that of some ``translations``."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)
    """What can be read, but was hardly meant so: the checks refuse it, what is in use may have it (L6)."""
    states: dict[str, Place] = field(default_factory=dict)
    """Every state so far, with the place of its name."""
    calendars: tuple[str, ...] = ()
    """The names of the process's calendars, which stand before the states are read."""
    currency: str = ""
    """The process's currency, which stands before its states are read."""
    path: tuple[str, ...] = ()
    """The names of the states and branches around."""
    own_language: str = SOURCE
    """The language of the file's texts, which stands before them."""
    language: str = ""
    """The other language that it is read in; empty: its own."""
    texts: dict[str, dict[str, Translation]] = field(default_factory=dict)
    """All translations that the file has, which are read before its texts: by language and by :func:`text_key`."""
    said: dict[str, Said] = field(default_factory=dict)
    """Every text for people so far, by :func:`text_key`."""
    _spent: int = 0

    def refuse(self, place: Place, code: str, message: str, hint: str = "") -> Refusal:
        """Note a problem and give the exception to raise, where the value cannot be used."""
        self.problems.append(Problem(self.file, place, code, message, hint))
        if len(self.problems) >= MOST_PROBLEMS:
            self.stop(place, "too-many-problems", "there are more problems than these; mend these first")
        return Refusal()

    def doubt(self, place: Place, code: str, message: str, hint: str = "") -> None:
        """Note what was hardly meant."""
        self.doubts.append(Problem(self.file, place, code, message, hint))

    def stop(self, place: Place, code: str, message: str) -> None:
        """Note a problem and end the reading."""
        self.problems.append(Problem(self.file, place, code, message))
        raise Enough

    def told(self, text: str, place: Place, *, wanted: bool = True) -> tuple[str, Place]:
        """A text for people in the language that the file is read in, and where that stands."""
        self.note(text, wanted=wanted)
        if not self.language:
            return text, place
        found = self.texts[self.language].get(text_key(text))
        return (text, place) if found is None else (found.text, found.place)

    def note(self, text: str, *, wanted: bool) -> None:
        """Note that the file has that text for people."""
        if self.language:
            return
        key = text_key(text)
        before = self.said.get(key)
        if before is None or (wanted and not before.wanted):
            self.said[key] = Said(text, wanted and any(map(str.isalpha, text)))

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Read what is inside a state or a branch."""
        self.path += (name,)
        try:
            yield
        finally:
            self.path = self.path[:-1]

    def expression(self, source: str, place: Place) -> Expression:
        """Compile an expression."""
        self.spend(_EACH_COSTS + len(_parts(source)), place)
        try:
            expression = Expression(source, place)
        except ExpressionFailed as error:
            advice = _ways(error) or ("" if "write" in error.what else _as_text(source))
            if source.startswith("{") and source.endswith("}"):
                advice = "an expression stands here without braces"
            raise self.refuse(place, "bad-expression", f"{_short(source)}: {error.what}", advice) from None
        self._calls(expression)
        return expression

    def text(self, source: str, place: Place) -> Text:
        """Compile a text with expressions in braces."""
        if "{" in source:
            self.spend(_EACH_COSTS * source.count("{") + len(_parts(source)), place)
        try:
            text = Text(source, place)
        except ExpressionFailed as error:
            advice = "a text has no statements; write {… ? … : …}" if "{%" in source else _ways(error)
            raise self.refuse(place, "bad-expression", f"{_short(source)}: {error.what}", advice) from None
        for expression in text.expressions:
            self._calls(expression)
        if found := _doubled(source):
            message = f"{_short(source)}: people would read {found[0][1:-1]!r}, for double braces stand for braces"
            self.doubt(place, "bad-text", message, f"write {{{found[1].strip()}}} for its value")
        return text

    def _calls(self, expression: Expression) -> None:
        """A pattern takes long to compile, for its length; money is in a currency."""
        for name, args in expression.calls:
            if name == "money":
                self._money(args, expression.place)
            if name == "matches" and args and isinstance(args[-1], str):
                self.spend(pattern_cost(args[-1]), expression.place)

    def _money(self, args: tuple[object, ...], place: Place) -> None:
        if len(args) == 1 and not self.currency:
            hint = "write 'currency: GBP' in the process, or money(…, \"GBP\")"
            self.refuse(place, "bad-currency", "money() needs to know the currency", hint)
        elif len(args) == 2 and isinstance(args[1], str):
            try:
                currency(args[1])
            except ValueError as error:
                self.refuse(place, "bad-currency", str(error))

    def spend(self, parts: int, place: Place) -> None:
        """Count an expression or a pattern against the file's limit."""
        self._spent += parts
        if self._spent > MOST_PARTS:
            what = f"its expressions and patterns have more than {MOST_PARTS:,} names, values and signs together"
            self.stop(place, "too-large", what)


def _short(source: str) -> str:
    return repr(source if len(source) <= 60 else source[:57] + "…")


def _as_text(source: str) -> str:
    """The hint for plain words where an expression is read."""
    return f"a text in an expression needs quotes of its own: '\"{source}\"'" if _plain_words(source) else ""


def _ways(error: ExpressionFailed) -> str:
    return f"possible: {', '.join(error.possible)}" if error.possible else ""
