"""How often, and how long, a process leaves the customer out: its longest stretch of states without him."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from flowengine.language.checks.graph import components
from flowengine.language.model import Process, Scope, State
from flowengine.language.types import Parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a process does without the customer.

    ``states`` is the length of the longest stretch without him and ``path`` the names on it, in order; ``time`` is the
    longest stretch by the ``takes`` of its states, along ``time_path``, zero when no state says how long it takes.
    States that go round in a loop count once. ``customer_states`` of ``all_states`` wait for a customer; ends count as
    neither.
    """

    states: int
    path: tuple[str, ...]
    time: timedelta
    time_path: tuple[str, ...]
    customer_states: int
    all_states: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    weight: float = 0.0
    path: tuple[str, ...] = ()

    def then(self, other: _Stretch) -> _Stretch:
        return _Stretch(self.weight + other.weight, self.path + other.path)


_NONE = _Stretch()


def left_out(process: Process) -> LeftOut:
    """Measure the longest stretch without the customer, in states and in time."""
    by_states = _Longest(counted=True).anywhere(process.root)
    by_time = _Longest(counted=False).anywhere(process.root)
    states = [state for state in process.states() if not state.is_end]
    return LeftOut(
        states=int(by_states.weight),
        path=by_states.path,
        time=timedelta(seconds=by_time.weight),
        time_path=by_time.path,
        customer_states=sum(state.for_customers for state in states),
        all_states=len(states),
    )


class _Longest:
    """Finds the longest stretch, by the count of states or by the seconds that they take."""

    def __init__(self, *, counted: bool) -> None:
        self.counted = counted

    def anywhere(self, scope: Scope) -> _Stretch:
        """The longest stretch in a scope or in those inside."""
        best = _NONE
        for stretch in self._stretches(scope).values():
            best = max(best, stretch, key=lambda one: one.weight)
        for state in scope.states.values():
            for inner in state.scopes:
                best = max(best, self.anywhere(inner), key=lambda one: one.weight)
        return best

    def _stretches(self, scope: Scope) -> dict[str, _Stretch]:
        """For each state without the customer, the longest stretch that begins there; loops are taken as one state."""
        alone = {name: state for name, state in scope.states.items() if not state.is_end and not _with_customer(state)}
        onward = {
            name: [route.to for _, _, route in state.routes if route.to in alone] for name, state in alone.items()
        }
        found: dict[str, _Stretch] = {}
        for part in components(onward):
            names = sorted(part, key=lambda name: alone[name].place)
            own = _NONE
            for name in names:
                own = own.then(self._state(alone[name]))
            after = _NONE
            for name in part:
                for to in onward[name]:
                    if to not in part:
                        after = max(after, found[to], key=lambda one: one.weight)
            whole = own.then(after)
            found.update(dict.fromkeys(part, whole))
        return found

    def _state(self, state: State) -> _Stretch:
        """What a state without the customer adds: itself, or the longest way through what is inside."""
        if not state.scopes:
            return _Stretch(1.0 if self.counted else state.takes.seconds if state.takes else 0.0, (state.name,))
        if state.takes and not self.counted:
            return _Stretch(state.takes.seconds, (state.name,))
        inner = [self._stretches(scope).get(scope.start, _NONE) for scope in state.scopes]
        return max(inner, key=lambda one: one.weight, default=_NONE) if not _ordered(state) else self._in_order(state)

    def _in_order(self, state: State) -> _Stretch:
        """Branches that wait for each other follow each other."""
        assert isinstance(state, Parallel), "only the branches of a parallel have an order"
        found: dict[str, _Stretch] = {}
        for part in components({name: branch.after for name, branch in state.branches.items()}):
            for name in part:
                branch = state.branches[name]
                before = [found[one] for one in branch.after if one in found]
                earlier = max(before, key=lambda one: one.weight, default=_NONE)
                found[name] = earlier.then(self._stretches(branch.scope).get(branch.scope.start, _NONE))
        return max(found.values(), key=lambda one: one.weight, default=_NONE)


def _ordered(state: State) -> bool:
    return isinstance(state, Parallel) and any(branch.after for branch in state.branches.values())


def _with_customer(state: State) -> bool:
    """Whether the customer is waited for in the state or anywhere inside."""
    return state.for_customers or any(map(_with_customer, _inner(state.scopes)))


def _inner(scopes: Iterable[Scope]) -> Iterable[State]:
    return (state for scope in scopes for state in scope.states.values())
