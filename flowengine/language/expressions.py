"""Expressions: CEL, compiled once. This is the one file that imports the CEL library.

An expression is evaluated on :class:`Names`, which gives each variable only when it is mentioned, and of ``data`` only
the members that are mentioned, so that a large job costs no more than a small one. A missing name, a missing member
and a wrong type are errors, never null.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import ModuleType
from typing import Any, Protocol

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.mentions import JOB_FUNCTIONS, Mentions, chain, literal_items, mentions, near
from flowengine.language.rewriting import ORDER, canonical, in_order, rewritten
from flowengine.language.syntax import LONGEST as LONGEST
from flowengine.language.syntax import Macro, Node, read, walk
from flowengine.problem import Place


def _library() -> ModuleType:
    """CEL's library without its command line, which it imports by itself, with prompts and tables: that takes longer
    than all the rest of a small command. A name holds that module's place meanwhile, and is then given back."""
    place = "cel.cli"
    if place not in sys.modules:
        sys.modules[place] = ModuleType(place)
        try:
            import cel
        finally:
            del sys.modules[place]
        del cel.cli
        return cel
    import cel

    return cel


cel: Any = _library()

VARIABLES = frozenset({"data", "customer", "job", "now", "outcome", "item"})
"""Names that every expression may use. Some places add their own (``member``, ``done``, ``open``, ``total``)."""

FUNCTIONS = JOB_FUNCTIONS
"""Functions on the job's past: ``passed(state)``, ``at(state)``, ``by(state)``, ``count(state)``."""


class Names(Protocol):
    """What an expression sees."""

    def variable(self, name: str, members: frozenset[str] | None) -> Any:
        """The value of a variable; ``members`` are the only members needed, or None for all. KeyError when unknown."""

    def function(self, name: str) -> Callable[..., Any]:
        """A function on the job's past. KeyError when unknown."""


@dataclass(frozen=True, slots=True)
class PlainNames:
    """Names from a mapping, for tests and checks."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def variable(self, name: str, members: frozenset[str] | None) -> Any:  # noqa: ARG002 - the protocol's signature
        return self.variables[name]

    def function(self, name: str) -> Callable[..., Any]:
        return self.functions[name]


def moment(value: object, *, end_of_day: bool = False) -> datetime:
    """A moment from a timestamp, or from ISO 8601 text. A bare date is its first instant in UTC, or its last."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        try:
            if len(value) == 10:
                day = datetime.combine(date.fromisoformat(value), time(), UTC)
                return day + timedelta(days=1, microseconds=-1) if end_of_day else day
            found = datetime.fromisoformat(value)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except ValueError:
            pass
    raise ExpressionFailed(f"{value!r} is not a moment; write a date (2026-05-01) or a time (2026-05-01T10:00:00Z)")


def _span(text: str) -> timedelta:
    return timedelta(seconds=Duration.parse(text).seconds)


def _day(value: object) -> str:
    return moment(value).date().isoformat()


def _days(number: float) -> timedelta:
    return timedelta(days=number)


_STANDARD: dict[str, Callable[..., Any]] = {
    "date": moment,
    "day": _day,
    "days": _days,
    "span": _span,
    "sum": lambda numbers: sum(numbers),
    "min": lambda *values: min(values[0] if len(values) == 1 else values),
    "max": lambda *values: max(values[0] if len(values) == 1 else values),
}
STANDARD = frozenset(_STANDARD)
"""Functions beside CEL's own: ``date(text)``, ``day(moment)`` (its date as text), ``days(n)``, ``span("P3D")``,
``sum(list)``, ``min``, ``max``."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    program: Any
    tree: Node
    mentions: Mentions
    variables: tuple[tuple[str, frozenset[str] | None], ...]
    functions: tuple[str, ...]
    """The functions that are given to CEL: those of the job's past, and the standard ones."""
    ordered: bool
    """Whether it has macros, which are then run in a fixed order."""
    chain: tuple[str, ...]
    """The members it reads one in another, when it is nothing but a chain like ``data.measure.chest``; else empty."""


@lru_cache(maxsize=8192)
def _compile(source: str) -> _Compiled:
    tree = read(source)
    mentioned = mentions(tree)
    try:
        text = rewritten(source, tree)
        program = cel.compile(text)
    except BaseException as error:
        raise _failed(error, source) from None
    given = tuple(name for name in mentioned.functions if name in _STANDARD or name in FUNCTIONS)
    ordered = any(isinstance(node, Macro) for node in walk(tree))
    return _Compiled(program, tree, mentioned, tuple(mentioned.variables.items()), given, ordered, chain(tree)[0] or ())


def _followed(names: Names, chain: tuple[str, ...]) -> Any:
    """The value at the end of a chain, which most texts and inputs are: CEL would say the same, five times slower."""
    value = _variable(names, chain[0], frozenset(chain[1:2]) or None)
    for member in chain[1:]:
        if not isinstance(value, Mapping):
            raise TypeError(f"{type(value).__name__} has no member {member!r}")
        value = value[member]
    return value


_TYPES = "the types do not fit:"


