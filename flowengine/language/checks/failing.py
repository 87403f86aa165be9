"""Operations that can fail on values that the declared fields allow, and comparisons that are settled beforehand.

Refused is only what can really happen: there is a case in which all conditions around the operation let it be reached,
and it fails; none of them asks about something made of what it fails on, of which nobody knows what it rules out. Of a
value that nobody declares (what is computed, a result without fields) nothing is said. A condition elsewhere in the
process that rules the failure out counts as a guard, whichever way leads from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flowengine.errors import ExpressionFailed
from flowengine.language.checks.abstraction import (
    Abstraction,
    Allowance,
    Case,
    Undecided,
    Wanted,
    in_words,
    is_part,
    key_of,
    kind_of,
)
from flowengine.language.expressions import PlainNames, value_of
from flowengine.language.suggest import hint
from flowengine.language.tree import Call, Collection, Index, Literal, Node, Operation, walk
from flowengine.language.value_shapes import Basic, ListOf, Shape

Held = tuple[tuple[Node, bool], ...]
"""Conditions in the same expression, with the truth that they have where an operation is reached."""
_READS = {
    **dict.fromkeys(("date", "day"), (0,)),
    **dict.fromkeys(("timestamp", "span", "duration", "int", "uint", "decimal", "double"), (0,)),
    "workdays_between": (1, 2),
}  # fmt: skip
"""Functions that read texts, and which of their arguments these are."""
_FORMATS = {
    **dict.fromkeys(("date", "day", "workdays_between"), ("date", "date-time")),
    "timestamp": ("date-time",), "span": ("duration",),
}  # fmt: skip
_MENDS = {
    **dict.fromkeys(("date", "day", "workdays_between"), "give the field format: date"),
    "timestamp": "give the field format: date-time", "span": "give the field format: duration",
    "duration": "give the field an enum of lengths",
    **dict.fromkeys(("int", "uint"), "give the field type: integer"),
    **dict.fromkeys(("decimal", "double"), "give the field type: number"),
}  # fmt: skip
_KINDS = {"text": "text", "int": "number", "double": "number", "boolean": "boolean"}
_NO_NAMES = PlainNames()


@dataclass(frozen=True, slots=True)
class Risk:
    """An operation that fails where ``when`` holds, as far as it is reached. ``about``: what must be asked for."""

    when: Node
    about: Node
    message: str
    advice: str


def may_matter(node: Node) -> bool:
    """Whether a part of an expression is one that this file looks at."""
    match node:
        case Index():
            return True
        case Operation(sign="/" | "%" | "==" | "!=" | "in"):
            return True
        case Call(name=name, args=args):
            return name in _READS or (name in ("min", "max") and len(args) == 1)
        case _:
            return False


def size_of(node: Node) -> Call:
    """``size(…)`` of a part of an expression."""
    return Call("size", None, (node,), node.start, node.end)


def compared(sign: str, left: Node, value: Any) -> Operation:
    """A comparison of a part of an expression with a value."""
    return Operation(sign, (left, Literal(value, left.start, left.end)), left.start, left.end)


def risk_of(node: Node, source: str, shapes: Mapping[int, Shape]) -> Risk | None:
    """How an operation can fail, by the shapes of its parts; None when it cannot, or when nobody knows."""
    words = _shortened(source[node.start : node.end])
    match node:
        case Index(of=of, key=key):
            place = key.value if isinstance(key, Literal) and isinstance(key.value, int) else 0
            return _short(of, place, f"{words} fails where the list has no such entry", source, shapes)
        case Call(name="min" | "max", target=None, args=(of,)):
            return _short(of, 0, f"{words} fails where the list is empty", source, shapes)
        case Operation(sign="/" | "%", operands=(_, divisor)) if not isinstance(divisor, Literal):
            shape = shapes.get(id(divisor))
            if not isinstance(shape, Basic) or shape.domain is None or not shape.domain.has(0):
                return None
            named = source[divisor.start : divisor.end]
            advice = f"ask first: {named} != 0 ? … : …, or give the field minimum: 1, or exclusiveMinimum: 0"
            return Risk(compared("==", divisor, 0), divisor, f"{words} divides by zero", advice)
        case Call(name=name, target=None, args=args) if name in _READS:
            found = (_unread((name,), args[at], words, shapes) for at in _READS[name] if at < len(args))
            return next((one for one in found if one is not None), None)
    return None


def no_time(tree: Node, source: str, shapes: Mapping[int, Shape], *, lengths: bool) -> Risk | None:
    """How an expression that must give a moment (with ``lengths``, or a length) can give a text that is none."""
    words = _shortened(source[tree.start : tree.end])
    return _unread(("date", "span") if lengths else ("date",), tree, words, shapes)


def too_few(tree: Node, least: int, source: str, shapes: Mapping[int, Shape]) -> Risk | None:
    """How options that an expression gives can be fewer than are to be chosen: none at all, or too few."""
    what = "there is nothing to choose where the list is empty"
    if least > 1:
        what = f"{least} are to be chosen, and the list may be shorter"
    risk = _short(tree, least - 1, what, source, shapes)
    if risk is None:
        return None
    many = "it has any" if least == 1 else f"it has {least}"
    return replace(risk, advice=f"ask in a condition on the way whether {many}, or give the field minItems: {least}")


def _shortened(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:57]}…"


def _short(of: Node, place: int, message: str, source: str, shapes: Mapping[int, Shape]) -> Risk | None:
    """A list that may be too short for an entry at that place."""
    shape = shapes.get(id(of))
    if not isinstance(shape, ListOf) or shape.least > place or place < 0:
        return None
    named = _shortened(source[of.start : of.end])
    advice = f"ask first: size({named}) > {place} ? … : …, or give the field minItems: {place + 1}"
    return Risk(compared("<=", size_of(of), place), of, message, advice)


def _unread(names: Sequence[str], argument: Node, words: str, shapes: Mapping[int, Shape]) -> Risk | None:
    """A text that need not be what one of these functions reads."""
    shape = shapes.get(id(argument))
    if isinstance(argument, Literal) or not isinstance(shape, Basic) or shape.kind != "text" or shape.domain is None:
        return None
    domain, advice = shape.domain, _MENDS[names[0]]
    if domain.values is None:
        if any(domain.format in _FORMATS.get(name, ()) for name in names):
            return None
        return Risk(Literal(True, 0, 0), argument, f"{words} fails where the text cannot be read as such", advice)
    texts = [one for one in domain.values if isinstance(one, str)]
    wrong = [one for one in texts if not any(_reads(name, one) for name in names)]
    if not wrong:
        return None
    parts = tuple(compared("==", argument, one) for one in wrong)
    when = Operation("||", parts, argument.start, argument.end) if len(parts) > 1 else parts[0]
    return Risk(when, argument, f"{words} fails where the text cannot be read as such", advice)


def _reads(name: str, text: str) -> bool:
    """Whether a function can read a text."""
    function = "date" if name == "workdays_between" else name
    try:
        value_of(Call(function, None, (Literal(text, 0, 0),), 0, 0), _NO_NAMES)
    except ExpressionFailed:
        return False
    return True


# comparisons


def settled(node: Node, source: str, shapes: Mapping[int, Shape]) -> tuple[str, str] | None:
    """What is wrong with a comparison with a literal that is never there: a message and a hint."""
    match node:
        case (
            Operation(sign="==" | "!=", operands=(Literal() as literal, other))
            | Operation(sign="==" | "!=", operands=(other, Literal() as literal))
        ):
            return None if isinstance(other, Literal) else _never(other, literal.value, source, shapes)
        case Operation(sign="in", operands=(other, Collection(items=items, mapping=False))):
            literals = [one.value for one in items if isinstance(one, Literal)]
            found = (_never(other, value, source, shapes) for value in literals)
            return next((one for one in found if one is not None), None)
    return None


def _never(term: Node, value: Any, source: str, shapes: Mapping[int, Shape]) -> tuple[str, str] | None:
    shape = shapes.get(id(term))
    kind = _KINDS.get(shape.kind) if isinstance(shape, Basic) else None
    if kind is None or not isinstance(shape, Basic):
        return None
    domain = shape.domain
    if kind == kind_of(value) and (domain is None or domain.has(value)):
        return None
    said = f"{_shortened(source[term.start : term.end])} is never {_said(value)}"
    if value is None:
        return said, "ask whether it is there: has(…)"
    if domain is None or domain.values is None:
        return said, "" if kind == kind_of(value) else f"compare it with a {kind}"
    known = [_said(one) if not isinstance(one, str) else one for one in domain.values]
    return said, hint(value if isinstance(value, str) else _said(value), known)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else repr(value) if isinstance(value, str) else str(value)


# whether it is reached


@dataclass(frozen=True, slots=True)
class Guarding:
    """A condition that stands somewhere in the process, with its text and the shapes of its parts."""

    tree: Node
    source: str
    shapes: Mapping[int, Shape]


class Reached:
    """Whether what fails is reached, given the conditions ``before`` the expression, which are known to have a truth,
    and all conditions of the process."""

    def __init__(
        self,
        allowance: Allowance,
        before: Callable[[], Sequence[tuple[Guarding, bool]]],
        elsewhere: Callable[[Node], Iterable[Guarding]],
    ) -> None:
        self._allowance = allowance
        self._before = before
        self._elsewhere = elsewhere

    def example(self, risk: Risk, held: Held, source: str, shapes: Mapping[int, Shape]) -> str | None:
        """A case in which it fails, in words (perhaps none: it needs nothing); None when there is none, or when nobody
        knows."""
        known = [(Guarding(node, source, shapes), truth) for node, truth in held]
        fails = Guarding(risk.when, source, shapes)
        asked = list(self._elsewhere(risk.about))
        if any(_reads_like(one, risk.about) for one in (*(node for node, _ in held), *(guard.tree for guard in asked))):
            return None
        try:
            case = self._case(fails, [*known, *self._before()])
            if case is None or any(self._ruled_out(fails, one) for one in asked):
                return None
        except Undecided:
            return None
        about = key_of(risk.about)
        if any(is_part(about, term.key) and term.key[0] not in ("size", "Has") for term in case):
            return None  # what is made of it may rule the case out, in a way that nobody knows
        return in_words(case)

    def _ruled_out(self, fails: Guarding, guard: Guarding) -> bool:
        """Whether it cannot fail where a condition holds, or where it does not."""
        return any(self._case(fails, [(guard, truth)]) is None for truth in (True, False))

    def _case(self, fails: Guarding, known: Sequence[tuple[Guarding, bool]]) -> Case | None:
        abstraction = Abstraction(self._allowance)
        wanted: list[Wanted] = [
            abstraction.wanted(one.tree, truth, one.source, one.shapes) for one, truth in ((fails, True), *known)
        ]
        return abstraction.case(wanted)


def _reads_like(condition: Node, text: Node) -> bool:
    """Whether a condition holds a text against a pattern: who knows what it says knows that the text can be read."""
    return any(
        isinstance(one, Call)
        and one.name == "matches"
        and one.target is not None
        and key_of(one.target) == key_of(text)
        for one in walk(condition)
    )


def asked_of(trees: Iterable[Node]) -> set[tuple[Any, ...]]:
    """What conditions ask about: each part of them, apart from where it stands."""
    return {key_of(one) for tree in trees for one in walk(tree)}
