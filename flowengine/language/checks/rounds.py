"""L8: no round of deadlines alone asks a customer again and again, or begins again for ever what he waits behind, so
that nobody is told how long it takes; and none of moments that are over spins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowengine.errors import ExpressionFailed
from flowengine.language.checks.data import Shapes
from flowengine.language.checks.deadlines import Clocks
from flowengine.language.checks.graph import circles
from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE, EXPIRED, Route
from flowengine.language.tree import Call, Node, Operation
from flowengine.language.types import Each, Parallel, Stage
from flowengine.language.value_shapes import ListOf


def check(survey: Survey) -> None:
    """Report rounds in which a customer is asked, and which go on though nobody does anything; and those in which what
    others should do is over by a deadline each time, and nobody else is called.

    A round is bounded by a condition in it on what it changes itself (``count``, ``passed``, the clock, data that it
    sets), and by a deadline around it.
    """
    rounds = _Rounds(survey)
    for scope in survey.scopes.values():
        onward = {
            name: [route.to for ways in rounds.alone(state) for route in ways] for name, state in scope.states.items()
        }
        for circle in circles(onward):
            if any(rounds.asks(scope.states[name]) or rounds.gives_up(scope.states[name]) for name in circle):
                _endless(survey, rounds, scope, circle)
        _spinning(survey, scope)


def _endless(survey: Survey, rounds: _Rounds, scope: Scope, circle: list[str]) -> None:
    """Report a round in which no condition can end it."""
    changed = set(_changed(scope.states[name] for name in circle))
    onward = {
        name: [to for ways in rounds.alone(scope.states[name]) for to in _lasting(ways, circle, changed)]
        for name in circle
    }
    for endless in circles(onward):
        names = sorted(endless, key=lambda name: scope.states[name].place)
        asking = [name for name in names if rounds.asks(scope.states[name])]
        over = [name for name in names if rounds.gives_up(scope.states[name])]
        if not (asking or over) or rounds.is_limited(scope, names):
            continue
        way = f": {', '.join(names)}" if len(names) > 1 else ""
        if asking:
            message = f"{asking[0]!r} asks again and again for ever, though nobody does anything{way}"
            advice = f'lead out of it after some rounds, for example with when: count("{asking[0]}") < 3'
            survey.report(scope.states[asking[0]].place, "endless-asking", message, advice)
        elif not any(rounds.calls_others(scope.states[name]) for name in names):
            message = f"{over[0]!r} is over by the clock and begins again for ever, and nobody is told{way}"
            advice = f'leave its deadline out (an incident some day), escalate it, or when: count("{over[0]}") < 3'
            survey.report(scope.states[over[0]].place, "endless-deadlines", message, advice)


def _lasting(ways: tuple[Route, ...], circle: list[str], changed: set[str]) -> Iterator[str]:
    """Where ways lead that keep a job in a round for ever, as far as its conditions do not change: those of which one
    holds and leads on in the round, whatever becomes of the conditions before it that do change."""
    kept: list[str] = []
    for route in ways:
        changes = route.when is not None and _bounds(route.when, circle, changed)
        if route.to in circle:
            kept.append(route.to)
            if not changes:
                yield from kept
                kept = []
        elif changes:
            return


def _spinning(survey: Survey, scope: Scope) -> None:
    """Report rounds that wait for nothing but moments which they do not move: once these are over, they never wait.

    No clock is asked: it is so whatever day it is now.
    """
    onward = {name: list(_unasked(state)) for name, state in scope.states.items()}
    for circle in circles({name: [route.to for _, route in ways] for name, ways in onward.items()}):
        changed = set(_changed(scope.states[name] for name in circle))
        still = {
            name: [
                route.to
                for moment, route in onward[name]
                if (moment is None or not _moves(moment, changed))
                and not (route.when is not None and _bounds(route.when, circle, changed))
            ]
            for name in circle
        }
        for endless in circles(still):
            names = sorted(endless, key=lambda name: scope.states[name].place)
            moments = [moment for name in names for moment, route in onward[name] if moment and route.to in endless]
            if moments:
                message = f"once {moments[0]} is over, a job goes round for ever without waiting: {', '.join(names)}"
                advice = "lead out of it, or wait for a length, for example for: P1D"
                survey.report(scope.states[names[0]].place, "endless-loop", message, advice)


def _unasked(state: State) -> Iterator[tuple[Expression | None, Route]]:
    """The ways on that are taken though nobody and no code does anything: at once, or at a moment that is computed."""
    if state.passes:
        yield from ((None, route) for _, _, route in state.routes)
    elif isinstance(state.within, Expression) and is_moment(state.within.tree):
        yield from ((state.within, route) for route in state.ways.get(EXPIRED, ()))
    for outcome, moment in state.moments:
        yield from ((moment, route) for route in state.ways.get(outcome, ()))


def is_moment(tree: Node) -> bool:
    """Whether an expression surely gives a moment, and not a length: a date with lengths added or taken."""
    match tree:
        case Call(name="date" | "timestamp"):
            return True
        case Operation(sign="+" | "-", operands=operands):
            return sum(map(is_moment, operands)) == 1
    return False


def _moves(moment: Expression, changed: set[str]) -> bool:
    """Whether a moment may be a later one in the next round."""
    read = moment.variables.get("data", frozenset())
    asked = any(name in JOB_FUNCTIONS for name in moment.functions)
    return "now" in moment.variables or asked or read is None or not changed.isdisjoint(read)


def _changed(states: Iterable[State]) -> Iterator[str]:
    """The places in the data that states save to, or their ways set, though nobody does anything; a deadline saves
    nothing."""
    for state in states:
        if state.scopes or set(state.alone) - {EXPIRED}:
            yield (state.saves or state.name).split(".")[0]
        for _, _, route in state.routes:
            yield from (place.split(".")[0] for place in route.set)


def _bounds(when: Expression, circle: list[str], changed: set[str]) -> bool:
    """Whether a condition reads what a round changes itself."""
    if "now" in when.variables or any(
        name in ("count", "passed") and args[:1] and args[0] in circle for name, args in when.calls
    ):
        return True
    read = when.variables.get("data", frozenset())
    return bool(changed) if read is None else not changed.isdisjoint(read)


def may_join(join: Expression, done: int, total: int) -> bool:
    """Whether a join may hold when so many branches are done; one that asks for more than their numbers may."""
    if join.calls or join.variables.keys() - {"done", "open", "total"}:
        return True
    try:
        return join.holds(PlainNames({"done": done, "open": total - done, "total": total}))
    except ExpressionFailed:
        return False


class _Rounds:
    """What happens though nobody does anything: by the clock, by code, or at once."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.clocks = Clocks(survey)
        self.ends: set[str] = set()
        """The paths of scopes that come to their end by themselves."""
        for scope in reversed(survey.scopes.values()):
            if self._ends(scope):
                self.ends.add(scope.path)

    def alone(self, state: State) -> Iterator[tuple[Route, ...]]:
        """The ways on that are taken though nobody does anything, by outcome, up to the first that always holds."""
        alone = frozenset(state.alone)
        if self._passes(state):
            alone |= frozenset(state.outcomes)
        for outcome, ways in state.ways.items():
            if state.passes or outcome in alone:
                last = next((index for index, route in enumerate(ways) if route.when is None), len(ways))
                yield ways[: last + 1]

    def _passes(self, state: State) -> bool:
        """Whether a state that holds scopes is done though nobody does anything."""
        if isinstance(state, Parallel):
            branches = state.branches.values()
            ending = sum(branch.scope.path in self.ends for branch in branches)
            if all(branch.when is not None or branch.scope.path in self.ends for branch in branches):
                return True  # what waits for somebody need not be opened
            if isinstance(state.join, Expression):
                return any(may_join(state.join, done, len(branches)) for done in range(1, ending + 1))
            return state.join != "all" and ending >= state.join
        if isinstance(state, Each) and self._may_be_empty(state):
            return True
        return isinstance(state, Each | Stage) and state.scope.path in self.ends

    def _may_be_empty(self, state: Each) -> bool:
        """Whether the declared list may have no items, so that the join is there at once, and nobody asks for that."""
        if state.of is None:
            return False
        scope = self.survey.scope_of[state.name]
        shape = self.survey.once(Shapes.found).of(state.of, scope, state.name)
        if not isinstance(shape, ListOf) or shape.least:
            return False
        read = state.of.variables.get("data") or frozenset()
        whens = (route.when for one in scope.states.values() for _, _, route in one.routes if route.when is not None)
        return all(read.isdisjoint(when.variables.get("data") or ()) for when in whens)

    def _ends(self, scope: Scope) -> bool:
        waiting = [scope.start, *(entry.to for entry in scope.always if entry.within is not None)]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name == DONE:
                return True
            if name in scope.states and name not in seen:
                seen.add(name)
                waiting.extend(route.to for ways in self.alone(scope.states[name]) for route in ways)
        return False

    def asks(self, state: State) -> bool:
        """Whether a customer is asked in the state or inside."""
        return state.for_customers or any(
            one.for_customers for scope in self.survey.inside(state) for one in scope.states.values()
        )

    def gives_up(self, state: State) -> bool:
        """Whether the clock ends what staff, code or the outside should do in the state, or inside, in time."""
        if state.scopes:
            return any(self._waits(one) for scope in self.survey.inside(state) for one in scope.states.values())
        return self._waits(state) and state.has_deadline

    def _waits(self, state: State) -> bool:
        return not (state.passes or state.is_end or state.scopes or state.elapses)

    def calls_others(self, state: State) -> bool:
        """Whether somebody is called in the state, or inside, when it takes long."""
        inside = (one for scope in self.survey.inside(state) for one in scope.states.values())
        return any(
            one.attention is not None or any(member.escalate for member in one.members.values())
            for one in (state, *inside)
        )

    def is_limited(self, scope: Scope, names: Iterable[str]) -> bool:
        """Whether a clock around the states ends the round in them."""
        if any(self.clocks.limit(scope.states[name]) for name in names):
            return True
        return any(self.survey.owner[one.path].within is not None for one in self.survey.around(scope) if one.path)