def _failed(error: BaseException, source: str) -> BaseException:
    """The error as ours. The library's own crashes (PanicException) are no ``Exception``; others of that sort pass."""
    if isinstance(error, ExpressionFailed):
        return error if error.where else ExpressionFailed(error.what, where=source, possible=error.possible)
    if isinstance(error, KeyError):
        return ExpressionFailed(f"{error.args[0]!r} is not there", where=source)
    if isinstance(error, TypeError):
        return ExpressionFailed(f"{_TYPES} {_sentence(error)}", where=source)
    if isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime":
        return ExpressionFailed(_sentence(error), where=source)
    return error


def types_fit(error: ExpressionFailed) -> bool:
    """Whether it failed by a value (a division by zero, a text that is no date), not by a type or a name."""
    return not error.what.startswith((_TYPES, "Undefined variable or function")) and "is not there" not in error.what


def _sentence(error: BaseException) -> str:
    """The first sentence of the library's message."""
    text = str(error) or type(error).__name__
    for line in text.splitlines():
        if "ERROR:" in line:
            text = line.split("ERROR:")[-1].strip()
            break
    first = text.splitlines()[0]
    return first.split(". ")[0].rstrip(".")[:200]


class _Carried:
    """A function for CEL that keeps what it raises, since the library would print it and tell half of it."""

    __slots__ = ("error", "function", "name")

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self.error: BaseException | None = None

    def __call__(self, *args: Any) -> Any:
        try:
            return self.function(*args)
        except Exception as error:
            what = error.what if isinstance(error, ExpressionFailed) else f"{self.name}(…): {error}"
            if isinstance(error, TypeError):
                what = f"{_TYPES} {what}"
            self.error = self.error or ExpressionFailed(what)
            return None


@dataclass(frozen=True, slots=True)
class Expression:
    """A CEL expression. Creating one compiles it; raises :class:`ExpressionFailed` when it cannot be read."""

    source: str
    place: Place = field(default=Place(), compare=False)
    _compiled: _Compiled = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", _compile(self.source))

    @property
    def tree(self) -> Node:
        """Its shape, for checks."""
        return self._compiled.tree

    @property
    def variables(self) -> dict[str, frozenset[str] | None]:
        """The variables it mentions, each with the first-level members it mentions, or None for the whole."""
        return dict(self._compiled.variables)

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions it calls by name, CEL's own among them."""
        return self._compiled.mentions.functions

    @property
    def calls(self) -> tuple[tuple[str, tuple[object, ...]], ...]:
        """Each function call with its literal arguments; an argument that is computed is None."""
        return self._compiled.mentions.calls

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The full chains of members it reads, from the variable on: ``("data", "measure", "chest")``."""
        return self._compiled.mentions.paths

    def value(self, names: Names) -> Any:
        """Its value. Raises :class:`ExpressionFailed`."""
        return self._run(names)

    def _run(self, names: Names) -> Any:
        compiled = self._compiled
        context: dict[str, Any] = {}
        carried: list[_Carried] = []
        try:
            if compiled.chain:
                return _checked(_followed(names, compiled.chain), self.source)
            for name, members in compiled.variables:
                context[name] = _variable(names, name, members)
            for name in compiled.functions:
                function = _Carried(name, _STANDARD.get(name) or names.function(name))
                carried.append(function)
                context[name] = function
            if compiled.ordered:
                context[ORDER] = in_order
            if compiled.mentions.longest is not None:
                _bound(compiled, context)
            value = compiled.program.execute(context)
        except BaseException as error:
            for function in carried:
                if function.error is not None:
                    raise _failed(function.error, self.source) from None
            raise _failed(error, self.source) from None
        for function in carried:
            if function.error is not None:
                raise _failed(function.error, self.source)
        return _checked(value, self.source)

    def holds(self, names: Names) -> bool:
        """Whether it is true; anything but a boolean is an error."""
        value = self.value(names)
        if not isinstance(value, bool):
            raise ExpressionFailed(f"gives {value!r}, not true or false", where=self.source)
        return value

    def __str__(self) -> str:
        return self.source


def _checked(value: Any, source: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionFailed(f"gives {value}, which is no number", where=source)
    return canonical(value) if isinstance(value, dict | list | tuple) else value


def _variable(names: Names, name: str, members: frozenset[str] | None) -> Any:
    try:
        return names.variable(name, members)
    except KeyError:
        hint = near(name, VARIABLES)
        raise ExpressionFailed(
            f"there is no variable {name!r} here" + (f"; {hint}" if hint else ""), possible=sorted(VARIABLES)
        ) from None


def _bound(compiled: _Compiled, context: Mapping[str, Any]) -> None:
    """Refuse lists so long that the expression's macros would take more than about a second on them."""
    limit = compiled.mentions.longest
    assert limit is not None
    longest = max(literal_items(compiled.tree), max((_longest(value) for value in context.values()), default=0))
    if longest * compiled.mentions.widths > limit:
        raise ExpressionFailed(
            f"works through a list of {longest} items; at most {limit} are allowed in such an expression"
        )


def _longest(value: Any) -> int:
    """The length of the longest list or object in a value."""
    longest, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple | dict):
            longest = max(longest, len(one))
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return longest
