"""What may change while a job is in a scope, though nothing happens in it: by branches beside it, or at any time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always
from flowengine.language.tree import Call, Literal, Node, Operation
from flowengine.language.types import Each, Parallel


class Beside:
    """Each question is answered in time linear in the scopes around; what is found of a parallel is kept."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self._always: dict[str, set[str]] = {}
        self._branches: dict[str, dict[str, str]] = {}

    def moves(self, scope: Scope, name: str) -> bool:
        """Whether a place in the data may be changed meanwhile."""
        for one in self.survey.around(scope):
            owner = self.survey.owner.get(one.path)
            if name in self._at_any_time(one):
                return True
            if isinstance(owner, Parallel) and self._writers(owner).get(name, one.path) != one.path:
                return True
        return False

    def may_change(self, scope: Scope, when: Expression) -> bool:
        """Whether a condition that does not hold may hold some time later, for what it reads may be otherwise."""
        if _only_falls(when.tree):
            return False
        read = when.variables.get("data", frozenset())
        if "now" in when.variables or (read is not None and any(self.moves(scope, name) for name in read)):
            return True
        asked = [args[0] for name, args in when.calls if name in JOB_FUNCTIONS and args]
        if not asked and read is not None:
            return False
        owners = [self.survey.owner[one.path] for one in self.survey.around(scope) if one.path]
        if any(isinstance(owner, Each) and any(self._is_inside(owner, one) for one in asked) for owner in owners):
            return True  # another item may come there, or leave
        several = [owner for owner in owners if isinstance(owner, Parallel)]
        return bool(several) and (read is None or any(self._is_beside(scope, one) for one in asked))

    def _is_inside(self, owner: State, state: object) -> bool:
        """Whether a state is inside another, or nobody knows which state it is."""
        if not isinstance(state, str) or state not in self.survey.scope_of:
            return True
        return any(self.survey.owner.get(one.path) is owner for one in self.survey.around(self.survey.scope_of[state]))

    def _is_beside(self, scope: Scope, state: object) -> bool:
        """Whether a state is in a branch beside, or nobody knows which state it is."""
        if not isinstance(state, str) or state not in self.survey.scope_of:
            return True
        here = {self.survey.owner[one.path].name: one.path for one in self.survey.around(scope) if one.path}
        for one in self.survey.around(self.survey.scope_of[state]):
            owner = self.survey.owner.get(one.path)
            if isinstance(owner, Parallel) and here.get(owner.name, one.path) != one.path:
                return True
        return False

    def _at_any_time(self, scope: Scope) -> set[str]:
        found = self._always.get(scope.path)
        if found is None:
            found = self._always[scope.path] = set()
            for entry in scope.always:
                found.update(used(entry))
        return found

    def _writers(self, state: Parallel) -> dict[str, str]:
        """Which branch of a parallel changes which place, by its path; empty where several do."""
        if state.name not in self._branches:
            found = self._branches[state.name] = {}
            for branch in state.scopes:
                for name in changed(self.survey, branch.states.values()):
                    found[name] = branch.path if found.get(name, branch.path) == branch.path else ""
        return self._branches[state.name]


def _only_falls(node: Node) -> bool:
    """Whether a condition may fail for good: it asks that a state was passed less often than some times, or not yet."""
    match node:
        case Operation(sign="<" | "<=", operands=(Call(name="count"), Literal())):
            return True
        case Operation(sign="!", operands=(Call(name="passed"),)):
            return True
        case Operation(sign="&&", operands=operands):
            return any(map(_only_falls, operands))
        case Operation(sign="||", operands=operands):
            return all(map(_only_falls, operands))
    return False


def changed(survey: Survey, states: Iterable[State]) -> set[str]:
    """The places that states, and those inside, save to, or that their ways and what may be done inside set."""
    whole = list(states)
    inside = [scope for state in whole for scope in survey.inside(state)]
    found = {place for state in whole for place in _saved(state)}
    for scope in inside:
        found.update(place for state in scope.states.values() for place in _saved(state))
        for entry in scope.always:
            found.update(used(entry))
    return found


def used(entry: Always) -> Iterator[str]:
    """The places that an entry of always saves to, or sets."""
    if entry.fields:
        yield entry.name
    yield from (place.split(".")[0] for place in entry.set)


def _saved(state: State) -> Iterator[str]:
    yield from ((one.saves or state.name).split(".")[0] for one in state.members.values())
    for _, _, route in state.routes:
        yield from (place.split(".")[0] for place in route.set)
