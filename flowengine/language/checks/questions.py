"""What the conditions of a process ask.

A *question* is a term of conditions (``abstraction``) that means the same at every point of a job's life: a place in
the data, ``has`` of one, ``size``, how often a state was passed, with which outcome it was left, or whatever else is
made of places alone. Its answers are finitely many cases. What is *known* on a way are the answers that are still
possible, for each question of which not all are.

What is known may allow more than can really be (two questions about one place are taken to have nothing to do with each
other), but never less: the answers of each job are among those that are possible.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from flowengine.language.checks.abstraction import Key, Term, kind_of
from flowengine.language.checks.places import Path
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.mentions import CALENDAR_FUNCTIONS, JOB_FUNCTIONS, WORD_FUNCTIONS, mentions
from flowengine.language.model import Scope
from flowengine.language.tree import Call, Literal, Node
from flowengine.language.types import Each
from flowengine.language.value_shapes import Basic, Domain, ListOf, Shape

MOST_ANSWERS = 64
"""Answers of one question that are told apart from one state to the next; of a question with more, nothing is known."""
MOST_QUESTIONS = 400
"""Questions that are followed from one state to the next."""
MOST_COUNTED = 50
"""Times that a state is passed, up to which they are counted."""

Known: TypeAlias = tuple[tuple[int, int], ...]
"""By the number of a question, in order, the answers that are possible, as bits; of all others every answer is."""
_MOST_SAID = 3
"""Answers that are said."""


class About(NamedTuple):
    """What a question is about: places with their owners, items of these each, a state that is counted or whose outcome
    is recalled."""

    places: tuple[tuple[str, Path], ...] = ()
    items: tuple[str, ...] = ()
    counted: str = ""
    recalled: str = ""


@dataclass(eq=False)
class Question:
    """A term with its answers. ``exact``: each of them can come, whatever those of other questions are."""

    number: int
    term: Term
    about: About
    answers: list[Any]
    exact: bool = False

    @property
    def all(self) -> int:
        """Every answer."""
        return (1 << len(self.answers)) - 1

    def among(self, shape: Shape | None, *, there: bool) -> int:
        """The answers that are possible once a value of that shape was saved where the question asks; None: once
        there is no value; ``there``: it is surely there."""
        if self.term.asks == "has":
            return self.mask([True] if there else [False] if shape is None else [True, False])
        if self.term.key[0] == "size" and isinstance(shape, ListOf) and self.term.key[1][0] in ("Name", "Member"):
            return self._sizes(shape)
        if shape is None or not self.is_place:
            return self.all
        if not isinstance(shape, Basic) or shape.domain is None:
            return self.all
        domain = shape.domain
        found = 0
        for index, answer in enumerate(self.answers):
            if self._stands_alone(answer):
                found |= (kind_of(answer) == _KINDS.get(shape.kind) and domain.has(answer)) << index
            elif domain.values is None or any(not self._is_listed(one) for one in domain.values):
                found |= 1 << index
        return found or self.all

    @property
    def is_place(self) -> bool:
        """Whether it asks for the value of a place."""
        return self.term.key[0] in ("Name", "Member") and not self.term.asks

    def mask(self, answers: Sequence[Any]) -> int:
        """These answers, as bits."""
        return sum(1 << index for index, one in enumerate(self.answers) if _is_among(one, answers))

    def _stands_alone(self, answer: Any) -> bool:
        """Whether an answer is a value itself, and does not stand for others beside it."""
        return isinstance(answer, bool) or self._is_listed(answer)

    def _is_listed(self, value: Any) -> bool:
        shape = self.term.shape
        values = shape.domain.values if isinstance(shape, Basic) and shape.domain is not None else None
        return _is_among(value, self.term.literals) or (values is not None and _is_among(value, values))

    def _sizes(self, shape: ListOf) -> int:
        domain = Domain(low=shape.least, high=shape.most)
        literals = self.term.literals
        return sum(1 << at for at, one in enumerate(self.answers) if one not in literals or domain.has(one))

    def told(self, mask: int) -> str:
        """That one of these answers is the right one, in words."""
        at = [index for index in range(len(self.answers)) if mask >> index & 1]
        numbers = all(kind_of(one) == "number" for one in self.answers) and not self.term.asks
        wide = len(at) > 1 or self.about.counted or not self._is_listed(self.answers[at[0]])
        if numbers and wide and at == [*range(at[0], at[-1] + 1)]:
            return f"{self.term.words} is {self._between(at[0], at[-1])}"
        told = list(dict.fromkeys(self.term.told(self.answers[index]) for index in at))
        start = f"{self.term.words} is "
        if all(one.startswith(start) for one in told):
            told = [told[0], *(one.removeprefix(start) for one in told[1:])]
        return " or ".join(told[:_MOST_SAID]) + (" …" if len(told) > _MOST_SAID else "")

    def _between(self, first: int, last: int) -> str:
        """Numbers from one answer to another, the outermost of which stand for all that lie beyond."""
        answers, end = self.answers, len(self.answers) - 1
        if last == end and first > 0:
            before = answers[first - 1]
            of_text = before in self.term.literals and not self.about.counted
            return f"more than {before}" if of_text else f"at least {answers[first]}"
        if first == 0 and not self.about.counted:
            after = answers[last + 1]
            return f"less than {after}" if after in self.term.literals else f"at most {answers[last]}"
        if first == last and not self.about.counted:
            return f"between {answers[first - 1]} and {answers[last + 1]}"
        return str(answers[first]) if first == last else f"{answers[first]} to {answers[last]}"


_KINDS = {"text": "text", "int": "number", "double": "number", "boolean": "boolean"}


class Questions:
    """All questions of a process: the terms of its conditions, by what they are about, numbered once all are read."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.shapes = survey.once(Shapes.found)
        self.places = self.shapes.places
        self.homes: dict[About, dict[Key, Term]] = {}
        """By what they are about: the terms that conditions ask for."""
        self.all: list[Question] = []
        self.by_term: dict[Term, Question] = {}
        self.loose: set[Term] = set()
        """Terms with more answers than are told apart, and those that are too many: what one decision finds out of them
        is not known to the next."""
        self.uncounted: set[str] = set()
        """The states of which it is not known how often they were passed, though a condition asks."""
        self._owners: dict[str, list[str]] = {}
        self._at: dict[tuple[str, str], list[Question]] = {}
        """By owner and the first name of a place."""
        self._of_state: dict[tuple[str, str], int] = {}
        """How often a state was passed, and its outcome: their numbers."""

    # reading

    def about(self, nodes: tuple[Node, ...], scope: Scope) -> About | None:
        """What parts of conditions that stand in a scope are about; None where others than the job's ways may change
        it, or where it is not known which data are meant."""
        places: list[tuple[str, Path]] = []
        items: list[str] = []
        owners = self.owners(scope)
        match nodes:
            case (Call(name="count" | "outcome" as function, args=(Literal(value=str(state)),)),):
                if state not in self.survey.states or self.owner_of(state) not in owners:
                    return None
                return About(counted=state) if function == "count" else About(recalled=state)
        for node in nodes:
            found = mentions(node)
            if not (JOB_FUNCTIONS | WORD_FUNCTIONS | CALENDAR_FUNCTIONS).isdisjoint(found.functions):
                return None
            for path in found.paths:
                owner = self._whose(path, owners)
                if owner is None:
                    return None
                if path[0] == "data":
                    places.append((owner, path[1:]))
                else:
                    items.append(owner)
        return About(tuple(places), tuple(items)) if places or items else None

    def _whose(self, path: Path, owners: list[str]) -> str | None:
        if path[0] == "data" and len(path) > 1:
            found = [one for one in owners if path[1] in self.places.shapes[one].members]
            return found[0] if len(found) == 1 else None
        for owner in owners[:-1]:
            each = self.survey.owner[owner]
            if path[0] == "item" or (isinstance(each, Each) and path[0] == each.as_):
                return owner
        return None

    def owners(self, scope: Scope) -> list[str]:
        """The data that is seen from a scope, the nearest first."""
        if scope.path not in self._owners:
            self._owners[scope.path] = self.places.owners(scope)
        return self._owners[scope.path]

    def owner_of(self, state: str) -> str:
        """The data to which a state saves."""
        return self.owners(self.survey.scope_of[state])[0]

    def number(self) -> None:
        """Give each term its number, and its answers, once all conditions are read."""
        for about, terms in self.homes.items():
            for term in terms.values():
                answers = _cases(term, about)
                if len(answers) > MOST_ANSWERS or len(self.all) == MOST_QUESTIONS:
                    self.loose.add(term)
                    self.uncounted.update({about.counted} - {""})
                    continue
                question = Question(len(self.all), term, about, answers)
                self.all.append(question)
                self.by_term[term] = question
                for owner, name in dict.fromkeys((owner, path[0]) for owner, path in about.places):
                    self._at.setdefault((owner, name), []).append(question)
        for question in self.all:
            question.exact = self._is_exact(question)
            for kind, name in (("counted", question.about.counted), ("recalled", question.about.recalled)):
                if name:
                    self._of_state[kind, name] = question.number

    def _is_exact(self, question: Question) -> bool:
        about, shape = question.about, question.term.shape
        if about.counted or about.recalled or question.term.asks == "has":
            return True
        if not question.is_place or not isinstance(shape, Basic) or shape.domain is None or len(about.places) != 1:
            return False
        (owner, path) = about.places[0]
        others = (one for one in self._at[owner, path[0]] if one is not question and one.term.asks != "has")
        return not any(overlap(path, place) for one in others for whose, place in one.about.places if whose == owner)

    # finding

    def around(self, owner: str, name: str) -> Sequence[Question]:
        """The questions about places with that first name."""
        return self._at.get((owner, name), ())

    def counted(self, state: str) -> int | None:
        """The number of the question how often a state was passed, if any asks."""
        return self._of_state.get(("counted", state))

    def recalled(self, state: str) -> int | None:
        """The number of the question with which outcome a state was left, if any asks."""
        return self._of_state.get(("recalled", state))

    def counting(self, states: Iterable[str]) -> set[int] | None:
        """The numbers of the questions how often these states were passed; None where that is not followed of one."""
        names = set(states)
        if not self.uncounted.isdisjoint(names):
            return None
        return {number for name in names if (number := self.counted(name)) is not None}

    # what is known

    def at_first(self) -> Known:
        """What is known of a job that begins."""
        found = ((one.number, self.at_first_of(one)) for one in self.all)
        return tuple((number, mask) for number, mask in found if mask != self.all[number].all)

    def at_first_of(self, question: Question) -> int:
        """The answers that are possible in a job that begins."""
        if question.about.counted:
            return 1
        if question.about.recalled:
            return question.mask([""])
        return question.mask([False]) if question.term.asks == "has" else question.all

    def possible(self, known: Known, number: int) -> int:
        """The answers to a question that are possible."""
        at = bisect_left(known, (number,))
        return known[at][1] if at < len(known) and known[at][0] == number else self.all[number].all

    def with_answers(self, known: Known, number: int, answers: int) -> Known:
        """What is known, with other answers to a question."""
        at = bisect_left(known, (number,))
        after = known[at + 1 :] if at < len(known) and known[at][0] == number else known[at:]
        if answers == self.all[number].all:
            return (*known[:at], *after)
        return (*known[:at], (number, answers), *after)


def _cases(term: Term, about: About) -> list[Any]:
    """The answers of a question; of how often a state was passed, each number up to the last that matters."""
    if not about.counted:
        return term.cases()
    numbers = [one for one in term.literals if kind_of(one) == "number" and one >= 0]
    most = max(numbers, default=0)
    if most > MOST_COUNTED:
        return [*range(MOST_ANSWERS + 1)]
    return [*range(int(most) + 2)]


def _is_among(value: Any, values: Iterable[Any]) -> bool:
    """Whether a value is one of several; true is not 1."""
    return any(kind_of(one) == kind_of(value) and one == value for one in values)


def overlap(one: Path, other: Path) -> bool:
    """Whether one place is in the other, or the same."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]
