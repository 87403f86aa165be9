"""One evaluation of an expression: what it sees, what it has left to spend, and how its values compare.

Each evaluation has a budget (L12): of steps, taken where something is repeated or long, and of the characters and
entries that it makes. What a step is was chosen so that no evaluation takes longer than about a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, cast

from flowengine.errors import ExpressionFailed, Fault
from flowengine.language import suggest
from flowengine.language.calendars import Calendar, working_after
from flowengine.language.durations import Duration, Length, Working
from flowengine.language.evaluation.functions import KINDS, given, later
from flowengine.language.tree import Call, Node, Operation
from flowengine.speech.words import Words

STEPS = 2_000_000
"""Steps of one evaluation: parts of an expression that are repeated, entries looked at, texts by 64 characters; each
counts for about as long as it takes, a step being a fraction of a microsecond."""
ROOM = 4_000_000
"""Characters and entries of lists that one evaluation may make."""
WEIGHTS: Mapping[type[Node], int] = {Call: 20, Operation: 2}
"""Steps of a part that is repeated, where it is not one."""
FAILURE = 20
"""Steps of a failure that another operand or entry makes up for."""

VARIABLES = frozenset({"data", "customer", "job", "now", "outcome", "item"})
"""Names that every expression may use. Some places add their own (``member``, ``done``, ``open``, ``total``)."""


FOREIGN = frozenset({float, timedelta})
"""Types of values from outside that are taken over as others."""


SIMPLE = frozenset({bool, int, Decimal, datetime, Duration, Working, type(None)})
"""Types of values that nobody can change, and that have a bounded size."""


class Names(Protocol):
    """What an expression sees."""

    @property
    def zone(self) -> tzinfo:
        """The zone of its days and times of day."""

    @property
    def currency(self) -> str:
        """The currency of its money, or an empty text."""

    @property
    def words(self) -> Words:
        """In which it tells money, and its texts days and numbers."""

    @property
    def calendars(self) -> Mapping[str, Calendar]:
        """The calendars in which working time is counted, by name."""

    def variable(self, name: str, members: frozenset[str] | None) -> Any:
        """The value of a variable; ``members`` are the only members needed, or None for all. KeyError when unknown."""

    def function(self, name: str) -> Callable[..., Any]:
        """A function on the job's past. KeyError when unknown."""


class Frame:
    """One evaluation: the values of the variables seen so far, those that macros bind, and what is left to spend."""

    steps = STEPS
    room = ROOM

    def __init__(self, names: Names, members: Mapping[str, frozenset[str] | None], macros: int) -> None:
        self.names = names
        self.members = members
        self.seen: dict[str, Any] = {}
        self.bound: list[Any] = [None] * macros

    @property
    def zone(self) -> tzinfo:
        return self.names.zone

    @property
    def currency(self) -> str:
        return self.names.currency

    @property
    def words(self) -> Words:
        return self.names.words

    def calendar(self, name: str) -> Calendar:
        try:
            return self.names.calendars[name]
        except KeyError:
            known = sorted(self.names.calendars)
            raise ExpressionFailed(f"there is no calendar {name!r}", possible=known, kind="missing") from None

    def variable(self, name: str) -> Any:
        try:
            value = self.names.variable(name, self.members.get(name))
        except KeyError:
            near = suggest.near(name, sorted(VARIABLES))
            what = f"there is no variable {name!r} here" + (f"; did you mean {near!r}?" if near else "")
            raise ExpressionFailed(what, possible=sorted(VARIABLES), kind="missing") from None
        self.seen[name] = value = given(value) if type(value) in FOREIGN else value
        return value

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionFailed("takes too many steps; work through shorter lists", kind="budget")

    def make(self, size: int) -> None:
        self.spend(size >> 6)
        self.room -= size
        if self.room < 0:
            raise ExpressionFailed("makes too much: texts and lists that are too long", kind="budget")

    def later(self, at: datetime, span: Length) -> datetime:
        """A moment and a length of time, which take longer than other sums."""
        self.spend(20)
        if isinstance(span, Working):
            return working_after(at, span, self.calendar(span.calendar), self.spend)
        return later(at, span, self.zone)

    def compare(self, left: Any, right: Any) -> int:
        """The order of two values of a kind that has one: numbers, texts, moments, lengths, false before true."""
        left, right = given(left), given(right)
        kinds = KINDS.get(type(left)), KINDS.get(type(right))
        if kinds == ("span", "span"):
            try:
                return cast(Duration, left).compare(right)
            except ValueError as error:
                raise ExpressionFailed(str(error)) from None
        if kinds[0] != kinds[1] or kinds[0] not in ORDERED:
            raise ExpressionFailed("", kind="type")
        if kinds[0] == "text":
            self.spend(min(len(left), len(right)) >> 6)
        return int(left > right) - int(left < right)

    def equal(self, left: Any, right: Any) -> bool:
        """Whether two values are the same: of one kind, numbers by their value, lists and objects part by part."""
        kind = KINDS.get(type(left))
        if kind != KINDS.get(type(right)):
            return False
        if kind in ("list", "object"):
            if len(left) != len(right):
                return False
            self.spend(4 + 4 * len(left))
            if kind == "list":
                return all(map(self.equal, left, right))
            return all(key in right and self.equal(value, right[key]) for key, value in left.items())
        left, right = given(left), given(right)
        if kind == "text":
            self.spend(len(left) >> 6)
        elif kind == "span":
            return bool(left == right or (left.months == right.months and left.exact == right.exact))
        return bool(left == right)

    def taken_over(self, value: Any) -> Any:
        """A result as a copy of its own, numbers exact; what is in it twice is counted twice."""
        if isinstance(value, list | tuple):
            self.spend(10)
            self.make(4 * len(value))
            if SIMPLE.issuperset(map(type, value)):
                return list(value)
            return [self.taken_over(one) for one in value]
        if isinstance(value, dict):
            self.spend(10)
            self.make(4 * len(value))
            return {key: self.taken_over(one) for key, one in value.items()}
        if isinstance(value, str):
            self.make(len(value))
        return given(value)


Closure: TypeAlias = Callable[[Frame], Any]

ORDERED = frozenset({"text", "number", "moment", "span", "boolean"})


def failed(node: Node, what: str, kind: Fault = "value") -> ExpressionFailed:
    """A failure of a part of the expression."""
    return ExpressionFailed(what, kind=kind, span=(node.start, node.end))
