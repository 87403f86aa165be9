"""Conditions on finitely many cases: what their values can be, as far as it matters to them, and whether they can all
be as one wants.

A condition is a formula over terms: places, ``size(…)``, ``count(…)``, or whatever else it compares. What can be told
apart of a term are the literals that it is compared with and the gaps between them, cut to its declared domain: one
value stands for each. So a question about all values becomes one about finitely many *cases*, which are searched, with
a budget. There may be cases that no job comes to (terms that depend on one another are taken as if they did not), but
each job that comes along is in one of them: what holds in all cases holds in each job, what holds in none never does.

What cannot be compared or read has no truth (``None``). ``&&`` and ``||`` are those of the language: one operand
decides, even where another fails. Terms of the same text are the same value: all is asked at one moment.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from itertools import pairwise
from math import ceil, floor
from typing import Any, NamedTuple, TypeAlias

from flowengine.language.mentions import JOB_FUNCTIONS, WORD_FUNCTIONS
from flowengine.language.texts import plain
from flowengine.language.tree import (
    Call,
    Collection,
    Condition,
    Has,
    Literal,
    Macro,
    Name,
    Node,
    Operation,
    walk,
)
from flowengine.language.value_shapes import BOOLEAN, NATURAL, UNKNOWN, Basic, Domain, ListOf, Shape

BUDGET = 20_000
"""Parts of conditions that are looked at for one question."""
ALLOWANCE = 1_000_000
"""Parts of conditions that are looked at for all questions about one process: some tenths of a second."""
_MOST_TERMS = 200
"""Terms that are given values one after the other."""
_FINE = Context(prec=80)
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

Key: TypeAlias = tuple[Any, ...]
"""A part of an expression, apart from where it stands."""


class Undecided(Exception):
    """The budget ended before an answer was found."""


def key_of(node: Node) -> Key:
    """What tells a part of an expression from others that mean something else: its tree, without places."""
    match node:
        case Literal(value=value):
            return ("literal", type(value).__name__, value)
        case Call(name="size", target=target, args=args):
            return ("size", *(key_of(one) for one in (target, *args) if one is not None))
        case _:
            inner = (_key(part) for part in node[:-2])
            return (type(node).__name__, *inner)


def _key(part: Any) -> Any:
    if not isinstance(part, tuple):
        return part
    node: Any = part
    return key_of(node) if hasattr(node, "start") else tuple(_key(one) for one in node)


def is_part(key: Key, whole: Key) -> bool:
    """Whether a part of an expression stands somewhere inside another."""
    return any(isinstance(one, tuple) and (one == key or is_part(key, one)) for one in whole)


def kind_of(value: object) -> str:
    """The kind of a value that is written as a literal, or of one that stands for a case."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    return "text" if isinstance(value, str) else "null" if value is None else "other"


class _Other:
    """A value that is no text, number, boolean or null."""


@dataclass(eq=False)
class Term:
    """What a formula asks about: ``shape`` is that of its values, ``words`` how it is written, ``literals`` what it is
    compared with. ``asks`` is what its truth is asked by, where it is no value: ``has``, an order of two, any other."""

    key: Key
    shape: Shape
    words: str
    asks: str = ""
    literals: list[Any] = field(default_factory=list)

    def cases(self) -> list[Any]:
        """A value for each case that can be told apart."""
        if self.asks == "order":
            return [-1, 0, 1]
        if self.asks:
            return [False, True]
        shape = self.shape
        if not isinstance(shape, Basic):
            found = [*self._numbers("double", None), *self._texts(None), False, True, _Other()]
            return [*found, *([None] if None in self.literals else [])]
        if shape.kind in ("int", "double"):
            return self._numbers(shape.kind, shape.domain)
        if shape.kind == "text":
            return self._texts(shape.domain)
        if shape.kind == "boolean":
            return [one for one in (False, True) if shape.domain is None or shape.domain.has(one)]
        return [None if shape.kind == "null" else _Other()]

    def _numbers(self, kind: str, domain: Domain | None) -> list[Any]:
        if domain is not None and domain.values is not None:
            return list(domain.values)
        points = {one for one in self.literals if kind_of(one) == "number"}
        if domain is not None:
            points |= {one for one in (domain.low, domain.high) if one is not None}
        if kind == "int":
            around = {at for one in points for at in (floor(one) - 1, floor(one), ceil(one), ceil(one) + 1)} or {0}
            found: list[Any] = sorted(around)
        else:
            line = sorted(points) or [0]
            between = [_FINE.divide(_FINE.add(one, other), 2) for one, other in pairwise(line)]
            found = sorted({*line, *between, _FINE.subtract(line[0], 1), _FINE.add(line[-1], 1)})
        return [one for one in found if domain is None or domain.has(one)]

    def _texts(self, domain: Domain | None) -> list[Any]:
        if domain is not None and domain.values is not None:
            return list(domain.values)
        texts = sorted({one for one in self.literals if isinstance(one, str)})
        return list(dict.fromkeys(("", *(text for one in texts for text in (one, f"{one}\0")))))

    def told(self, value: Any) -> str:
        """That the term has the value of a case, in words."""
        match self.asks:
            case "has":
                return f"{self.words} is {'there' if value else 'not there'}"
            case "order":
                left, _, right = self.words.partition("\0")
                return f"{left} is {('less than', 'equal to', 'more than')[value + 1]} {right}"
        if isinstance(value, str) and (not value or value.endswith("\0")):
            return f"{self.words} is another text" if self.literals else f"{self.words} is a text"
        if isinstance(value, _Other):
            return f"{self.words} is neither text nor number"
        return f"{self.words} is {repr(value) if isinstance(value, str) else plain(value) or 'nothing'}"


