"""Expressions: CEL, compiled once. This is the one file that imports the CEL library.

An expression is evaluated on :class:`Names`, which gives each variable only when it is mentioned, and of ``data`` only
the members that are mentioned, so that a large job costs no more than a small one. A missing name, a missing member
and a wrong type are errors, never null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol

import cel

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.problems import Place

LONGEST = 2_000
"""Characters an expression may have; longer ones are refused before they are compiled."""

VARIABLES = frozenset({"data", "customer", "job", "now", "outcome", "item"})
"""Names that every expression may use. Some places add their own (``member``, ``done``, ``open``, ``total``)."""

FUNCTIONS = frozenset({"passed", "at", "by", "count"})
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


def _duration(text: str) -> timedelta:
    return timedelta(seconds=Duration.parse(text).seconds)


_STANDARD: dict[str, Callable[..., Any]] = {
    "date": moment,
    "days": lambda n: timedelta(days=n),
    "span": _duration,
    "sum": lambda numbers: sum(numbers),
    "min": lambda *values: min(values[0] if len(values) == 1 else values),
    "max": lambda *values: max(values[0] if len(values) == 1 else values),
}
STANDARD = frozenset(_STANDARD)
"""Functions beside CEL's own: ``date(text)``, ``days(n)``, ``span("P3D")``, ``sum(list)``, ``min``, ``max``."""

_TOKEN = re.compile(
    r"""[rRbB]{0,2}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<chain>(?<![\w.])[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*(?!\w*\s*\())*)"""
)


@lru_cache(maxsize=4096)
def _compile(source: str) -> tuple[Any, dict[str, frozenset[str] | None], tuple[str, ...]]:
    if len(source) > LONGEST:
        raise ExpressionFailed(f"the expression has {len(source)} characters; at most {LONGEST} are allowed")
    try:
        program = cel.compile(source)
    except (ValueError, RecursionError) as error:
        raise ExpressionFailed(_first_line(str(error))) from None
    chains = [re.sub(r"\s", "", m["chain"]).split(".") for m in _TOKEN.finditer(source) if m["chain"]]
    variables: dict[str, frozenset[str] | None] = {}
    for name in program.variables():
        used = [chain for chain in chains if chain[0] == name]
        whole = any(len(chain) < 2 for chain in used) or not used
        variables[name] = None if whole else frozenset(chain[1] for chain in used)
    functions = tuple(name for name in program.functions() if name.isidentifier())
    return program, variables, functions


def _first_line(text: str) -> str:
    for line in text.splitlines():
        if "Syntax error" in line or "ERROR" in line:
            return line.split("ERROR:")[-1].strip()[:200]
    return text.splitlines()[0][:200] if text else "cannot be read"


@dataclass(frozen=True, slots=True)
class Expression:
    """A CEL expression. Creating one compiles it; raises :class:`ExpressionFailed` when it cannot be read."""

    source: str
    place: Place = field(default=Place(), compare=False)
    _compiled: Any = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", _compile(self.source))

    @property
    def variables(self) -> dict[str, frozenset[str] | None]:
        """The variables it mentions, each with the first-level members it mentions, or None for the whole."""
        return dict(self._compiled[1])

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions it calls by name, CEL's own among them."""
        return tuple(self._compiled[2])

    def value(self, names: Names) -> Any:
        """Its value. Raises :class:`ExpressionFailed`."""
        program, variables, functions = self._compiled
        context: dict[str, Any] = {}
        try:
            for name, members in variables.items():
                context[name] = names.variable(name, members)
            for name in functions:
                standard = _STANDARD.get(name)
                if standard is not None:
                    context[name] = standard
                elif name in FUNCTIONS:
                    context[name] = names.function(name)
            return program.execute(context)
        except ExpressionFailed:
            raise
        except KeyError as error:
            raise ExpressionFailed(f"{error.args[0]!r} is not there", where=self.source) from None
        except Exception as error:
            raise ExpressionFailed(_first_line(str(error)), where=self.source) from None

    def holds(self, names: Names) -> bool:
        """Whether it is true; anything but a boolean is an error."""
        value = self.value(names)
        if not isinstance(value, bool):
            raise ExpressionFailed(f"gives {value!r}, not true or false", where=self.source)
        return value

    def __str__(self) -> str:
        return self.source
