"""What the conditions of a process ask, and what a way through it makes of the answers.

A *question* is a term of conditions (``abstraction``) that means the same at every point of a job's life: a place in
the data, ``has`` of one, ``size``, how often a state was passed, with which outcome it was left, or whatever else is
made of places alone. Its answers are finitely many cases. What is *known* on a way are the answers that are still
possible, for each question of which not all are. A condition narrows them; what is saved, set or passed gives other
ones; and what others may change meanwhile (branches beside, branches that go on by themselves) is never known.

What is known may allow more than can really be (two questions about one place are taken to have nothing to do with each
other), but never less: the answers of each job are among those that are possible.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    kind_of,
    reads_something,
)
from flowengine.language.checks.places import Path
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression
from flowengine.language.mentions import CALENDAR_FUNCTIONS, JOB_FUNCTIONS, WORD_FUNCTIONS, mentions
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always, Route
from flowengine.language.tree import Call, Literal, Node, walk
from flowengine.language.types import Each, Parallel
from flowengine.language.value_shapes import Basic, Domain, ListOf, Record, Shape, of_fields, of_values

MOST_ANSWERS = 64
"""Answers of one question that are told apart from one state to the next; of a question with more, nothing is known."""
MOST_QUESTIONS = 400
"""Questions that are followed from one state to the next."""
MOST_COUNTED = 50
"""Times that a state is passed, up to which they are counted."""
ALLOWANCE = 400_000
"""Parts of conditions that are looked at for all ways through one process."""

Known: TypeAlias = tuple[tuple[int, int], ...]
"""By the number of a question, in order, the answers that are possible, as bits; of all others every answer is."""
Narrowed: TypeAlias = tuple[tuple[Term, int], ...]
"""Terms with the answers, as bits, for which something is so."""
_MOST_SAID = 3
"""Answers that are said."""
_MOST_TERMS = 150
"""Terms that are given values one after the other."""
FAILS = -1
"""In the place of a way: the condition that is asked fails."""


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


class Change(NamedTuple):
    """What becomes possible of a question; ``surely``: nothing else is."""

    number: int
    answers: int
    surely: bool = True


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
        self.questions.allowance.left -= self.weight
        if self._left < 0 or self.questions.allowance.left < 0:
            raise Undecided
        for index, condition in enumerate(self.conditions):
            truth: Truth = condition(case) if condition is not None else True
            if isinstance(truth, Term):
                return truth
            if truth is not False:
                return index if truth else FAILS
        return len(self.conditions)


class Questions:
    """All questions of a process, its decisions, and what states and ways do to the answers."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.shapes = survey.once(Shapes.found)
        self.places = self.shapes.places
        self.allowance = Allowance(ALLOWANCE)
        self.loose: set[Term] = set()
        """Terms with more answers than are told apart, and those that are too many: what one decision finds out of them
        is not known to the next."""
        self._owners: dict[str, list[str]] = {}
        self.homes: dict[About, dict[Key, Term]] = {}
        self.all: list[Question] = []
        self.by_term: dict[Term, Question] = {}
        self.decisions: dict[tuple[str, str, str], Decision] = {}
        """By ``("leave", state, outcome)``, ``("begin", parallel, branch)``, ``("always", scope path, entry)``."""
        self._read()
        self._at: dict[tuple[str, str], list[Question]] = {}
        """By owner and the first name of a place."""
        self._number()
        self._changes: dict[tuple[str, ...], tuple[Change, ...]] = {}
        self._of_state: dict[tuple[str, str], int] = {}
        """How often a state was passed, and its outcome: their numbers."""
        for one in self.all:
            for kind, name in (("counted", one.about.counted), ("recalled", one.about.recalled)):
                if name:
                    self._of_state[kind, name] = one.number
        self.touched = {name: self._touched(state) if self.all else 0 for name, state in survey.states.items()}
        """By state: the questions whose answers may change in it, or as it is left."""
        self.inside: dict[str, int] = {}
        """By the path of a scope: those whose answers may change anywhere in it."""
        for scope in reversed(survey.scopes.values()):
            self.inside[scope.path] = self._inside(scope)
        self.unsteady: dict[str, int] = {}
        """By the path of a scope: those whose answers others may change meanwhile."""
        for scope in survey.scopes.values():
            self.unsteady[scope.path] = self._unsteady(scope)

    # reading

    def _read(self) -> None:
        for scope in self.survey.scopes.values():
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

    def _decide(
        self, key: tuple[str, str, str], conditions: Sequence[Expression | None], scope: Scope, outcome: str = ""
    ) -> None:
        local: dict[Key, Term] = {}
        reader = _Asked(self, scope, local)
        formulas: list[Formula | None] = []
        switched: set[int] = set()
        weight = 1
        for index, one in enumerate(conditions):
            if one is None:
                formulas.append(None)
                break
            if not reads_something(one.tree):
                switched.update(range(index, len(conditions)))
            reader.source, reader.shapes = one.source, self.shapes.parts(one, scope, outcome)
            formulas.append(reader.formula(one.tree))
            weight += len(walk(one.tree))
        terms = list(reader.used.values())
        self.decisions[key] = Decision(
            self,
            scope,
            formulas,
            [one.formula for one in Bounds().among({term.key: term for term in terms})],
            terms,
            reader.compared_with,
            weight,
            frozenset(switched),
        )

    def about(self, nodes: tuple[Node, ...], scope: Scope) -> About | None:
        """What parts of conditions that stand in a scope are about; None where others than the job's ways may change
        it, or where it is not known which data are meant."""
        places: list[tuple[str, Path]] = []
        items: list[str] = []
        owners = self._seen_from(scope)
        match nodes:
            case (Call(name="count" | "outcome" as function, args=(Literal(value=str(state)),)),):
                if state not in self.survey.states or self._owner_of(state) not in owners:
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

    def _seen_from(self, scope: Scope) -> list[str]:
        if scope.path not in self._owners:
            self._owners[scope.path] = self.places.owners(scope)
        return self._owners[scope.path]

    def _owner_of(self, state: str) -> str:
        return self._seen_from(self.survey.scope_of[state])[0]

    def _number(self) -> None:
        for about, terms in self.homes.items():
            for term in terms.values():
                answers = _cases(term, about)
                if len(answers) > MOST_ANSWERS or len(self.all) == MOST_QUESTIONS:
                    self.loose.add(term)
                    continue
                question = Question(len(self.all), term, about, answers)
                self.all.append(question)
                self.by_term[term] = question
                for owner, name in dict.fromkeys((owner, path[0]) for owner, path in about.places):
                    self._at.setdefault((owner, name), []).append(question)
        for question in self.all:
            question.exact = self._is_exact(question)
        for decision in self.decisions.values():
            numbers = (self.by_term[one].number for one in decision.terms if one in self.by_term)
            decision.asks = sum(1 << number for number in set(numbers))

    def _is_exact(self, question: Question) -> bool:
        about, shape = question.about, question.term.shape
        if about.counted or about.recalled or question.term.asks == "has":
            return True
        if not question.is_place or not isinstance(shape, Basic) or shape.domain is None or len(about.places) != 1:
            return False
        (owner, path) = about.places[0]
        others = (one for one in self._at[owner, path[0]] if one is not question and one.term.asks != "has")
        return not any(_overlap(path, place) for one in others for whose, place in one.about.places if whose == owner)

    # what changes

    def _inside(self, scope: Scope) -> int:
        if not self.all:
            return 0
        found = 0
        for entry in scope.always:
            found |= _numbers(self.invoked(scope, entry)) | _numbers(self.sets(scope, entry, ""))
        for state in scope.states.values():
            found |= self.touched[state.name]
            for inner in state.scopes:
                found |= self.inside[inner.path]
        return found

    def _touched(self, state: State) -> int:
        scope, found = self.survey.scope_of[state.name], 0
        if (counted := self.counted(state)) is not None:
            found |= 1 << counted
        for outcome in state.ways:
            found |= _numbers(self.left(state, outcome))
        for _, _, route in self.survey.routes[state.name]:
            found |= _numbers(self.sets(scope, route, state.name))
        return found

    def _unsteady(self, scope: Scope) -> int:
        if not self.all:
            return 0
        found = 0
        owner = self.survey.owner.get(scope.path)
        if owner is not None:
            found = self.unsteady[self.survey.scope_of[owner.name].path]
            if isinstance(owner, Parallel | Each) and owner.rest == "continue":  # it may go on while the job moves on
                found |= self.inside[self.survey.scope_of[owner.name].path]
        if isinstance(owner, Parallel):
            found |= self._beside(owner, scope)
        for state in scope.states.values():
            if isinstance(state, Parallel | Each) and state.rest == "continue":
                for inner in state.scopes:
                    found |= self.inside[inner.path]
        return found

    def _beside(self, parallel: Parallel, scope: Scope) -> int:
        """What may change in the branches that may run at the same time as the one with that scope."""
        branches = parallel.branches
        (branch,) = (one for one in branches.values() if one.scope is scope)
        earlier, waiting = set[str](), list(branch.after)
        while waiting:
            name = waiting.pop()
            if name in branches and name not in earlier:
                earlier.add(name)
                waiting.extend(branches[name].after)
        found = 0
        for one in branches.values():
            if one is not branch and one.name not in earlier and branch.name not in one.after:
                found |= self.inside[one.scope.path]
        self.survey.spend(len(branches) / 100, parallel.place)
        return found

    def left(self, state: State, outcome: str) -> tuple[Change, ...]:
        """What becomes possible as a state is left with an outcome: its answer is saved, and it was passed."""
        key = ("left", state.name, outcome)
        found = self._changes.get(key)
        if found is None:
            found = self._changes[key] = tuple(self._left(state, outcome))
        return found

    def _left(self, state: State, outcome: str) -> Iterator[Change]:
        answer = self.places.answer(state, outcome)
        if answer is not None:
            owner, saved = answer
            yield from self._saved(owner, saved.place, saved.shape, surely=saved.sure)
        recalled = self._of_state.get(("recalled", state.name))
        if recalled is not None:
            question = self.all[recalled]
            ended = [one for one in question.answers if one == outcome or one.startswith(f"{outcome}.")]
            yield Change(recalled, question.mask(ended) or question.all)

    def counted(self, state: State) -> int | None:
        """The number of the question how often a state was passed, if any asks."""
        return self._of_state.get(("counted", state.name))

    def invoked(self, scope: Scope, entry: Always) -> tuple[Change, ...]:
        """What becomes possible as an always entry is used."""
        if not entry.fields:
            return ()
        key = ("invoked", scope.path, entry.name)
        if key not in self._changes:
            shape = of_fields(entry.fields, internal=False)
            self._changes[key] = tuple(self._saved(self._seen_from(scope)[0], (entry.name,), shape))
        return self._changes[key]

    def sets(self, scope: Scope, source: Route | Always, state: str) -> tuple[Change, ...]:
        """What becomes possible by the ``set`` of a way, in its order."""
        if not source.set:
            return ()
        key = ("sets", scope.path, str(id(source)))
        if key not in self._changes:
            found: list[Change] = []
            for place, expression in source.set.items():
                path, owner = tuple(place.split(".")), self._seen_from(scope)[0]
                if (owner, path[0]) in self._at:
                    found += self._saved(owner, path, self.shapes.of(expression, scope, state))
            self._changes[key] = tuple(found)
        return self._changes[key]

    def _saved(self, owner: str, place: Path, shape: Shape, *, surely: bool = True) -> Iterator[Change]:
        for question in self._at.get((owner, place[0]), ()):
            found: int | None = None
            for whose, path in question.about.places:
                if whose == owner and _overlap(path, place):
                    answers = _among(question, path, place, shape)
                    found = answers if found is None else question.all
            if found is not None:
                yield Change(question.number, found, surely)

    def fresh(self, each: Each) -> tuple[Change, ...]:
        """What is known of an item that begins: nothing of it was saved or passed."""
        key = ("fresh", each.name)
        if key not in self._changes:
            path = each.scope.path
            self._changes[key] = tuple(
                Change(one.number, self._at_first(one))
                for one in self.all
                if path in one.about.items
                or any(owner == path for owner, _ in one.about.places)
                or ((name := one.about.counted or one.about.recalled) and self._owner_of(name) == path)
            )
        return self._changes[key]

    def _at_first(self, question: Question) -> int:
        if question.about.counted:
            return 1
        if question.about.recalled:
            return question.mask([""])
        return question.mask([False]) if question.term.asks == "has" else question.all

    def at_first(self) -> Known:
        """What is known of a job that begins."""
        found = ((one.number, self._at_first(one)) for one in self.all)
        return tuple((number, mask) for number, mask in found if mask != self.all[number].all)

    # what is known

    def after(self, known: Known, changes: Sequence[Change]) -> Known:
        """What is known once something has changed."""
        for number, answers, surely in changes:
            known = self._with(known, number, answers if surely else answers | self._of(known, number))
        return known

    def passed(self, known: Known, state: State) -> Known:
        """What is known once a state was passed once more."""
        number = self.counted(state)
        if number is None:
            return known
        times = self._of(known, number)
        most = 1 << (len(self.all[number].answers) - 1)
        return self._with(known, number, (times & ~most) << 1 | times & most)

    def narrowed(self, known: Known, narrowed: Narrowed, scope: Scope) -> tuple[Known, bool]:
        """What is known once something was found out in a scope, and whether each of it can surely be."""
        exact, unsteady = True, self.unsteady[scope.path]
        for term, answers in narrowed:
            question = self.by_term.get(term)
            if question is None or unsteady >> question.number & 1:
                exact = False
            else:
                exact = exact and question.exact
                known = self._with(known, question.number, self._of(known, question.number) & answers)
        return known, exact

    def _of(self, known: Known, number: int) -> int:
        """The answers to a question that are possible."""
        at = bisect_left(known, (number,))
        return known[at][1] if at < len(known) and known[at][0] == number else self.all[number].all

    def _with(self, known: Known, number: int, answers: int) -> Known:
        """What is known, with other answers to a question."""
        at = bisect_left(known, (number,))
        after = known[at + 1 :] if at < len(known) and known[at][0] == number else known[at:]
        if answers == self.all[number].all:
            return (*known[:at], *after)
        return (*known[:at], (number, answers), *after)


