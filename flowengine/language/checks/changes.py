"""What becomes of the answers to questions on a way through a process: what is saved, set or passed gives other ones, a
condition narrows them, and what others may change meanwhile (branches beside, branches that go on by themselves) is
never known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from flowengine.language.checks.decisions import Narrowed
from flowengine.language.checks.places import Path
from flowengine.language.checks.questions import Known, Question, Questions, overlap
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always, Route
from flowengine.language.types import Each, Parallel
from flowengine.language.value_shapes import Basic, Record, Shape, of_fields


class Change(NamedTuple):
    """What becomes possible of a question; ``surely``: nothing else is."""

    number: int
    answers: int
    surely: bool = True


class Changes:
    """What states, ways and items do to the answers."""

    def __init__(self, questions: Questions) -> None:
        self.survey = survey = questions.survey
        self.questions = questions
        self._changes: dict[tuple[str, ...], tuple[Change, ...]] = {}
        self.touched = {name: self._touched(state) if questions.all else 0 for name, state in survey.states.items()}
        """By state: the questions whose answers may change in it, or as it is left."""
        self.inside: dict[str, int] = {}
        """By the path of a scope: those whose answers may change anywhere in it."""
        for scope in reversed(survey.scopes.values()):
            self.inside[scope.path] = self._inside(scope)
        self.unsteady: dict[str, int] = {}
        """By the path of a scope: those whose answers others may change meanwhile."""
        for scope in survey.scopes.values():
            self.unsteady[scope.path] = self._unsteady(scope)

    def _inside(self, scope: Scope) -> int:
        if not self.questions.all:
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
        if (counted := self.questions.counted(state.name)) is not None:
            found |= 1 << counted
        for outcome in state.ways:
            found |= _numbers(self.left(state, outcome))
        for _, _, route in self.survey.routes[state.name]:
            found |= _numbers(self.sets(scope, route, state.name))
        return found

    def _unsteady(self, scope: Scope) -> int:
        if not self.questions.all:
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

    # by states and ways

    def left(self, state: State, outcome: str) -> tuple[Change, ...]:
        """What becomes possible as a state is left with an outcome: its answer is saved, and it was passed."""
        key = ("left", state.name, outcome)
        found = self._changes.get(key)
        if found is None:
            found = self._changes[key] = tuple(self._left(state, outcome))
        return found

    def _left(self, state: State, outcome: str) -> Iterator[Change]:
        answer = self.questions.places.answer(state, outcome)
        if answer is not None:
            owner, saved = answer
            yield from self._saved(owner, saved.place, saved.shape, surely=saved.sure)
        recalled = self.questions.recalled(state.name)
        if recalled is not None:
            question = self.questions.all[recalled]
            ended = [one for one in question.answers if one == outcome or one.startswith(f"{outcome}.")]
            yield Change(recalled, question.mask(ended) or question.all)

    def invoked(self, scope: Scope, entry: Always) -> tuple[Change, ...]:
        """What becomes possible as an always entry is used."""
        if not entry.fields:
            return ()
        key = ("invoked", scope.path, entry.name)
        if key not in self._changes:
            shape = of_fields(entry.fields, internal=False)
            self._changes[key] = tuple(self._saved(self.questions.owners(scope)[0], (entry.name,), shape))
        return self._changes[key]

    def sets(self, scope: Scope, source: Route | Always, state: str) -> tuple[Change, ...]:
        """What becomes possible by the ``set`` of a way, in its order."""
        if not source.set:
            return ()
        key = ("sets", scope.path, str(id(source)))
        if key not in self._changes:
            found: list[Change] = []
            for place, expression in source.set.items():
                path, owner = tuple(place.split(".")), self.questions.owners(scope)[0]
                if self.questions.around(owner, path[0]):
                    found += self._saved(owner, path, self.questions.shapes.of(expression, scope, state))
            self._changes[key] = tuple(found)
        return self._changes[key]

    def _saved(self, owner: str, place: Path, shape: Shape, *, surely: bool = True) -> Iterator[Change]:
        for question in self.questions.around(owner, place[0]):
            found: int | None = None
            for whose, path in question.about.places:
                if whose == owner and overlap(path, place):
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
                Change(one.number, self.questions.at_first_of(one))
                for one in self.questions.all
                if path in one.about.items
                or any(owner == path for owner, _ in one.about.places)
                or ((name := one.about.counted or one.about.recalled) and self.questions.owner_of(name) == path)
            )
        return self._changes[key]

    # what is known then

    def after(self, known: Known, changes: Sequence[Change]) -> Known:
        """What is known once something has changed."""
        for number, answers, surely in changes:
            possible = answers if surely else answers | self.questions.possible(known, number)
            known = self.questions.with_answers(known, number, possible)
        return known

    def passed(self, known: Known, state: State) -> Known:
        """What is known once a state was passed once more."""
        number = self.questions.counted(state.name)
        if number is None:
            return known
        times = self.questions.possible(known, number)
        most = 1 << (len(self.questions.all[number].answers) - 1)
        return self.questions.with_answers(known, number, (times & ~most) << 1 | times & most)

    def narrowed(self, known: Known, narrowed: Narrowed, scope: Scope) -> tuple[Known, bool]:
        """What is known once something was found out in a scope, and whether each of it can surely be."""
        exact, unsteady = True, self.unsteady[scope.path]
        for term, answers in narrowed:
            question = self.questions.by_term.get(term)
            if question is None or unsteady >> question.number & 1:
                exact = False
            else:
                exact = exact and question.exact
                left = self.questions.possible(known, question.number) & answers
                known = self.questions.with_answers(known, question.number, left)
        return known, exact


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
