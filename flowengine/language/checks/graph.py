"""Ways through the process, scope by scope: what is reached, what ends, what is passed without waiting.

Scopes nest, so each is a small graph of its own: a state that holds scopes can be passed when those can be done.
All is linear in the states and routes.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from flowengine.language.checks.survey import Survey, Target
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE
from flowengine.language.types import Each, Fulfilled, Parallel, Stage

N = TypeVar("N", bound=Hashable)


def check(survey: Survey) -> None:
    """Report what is never reached, and what never ends."""
    ways = survey.once(Ways)
    for scope in survey.scopes.values():
        if scope.path in ways.entered:
            _reached(survey, scope, ways)
    _whole(survey, ways)


class Ways:
    """What can be reached from what. ``finishes``: scopes that can be done; ``closes``: those that can end the job.

    ``ending`` names processes whose jobs may end at once, so that a call of one need not wait.
    """

    def __init__(self, survey: Survey, ending: Collection[str] = ()) -> None:
        self.survey = survey
        self.ending_at_once = ending
        self.finishes: set[str] = set()
        self.closes: set[str] = set()
        self.ending: dict[str, set[str]] = {}
        """By scope: the states from which it can be done, or the job ended."""
        self.reached: dict[str, set[str]] = {}
        """By scope: the states that are reached from its start."""
        self.instant: set[str] = set()
        """Scopes that can be done without ever waiting."""
        for scope in reversed(survey.scopes.values()):
            self._scope(scope)
        self.entered = self._entered()

    def _scope(self, scope: Scope) -> None:
        onward = {name: self.targets(scope, state) for name, state in scope.states.items()}
        always = {entry.to for entry in scope.always}
        reached = _reach([scope.start], onward, scope.states)
        start = scope.states.get(scope.start)
        if reached - {scope.start} or start is None or not start.is_start:
            reached |= _reach(always, onward, scope.states)
        self.reached[scope.path] = reached
        outs = {name for name in reached if self._leaves(scope, scope.states[name], onward[name])}
        if any(self._out(scope, to) for to in always):
            outs |= reached
        backward: dict[str, list[str]] = {}
        for name in reached:
            for to in onward[name]:
                backward.setdefault(to, []).append(name)
        ending = _reach(outs, backward, scope.states)
        self.ending[scope.path] = reached if always & ending else ending
        done = any(DONE in onward[name] for name in reached) or DONE in always
        if done and scope.path:
            self.finishes.add(scope.path)
        closing = any(self._closes(scope, scope.states[name], onward[name]) for name in reached)
        if closing or any(self._ends(scope, to) for to in always):
            self.closes.add(scope.path)
        if self._is_instant(scope, onward):
            self.instant.add(scope.path)

    def targets(self, scope: Scope, state: State) -> list[str]:  # noqa: ARG002 - a state's ways belong to its scope
        """Where a state can lead; a join that cannot happen leads nowhere."""
        passable = self.passable(state)
        return [route.to for outcome, _, route in state.routes if passable or outcome not in state.outcomes]

    def passable(self, state: State) -> bool:
        """Whether the scopes inside can be done, so that the state itself is."""
        if isinstance(state, Stage | Each):
            return state.scope.path in self.finishes or (isinstance(state, Each) and not state.more)
        if isinstance(state, Parallel):
            finishing = sum(branch.scope.path in self.finishes for branch in state.branches.values())
            needed = len(state.branches) if not isinstance(state.join, int) else state.join
            return finishing >= min(needed, len(state.branches))
        return True

    def _leaves(self, scope: Scope, state: State, onward: Iterable[str]) -> bool:
        ways = self.survey.routes[state.name]
        return (
            self._closes(scope, state, onward)
            or not (ways or state.is_end)
            or any(self._out(scope, to) for to in onward)
        )

    def _out(self, scope: Scope, to: str) -> bool:
        return to == DONE or self._ends(scope, to)

    def _ends(self, scope: Scope, to: str) -> bool:
        """Whether the target ends the job; one that means nothing counts, for it is a problem of its own."""
        return self.survey.target(scope, to) in (Target.END, Target.UNKNOWN, Target.FOREIGN)

    def _closes(self, scope: Scope, state: State, onward: Iterable[str]) -> bool:
        if state.is_end or any(inner.path in self.closes for inner in state.scopes):
            return True
        return any(self._ends(scope, to) for to in onward)

    def is_taken_out(self, scope: Scope) -> bool:
        """Whether what goes on in a scope can be ended from around it."""
        owner = self.survey.owner.get(scope.path)
        if owner is None:
            return False
        around = self.survey.scope_of[owner.name]
        waits = not isinstance(owner, Parallel) or owner.join == "all"
        ended = any(outcome not in owner.outcomes for outcome in owner.ways)
        return not waits or ended or bool(around.always) or self.is_taken_out(around)

    def passes_at_once(self, state: State) -> bool:
        """Whether a job can go through the state without waiting."""
        if state.passes or any(name in self.ending_at_once for name in state.begins):
            return True
        if isinstance(state, Parallel):
            return all(branch.scope.path in self.instant for branch in state.branches.values())
        return isinstance(state, Stage | Each) and state.scope.path in self.instant

    def _is_instant(self, scope: Scope, onward: Mapping[str, list[str]]) -> bool:
        through = {name: onward[name] for name, state in scope.states.items() if self.passes_at_once(state)}
        if not scope.path or scope.start not in through:
            return False
        return any(DONE in through[name] for name in _reach([scope.start], through, through))

    def _entered(self) -> set[str]:
        """The scopes that a job can come into."""
        entered: set[str] = set()
        for path, scope in self.survey.scopes.items():
            if not path or (
                self.survey.scope_of[self.survey.owner[path].name].path in entered
                and self.survey.owner[path].name
                in self.reached[self.survey.scope_of[self.survey.owner[path].name].path]
            ):
                entered.add(scope.path)
        return entered


def _reach(starts: Iterable[str], onward: Mapping[str, Iterable[str]], within: Iterable[str]) -> set[str]:
    known = within if isinstance(within, Mapping) else set(within)
    found = {name for name in starts if name in known}
    waiting = list(found)
    while waiting:
        for to in onward.get(waiting.pop(), ()):
            if to in known and to not in found:
                found.add(to)
                waiting.append(to)
    return found


def _reached(survey: Survey, scope: Scope, ways: Ways) -> None:
    reached, ending = ways.reached[scope.path], ways.ending[scope.path]
    used = _ends_used(survey) if not scope.path else set()
    lost = astray(survey)
    for name, state in scope.states.items():
        if name not in reached and name not in used and not lost:
            survey.report(
                state.place, "unreachable-state", f"no way leads to {name!r}", "lead a way to it, or remove it"
            )
        elif name in reached and name not in ending:
            where = "an end" if not scope.path else "'done' or an end"
            survey.report(state.place, "no-way-out", f"from {name!r} no way leads to {where}", "give it a way on")


def astray(survey: Survey) -> bool:
    """Whether some way leads to nothing: then what it was meant for seems not to be reached."""
    bad = {"unknown-target", "foreign-target", "need-again", "missing-outcome", "unknown-outcome"}
    return any(problem.code in bad for problem in survey.problems)


def _ends_used(survey: Survey) -> set[str]:
    """The ends of the process that inner scopes lead to."""
    used: set[str] = set()
    for scope in survey.scopes.values():
        if scope.path:
            used.update(route.to for state in scope.states.values() for _, _, route in state.routes)
            used.update(entry.to for entry in scope.always)
    return used & survey.ends.keys()


def circles(onward: Mapping[N, Collection[N]]) -> list[list[N]]:
    """The circles of a graph: its strongly connected parts that have an edge inside."""
    return [part for part in components(onward) if len(part) > 1 or part[0] in onward[part[0]]]


def components(onward: Mapping[N, Iterable[N]]) -> list[list[N]]:
    """The strongly connected parts of a graph, those that are led to before those that lead (Tarjan 1972)."""
    index: dict[N, int] = {}
    low: dict[N, int] = {}
    stack: list[N] = []
    on_stack: set[N] = set()
    found: list[list[N]] = []

    def begin(node: N) -> tuple[N, Iterator[N]]:
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        return node, iter(onward[node])

    for root in onward:
        work = [] if root in index else [begin(root)]
        while work:
            node, edges = work[-1]
            for to in edges:
                if to in onward and to not in index:
                    work.append(begin(to))
                    break
                if to in on_stack:
                    low[node] = min(low[node], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_part(node, stack, on_stack))
    return found


def _part(node: N, stack: list[N], on_stack: set[N]) -> list[N]:
    part: list[N] = []
    while not part or part[-1] != node:
        part.append(stack.pop())
        on_stack.discard(part[-1])
    return part


def _whole(survey: Survey, ways: Ways) -> None:
    """The process as a whole begins with the need and can be fulfilled."""
    root = survey.process.root
    start = root.states.get(root.start)
    if start is not None and not start.is_start:
        message = f"a process begins with the customer's need, but {start.name!r} is of type {start.type}"
        survey.report(start.place, "no-need", message, "let the first state be of type need")
    for state in survey.states.values():
        if state.is_start and state is not start:
            survey.report(state.place, "second-need", "only the first state can be of type need", "use type ask")
    fulfilled = [name for name, state in survey.ends.items() if isinstance(state, Fulfilled)]
    if not fulfilled:
        survey.report(root.place, "no-fulfilled", "the process cannot be fulfilled", "add a state of type fulfilled")
    elif not astray(survey) and not any(name in ways.reached[""] or name in _ends_used(survey) for name in fulfilled):
        message = f"no way leads to {fulfilled[0]!r}: the need is never fulfilled"
        survey.report(survey.ends[fulfilled[0]].place, "no-fulfilled", message, "lead a way to it")
