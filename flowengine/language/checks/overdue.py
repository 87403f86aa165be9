"""Deadlines at a moment, which stay over once they are: a job that comes back to one is sent on at once, each time.

A ``within`` that gives a moment (``{date(data.need.day)}``), and a wait ``until`` one, are such deadlines where nothing
on the way round changes what they read. Once the moment is over, the state can be left in no other way. So a round that
only its other outcomes lead out of is never left again, and one in which nothing else waits is run through for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flowengine.language.checks.data import Shapes
from flowengine.language.checks.graph import Ways, circles
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.expressions import Expression
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Scope, State
from flowengine.language.parts import EXPIRED, Route, When
from flowengine.language.types import Parallel
from flowengine.language.value_shapes import MOMENT, Basic

_READ = 3
"""Deadlines of a round that are named."""


class _Over(NamedTuple):
    """How a state is left once its moment is over: the ways, and what the moment is made of."""

    ways: tuple[tuple[Route, ...], ...]
    reads: frozenset[str]
    moments: tuple[str, ...]


def check(survey: Survey) -> None:
    """Report rounds that a deadline that is over keeps a job in, and those that it is driven through for ever."""
    overdue = _Overdue(survey)
    for scope in survey.scopes.values():
        over = {name: found for name, state in scope.states.items() if (found := overdue.over(scope, state))}
        if over and scope.path in overdue.ways.entered:
            overdue.spinning(scope, over)
            overdue.kept(scope, over)


class _Overdue:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.ways = Ways(survey)
        self.shapes = survey.once(Shapes.found)

    def over(self, scope: Scope, state: State) -> _Over | None:
        """How a state is left once it is over; None where it has no moment that stays."""
        found = [(ways, when) for ways, when in _timed(state) if self._stays(when, scope)]
        if not found:
            return None
        reads = frozenset(name for _, when in found for name in when.variables.get("data") or ())
        if not self._beside(scope).isdisjoint(reads):
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

    def _beside(self, scope: Scope) -> set[str]:
        """The places in the data that may be changed while a job is in the scope: by the branches beside, at any
        time."""
        found: set[str] = set()
        for one in self.survey.around(scope):
            for entry in one.always:
                found.update([entry.name] if entry.fields else [], (place.split(".")[0] for place in entry.set))
            owner = self.survey.owner.get(one.path)
            for branch in owner.scopes if isinstance(owner, Parallel) else ():
                if branch.path != one.path:
                    found |= self._changed(branch.states.values())
        return found

    def _changed(self, states: Iterable[State]) -> set[str]:
        """The places that states, and those inside, save to or their ways set."""
        inside = [one for state in states for scope in self.survey.inside(state) for one in scope.states.values()]
        return set(_changed([*states, *inside]))

    # run through for ever

    def spinning(self, scope: Scope, over: dict[str, _Over]) -> None:
        """Report rounds in which nothing waits once all moments in them are over."""
        through = {
            name: [(route.to, ways) for ways in self._at_once(scope, name, over) for route in ways]
            for name in scope.states
        }
        for circle in circles({name: [to for to, _ in found] for name, found in through.items()}):
            moved = self._changed(scope.states[name] for name in circle)
            onward = {
                name: [
                    to
                    for to, ways in through[name]
                    if to in circle
                    and not any(_bounds(way.when, circle, moved) for way in ways if way.when is not None)
                ]
                for name in circle
            }
            for endless in circles(onward):
                late = [name for name in self._in_order(scope, endless) if name in over]
                if late and all(over[name].reads.isdisjoint(moved) for name in late):
                    self._report(
                        scope, endless, late, over, "endless-loop", "a job goes round for ever without waiting"
                    )

    def _at_once(self, scope: Scope, name: str, over: dict[str, _Over]) -> tuple[tuple[Route, ...], ...]:
        """The ways by which a state is left without waiting."""
        state = scope.states[name]
        if name in over:
            return over[name].ways
        return tuple(state.ways.values()) if self.ways.passes_at_once(state) else ()

    # never left again

    def kept(self, scope: Scope, over: dict[str, _Over]) -> None:
        """Report rounds that are never left once all moments in them are over."""
        if any(self._is_out(one, entry.to) for one in self.survey.around(scope) for entry in one.always):
            return
        if any(self.survey.owner[one.path].within is not None for one in self.survey.around(scope) if one.path):
            return
        told: set[str] = set()
        for name in over:
            if name not in told and name in self.ways.reached[scope.path]:
                found = self._never_left(scope, name, over)
                told |= found
                late = [one for one in self._in_order(scope, found) if one in over]
                if late:
                    self._report(scope, found, late, over, "no-way-out", "no way leads out any more")

    def _never_left(self, scope: Scope, first: str, over: dict[str, _Over]) -> set[str]:
        """The states of the round that a state leads into once it is over; none where a way leads out, or changes a
        moment in it."""
        found: set[str] = set()
        waiting = [first, *(entry.to for entry in scope.always)]
        moved: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            if name not in scope.states or scope.states[name].is_end:
                return set()
            found.add(name)
            state = scope.states[name]
            ways = over[name].ways if name in over else tuple(state.ways.values())
            self.survey.spend(len(ways) / 10, state.place)
            if any(inner.path in self.ways.closes for inner in state.scopes):
                return set()
            moved |= {place.split(".")[0] for way in ways for route in way for place in route.set}
            if name not in over:
                moved |= self._changed([state])
            waiting.extend(route.to for way in ways for route in way)
        late = found & over.keys()
        if any(not over[name].reads.isdisjoint(moved) for name in late):
            return set()
        return found if any(route.to in found for way in over[first].ways for route in way) else set()

    def _is_out(self, scope: Scope, to: str) -> bool:
        return self.survey.target(scope, to) is not Target.STATE

    # telling

    def _in_order(self, scope: Scope, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: scope.states[name].place)

    def _report(
        self, scope: Scope, names: Iterable[str], late: list[str], over: dict[str, _Over], code: str, what: str
    ) -> None:
        moments = ", ".join(dict.fromkeys(one for name in late[:_READ] for one in over[name].moments))
        message = f"once {moments} is over, {what}: {', '.join(self._in_order(scope, names))}"
        places = " or ".join(f"data.{name}" for name in sorted(over[late[0]].reads))
        advice = f"lead out of the round when the time is over, or set {places} anew in it"
        self.survey.report(scope.states[late[0]].place, code, message, advice)


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


def _changed(states: Iterable[State]) -> Iterator[str]:
    """The places in the data that states save to, or their ways set."""
    for state in states:
        yield from ((one.saves or state.name).split(".")[0] for one in state.members.values())
        for _, _, route in state.routes:
            yield from (place.split(".")[0] for place in route.set)


def _bounds(when: Expression, circle: Iterable[str], changed: set[str]) -> bool:
    """Whether a condition reads what a round changes itself, so that it may end it."""
    names = set(circle)
    asked = any(name in JOB_FUNCTIONS and not names.isdisjoint(args[:1]) for name, args in when.calls)
    read = when.variables.get("data", frozenset())
    return asked or "now" in when.variables or (bool(changed) if read is None else not changed.isdisjoint(read))
