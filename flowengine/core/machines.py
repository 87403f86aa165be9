"""A process made ready to run: one flat state machine a scope. This is the one file that imports ``transitions``.

The machines are compiled once a process version and shared by all its jobs. They hold no job: a trigger moves a small
:class:`Cursor`, which stands in a state, knows the names that guards see, and is left with the route that was taken.
A machine knows the targets of its own scope, the ends of the process, and ``done``. Where an outcome's first route has
no guard there is nothing to find out, and the route is looked up (:attr:`Compiled.certain`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from transitions import EventData, Machine

from flowengine.core.conversation import state_of
from flowengine.core.names import JobNames
from flowengine.core.reasons import why_not
from flowengine.core.values import Step
from flowengine.errors import ExpressionFailed, NotAllowed, NotFound, UnknownOutcome
from flowengine.language.checks.deadlines import attended
from flowengine.language.durations import Duration, Length
from flowengine.language.expressions import Expression
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, Always, Route, When
from flowengine.language.types import Parallel
from flowengine.speech.phrases import listing, phrase


class Cursor:
    """Stands in one state of one machine for one trigger."""

    __slots__ = ("names", "route", "state")

    def __init__(self, state: str, names: JobNames) -> None:
        self.state = state
        self.names = names
        self.route: Route | None = None


class _Guard:
    """The condition of one route: notes on the cursor that the route is taken."""

    __slots__ = ("file", "route")

    def __init__(self, route: Route, file: str) -> None:
        self.route = route
        self.file = file

    def __call__(self, event: EventData) -> bool:
        cursor = cast(Cursor, event.model)
        route = self.route
        if route.when is not None and not self._holds(cursor.names):
            return False
        cursor.route = route
        return True

    def _holds(self, names: JobNames) -> bool:
        assert self.route.when is not None
        try:
            return self.route.when.holds(names)
        except ExpressionFailed as error:
            place = self.route.place
            where = f"{self.file}:{place.line}:{place.column}: {self.route.when.source}"
            raise ExpressionFailed(error.what, where=where, kind=error.kind, span=error.span) from None


class _States(dict[str, State]):
    """The states of a process by name. NotFound for a name that none of them has."""

    process = ""

    def __missing__(self, name: str) -> State:
        raise NotFound(
            phrase("process %(process)s has no state %(name)s", process=self.process, name=repr(name)),
            possible=tuple(self),
        )


@dataclass(frozen=True, slots=True)
class Listener:
    """What may take a message of some name: a state, a member of a race, or an always entry of a scope."""

    scope: str
    state: State | None = None
    member: str = ""
    always: Always | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """A deadline, or the time of a wait, that follows the data: the expression of a state, of a member of a race, or of
    an always entry of a scope. ``reads`` are the places in the data that it mentions, None where it may be any."""

    scope: str
    when: When
    reads: frozenset[str] | None
    state: State | None = None
    member: str = ""
    always: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A process and what is looked up in it. States are known by their names, which are unique in a process."""

    process: Process
    scopes: dict[str, Scope]
    states: dict[str, State]
    """All of them; to ask for another is NotFound."""
    scope_of: dict[str, Scope]
    parent_scope: dict[str, str]
    """The path of the scope around each scope but the root."""
    machines: dict[str, Machine]
    certain: dict[tuple[str, str], Route]
    """The route of a state and an outcome where its first has no guard."""
    ends: dict[str, State]
    always: dict[str, tuple[tuple[str, Always], ...]]
    """Always entries by name, each with its scope's path, outer scopes first."""
    listeners: dict[str, tuple[Listener, ...]] = field(default_factory=dict)
    """What may take a message, by the message's name."""
    listening: frozenset[tuple[str, str]] = frozenset()
    """Where a message may be waited for: scopes with their states, and those (without a state) that take one at any
    time."""
    following: tuple[Following, ...] = ()
    """The deadlines and waits that follow the data."""
    attention: Mapping[str, Length] = field(default_factory=dict)
    """After how long in a state somebody has to look, by the state's name."""
    turns: frozenset[str] = frozenset()
    """The paths of the scopes of branches that run one at a time."""

    def at(self, step: Step) -> State:
        """The state in which a step waits, perhaps a race; what was asked waits in none, and is as if it had one."""
        return state_of(step) if step.is_asked else self.states[step.state]

    def route(self, scope: str, state: State, outcome: str, names: JobNames) -> Route:
        """The first route of the outcome whose guard holds.

        Raises UnknownOutcome when the state has no route for it, NotAllowed when no guard holds, ExpressionFailed.
        """
        certain = self.certain.get((state.name, outcome))
        if certain is not None:
            return certain
        ways = state.ways.get(outcome)
        if not ways:
            raise UnknownOutcome(
                phrase("%(outcome)s leads nowhere", outcome=repr(outcome)), where=state.name, possible=tuple(state.on)
            )
        cursor = Cursor(state.name, names)
        self.machines[scope].events[outcome].trigger(cursor)
        if cursor.route is None:
            guards = tuple(route.condition for route in ways if route.when)
            why = dict.fromkeys(why_not(one.when, one.otherwise, names, self.states) for one in ways if one.when)
            raise NotAllowed(
                phrase("that cannot be done now: %(why)s", why=listing(why, "; ")), where=state.name, possible=guards
            )
        return cursor.route


