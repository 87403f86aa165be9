"""The usual way of a job: of each state the outcome that one hopes for, and when the job comes to its end that way.

Where an outcome has several ways, it is the one whose condition holds now, else the shortest to the end of the scope.
How long a state takes is what its file says with ``takes``, and of a wait its length; what says nothing takes no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple

from flowengine.core.machines import Compiled
from flowengine.core.names import JobNames
from flowengine.core.position import Position
from flowengine.core.values import ROOT, Branch, Fork
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import working_after
from flowengine.language.durations import Duration, Length, Working
from flowengine.language.expressions import Expression, later
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, Route
from flowengine.language.types import Each, Fulfilled, Parallel

AGAIN_HALF = 2
"""The later end of what is expected: half as long again as the file says that it takes."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What comes usually in any job of a process, of which nothing is known yet."""

    compiled: Compiled

    def holds(self, guard: Expression | None) -> bool | None:
        """Whether a guard would hold now; None when that cannot be said yet."""
        return True if guard is None else None

    def next(self, scope: Scope, state: State) -> str:
        """Where a state most likely leads; empty where nobody knows."""
        ways = state.ways
        hoped = [outcome for outcome in (*state.outcomes[:1], *ways) if outcome in ways and state.is_usual(outcome)]
        likely = ways[hoped[0]] if hoped else next(iter(ways.values()), ())
        unsure: list[Route] = []
        for route in likely:
            holds = self.holds(route.when)
            if holds is None:
                unsure.append(route)
            elif holds and not unsure:
                return route.to
            elif holds:
                unsure.append(route)
                break
        return self.among(scope, unsure) if unsure else ""

    def among(self, scope: Scope, unsure: Sequence[Route]) -> str:  # noqa: ARG002  (who knows a job looks at it)
        """Which of several ways is usual, where nobody can say yet which of them is open: that without a condition."""
        return next((route.to for route in unsure if route.when is None), unsure[0].to)

    def path(self, scope: Scope, begin: str) -> tuple[State, ...]:
        """The states of a scope that come from ``begin`` on, each once."""
        found: dict[str, State] = {}
        while begin in scope.states and begin not in found:
            found[begin] = scope.states[begin]
            begin = self.next(scope, found[begin])
        return tuple(found.values())

    def opens(self, state: State) -> Iterator[Scope]:
        """The scopes inside a state that are entered with it, as far as is known."""
        if isinstance(state, Parallel):
            for branch in state.branches.values():
                if self.holds(branch.when) is not False:
                    yield branch.scope
        else:
            yield from state.scopes


@dataclass(frozen=True, slots=True)
class Usual(Ways):
    """What comes usually, seen from where a job stands at one moment."""

    position: Position
    names: JobNames

    def holds(self, guard: Expression | None) -> bool | None:
        """Whether a guard would hold now; None when that cannot be said yet."""
        try:
            return True if guard is None else guard.holds(self.names)
        except ExpressionFailed:
            return None

    def among(self, scope: Scope, unsure: Sequence[Route]) -> str:
        """The shortest to the end of the scope."""
        return min((route.to for route in unsure), key=lambda target: _length(scope, target))


def usual(compiled: Compiled, position: Position, now: datetime, world: World) -> Usual | None:
    """What comes usually from where a job stands; None where it is over."""
    root = position.branch(ROOT)
    if root is None or position.head.status != "open":
        return None
    return Usual(compiled, position, JobNames(position, root, now, world, compiled.process))


def _length(scope: Scope, target: str) -> float:
    """How many states there are from a target to the good end of its scope, by usual outcomes."""
    seen, edge, steps = {target}, [target], 0
    while edge:
        if any(_is_good_end(scope, name) for name in edge):
            return steps
        reached = (to for name in edge if name in scope.states for to in targets(scope.states[name], rare=False))
        edge = list(dict.fromkeys(to for to in reached if to not in seen))
        seen.update(edge)
        steps += 1
    return inf


def _is_good_end(scope: Scope, name: str) -> bool:
    return name == DONE if scope.path else isinstance(scope.states.get(name), Fulfilled)


