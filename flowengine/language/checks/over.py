"""Waits and deadlines that are over as soon as they begin, whatever the data are: what they wait for never comes after
the moment at which they are entered.

An expression is read as how far it lies from that moment, between two bounds in seconds: ``now`` at it, when the job
began, or a day that had to be past when it was answered, at it or before. A length is how long it is. A calendar day
may be an hour shorter or longer, a month has 28 to 31 of them.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import TypeAlias

from flowengine.language.checks.survey import Survey
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression
from flowengine.language.mentions import chain
from flowengine.language.model import State
from flowengine.language.parts import Always
from flowengine.language.syntax import Call, Collection, Condition, Literal, Member, Name, Node, Operation

Bounds: TypeAlias = tuple[float, float]

_HOUR, _DAY = 3_600.0, 86_400.0


def check(survey: Survey) -> None:
    """Report waits, deadlines and clocks whose time has always come."""
    reader = _Reader(survey)
    for use in survey.uses:
        if use.what.endswith((".until", ".within", ".for")) and reader.bounds(use.expression.tree)[1] <= 0:
            message = f"{use.what}: {use.expression} is over as soon as it begins"
            advice = "add a length to it, for example now + days(3), or leave it out"
            survey.report(use.place, "no-wait", message, advice)


class _Reader:
    """Reads bounds; what is known of answers is what the fields of the one state that saves them declare."""

    def __init__(self, survey: Survey) -> None:
        self.saved: dict[str, list[State | None]] = {}
        """Who saves at a place: states, and None for what is set or answered at any time."""
        self.asking: list[str] = []
        """The bounds of answers that are being read."""
        for scope in survey.scopes.values():
            for entry in scope.always:
                self._set(entry, (entry.name,) if entry.fields else ())
            for state in scope.states.values():
                for member in state.members.values():
                    self.saved.setdefault((member.saves or state.saves or state.name), []).append(member)
                for _, _, route in state.routes:
                    for place in route.set:
                        self.saved.setdefault(place, []).append(None)

    def _set(self, entry: Always, more: tuple[str, ...]) -> None:
        for place in (*entry.set, *more):
            self.saved.setdefault(place, []).append(None)

    def bounds(self, node: Node) -> Bounds:
        """Between which bounds a value lies, as far as is known."""
        match node:
            case Literal(value=str(text)) if text.startswith("P"):
                return _length(text)
            case Name(name="now"):
                return 0.0, 0.0
            case Member():
                return self._member(node)
            case Condition(then=then, otherwise=otherwise):
                one, other = self.bounds(then), self.bounds(otherwise)
                return min(one[0], other[0]), max(one[1], other[1])
            case Operation(sign="+", operands=(left, right)):
                one, other = self.bounds(left), self.bounds(right)
                return one[0] + other[0], one[1] + other[1]
            case Operation(sign="-", operands=(left, right)):
                one, other = self.bounds(left), self.bounds(right)
                return one[0] - other[1], one[1] - other[0]
            case Operation(sign="-", operands=(only,)):
                low, high = self.bounds(only)
                return -high, -low
            case Call(target=None):
                return self._call(node)
            case _:
                return -inf, inf

    def _call(self, node: Call) -> Bounds:
        match node:
            case Call(name="days", args=(count,)) if (number := _number(count)) is not None:
                margin = _HOUR if number else 0.0
                return number * _DAY - margin, number * _DAY + margin
            case Call(name="date" | "timestamp" | "span" | "duration", args=(only,)):
                return self.bounds(only)
            case Call(name="day", args=(only,)):
                low, high = self.bounds(only)
                return low - _DAY - _HOUR, high
            case Call(name="min" | "max", args=args):
                parts = args[0].items if len(args) == 1 and isinstance(args[0], Collection) else args
                if len(parts) > 1 or parts is not args:
                    found, choose = [self.bounds(one) for one in parts], min if node.name == "min" else max
                    return choose(low for low, _ in found), choose(high for _, high in found)
        return -inf, inf

    def _member(self, node: Member) -> Bounds:
        path, _ = chain(node)
        if path == ("job", "started"):
            return -inf, 0.0
        if path is not None and path[0] == "data":
            latest = self._latest(path[1:])
            if latest is not None and latest.source not in self.asking:
                self.asking.append(latest.source)  # a bound may be read from data that have a bound by this
                high = self.bounds(latest.tree)[1]
                self.asking.pop()
                return -inf, high
        return -inf, inf

    def _latest(self, path: tuple[str, ...]) -> Expression | None:
        """The latest that may be answered at a place of the data, where nothing else saves there, around it or
        below."""
        place = ".".join(path[:-1])
        savers = self.saved.get(place, [])
        if len(savers) != 1 or savers[0] is None:
            return None
        latest = next((one.latest for one in savers[0].fields if one.name == path[-1]), None)
        others = (at for at in self.saved if at != place)
        if latest is None or any(f"{at}.".startswith(f"{place}.") or f"{place}.".startswith(f"{at}.") for at in others):
            return None
        return latest


def _number(node: Node) -> float | None:
    """A number that stands there as such."""
    match node:
        case Literal(value=int() | Decimal() as number) if not isinstance(number, bool):
            return float(number)
        case Operation(sign="-", operands=(only,)):
            found = _number(only)
            return None if found is None else -found
    return None


def _length(text: str) -> Bounds:
    try:
        length = Duration.parse(text)
    except ValueError:
        return -inf, inf
    exact, margin = length.exact.total_seconds(), _HOUR if length.months or length.days else 0.0
    return length.months * 28 * _DAY + exact - margin, length.months * 31 * _DAY + exact + margin