class _Asked(Reader):
    """Reads the conditions of one decision; what is no question is a term of this decision alone."""

    def __init__(self, questions: Questions, scope: Scope, local: dict[Key, Term]) -> None:
        super().__init__(local, "", {})
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
            case _:
                return super().formula(node)

    def shape(self, node: Node) -> Shape:
        match node:
            case Call(name="outcome", args=(Literal(value=str(state)),)) if state in self.questions.survey.states:
                return of_values(["", *self.questions.survey.states[state].ending])
            case _:
                return super().shape(node)


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


def _overlap(one: Path, other: Path) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _among(question: Question, path: Path, place: Path, shape: Shape) -> int:
    """The answers that are possible once a value of that shape was saved at a place around ``path``, at it or in it."""
    if len(path) < len(place):
        return question.among(Record(), there=True) if question.term.asks == "has" else question.all
    found: Shape | None = shape
    sure = True
    for name in path[len(place) :]:
        if not isinstance(found, Record):
            return question.all
        slot = found.members.get(name)
        if slot is None and found.rest is None:
            return question.among(None, there=False)
        sure = sure and slot is not None and slot.sure
        found = slot.shape if slot is not None else found.rest
    sure = sure and not (isinstance(found, Basic) and found.kind == "null")
    return question.among(found, there=sure)


def _numbers(changes: Iterable[Change]) -> int:
    found = 0
    for one in changes:
        found |= 1 << one.number
    return found