def targets(state: State, *, rare: bool) -> Iterator[str]:
    """Where a state may lead: by usual outcomes, or by all."""
    for outcome, ways in state.ways.items():
        if rare or state.is_usual(outcome):
            yield from (route.to for route in ways)


# which states


def states_ahead(look: Usual) -> tuple[State, ...]:
    """Where the job stands, and the states that usually come, each once: what is inside a state before what follows
    it."""
    root = look.position.branch(ROOT)
    assert root is not None, "a job has its root"
    return tuple({state.name: state for state in _of_branch(look, root)}.values())


def _of_branch(look: Usual, branch: Branch) -> Iterator[State]:
    state, scope = look.compiled.states.get(branch.state), look.compiled.scopes[branch.scope]
    if state is None:
        if branch.pending:
            yield from _along(look, scope, scope.start)
        return
    yield state
    if isinstance(state, Each):
        for inner in state.scope.states.values():
            if inner.name in look.position.head.standing:
                yield from _along(look, state.scope, inner.name)
    else:
        for child in _below(look, branch, state):
            yield from _of_branch(look, child)
    for child in look.position.children(branch.id) if branch.rest else ():
        if child.detached:  # it goes on beside what its fork has led to
            yield from _of_branch(look, child)
    yield from _along(look, scope, look.next(scope, state))


def _along(look: Usual, scope: Scope, begin: str) -> Iterator[State]:
    for state in look.path(scope, begin):
        yield state
        for inner in look.opens(state):
            yield from _along(look, inner, inner.start)


def _below(look: Usual, branch: Branch, state: State) -> Iterable[Branch]:
    """The branches of a fork that are awaited."""
    if not state.scopes:
        return
    fork = branch.inners.get("")
    done = (*fork.finished, *fork.skipped) if isinstance(fork, Fork) else ()
    for child in look.position.children(branch.id):
        if child.name not in done and not child.detached and not child.done:
            yield child


# how long


class Reach(NamedTuple):
    """When something is over, and whether the file says of any of it how long it takes."""

    at: datetime
    known: bool = False


def expected(compiled: Compiled, position: Position, now: datetime, world: World) -> tuple[datetime, datetime] | None:
    """When a job comes to its end, if all goes as usual and takes as long as its file says: the soonest, and where
    everything takes half as long again. None where the file says of nothing that is ahead how long it takes, or the
    job is over or undoes what it has done."""
    look, root = usual(compiled, position, now, world), position.branch(ROOT)
    if look is None or root is None or not root.state:
        return None
    try:
        soonest = _end_of(look, root, now)
        return (soonest.at, soonest.at + (soonest.at - now) / AGAIN_HALF) if soonest.known else None
    except (ExpressionFailed, OverflowError):  # after the year 9999, or in a calendar that never opens
        return None


class Lengths(NamedTuple):
    """How long it is from entering a state to the end of the job, and how long of that in the state itself."""

    whole: timedelta
    here: timedelta


def lengths(compiled: Compiled, start: datetime) -> dict[str, Lengths]:
    """How long it is from each state to the end, if all goes as usual and takes as long as the file says, begun at
    ``start``; without those from which the file says of nothing how long it takes."""
    look, found = Ways(compiled), dict[str, Lengths]()

    def within(scope: Scope, after: timedelta, known: bool) -> None:
        for name, state in scope.states.items():
            over = _through(look, scope, name, Reach(start))
            if over.known or known:
                found[name] = Lengths(over.at - start + after, _spent(look, state, start).at - start)
            if state.scopes:
                rest = _through(look, scope, look.next(scope, state), Reach(start))
                for inner in state.scopes:
                    then = _followers(look, state, inner, rest)
                    within(inner, then.at - start + after, known or then.known)

    try:
        within(compiled.process.root, timedelta(), False)
    except (ExpressionFailed, OverflowError):  # after the year 9999, or in a calendar that never opens
        return {}
    return found


