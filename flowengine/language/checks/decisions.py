"""The decisions of a process: conditions that are asked at one moment, and the ways that they leave open for what is
known there (``questions``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from flowengine.language.checks.abstraction import (
    BUDGET,
    Allowance,
    Bounds,
    Case,
    Formula,
    Key,
    Reader,
    Term,
    Truth,
    Undecided,
    reads_something,
)
from flowengine.language.checks.questions import Known, Questions
from flowengine.language.expressions import Expression
from flowengine.language.model import Scope
from flowengine.language.tree import Call, Literal, Node, walk
from flowengine.language.types import Each, Parallel
from flowengine.language.value_shapes import Shape, of_values

ALLOWANCE = 400_000
"""Parts of conditions that are looked at for all ways through one process."""

Narrowed: TypeAlias = tuple[tuple[Term, int], ...]
"""Terms with the answers, as bits, for which something is so."""
_MOST_TERMS = 150
"""Terms that are given values one after the other."""
Asked: TypeAlias = tuple[str, str, str]
"""When a decision is asked: ``("leave", state, outcome)``, ``("begin", parallel, branch)``, ``("always", scope path,
entry)``."""
FAILS = -1
"""In the place of a way: the condition that is asked fails."""


class Split(NamedTuple):
    """What a decision comes to: by the index of the way that is taken (as many as there are conditions: none; or
    ``FAILS``), for which answers. ``decided`` is whether the budget allowed to find out."""

    ways: Mapping[int, tuple[Narrowed, ...]]
    decided: bool = True
    switched: frozenset[int] = frozenset()
    """The ways among them that only a condition rules out which is the same in every job: a switch of the designer's,
    which he may turn, so that they are followed all the same."""


CERTAIN = Split({0: ((),)})
"""Where nothing is asked, or what is asked first always holds."""


@dataclass(eq=False)
class Decision:
    """Conditions that are asked at one moment, in order; None holds always."""

    questions: Questions
    allowance: Allowance
    scope: Scope
    conditions: list[Formula | None]
    bounds: list[Formula]
    terms: list[Term]
    compared: Mapping[Term, list[Any]]
    """The literals with which it compares terms."""
    weight: int
    switched: frozenset[int] = frozenset()
    """The ways that a condition rules out which is the same in every job."""
    asks: int = 0
    """The questions that it asks, as bits."""
    _found: dict[Known, Split] = field(default_factory=dict)
    _answers: dict[Term, list[Any]] = field(default_factory=dict)
    _left: int = 0

    def split(self, known: Known) -> Split:
        """The ways that may be taken, with what is found out by it."""
        mine = tuple(pair for pair in known if self.asks >> pair[0] & 1)
        found = self._found.get(mine)
        if found is None:
            found = self._found[mine] = self._split(mine)
        return found

    def may_hold(self, index: int, known: Known) -> bool:
        """Whether a condition may hold, whatever those before it do."""
        alone = replace(self, conditions=[self.conditions[index]], _found={})
        split = alone.split(known)
        return not split.decided or 0 in split.ways

    def answers(self, term: Term) -> list[Any]:
        """The answers of a term that matter to the decision."""
        if term not in self._answers:
            if term in self.questions.loose:
                term_here = replace(term, literals=self.compared.get(term, []))
                self._answers[term] = term_here.cases()
            else:
                question = self.questions.by_term.get(term)
                self._answers[term] = term.cases() if question is None else question.answers
        return self._answers[term]

    def example(self, found: Narrowed) -> Case:
        """A case of what was found out: the first of the answers to each."""
        return {term: self.answers(term)[(answers & -answers).bit_length() - 1] for term, answers in found}

    def _split(self, known: Known) -> Split:
        if self.conditions[0] is None:
            return CERTAIN
        masks = {self.questions.all[number].term: mask for number, mask in known}
        self._left = BUDGET
        try:
            results = self._tried({}, masks)
        except Undecided:
            last = next((index for index, one in enumerate(self.conditions) if one is None), len(self.conditions))
            return Split(dict.fromkeys(range(last + 1), ((),)), decided=False)
        ways: dict[int, list[Narrowed]] = {}
        for index, narrowed in results:
            ways.setdefault(index, []).append(narrowed)
        switched = self.switched - ways.keys()
        found: dict[int, tuple[Narrowed, ...]] = {index: tuple(several) for index, several in ways.items()}
        return Split(found | dict.fromkeys(switched, ((),)), switched=switched)

    def _tried(self, case: Case, masks: Mapping[Term, int]) -> tuple[tuple[int, Narrowed], ...]:
        """What it comes to, by the answers to what must be known next; those stand together that come to the same."""
        found = self._first(case)
        if len(case) > _MOST_TERMS:
            raise Undecided
        if not isinstance(found, Term):
            possible = all(bound(case) is not False for bound in self.bounds)
            return ((found, ()),) if possible else ()
        answers = self.answers(found)
        mask = masks.get(found, -1)
        together: dict[tuple[tuple[int, Narrowed], ...], int] = {}
        for index, answer in enumerate(answers):
            if mask >> index & 1:
                case[found] = answer
                results = self._tried(case, masks)
                together[results] = together.get(results, 0) | 1 << index
        case.pop(found, None)
        if len(together) == 1:
            return next(iter(together))
        return tuple(
            (index, ((found, bits), *narrowed)) for results, bits in together.items() for index, narrowed in results
        )

    def _first(self, case: Case) -> int | Term:
        self._left -= self.weight
        self.allowance.left -= self.weight
        if self._left < 0 or self.allowance.left < 0:
            raise Undecided
        for index, condition in enumerate(self.conditions):
            truth: Truth = condition(case) if condition is not None else True
            if isinstance(truth, Term):
                return truth
            if truth is not False:
                return index if truth else FAILS
        return len(self.conditions)


class Decisions:
    """All decisions of a process, and with them the questions that they ask."""

    def __init__(self, questions: Questions) -> None:
        self.questions = questions
        self.allowance = Allowance(ALLOWANCE)
        self.all: dict[Asked, Decision] = {}
        self._read()
        questions.number()
        for decision in self.all.values():
            numbers = (questions.by_term[one].number for one in decision.terms if one in questions.by_term)
            decision.asks = sum(1 << number for number in set(numbers))

    def _read(self) -> None:
        for scope in self.questions.survey.scopes.values():
            for entry in scope.always:
                if entry.when is not None:
                    self._decide(("always", scope.path, entry.name), [entry.when], scope)
            for state in scope.states.values():
                for outcome, ways in state.ways.items():
                    if any(route.when is not None for route in ways):
                        self._decide(("leave", state.name, outcome), [route.when for route in ways], scope, outcome)
                for branch in state.branches.values() if isinstance(state, Parallel) else ():
                    if branch.when is not None:
                        self._decide(("begin", state.name, branch.name), [branch.when], scope)

    def _decide(self, key: Asked, conditions: Sequence[Expression | None], scope: Scope, outcome: str = "") -> None:
        local: dict[Key, Term] = {}
        reader = _Reader(self.questions, scope, local, "" if key[0] == "always" else key[1])
        formulas: list[Formula | None] = []
        switched: set[int] = set()
        weight = 1
        for index, one in enumerate(conditions):
            if one is None:
                formulas.append(None)
                break
            if not reads_something(one.tree):
                switched.update(range(index, len(conditions)))
            reader.source, reader.shapes = one.source, self.questions.shapes.parts(one, scope, outcome)
            formulas.append(reader.formula(one.tree))
            weight += len(walk(one.tree))
        terms = list(reader.used.values())
        self.all[key] = Decision(
            self.questions,
            self.allowance,
            scope,
            formulas,
            [one.formula for one in Bounds().among({term.key: term for term in terms})],
            terms,
            reader.compared_with,
            weight,
            frozenset(switched),
        )


class _Reader(Reader):
    """Reads the conditions of one decision; what is no question is a term of this decision alone. ``standing`` is the
    state where the job stands then, if that is known."""

    def __init__(self, questions: Questions, scope: Scope, local: dict[Key, Term], standing: str) -> None:
        super().__init__(local, "", {})
        self.standing = standing
        self.questions = questions
        self.scope = scope
        self.used: dict[Term, Term] = {}
        self.compared_with: dict[Term, list[Any]] = {}

    def home(self, *nodes: Node) -> dict[Key, Term]:
        about = self.questions.about(nodes, self.scope)
        if about is None:
            return self.terms
        return self.questions.homes.setdefault(about, {})

    def term(self, node: Node, asks: str = "", words: str = "") -> Term:
        found = super().term(node, asks, words)
        return self.used.setdefault(found, found)

    def compare(self, term: Term, value: Any) -> None:
        super().compare(term, value)
        self.compared_with.setdefault(term, []).append(value)

    def ordered(self, sign: str, left: Node, right: Node) -> Formula:
        formula = super().ordered(sign, left, right)
        found = formula({})
        if isinstance(found, Term):
            self.used[found] = found
        return formula

    def formula(self, node: Node) -> Formula:
        match node:
            case Call(name="passed", args=(Literal(value=str(state)),)):
                count = Call("count", None, node.args, node.start, node.end)
                term = self.term(count, words=f'count("{state}")')
                self.compare(term, 0)
                return lambda case: case[term] > 0 if term in case else term
            case Call(name="at", args=(Literal(value=str(state)),)) if self._is_elsewhere(state):
                return lambda case: False  # noqa: ARG005
            case _:
                return super().formula(node)

    def _is_elsewhere(self, state: str) -> bool:
        """Whether no line of the job can stand in a state while it stands where this is asked: both are on the one line
        of a scope that is there once, in different states."""
        survey = self.questions.survey
        if not self.standing or state not in survey.states:
            return False
        there = survey.line(state)
        if any(isinstance(one, Each) or (isinstance(one, Parallel) and one.rest == "continue") for one in there[:-1]):
            return False  # there may be several, or they go on when that is left
        for here, other in zip(survey.line(self.standing), there, strict=False):
            if here is not other:
                return survey.scope_of[here.name] is survey.scope_of[other.name]
        return False

    def shape(self, node: Node) -> Shape:
        match node:
            case Call(name="outcome", args=(Literal(value=str(state)),)) if state in self.questions.survey.states:
                return of_values(["", *self.questions.survey.states[state].ending])
            case _:
                return super().shape(node)