def compile_process(process: Process) -> Compiled:
    """Make a process ready to run. Takes time linear in its states."""
    scopes = {scope.path: scope for scope in process.scopes()}
    ends = process.ends
    states = _States((name, state) for scope in scopes.values() for name, state in scope.states.items())
    states.process = process.name
    always: dict[str, tuple[tuple[str, Always], ...]] = {}
    for scope in scopes.values():
        for entry in scope.always:
            always[entry.name] = (*always.get(entry.name, ()), (scope.path, entry))
    listeners: dict[str, tuple[Listener, ...]] = {}
    for name, listener in _listeners(scopes):
        listeners[name] = (*listeners.get(name, ()), listener)
    return Compiled(
        process=process,
        scopes=scopes,
        states=states,
        scope_of={name: scope for scope in scopes.values() for name in scope.states},
        parent_scope={
            inner.path: path
            for path, scope in scopes.items()
            for state in scope.states.values()
            for inner in state.scopes
        },
        machines={path: _machine(scope, tuple(ends), process.file) for path, scope in scopes.items()},
        certain={
            (name, outcome): ways[0]
            for scope in scopes.values()
            for name, state in scope.states.items()
            for outcome, ways in state.ways.items()
            if ways and ways[0].when is None
        },
        ends=ends,
        always=always,
        listeners=listeners,
        listening=frozenset(
            (one.scope, one.state.name if one.state else "") for some in listeners.values() for one in some
        ),
        following=tuple(_following(scopes)),
        attention=attended(process),
        turns=frozenset(
            branch.scope.path
            for scope in scopes.values()
            for state in scope.states.values()
            if isinstance(state, Parallel) and state.one_at_a_time
            for branch in state.branches.values()
        ),
    )


def _machine(scope: Scope, ends: tuple[str, ...], file: str) -> Machine:
    """One flat machine: no model, no auto transitions; each route is a transition whose condition is its guard."""
    nodes = [*scope.states, *ends, DONE]
    machine = Machine(model=None, states=nodes, initial=None, auto_transitions=False, send_event=True)
    for name, state in scope.states.items():
        for outcome, ways in state.ways.items():
            for route in ways:
                machine.add_transition(outcome, name, route.to, conditions=_Guard(route, file))
    return machine


def _listeners(scopes: dict[str, Scope]) -> Iterator[tuple[str, Listener]]:
    for path, scope in scopes.items():
        for state in scope.states.values():
            for name, member in state.members.items():
                if member.awaited is not None:
                    yield member.awaited.message, Listener(path, state, name)
        for entry in scope.always:
            if entry.message:
                yield entry.message, Listener(path, always=entry)


def is_for_all(compiled: Compiled, name: str) -> bool:
    """Whether messages of that name are for all who wait for them."""
    for one in compiled.listeners.get(name, ()):
        awaited = one.state.member(one.member).awaited if one.state else None
        if (one.always is not None and one.always.for_all) or (awaited is not None and awaited.for_all):
            return True
    return False


def _following(scopes: dict[str, Scope]) -> Iterator[Following]:
    for path, scope in scopes.items():
        for state in scope.states.values():
            for member, one in state.members.items():
                for when in one.times:
                    yield from _follows(when, path, state=state, member=member)
            if "" not in state.members:
                yield from _follows(state.within, path, state=state)
        for entry in scope.always:
            yield from _follows(entry.within, path, always=entry.name)


def _follows(when: When | None, scope: str, **whose: Any) -> Iterator[Following]:
    if isinstance(when, Expression) and "data" in when.variables:
        yield Following(scope, when, when.variables["data"], **whose)


def keeps(compiled: Compiled, name: str) -> list[Duration]:
    """For how long messages of that name are kept when nobody waits for them yet."""
    waiting = (one.state.member(one.member).awaited for one in compiled.listeners.get(name, ()) if one.state)
    return [awaited.keep for awaited in waiting if awaited is not None and awaited.keep is not None]