def _followers(look: Ways, state: State, scope: Scope, rest: Reach) -> Reach:
    """When the job is over, counted from the end of a branch: those that come after it, and what follows them all."""
    if not isinstance(state, Parallel):
        return rest
    name = next(name for name, branch in state.branches.items() if branch.scope is scope)
    ends = {name: Reach(rest.at)}
    for one in _in_order(state):
        branch = state.branches[one]
        if begun := [ends[before] for before in branch.after if before in ends]:
            ends[one] = _through(look, branch.scope, branch.scope.start, _latest(rest.at, begun))
    latest = _latest(rest.at, ends.values())
    return Reach(latest.at, latest.known or rest.known)


def _end_of(look: Usual, branch: Branch, now: datetime) -> Reach:
    """When a branch has come to the end of its scope."""
    state, scope = look.compiled.states.get(branch.state), look.compiled.scopes[branch.scope]
    if state is None:
        return _through(look, scope, scope.start, Reach(now)) if branch.pending else Reach(now)
    return _through(look, scope, look.next(scope, state), _left(look, branch, state, now))


def _left(look: Usual, branch: Branch, state: State, now: datetime) -> Reach:
    """When the state is left in which a branch stands."""
    if state.takes is not None:
        return Reach(max(now, _after(look.compiled.process, branch.since or now, state.takes)), known=True)
    if isinstance(state, Each):
        standing = (name for name in state.scope.states if name in look.position.head.standing)
        return _latest(now, (_through(look, state.scope, name, Reach(now)) for name in standing))
    if isinstance(state, Parallel):
        return _joined(look, branch, state, now)
    if state.scopes:
        return _latest(now, (_end_of(look, child, now) for child in _below(look, branch, state)))
    timers = [timer.due for timer in branch.timers if timer.purpose == "elapse"]
    return Reach(max(now, *timers), known=True) if timers else Reach(now)


def _joined(look: Usual, branch: Branch, state: Parallel, now: datetime) -> Reach:
    """When the branches have come together; one that waits for others begins once they are done."""
    below = {child.name: child for child in _below(look, branch, state)}
    ends: dict[str, Reach] = {}
    for name in _in_order(state):
        if name in below:
            begun = _latest(now, (ends[one] for one in state.branches[name].after if one in ends))
            ends[name] = _end_of(look, below[name], begun.at)
    return _latest(now, ends.values())


def _through(look: Ways, scope: Scope, begin: str, before: Reach) -> Reach:
    """When the usual way from a state to the end of its scope is over, begun after what is ``before``."""
    for state in look.path(scope, begin):
        spent = _spent(look, state, before.at)
        before = Reach(spent.at, before.known or spent.known)
    return before


def _spent(look: Ways, state: State, start: datetime) -> Reach:
    """When a state is over that is entered at ``start``."""
    length = state.takes or _of_wait(state)
    if length is not None:
        return Reach(_after(look.compiled.process, start, length), known=True)
    if not isinstance(state, Parallel):
        return _latest(start, (_through(look, inner, inner.start, Reach(start)) for inner in state.scopes))
    ends: dict[str, Reach] = {}
    for name in _in_order(state):
        branch = state.branches[name]
        if look.holds(branch.when) is not False:
            begun = _latest(start, (ends[one] for one in branch.after if one in ends))
            ends[name] = _through(look, branch.scope, branch.scope.start, begun)
    return _latest(start, ends.values())


def _in_order(state: Parallel) -> Iterator[str]:
    """The branches, each after those that it comes after."""
    waiting = dict(state.branches)
    while waiting:
        ready = [name for name, one in waiting.items() if not any(before in waiting for before in one.after)]
        for name in ready or list(waiting):
            del waiting[name]
            yield name


def _of_wait(state: State) -> Length | None:
    length = state.times[0] if state.elapses and state.times else None
    return length if isinstance(length, Duration | Working) else None


def _latest(start: datetime, ends: Iterable[Reach]) -> Reach:
    latest = Reach(start)
    for one in ends:
        latest = Reach(max(latest.at, one.at), latest.known or one.known)
    return latest


def _after(process: Process, since: datetime, length: Length) -> datetime:
    if isinstance(length, Working):
        calendar = process.calendars.get(length.calendar)
        if calendar is None:
            raise ExpressionFailed(f"there is no calendar {length.calendar!r}", possible=tuple(process.calendars))
        return working_after(since, length, calendar)
    return later(since, length, process.clock)
