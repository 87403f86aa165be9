"""Command steps: where somebody inside decides on what others inside have done, with no customer in between (M14).

Whoever may do a step may decide it. An approval that only others may give is a step of command: nothing is wrong with
it, but it is there because the file says so, and so it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flowengine.language.model import Process, State
from flowengine.language.parts import DONE, Audience
from flowengine.language.texts import spoken
from flowengine.language.types import Each, Parallel
from flowengine.problem import Place

_WIDE = frozenset({"staff", "anyone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStep:
    """An approval ``by`` some of those inside, in words, at a ``place`` of the file; ``of`` are the steps before it on
    which others worked, each the last on its way since the customer was asked."""

    state: str
    place: Place
    by: tuple[str, ...]
    of: tuple[str, ...]


def command_steps(process: Process) -> tuple[CommandStep, ...]:
    """All of them, in the order of the file."""
    states = {state.name: state for state in process.states()}
    before = _before(process)
    found = [step for state in states.values() for step in _of(state, states, before)]
    return tuple(sorted(found, key=lambda one: one.place))


def _of(state: State, states: Mapping[str, State], before: Mapping[str, set[str]]) -> Iterator[CommandStep]:
    if state.for_customers:
        return
    for member in state.members.values():
        deciders = _whom(member.audience) if member.signed else frozenset()
        if not deciders or deciders & _WIDE:
            continue
        worked = [one for one in _last_worked(state.name, states, before) if not _doers(states[one]) <= deciders]
        if worked:
            of = tuple(sorted(worked, key=lambda name: states[name].place))
            yield CommandStep(state=state.name, place=member.place, by=tuple(sorted(map(spoken, deciders))), of=of)


def _whom(audience: tuple[Audience, ...]) -> frozenset[str]:
    """By which roles somebody is of an audience; ``staff`` and ``anyone`` are of all of them, a person whose role is
    not known is himself."""
    known = (one.among if one.among is not None and one.among.kind == "role" else one for one in audience)
    return frozenset(str(one.name) if one.kind == "role" else one.kind for one in known)


def _doers(state: State) -> frozenset[str]:
    return frozenset(name for member in state.members.values() for name in _whom(member.audience))


def _last_worked(name: str, states: Mapping[str, State], before: Mapping[str, set[str]]) -> Iterator[str]:
    """The states in which somebody inside has worked last before that one, on each way that has asked no customer."""
    seen, waiting = {name}, [name]
    while waiting:
        for one in before.get(waiting.pop(), ()):
            if one in seen:
                continue
            seen.add(one)
            state = states.get(one)
            if state is None or not (state.for_customers or _doers(state)):
                waiting.append(one)
            elif not state.for_customers:
                yield one


def _before(process: Process) -> dict[str, set[str]]:
    """What comes just before each state, through all scopes. What holds others has two places, where it is entered and
    where it is left, of which neither has the name of a state."""
    owner = {inner.path: state for state in process.states() for inner in state.scopes}
    found: dict[str, set[str]] = {}

    def lead(here: str, to: str) -> None:
        found.setdefault(to, set()).add(here)

    for scope in process.scopes():
        for state in scope.states.values():
            for _, _, route in state.routes:
                if route.to in scope.states:
                    lead(_left(state), _entered(scope.states[route.to]))
                elif route.to == DONE and scope.path in owner:
                    lead(_left(state), f"done {scope.path}")
        if scope.path in owner and scope.start in scope.states:
            lead(f"begun {scope.path}", _entered(scope.states[scope.start]))
            lead(f"done {scope.path}", _left(owner[scope.path]))
    for state in process.states():
        branches = state.branches if isinstance(state, Parallel) else {}
        followed = {branch.scope.path: branch.after for branch in branches.values() if branch.after}
        for inner in state.scopes:
            for name in followed.get(inner.path, ()):
                lead(f"done {branches[name].scope.path}", f"begun {inner.path}")
            if inner.path not in followed:
                lead(_entered(state), f"begun {inner.path}")
        if isinstance(state, Each):
            lead(_entered(state), _left(state))  # of a list without items
    return found


def _entered(state: State) -> str:
    return f"into {state.name}" if state.scopes else state.name


def _left(state: State) -> str:
    return f"out of {state.name}" if state.scopes else state.name
