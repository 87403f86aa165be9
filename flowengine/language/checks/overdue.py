"""Deadlines at a moment, which stay over once they are: a job that comes back to one is sent on at once, each time.

A ``within`` that gives a moment (``{date(data.need.day)}``), and a wait ``until`` one, are such deadlines where nothing
on the way round changes what they read. Once the moment is over, the state can be left in no other way. So a round that
only its other outcomes lead out of is never left again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from flowengine.language.checks.beside import Beside, changed
from flowengine.language.checks.graph import Ways
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.expressions import Expression
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Scope, State
from flowengine.language.parts import EXPIRED, Route, When
from flowengine.language.value_shapes import MOMENT, Basic

_READ = 3
"""Deadlines of a round that are named."""


class _Over(NamedTuple):
    """How a state is left once its moment is over: the ways, and what the moment is made of."""

    ways: tuple[tuple[Route, ...], ...]
    reads: frozenset[str]
    moments: tuple[str, ...]


def check(survey: Survey) -> None:
    """Report rounds that a deadline that is over keeps a job in."""
    overdue = _Overdue(survey)
    for scope in survey.scopes.values():
        over = {name: found for name, state in scope.states.items() if (found := overdue.over(scope, state))}
        if over and scope.path in overdue.ways.entered:
            overdue.kept(scope, over)


class _Overdue:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.ways = survey.once(Ways)
        self.shapes = survey.once(Shapes.found)
        self.beside = survey.once(Beside)

    def over(self, scope: Scope, state: State) -> _Over | None:
        """How a state is left once it is over; None where it has no moment that stays."""
        found = [(ways, when) for ways, when in _timed(state) if self._stays(when, scope)]
        reads = frozenset(name for _, when in found for name in when.variables.get("data") or ())
        if not found or any(self.beside.moves(scope, name) for name in reads):
            return None
        return _Over(tuple(ways for ways, _ in found), reads, tuple(when.source for _, when in found))

    def _stays(self, when: Expression, scope: Scope) -> bool:
        """Whether an expression gives a moment that is made of data alone, so that it stays while they do."""
        asked = any(name in JOB_FUNCTIONS for name, _ in when.calls)
        if asked or when.variables.keys() - {"data"} or when.variables.get("data", frozenset()) is None:
            return False
        shape = self.shapes.parts(when, scope).get(id(when.tree))
        if isinstance(shape, Basic) and shape.domain is not None:
            return shape.domain.format in ("date", "date-time")
        return shape == MOMENT

    def kept(self, scope: Scope, over: dict[str, _Over]) -> None:
        """Report rounds that are never left once all moments in them are over."""
        if any(self._is_out(one, entry.to) for one in self.survey.around(scope) for entry in one.always):
            return
        if any(self.survey.owner[one.path].within is not None for one in self.survey.around(scope) if one.path):
            return
        onward = {name: self._onward(scope, name, over) for name in self.ways.reached[scope.path]}
        kept = onward.keys() - self._left(scope, onward)
        looped = {problem.place for problem in self.survey.problems if problem.code == "endless-loop"}
        told = {name for name in kept if scope.states[name].place in looped}
        for name in self._in_order(scope, kept & over.keys()):
            if name not in told:
                found = self._after(scope, name, onward)
                told |= found
                late = [one for one in self._in_order(scope, found) if one in over]
                moved = changed(self.survey, [scope.states[one] for one in found if one not in over])
                moved |= {place.split(".")[0] for one in late for route in _ways(over[one]) for place in route.set}
                if name in {route.to for one in found for route in onward[one]} and moved.isdisjoint(
                    place for one in late for place in over[one].reads
                ):
                    self._report(scope, found, late, over)

    def _onward(self, scope: Scope, name: str, over: dict[str, _Over]) -> list[Route]:
        """The ways on from a state, once all moments are over."""
        if name in over:
            return list(_ways(over[name]))
        return [route for _, _, route in scope.states[name].routes]

    def _left(self, scope: Scope, onward: dict[str, list[Route]]) -> set[str]:
        """The states from which a way leads out of the scope, or may end the job."""
        out = {
            name
            for name, routes in onward.items()
            if scope.states[name].is_end
            or any(self._is_out(scope, route.to) for route in routes)
            or any(inner.path in self.ways.closes for inner in scope.states[name].scopes)
        }
        before: dict[str, list[str]] = {}
        for name, routes in onward.items():
            for route in routes:
                before.setdefault(route.to, []).append(name)
        return _reached(out, before)

    def _after(self, scope: Scope, first: str, onward: dict[str, list[Route]]) -> set[str]:
        """All that a state, and what may be done at any time there, leads to."""
        ways = {name: [route.to for route in routes] for name, routes in onward.items()}
        self.survey.spend(len(ways) / 100, scope.states[first].place)
        return _reached([first, *(entry.to for entry in scope.always)], ways)

    def _is_out(self, scope: Scope, to: str) -> bool:
        return self.survey.target(scope, to) is not Target.STATE

    # telling

    def _in_order(self, scope: Scope, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: scope.states[name].place)

    def _report(self, scope: Scope, names: Iterable[str], late: list[str], over: dict[str, _Over]) -> None:
        moments = ", ".join(dict.fromkeys(one for name in late[:_READ] for one in over[name].moments))
        round_trip = ", ".join(self._in_order(scope, names))
        message = f"once {moments} is over, no way leads out any more: {round_trip}"
        places = " or ".join(f"data.{name}" for name in sorted(over[late[0]].reads))
        advice = f"lead out of the round when the time is over, or set {places} anew in it"
        self.survey.report(scope.states[late[0]].place, "no-way-out", message, advice)


def _ways(over: _Over) -> Iterator[Route]:
    for ways in over.ways:
        yield from ways


def _reached(starts: Iterable[str], onward: Mapping[str, Iterable[str]]) -> set[str]:
    found = set(starts)
    waiting = list(found)
    while waiting:
        for name in onward.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def _timed(state: State) -> Iterator[tuple[tuple[Route, ...], Expression]]:
    """The ways that a state takes by itself at a moment that an expression gives, with the expression."""
    for name, member in state.members.items():
        for when, outcome in _times(member):
            named = (f"{name}.{outcome}", name) if name else (outcome,)
            ways = next((state.ways[one] for one in named if one in state.ways), None)
            if isinstance(when, Expression) and ways is not None:
                yield ways, when
    if state.within is not None and "" not in state.members and isinstance(state.within, Expression):
        yield state.ways.get(EXPIRED, ()), state.within


def _times(member: State) -> Iterator[tuple[When, str]]:
    if member.within is not None and member.expires:
        yield member.within, EXPIRED
    elif member.elapses:
        for when in member.times:
            yield when, member.outcomes[0]
