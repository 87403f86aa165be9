"""Rounds without end: none is gone through without waiting, and none of deadlines alone asks a customer again and
again (L8).

Rounds are those of the ways with what they establish (``walks``): one that a condition ends, on what is known there, is
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowengine.language.checks.deadlines import Clocks
from flowengine.language.checks.graph import Ways, circles, components
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.walks import Node, Onward, Walks
from flowengine.language.expressions import Expression
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE, Route
from flowengine.language.types import Each, Parallel, Stage

MOST_AT_ONCE = 1_000
"""States that a branch may enter without waiting; what runs a process has the same bound."""


def check(survey: Survey) -> None:
    """Report rounds in which nothing waits, and those in which a customer is asked though nobody does anything."""
    _without_waiting(survey)
    _asking(survey)


def _without_waiting(survey: Survey) -> None:
    """States that are passed at once must not form a circle, nor too long a row."""
    walks, ways = survey.once(Walks), Ways(survey)
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
        if asking and not rounds.is_limited(names) and not any(one <= set(names) for one in reported):
            reported.append(set(names))
            way = f": {', '.join(names)}" if len(names) > 1 else ""
            message = f"{asking[0]!r} asks again and again for ever, though nobody does anything{way}"
            advice = f'lead out of it after some rounds, for example with when: count("{asking[0]}") < 3'
            survey.report(survey.states[asking[0]].place, "endless-asking", message, advice)


def _changed(states: Iterable[State]) -> Iterator[str]:
    """The places in the data that states save to, or their ways set."""
    for state in states:
        yield (state.saves or state.name).split(".")[0]
        for _, _, route in state.routes:
            yield from (place.split(".")[0] for place in route.set)


def _bounds(when: Expression, circle: set[str], changed: set[str], uncounted: bool) -> bool:
    """Whether a condition reads what a round changes itself, apart from how often it was gone round, where that is
    known on each way."""
    if "now" in when.variables or any(
        name in ("count", "passed") and args[:1] and args[0] in circle for name, args in when.calls if uncounted
    ):
        return True
    read = when.variables.get("data", frozenset())
    return bool(changed) if read is None else not changed.isdisjoint(read)


class _Rounds:
    """What happens though nobody does anything: by the clock, by code, or at once."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.walks = survey.once(Walks)
        self.clocks = Clocks(survey)
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
        changed = set(_changed(self.survey.states[name] for name in circle)) if bounded else set()
        return {
            node: [
                one.to
                for one in node.onward
                if one.to in within
                and self._by_itself(node, one)
                and not (bounded and self._is_bounded(one, circle, changed))
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

    def _is_bounded(self, onward: Onward, circle: set[str], changed: set[str]) -> bool:
        if onward.way is None:
            return False
        name, outcome, _ = onward.way
        uncounted = any(not self.walks.counts(one) for one in circle)
        ways = self.survey.states[name].ways[outcome]
        return any(_bounds(one.when, circle, changed, uncounted) for one in ways if one.when is not None)

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
            needed = state.join if isinstance(state.join, int) else len(state.branches)
            return sum(scope.path in self.ends for scope in state.scopes) >= needed
        return isinstance(state, Each | Stage) and state.scope.path in self.ends

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

    def is_limited(self, names: Iterable[str]) -> bool:
        """Whether a clock around the states ends the round in them: around the outermost, for inner ones begin anew."""
        scopes = [self.survey.scope_of[name] for name in names]
        scope = min(scopes, key=lambda one: one.path.count("/") + bool(one.path))
        if any(self.clocks.limit(scope.states[name]) for name in names if name in scope.states):
            return True
        return any(self.survey.owner[one.path].within is not None for one in self.survey.around(scope) if one.path)
