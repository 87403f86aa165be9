"""Expressions of the process language: CEL's syntax, read and compiled once, evaluated by us.

An expression is evaluated on :class:`Names`, which gives each variable only when it is needed, and of ``data`` only
the members that are mentioned, so that a large job costs no more than a small one. A missing name, a missing member
and a wrong type are errors, never null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any

from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import Calendar
from flowengine.language.evaluation.compiling import compiled
from flowengine.language.evaluation.frame import SIMPLE, Closure, Frame
from flowengine.language.evaluation.frame import VARIABLES as VARIABLES
from flowengine.language.evaluation.frame import Names as Names
from flowengine.language.evaluation.functions import in_range as in_range
from flowengine.language.evaluation.functions import is_date as is_date
from flowengine.language.evaluation.functions import is_time as is_time
from flowengine.language.evaluation.functions import kind_of
from flowengine.language.evaluation.functions import later as later
from flowengine.language.evaluation.functions import local as local
from flowengine.language.evaluation.functions import moment as moment
from flowengine.language.mentions import Mentions, mentions
from flowengine.language.syntax import LONGEST as LONGEST
from flowengine.language.syntax import Node, read
from flowengine.problem import Place
from flowengine.speech.words import ENGLISH, Words


@dataclass(frozen=True, slots=True)
class PlainNames:
    """Names from a mapping, for tests and checks."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    zone: tzinfo = UTC
    currency: str = ""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    words: Words = ENGLISH

    def variable(self, name: str, members: frozenset[str] | None) -> Any:  # noqa: ARG002 - the protocol's signature
        return self.variables[name]

    def function(self, name: str) -> Callable[..., Any]:
        return self.functions[name]


@dataclass(frozen=True, slots=True)
class _Program:
    """What an expression was compiled to."""

    tree: Node
    mentions: Mentions
    run: Closure
    macros: int

    def value(self, names: Names) -> Any:
        """Its value. Raises :class:`ExpressionFailed` that does not say in which expression."""
        frame = Frame(names, self.mentions.variables, self.macros)
        value = self.run(frame)
        return value if type(value) in SIMPLE or type(value) is str else frame.taken_over(value)


@lru_cache(maxsize=8192)
def _compile(source: str) -> _Program:
    try:
        tree = read(source)
        return _program(tree)
    except ExpressionFailed as error:
        raise _placed(error, source) from None


def _program(tree: Node) -> _Program:
    return _Program(tree, mentions(tree), *compiled(tree))


def value_of(tree: Node, names: Names) -> Any:
    """The value of a part of an expression. Raises :class:`ExpressionFailed`."""
    return _program(tree).value(names)


def _placed(error: ExpressionFailed, source: str) -> ExpressionFailed:
    """The failure with its expression, and the character at which the part at fault begins."""
    if error.where:
        return error
    start = error.span[0] if error.span else 0
    what = f"the types do not fit: {error.what}" if error.kind == "type" else error.what
    what = f"{what} (character {start + 1})" if start else what
    return ExpressionFailed(what, where=source, possible=error.possible, kind=error.kind, span=error.span)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression. Creating one compiles it; raises :class:`ExpressionFailed` when it cannot be read."""

    source: str
    place: Place = field(default=Place(), compare=False)
    _program: _Program = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_program", _compile(self.source))

    @property
    def tree(self) -> Node:
        """Its shape, for checks."""
        return self._program.tree

    @property
    def variables(self) -> dict[str, frozenset[str] | None]:
        """The variables it mentions, each with the first-level members it mentions, or None for the whole."""
        return dict(self._program.mentions.variables)

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions it calls by name, CEL's own among them."""
        return self._program.mentions.functions

    @property
    def calls(self) -> tuple[tuple[str, tuple[object, ...]], ...]:
        """Each function call with its literal arguments; an argument that is computed is None."""
        return self._program.mentions.calls

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The full chains of members it reads, from the variable on: ``("data", "measure", "chest")``."""
        return self._program.mentions.paths

    def value(self, names: Names) -> Any:
        """Its value: None, a boolean, an int, a Decimal, a text, an aware datetime, a
        :class:`~flowengine.language.durations.Duration`, a :class:`~flowengine.language.durations.Working`, or lists
        and dicts of these. Raises :class:`ExpressionFailed`."""
        try:
            return self._program.value(names)
        except ExpressionFailed as error:
            raise _placed(error, self.source) from None

    def holds(self, names: Names) -> bool:
        """Whether it is true; anything but a boolean is an error."""
        value = self.value(names)
        if not isinstance(value, bool):
            raise ExpressionFailed(f"gives {kind_of(value)}, not true or false", where=self.source, kind="type")
        return value

    def __str__(self) -> str:
        return self.source
