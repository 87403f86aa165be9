"""What all checks look things up in, and where they put the problems they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

from flowengine.language.checks.uses import Use, uses
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE
from flowengine.language.suggest import hint
from flowengine.language.types import Parallel
from flowengine.problem import Place, Problem

T = TypeVar("T")


class Target(Enum):
    """What the target of a route is."""

    STATE = "a state of the scope"
    DONE = "the end of the branch or stage"
    END = "an end of the process"
    FOREIGN = "a state of another scope"
    UNKNOWN = "nothing"


MOST_PROBLEMS = 200
"""Problems after which checking stops."""
MOST_WORK = 36_000
"""Units of work that the checks may take, of about 10 µs each. A process of 1,000 states takes a third of that."""


class Enough(Exception):
    """Checking stops: there are too many problems, or it takes too much work."""


class Survey:
    """A process with its lookups, and the problems found so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.problems: dict[Problem, None] = {}
        self.scopes: dict[str, Scope] = {}
        self.states: dict[str, State] = {}
        self.scope_of: dict[str, Scope] = {}
        self.owner: dict[str, State] = {}
        """The state that holds a scope, by the scope's path; the root has none."""
        for scope in process.scopes():
            self.scopes[scope.path] = scope
            for name, state in scope.states.items():
                self.states[name] = state
                self.scope_of[name] = scope
                for inner in state.scopes:
                    self.owner[inner.path] = state
        self.ends = process.ends
        self.routes = {name: tuple(state.routes) for name, state in self.states.items()}
        """The ways on of each state: the outcome, which of its routes, and the route."""
        self._followers: dict[str, dict[str, list[str]]] = {}
        self._spent = 0.0
        self._made: dict[object, Any] = {}
        self.endless: set[str] = set()
        """States that wait for a customer without a deadline."""

    def followers(self, state: Parallel) -> dict[str, list[str]]:
        """By the path of a branch's scope, the paths of the branches that come after it."""
        found = self._followers.get(state.name)
        if found is None:
            found = self._followers[state.name] = {}
            for branch in state.branches.values():
                for name in branch.after:
                    before = state.branches.get(name)
                    if before is not None:
                        found.setdefault(before.scope.path, []).append(branch.scope.path)
        return found

    def once(self, make: Callable[[Survey], T]) -> T:
        """What ``make`` gives for this process, made once for all checks."""
        if make not in self._made:
            self._made[make] = make(self)
        found: T = self._made[make]
        return found

    def spend(self, units: float, place: Place) -> None:
        """Count work against what any process may take (L12). Raises :class:`Enough`."""
        self._spent += units
        if self._spent > MOST_WORK:
            message = "the process is too tangled to be checked in time: too many ways, branches or places in the data"
            self._note(place, "too-large", message, "split it into processes that call one another")
            raise Enough

    @cached_property
    def uses(self) -> list[Use]:
        """All expressions of the process."""
        return uses(self.process)

    @cached_property
    def asked(self) -> list[str]:
        """The states that expressions ask about: ``passed``, ``at``, ``count``."""
        names = {
            args[0]: None
            for use in self.uses
            for function, args in use.expression.calls
            if function in JOB_FUNCTIONS and len(args) == 1 and isinstance(args[0], str)
        }
        return [name for name in names if name in self.states]

    def report(self, place: Place, code: str, message: str, advice: str = "") -> None:
        """Note a problem; the same one is noted once. Raises :class:`Enough` when there are many."""
        self._note(place, code, message, advice)
        if len(self.problems) >= MOST_PROBLEMS:
            self._note(place, "too-many-problems", "there are more problems than these; mend these first", "")
            raise Enough

    def _note(self, place: Place, code: str, message: str, advice: str) -> None:
        self.problems[Problem(self.process.file, place, code, message, advice)] = None

    def unknown(self, place: Place, code: str, what: str, name: str, possible: Iterable[str]) -> None:
        """Note a name that means nothing, with the name that was perhaps meant."""
        self.report(place, code, f"there is no {what} {name!r}", hint(name, possible))

    def target(self, scope: Scope, to: str) -> Target:
        """What a route of a scope leads to."""
        if to in scope.states:
            return Target.END if scope.states[to].is_end else Target.STATE
        if to == DONE and scope.path:
            return Target.DONE
        if to in self.ends:
            return Target.END
        return Target.FOREIGN if to in self.states else Target.UNKNOWN

    def around(self, scope: Scope) -> Iterator[Scope]:
        """The scope and those around it, innermost first."""
        yield scope
        while scope.path:
            scope = self.scope_of[self.owner[scope.path].name]
            yield scope

    def line(self, name: str) -> list[State]:
        """The state with all those that hold it, the outermost first."""
        holders = [self.owner[scope.path] for scope in self.around(self.scope_of[name]) if scope.path]
        return [*(self.states[one.name] for one in reversed(holders)), self.states[name]]

    def inside(self, state: State) -> Iterator[Scope]:
        """All scopes inside a state, at any depth."""
        waiting = list(state.scopes)
        while waiting:
            scope = waiting.pop()
            yield scope
            waiting.extend(inner for one in scope.states.values() for inner in one.scopes)
