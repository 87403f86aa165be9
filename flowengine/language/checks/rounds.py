"""Rounds without end: none is gone through without waiting, and none of deadlines alone asks a customer again and
again, or begins again for ever what he waits behind, so that nobody is told how long it takes (L8).

Rounds are those of the ways with what they establish (``walks``): one that a condition ends, on what is known there, is
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowengine.errors import ExpressionFailed
from flowengine.language.checks.deadlines import Clocks
from flowengine.language.checks.graph import Ways, circles, components
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.walks import Node, Onward, Walks
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE, EXPIRED, Route
from flowengine.language.types import Each, Parallel, Stage
from flowengine.language.value_shapes import ListOf

MOST_AT_ONCE = 1_000
"""States that a branch may enter without waiting; what runs a process has the same bound."""


def check(survey: Survey) -> None:
    """Report rounds in which nothing waits; those in which a customer is asked though nobody does anything; and those
    in which what others should do is over by a deadline each time, and nobody else is called."""
    _without_waiting(survey)
    _asking(survey)


def _without_waiting(survey: Survey) -> None:
    """States that are passed at once must not form a circle, nor too long a row."""
    walks, ways = survey.once(Walks), survey.once(Ways)
    instant = {name for name, state in survey.states.items() if isinstance(state, Stage) or ways.passes_at_once(state)}
    onward = {
        node: [one.to for one in node.onward if one.to.state in instant and _at_once(survey, node, one)]
        for node in walks.nodes
        if node.state in instant
    }
    found = sorted({tuple(_named(survey, {node.state for node in circle})) for circle in circles(onward)}, key=len)
    for at, names in enumerate(found):
        if not any(set(shorter) <= set(names) for shorter in found[:at]):
            message = f"a job can go round for ever without waiting: {', '.join(names)}"
            survey.report(
                survey.states[names[0]].place, "endless-loop", message, "put a state that waits into the loop"
            )
    if not found:
        _too_many(survey, onward)


def _too_many(survey: Survey, onward: Mapping[Node, list[Node]]) -> None:
    rows: dict[Node, int] = {}
    for (node,) in components(onward):
        rows[node] = 1 + max((rows[one] for one in onward[node]), default=0)
    longest = max(rows, key=lambda node: rows[node], default=None)
    if longest is not None and rows[longest] > MOST_AT_ONCE:
        message = f"from {longest.state!r} a job can go through {rows[longest]:,} states without waiting"
        advice = f"put a state that waits between them; {MOST_AT_ONCE:,} are the most"
        survey.report(survey.states[longest.state].place, "endless-loop", message, advice)


def _at_once(survey: Survey, node: Node, onward: Onward) -> bool:
    """Whether a way is taken without waiting, for a deadline above all."""
    state = survey.states[node.state]
    return _goes_on(survey, onward) and (onward.kind == "opened" or state.passes or onward.by in state.outcomes)


def _goes_on(survey: Survey, onward: Onward) -> bool:
    """Whether a job goes on there: into a stage too, but not into branches, beside which it waits."""
    inner = survey.owner.get(survey.scope_of[onward.to.state].path)
    return onward.kind == "way" or (onward.kind == "opened" and isinstance(inner, Stage))


def _named(survey: Survey, names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: survey.states[name].place)


def _asking(survey: Survey) -> None:
    """A round is bounded by what is known on it, by a condition on what it changes itself (the clock, data that it
    sets), and by a deadline around it."""
    rounds = _Rounds(survey)
    found: dict[tuple[str, ...], None] = {}
    for circle in circles(rounds.onward(rounds.walks.nodes)):
        for endless in circles(rounds.onward(circle, bounded=True)):
            found[tuple(_named(survey, {node.state for node in endless if node.state}))] = None
    reported: list[set[str]] = []
    for names in sorted(found, key=len):
        asking = [name for name in names if rounds.asks(survey.states[name])]
        over = [name for name in names if rounds.gives_up(name)]
        if not (asking or over) or rounds.is_limited(names) or any(one <= set(names) for one in reported):
            continue
        way = f": {', '.join(names)}" if len(names) > 1 else ""
        if asking:
            message = f"{asking[0]!r} asks again and again for ever, though nobody does anything{way}"
            advice = f'lead out of it after some rounds, for example with when: count("{asking[0]}") < 3'
            survey.report(survey.states[asking[0]].place, "endless-asking", message, advice)
        elif not any(map(rounds.calls_others, names)):
            message = f"{over[0]!r} is over by the clock and begins again for ever, and nobody is told{way}"
            advice = f'leave its deadline out (an incident some day), escalate it, or when: count("{over[0]}") < 3'
            survey.report(survey.states[over[0]].place, "endless-deadlines", message, advice)
        else:
            continue
        reported.append(set(names))


def _lasting(ways: tuple[Route, ...], circle: set[str], changed: set[str], uncounted: bool) -> set[int]:
    """The ways that keep a job in a round for ever, as far as its conditions do not change: those of which one holds
    and leads on in the round, whatever becomes of the conditions before it that do change."""
    kept: list[int] = []
    found: set[int] = set()
    for index, route in enumerate(ways):
        changes = route.when is not None and bounds(route.when, circle, changed, uncounted)
        if route.to in circle:
            kept.append(index)
            if not changes:
                found.update(kept)
                kept = []
        elif changes:
            break
    return found


def changed_alone(states: Iterable[State]) -> Iterator[str]:
    """The places in the data that states save to, or their ways set, though nobody does anything; a deadline saves
    nothing."""
    for state in states:
        if state.scopes or set(state.alone) - {EXPIRED}:
            yield (state.saves or state.name).split(".")[0]
        for _, _, route in state.routes:
            yield from (place.split(".")[0] for place in route.set)


def bounds(when: Expression, circle: set[str], changed: set[str], uncounted: bool) -> bool:
    """Whether a condition reads what a round changes itself, apart from how often it was gone round, where that is
    known on each way."""
    if "now" in when.variables or any(
        name in ("count", "passed") and args[:1] and args[0] in circle for name, args in when.calls if uncounted
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
        self.walks = survey.once(Walks)
        self.clocks = survey.once(Clocks)
        self._found: dict[str, frozenset[str]] = {}
        self.ends: set[str] = set()
        """The paths of scopes that come to their end by themselves."""
        for scope in reversed(survey.scopes.values()):
            if self._ends(scope):
                self.ends.add(scope.path)

    def onward(self, nodes: Iterable[Node], *, bounded: bool = False) -> dict[Node, list[Node]]:
        """The ways between nodes that are taken though nobody does anything; but for those of outcomes, where they are
        ``bounded``, of which a condition may end the round."""
        within = dict.fromkeys(nodes)
        circle = {node.state for node in within if node.state}
        changed = set(changed_alone(self.survey.states[name] for name in circle)) if bounded else set()
        uncounted = bounded and not self.walks.counts(circle, within)
        return {
            node: [
                one.to
                for one in node.onward
                if one.to in within
                and self._by_itself(node, one)
                and not (bounded and self._is_bounded(one, circle, changed, uncounted))
            ]
            for node in within
        }

    def _by_itself(self, node: Node, onward: Onward) -> bool:
        if onward.kind == "roam":
            return True
        if onward.kind == "opened":
            return _goes_on(self.survey, onward)
        if onward.kind == "always":  # the clock of a scope strikes once, so that it leads round only out of it
            entries = self.survey.scopes[node.scope].always
            return onward.way is not None and any(one.name == onward.by and one.within is not None for one in entries)
        state = self.survey.states[node.state]
        return state.passes or onward.by in self._alone(state)

    def _alone(self, state: State) -> frozenset[str]:
        """The outcomes that a state comes to though nobody does anything."""
        if state.name not in self._found:
            alone = frozenset(state.alone)
            self._found[state.name] = alone | frozenset(state.outcomes) if self._passes(state) else alone
        return self._found[state.name]

    def _is_bounded(self, onward: Onward, circle: set[str], changed: set[str], uncounted: bool) -> bool:
        if onward.way is None:
            return False
        name, outcome, index = onward.way
        return index not in _lasting(self.survey.states[name].ways[outcome], circle, changed, uncounted)

    def alone(self, state: State) -> Iterator[tuple[Route, ...]]:
        """The ways on that are taken though nobody does anything, by outcome, up to the first that always holds."""
        alone = self._alone(state)
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

    def gives_up(self, name: str) -> bool:
        """Whether the clock ends what staff, code or the outside should do in the state, or inside, in time."""
        state = self.survey.states[name]
        if state.scopes:
            return any(self._waits(one) for scope in self.survey.inside(state) for one in scope.states.values())
        return self._waits(state) and state.has_deadline

    def _waits(self, state: State) -> bool:
        return not (state.passes or state.is_end or state.scopes or state.elapses)

    def calls_others(self, name: str) -> bool:
        """Whether somebody is called in the state, or inside, when it takes long."""
        state = self.survey.states[name]
        inside = (one for scope in self.survey.inside(state) for one in scope.states.values())
        return any(
            one.attention is not None or any(member.escalate for member in one.members.values())
            for one in (state, *inside)
        )

    def is_limited(self, names: Iterable[str]) -> bool:
        """Whether a clock around the states ends the round in them: around the outermost, for inner ones begin anew."""
        scopes = [self.survey.scope_of[name] for name in names]
        scope = min(scopes, key=lambda one: one.path.count("/") + bool(one.path))
        if any(self.clocks.limit(scope.states[name]) for name in names if name in scope.states):
            return True
        return any(self.survey.owner[one.path].within is not None for one in self.survey.around(scope) if one.path)
