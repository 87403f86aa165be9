"""Operators, indexes and collections: each a function that makes a closure of the closures of its operands."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.evaluation import numbers
from flowengine.language.evaluation.frame import FAILURE, Closure, Frame, failed
from flowengine.language.evaluation.functions import KINDS, bounded, given, kind_of
from flowengine.language.evaluation.numbers import LARGEST, SMALLEST
from flowengine.language.tree import Collection, Index, Literal, Node, Operation


def refuse(node: Node, value: Any) -> NoReturn:
    """Refuse a value that is neither true nor false."""
    raise failed(node, f"{kind_of(value)} stands where true or false is needed", "type")


def condition(test_node: Node, test: Closure, then: Closure, otherwise: Closure) -> Closure:
    def choose(frame: Frame) -> Any:
        holds = test(frame)
        if holds is True:
            return then(frame)
        return otherwise(frame) if holds is False else refuse(test_node, holds)

    return choose


def _logical(node: Operation, operands: list[Closure], decisive: bool) -> Closure:
    """``&&`` and ``||``: one operand decides, even where another fails."""
    pairs = tuple(zip(node.operands, operands, strict=True))

    def logical(frame: Frame) -> bool:
        error: ExpressionFailed | None = None
        for part, operand in pairs:
            try:
                value: object = operand(frame)
                if value is decisive:
                    return decisive
                if not isinstance(value, bool):
                    refuse(part, value)
            except ExpressionFailed as failure:
                if failure.kind == "budget":
                    raise
                frame.spend(FAILURE)
                error = error or failure
        if error is not None:
            raise error
        return not decisive

    return logical


def index(node: Index, of: Closure, key: Closure) -> Closure:
    def entry(frame: Frame) -> Any:
        value, at = of(frame), key(frame)
        if isinstance(value, dict):
            if isinstance(at, Decimal):
                at = numbers.as_whole(at)
            if not isinstance(at, str | int) or isinstance(at, bool) or at not in value:
                shown = at if isinstance(at, str | int) else kind_of(at)
                raise failed(node, f"{shown!r} is not there", "missing")
            return given(value[at])
        if not isinstance(value, list | tuple):
            raise failed(node, f"{kind_of(value)} has no entries", "type")
        place = None if isinstance(at, bool) or not isinstance(at, int | Decimal) else numbers.as_whole(at)
        if place is None:
            raise failed(node, f"the place of an entry is a whole number from 0, not {kind_of(at)}", "type")
        if not 0 <= place < len(value):
            raise failed(node, f"the index {place} is out of bounds: the list has {len(value)} entries")
        return given(value[place])

    return entry


def listing(items: list[Closure]) -> Closure:
    def listed(frame: Frame) -> list[Any]:
        frame.make(len(items))
        return [item(frame) for item in items]

    return listed


def mapping(node: Collection, closures: list[Closure]) -> Closure:
    pairs = tuple(zip(node.items[::2], closures[::2], closures[1::2], strict=True))

    def made_of(frame: Frame) -> dict[Any, Any]:
        frame.make(len(pairs))
        made: dict[Any, Any] = {}
        for part, name, value in pairs:
            key = name(frame)
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise failed(part, f"the names in an object are texts or whole numbers, not {kind_of(key)}", "type")
            if key in made:
                raise failed(part, f"the object has {key!r} twice")
            made[key] = value(frame)
        return made

    return made_of


def _unfit(node: Operation, *values: Any) -> ExpressionFailed:
    kinds = [KINDS.get(type(value)) for value in values]
    advice = ""
    if "text" in kinds and "moment" in kinds:
        advice = "; make a moment of the text: date(…)"
    elif "working time" in kinds:
        advice = "; working time is added to a moment, or taken from one"
    elif "text" in kinds and node.sign == "+":
        advice = "; make a text of the other: string(…)"
    said = " and ".join(kind_of(value) for value in values)
    return failed(node, f"{node.sign!r} does not go with {said}{advice}", "type")


def operation(node: Operation, operands: list[Closure]) -> Closure:
    sign = node.sign
    if sign in ("&&", "||"):
        return _logical(node, operands, sign == "||")
    if len(operands) == 1:
        return _negated(node, operands[0])
    left, right = operands
    if sign in _COMPARISONS:
        return _comparison(node, left, right)
    if sign in ("==", "!="):
        return _equality(left, right, sign == "==")
    if sign == "in":
        return _within(node, left, right)
    return _sum(node, left, right) if sign in _QUICK else _arithmetic(node, left, right)


_QUICK: Mapping[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub}


def _sum(node: Operation, left: Closure, right: Closure) -> Closure:
    """Sums of whole numbers, which most are, without further questions."""
    quick, settle = _QUICK[node.sign], _settled(node)

    def sum_of(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        if type(one) is int and type(other) is int and SMALLEST <= (found := quick(one, other)) <= LARGEST:
            return found
        return settle(frame, one, other)

    return sum_of


def _arithmetic(node: Operation, left: Closure, right: Closure) -> Closure:
    settle = _settled(node)
    return lambda frame: settle(frame, left(frame), right(frame))


def _settled(node: Operation) -> Callable[[Frame, Any, Any], Any]:
    """What gives the result of an operation, or says what does not fit."""
    work = _ARITHMETIC[node.sign]

    def settle(frame: Frame, one: Any, other: Any) -> Any:
        try:
            found = work(frame, one, other)
        except ExpressionFailed as error:
            raise failed(node, error.what, error.kind) from None
        if found is None:
            raise _unfit(node, one, other)
        return found

    return settle


def _negated(node: Operation, operand: Closure) -> Closure:
    def negated(frame: Frame) -> Any:
        value: object = operand(frame)
        if node.sign == "!":
            return not value if value is True or value is False else refuse(node.operands[0], value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise failed(node, f"'-' does not go with {kind_of(value)}", "type")
        try:
            return numbers.subtract(0, value)
        except ExpressionFailed as error:
            raise failed(node, error.what) from None

    return negated


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_NUMBERS = frozenset({int, Decimal})


def _comparison(node: Operation, left: Closure, right: Closure) -> Closure:
    holds, literal = _COMPARISONS[node.sign], node.operands[1]
    number = literal.value if isinstance(literal, Literal) and type(literal.value) in _NUMBERS else None

    def compared(frame: Frame, one: Any, other: Any) -> bool:
        try:
            return holds(frame.compare(one, other), 0)
        except ExpressionFailed as error:
            raise (failed(node, error.what, error.kind) if error.what else _unfit(node, one, other)) from None

    def comparison(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        return holds(one, other) if type(one) is int and type(other) is int else compared(frame, one, other)

    def against_number(frame: Frame) -> bool:
        one = left(frame)
        return holds(one, number) if type(one) in _NUMBERS else compared(frame, one, number)

    return comparison if number is None else against_number


def _equality(left: Closure, right: Closure, wanted: bool) -> Closure:
    def equality(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        if type(one) is str and type(other) is str and len(one) < 256:
            return (one == other) is wanted
        return frame.equal(one, other) is wanted

    return equality


def _within(node: Operation, left: Closure, right: Closure) -> Closure:
    def within(frame: Frame) -> bool:
        value, among = left(frame), right(frame)
        if isinstance(among, dict):
            key = numbers.as_whole(value) if isinstance(value, Decimal) else value
            return isinstance(key, str | int) and not isinstance(key, bool) and key in among
        if not isinstance(among, list | tuple):
            raise _unfit(node, value, among)
        if type(value) is str and len(value) < 256:
            frame.spend(len(among) >> 2)
            return value in among
        frame.spend(8 * len(among))
        return any(frame.equal(value, one) for one in among)

    return within


def _plus(frame: Frame, left: Any, right: Any) -> Any:
    match KINDS.get(type(left)), KINDS.get(type(right)):
        case ("number", "number"):
            return numbers.add(left, right)
        case ("text", "text") | ("list", "list"):
            frame.make(len(left) + len(right))
            return left + right if isinstance(left, str) else [*left, *right]
        case ("moment", "span" | "working time"):
            return frame.later(left, right)
        case ("span" | "working time", "moment"):
            return frame.later(right, left)
        case ("span", "span"):
            return bounded(left + right)
    return None


def _minus(frame: Frame, left: Any, right: Any) -> Any:
    match KINDS.get(type(left)), KINDS.get(type(right)):
        case ("number", "number"):
            return numbers.subtract(left, right)
        case ("moment", "moment"):
            return Duration(rest=left - right)
        case ("moment", "span" | "working time"):
            return frame.later(left, -right)
        case ("span", "span"):
            return bounded(left + -right)
    return None


def _on_numbers(work: Callable[[Any, Any], Any]) -> Callable[[Frame, Any, Any], Any]:
    def run(_: Frame, left: Any, right: Any) -> Any:
        return work(left, right) if type(left) in _NUMBERS and type(right) in _NUMBERS else None

    return run


_ARITHMETIC: Mapping[str, Callable[[Frame, Any, Any], Any]] = {
    "+": _plus,
    "-": _minus,
    "*": _on_numbers(numbers.multiply),
    "/": _on_numbers(numbers.divide),
    "%": _on_numbers(numbers.remainder),
}