Truth: TypeAlias = "bool | Term | None"
"""Whether it holds, None where it fails, or the term whose value must be known first."""
Case: TypeAlias = dict[Term, Any]
Formula: TypeAlias = Callable[[Case], Truth]
"""The truth of a condition in a case, in which perhaps not all terms have a value yet."""


@dataclass(eq=False)
class Allowance:
    """What is left to look at for all questions about one process."""

    left: int = ALLOWANCE


def allowance(_: object) -> Allowance:
    """A whole one, for a process."""
    return Allowance()


class Wanted(NamedTuple):
    """A formula, the truth that is wanted of it, and how many parts it has."""

    formula: Formula
    truth: bool
    weight: int = 2


class Abstraction:
    """Reads conditions that are asked at one moment, and finds cases for them."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._terms: dict[Key, Term] = {}
        self._bounds = Bounds()

    def wanted(self, node: Node, truth: bool, source: str, shapes: Mapping[int, Shape]) -> Wanted:
        """That a condition, whose text is ``source``, is true, or false; ``shapes`` are those of its parts, by
        identity."""
        return Wanted(Reader(self._terms, source, shapes).formula(node), truth, 1 + len(walk(node)))

    def case(self, wanted: Sequence[Wanted]) -> Case | None:
        """A case in which each formula has the truth that is wanted of it, or None when there is none. Raises
        :class:`Undecided`."""
        return _Search([*wanted, *self._bounds.among(self._terms)], self._allowance).find({})


class Bounds:
    """What terms have to do with one another: what is there is in what is there; what was passed was so once."""

    def __init__(self) -> None:
        self._found: list[Wanted] = []
        self._seen = 0
        self._inside: dict[Key, list[Term]] = {}

    def among(self, terms: Mapping[Key, Term]) -> Sequence[Wanted]:
        """All of them among terms, of which there are more each time."""
        for key in list(terms)[self._seen :]:
            self._found += (Wanted(one, True) for one in self._of(key, terms))
        self._seen = len(terms)
        return self._found

    def _of(self, key: Key, terms: Mapping[Key, Term]) -> Iterator[Formula]:
        """Those of a term and others that are known already."""
        if key[0] == "Has":
            yield from (_implies(inner, terms[key]) for inner in self._inside.get(key[1], ()))
            member = key[1]
            while member[0] == "Member":
                member = member[1]
                self._inside.setdefault(member, []).append(terms[key])
                if ("Has", member) in terms:
                    yield _implies(terms[key], terms["Has", member])
        elif key[:2] in (("Call", "passed"), ("Call", "count")):
            passed, count = (terms.get(("Call", name, *key[2:])) for name in ("passed", "count"))
            if passed is not None and count is not None:
                yield _same(passed, count)


def _implies(term: Term, other: Term) -> Formula:
    return _either([_not(_is(term)), _is(other)], True)


def _same(passed: Term, count: Term) -> Formula:
    def same(case: Case) -> Truth:
        if passed not in case or count not in case:
            return passed if passed not in case else count
        return bool(case[passed] == (case[count] > 0))

    return same


def _is(term: Term) -> Formula:
    def holds(case: Case) -> Truth:
        if term not in case:
            return term
        value = case[term]
        return value if isinstance(value, bool) else None

    return holds


def _not(formula: Formula) -> Formula:
    def negated(case: Case) -> Truth:
        truth = formula(case)
        return not truth if isinstance(truth, bool) else truth

    return negated


def _either(parts: Sequence[Formula], decisive: bool) -> Formula:
    def combined(case: Case) -> Truth:
        found: Truth = not decisive
        for part in parts:
            truth = part(case)
            if truth is decisive:
                return decisive
            if isinstance(truth, Term):
                found = found if isinstance(found, Term) else truth
            elif truth is None and not isinstance(found, Term):
                found = None
        return found

    return combined


def _chosen(test: Formula, then: Formula, otherwise: Formula) -> Formula:
    def chosen(case: Case) -> Truth:
        truth = test(case)
        if truth is True:
            return then(case)
        return otherwise(case) if truth is False else truth

    return chosen


def holds(sign: str, left: Any, right: Any) -> bool | None:
    """Whether a comparison of two values holds; None where it fails."""
    if kind_of(left) == kind_of(right) != "other":
        return _ORDER[sign](left, right) if left is not None or sign in ("==", "!=") else None
    return {"==": False, "!=": True}.get(sign)


class Reader:
    """Reads one condition, whose text is ``source``, into a formula; its terms are those of ``terms``."""

    def __init__(self, terms: dict[Key, Term], source: str, shapes: Mapping[int, Shape]) -> None:
        self.terms = terms
        self.source = source
        self.shapes = shapes

    def home(self, *nodes: Node) -> dict[Key, Term]:  # noqa: ARG002 - who reads for more than one moment asks
        """The terms among which one is that is about these parts."""
        return self.terms

    def formula(self, node: Node) -> Formula:
        match node:
            case Literal(value=bool(value)):
                return lambda _: value
            case Operation(sign="!", operands=(operand,)):
                return _not(self.formula(operand))
            case Operation(sign="&&" | "||" as sign, operands=operands):
                return _either([self.formula(one) for one in operands], sign == "||")
            case Condition(test=test, then=then, otherwise=otherwise):
                return _chosen(self.formula(test), self.formula(then), self.formula(otherwise))
            case Operation(sign=sign, operands=(left, right)) if sign in _ORDER:
                return self.compared(sign, left, right)
            case Operation(sign="in", operands=(left, Collection(items=items, mapping=False))) if all(
                isinstance(one, Literal) for one in items
            ):
                return _either([self.compared("==", left, one) for one in items], True)
            case Has(member=member):
                return _is(self.term(node, "has", self.words(member)))
            case _:
                return _is(self.term(node))

    def compared(self, sign: str, left: Node, right: Node) -> Formula:
        if isinstance(left, Literal):
            sign, left, right = _TURNED[sign], right, left
        if isinstance(left, Literal) and isinstance(right, Literal):
            truth = holds(sign, left.value, right.value)
            return lambda _: truth
        if isinstance(right, Literal):
            term, value = self.term(left), right.value
            self.compare(term, value)
            return lambda case: holds(sign, case[term], value) if term in case else term
        return self.ordered(sign, left, right)

    def compare(self, term: Term, value: Any) -> None:
        """Note that a term is compared with a literal."""
        term.literals.append(value)

    def ordered(self, sign: str, left: Node, right: Node) -> Formula:
        """Two terms: one is less than, equal to or more than the other."""
        if repr(key_of(left)) > repr(key_of(right)):
            sign, left, right = _TURNED[sign], right, left
        key = ("order", key_of(left), key_of(right))
        words = f"{self.words(left)}\0{self.words(right)}"
        term = self.home(left, right).setdefault(key, Term(key, UNKNOWN, words, "order"))
        return lambda case: holds(sign, case[term], 0) if term in case else term

    def term(self, node: Node, asks: str = "", words: str = "") -> Term:
        key = key_of(node)
        home = self.home(node)
        found = home.get(key)
        shape = self.shape(node)
        if found is None:
            found = home[key] = Term(key, shape, words or self.words(node), asks)
        elif not isinstance(found.shape, Basic):
            found.shape = shape
        return found

    def shape(self, node: Node) -> Shape:
        match node:
            case Call(name="count"):
                return NATURAL
            case Call(name="size", args=args, target=target):
                of = self.shapes.get(id(args[0] if args else target), UNKNOWN)
                return Basic("int", 1, Domain(low=of.least, high=of.most)) if isinstance(of, ListOf) else NATURAL
            case Macro(name="all" | "exists" | "exists_one"):
                return self.shapes.get(id(node), BOOLEAN)
            case _:
                return self.shapes.get(id(node), UNKNOWN)

    def words(self, node: Node) -> str:
        if isinstance(node, Call) and node.name == "size" and node.target is None and len(node.args) == 1:
            return f"size({self.words(node.args[0])})"
        words = self.source[node.start : node.end]
        return words if len(words) <= 60 else f"{words[:57]}…"


class _Search:
    """Gives one term after the other a value, and turns back where a formula has not the truth that is wanted."""

    def __init__(self, wanted: Sequence[Wanted], allowance: Allowance) -> None:
        self.wanted = wanted
        self.left = BUDGET
        self.allowance = allowance

    def find(self, case: Case) -> Case | None:
        waiting: Term | None = None
        for formula, truth, weight in self.wanted:
            self.left -= weight
            self.allowance.left -= weight
            if self.left < 0 or self.allowance.left < 0 or len(case) > _MOST_TERMS:
                raise Undecided
            found = formula(case)
            if isinstance(found, Term):
                waiting = waiting or found
            elif found is not truth:
                return None
        if waiting is None:
            return dict(case)
        for value in waiting.cases():
            case[waiting] = value
            solution = self.find(case)
            if solution is not None:
                return solution
        case.pop(waiting, None)
        return None


def in_words(case: Case, most: int = 4) -> str:
    """A case in words: ``data.need.n is 4, and data.need.x is not there``."""
    parts = [term.told(value) for term, value in case.items()][:most]
    return ", and ".join(parts)


def reads_something(node: Node) -> bool:
    """Whether the value of an expression is not the same in every job."""
    asking = JOB_FUNCTIONS | WORD_FUNCTIONS
    return any(isinstance(one, Name) or (isinstance(one, Call) and one.name in asking) for one in walk(node))
