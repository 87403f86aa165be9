"""What is used up in a state was chosen, and can have been chosen by then: forecasts are made of that."""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.language.checks.survey import Survey
from flowengine.language.model import Scope, State
from flowengine.language.suggest import hint
from flowengine.language.types import Each, Parallel
from flowengine.problem import Place


def check(survey: Survey) -> None:
    """Report places that no pick saves to, and those of choices that cannot have been made where they are used."""
    using = [(state, one) for state in survey.states.values() for one in _with_members(state) if one.uses]
    if not using:
        return
    chosen = _chosen(survey)
    for state, one in using:
        for place in one.uses:
            where = chosen.get(place)
            if where is None:
                message = f"{one.name!r} uses {place!r}, and no choice chooses that"
                _report(survey, one.place, message, hint(place, chosen) if chosen else "a choice and a pick: pick.leaf")
            elif not any(_memory(survey, name) in _around(survey, state.name) for name in where):
                message = f"{one.name!r} uses {place!r}, which is chosen in the branches of an each alone"
                _report(survey, one.place, message, "say it in a state of these branches")
            elif not any(state.name in _after(survey, name) for name in where):
                message = f"{one.name!r} uses {place!r}, and cannot come after {' or '.join(map(repr, where))}"
                _report(survey, one.place, message, "say it in a state that comes after the choice")


def _report(survey: Survey, place: Place, message: str, advice: str) -> None:
    survey.report(place, "unknown-choice", message, advice)


def _with_members(state: State) -> Iterator[State]:
    yield state
    yield from (one for one in state.members.values() if one is not state)


def _chosen(survey: Survey) -> dict[str, list[str]]:
    """By the places of picks, the states in which they are chosen."""
    found: dict[str, list[str]] = {}
    for state in survey.states.values():
        for place, _ in state.picked:
            found.setdefault(place, []).append(state.name)
    return found


def _memory(survey: Survey, name: str) -> str:
    """The scope whose data a state saves to: that of the nearest each around it, or the root."""
    return next(iter(_around(survey, name)))


def _around(survey: Survey, name: str) -> list[str]:
    """The scopes whose data a state sees, its own first."""
    scopes = survey.around(survey.scope_of[name])
    return [one.path for one in scopes if not one.path or isinstance(survey.owner[one.path], Each)]


def _after(survey: Survey, name: str) -> set[str]:
    """The states that a job may come to once it has been in one, on whatever way."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for to in _next(survey, waiting.pop()):
            if to not in found:
                found.add(to)
                waiting.append(to)
    return found


def _next(survey: Survey, name: str) -> Iterator[str]:
    """Where a state leads, what begins in it and beside it, and what comes after what holds it."""
    state, scope = survey.states[name], survey.scope_of[name]
    targets = [*(route.to for _, _, route in survey.routes[name]), *(entry.to for entry in scope.always)]
    yield from (to for to in targets if to in scope.states)
    yield from (inner.start for inner in state.scopes if inner.start in inner.states)
    if scope.path:
        yield from _beyond(survey, scope)


def _beyond(survey: Survey, scope: Scope) -> Iterator[str]:
    owner = survey.owner[scope.path]
    around = survey.scope_of[owner.name]
    yield from (route.to for _, _, route in survey.routes[owner.name] if route.to in around.states)
    yield from (entry.to for entry in around.always if entry.to in around.states)
    if isinstance(owner, Parallel):
        yield from (one.scope.start for one in owner.branches.values() if one.scope.start in one.scope.states)
    if around.path:
        yield from _beyond(survey, around)
