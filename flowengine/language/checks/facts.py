"""Which places of the data hold a value, at each point of a job's life.

A forward analysis over all scopes at once: the facts at a state are what all ways to it have in common. Branches of a
parallel begin with what was there before (and with what the branches in ``after`` have saved), and the join knows what
all that must be done have saved. ``always`` may happen wherever its scope is. Facts are whole numbers (see ``places``);
they only get fewer, so the analysis ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from flowengine.language.checks.guards import ALL, NOTHING_TOLD, Guards, Lesson, Told
from flowengine.language.checks.places import NO_EFFECT, Effect, Places, literal_text
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.checks.uses import Point
from flowengine.language.model import (
    Always,
    Branch,
    Each,
    Need,
    Parallel,
    Route,
    Scope,
    Stage,
    State,
)

_ROUNDS = 6
"""Rounds in which facts and what literal texts tell of them are found together; then the texts tell nothing."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``must``: the places that surely hold a value; ``may``: those that may."""

    must: int
    may: int
    told: Told = NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a state, with the facts before its guard and after it."""

    outcome: str
    index: int
    route: Route
    before: Facts
    after: Facts


class FactFlow:
    """The facts at every point of a process."""

    def __init__(self, survey: Survey, places: Places) -> None:
        self.survey = survey
        self.places = places
        self.guards = Guards(places)
        self.entering: dict[str, tuple[int, int]] = {}
        self.done: dict[str, tuple[int, int]] = {}
        self.roaming: dict[str, tuple[int, int]] = {}
        """By scope: the facts wherever a job may be in it, for ``always``."""
        self._queue: deque[str] = deque()
        self._queued: set[str] = set()
        self._deep: dict[str, Effect] = {}
        self._composites: dict[str, Effect] = {}
        self._besides: dict[str, dict[str, Effect]] = {}
        self._ever_lost = self._inside(survey.process.root).loses
        self._at: dict[str, dict[Point, Facts]] = {}
        self._solve()

    # what is known without flow

    def _scope_effect(self, scope: Scope) -> Effect:
        """What may be lost, and set, by anything that happens directly in a scope."""
        loses = may = 0
        for entry in scope.always:
            for effect in (
                self.places.invoked(scope, entry),
                *(self.places.set_effect(scope, one) for one in entry.set),
            ):
                loses, may = loses | effect.loses, may | effect.may
        for state in scope.states.values():
            for outcome in state.on:
                effect = self.places.effect(state, outcome)
                loses, may = loses | effect.loses, may | effect.may
            for _, _, route in self.survey.routes[state.name]:
                for place in route.set:
                    effect = self.places.set_effect(scope, place)
                    loses, may = loses | effect.loses, may | effect.may
        return Effect(0, loses, may)

    def _inside(self, scope: Scope) -> Effect:
        """What may be lost, and set, inside a scope, at any depth."""
        found = self._deep.get(scope.path)
        if found is None:
            found = self._scope_effect(scope)
            for state in scope.states.values():
                for inner in state.scopes:
                    found = _both(found, self._inside(inner))
            self._deep[scope.path] = found
        return found

    def _within(self, state: State) -> Effect:
        """What may be lost, and set, inside a state."""
        found = self._composites.get(state.name)
        if found is None:
            found = NO_EFFECT
            for inner in state.scopes:
                found = _both(found, self._inside(inner))
            self._composites[state.name] = found
        return found

    def _beside(self, state: Parallel) -> dict[str, Effect]:
        """For each branch, what may be lost, and set, in those that run beside it."""
        found = self._besides.get(state.name)
        if found is None:
            branches = list(state.branches.values())
            found = {branch.name: NO_EFFECT for branch in branches}
            for order in (branches, branches[::-1]):
                so_far = NO_EFFECT
                for branch in order:
                    found[branch.name] = _both(found[branch.name], so_far)
                    so_far = _both(so_far, self._inside(branch.scope))
            self._besides[state.name] = found
        return found

    # the flow

    def _solve(self) -> None:
        """Facts and what conditions tell of them depend on each other: begin with everything, and take away."""
        for attempt in range(_ROUNDS + 1):
            self._run()
            found = self._lessons()
            if found == self.guards.lessons:
                return
            self.guards.learn(found if attempt < _ROUNDS - 1 else dict.fromkeys(found, 0))

    def _run(self) -> None:
        self.entering.clear()
        self.done.clear()
        self.roaming.clear()
        root = self.survey.process.root
        self._arrive(root, root.start, 0, 0)
        while self._queue:
            name = self._queue.popleft()
            self._queued.discard(name)
            self._visit(self.survey.states[name])

    def _push(self, name: str) -> None:
        if name not in self._queued:
            self._queued.add(name)
            self._queue.append(name)

    def _arrive(self, scope: Scope, to: str, must: int, may: int) -> None:
        target = self.survey.target(scope, to)
        if target is Target.STATE:
            if _meet(self.entering, to, must, may):
                self._push(to)
        elif target is Target.DONE and _meet(self.done, scope.path, must, may):
            self._push(self.survey.owner[scope.path].name)

    def _visit(self, state: State) -> None:
        scope = self.survey.scope_of[state.name]
        must, may = self.entering[state.name]
        if isinstance(state, Parallel):
            for branch in state.branches.values():
                begun = self._begun(state, branch, must, may)
                if begun is not None:
                    self._arrive(branch.scope, branch.scope.start, *begun)
        elif isinstance(state, Each | Stage):
            self._arrive(state.scope, state.scope.start, must, may)
        for way in self.ways(state):
            self._arrive(scope, way.route.to, way.after.must, way.after.may)
        if not isinstance(state, Need):
            inside = self._within(state)
            must, may = must & ~inside.loses, may | inside.may
            if _meet(self.roaming, scope.path, must, may):
                for entry in scope.always:
                    facts = self.invoked(scope, entry)
                    facts = self._with_sets(scope, facts, tuple(entry.set))
                    self._arrive(scope, entry.to, facts.must, facts.may)

    def _begun(self, state: Parallel, branch: Branch, must: int, may: int) -> tuple[int, int] | None:
        """The facts with which a branch begins, or None while those it comes after are not known to be done."""
        beside = self._beside(state)[branch.name]
        must, may = must & ~beside.loses, may | beside.may
        scope = self.survey.scope_of[state.name]
        if branch.when is not None:
            told = self.guards.told(branch.when.tree, True, scope)
            must |= told.must | self.guards.excluded(told)
        for name in branch.after:
            before = state.branches.get(name)
            if before is not None and before is not branch:
                given = self._given(state, before, must)
                if given is None:
                    return None
                must |= given
        return must, may

    def _given(self, state: Parallel, branch: Branch, must: int) -> int | None:
        """What is surely set once a branch is done, or was not taken; None while it is not known to be done."""
        done = self.done.get(branch.scope.path)
        if branch.when is None:
            return done[0] if done is not None else None
        told = self.guards.told(branch.when.tree, False, self.survey.scope_of[state.name])
        skipped = must | told.must | self.guards.excluded(told)
        return skipped if done is None else skipped & done[0]

    # points

    def ways(self, state: State) -> Iterator[Way]:
        """The ways out of a state that can be taken, with their facts."""
        scope = self.survey.scope_of[state.name]
        outcomes: dict[str, Facts | None] = {}
        tried: dict[str, Told] = {}
        for outcome, index, route in self.survey.routes[state.name]:
            if outcome not in outcomes:
                outcomes[outcome] = self._ended(state, outcome)
                tried[outcome] = NOTHING_TOLD
            facts = outcomes[outcome]
            if facts is None:
                continue
            before = self._known(facts, tried[outcome])
            after = before
            if route.when is not None:
                after = self._known(facts, tried[outcome] | self.guards.told(route.when.tree, True, scope))
                tried[outcome] = tried[outcome] | self.guards.told(route.when.tree, False, scope)
            yield Way(outcome, index, route, before, self._with_sets(scope, after, tuple(route.set)))

    def _points(self, state: State) -> dict[Point, Facts]:
        """The facts at all routes of a state: before their guards, and before their ``set``."""
        found = self._at.get(state.name)
        if found is None:
            found = self._at[state.name] = {}
            scope = self.survey.scope_of[state.name]
            for way in self.ways(state):
                before, when = way.before, way.route.when
                told = before.told if when is None else before.told | self.guards.told(when.tree, True, scope)
                found["guard", state.name, way.outcome, way.index] = before
                found["route", state.name, way.outcome, way.index] = self._known(before, told)
        return found

    def _known(self, facts: Facts, told: Told) -> Facts:
        known = told.must | self.guards.excluded(told)
        return Facts(facts.must | known, facts.may | max(known, 0), told)

    def _ended(self, state: State, outcome: str) -> Facts | None:
        """The facts after a state has ended with an outcome."""
        entered = self.entering.get(state.name)
        if entered is None:
            return None
        must, may = entered
        if state.scopes:
            inside = self._within(state)
            must, may = must & ~inside.loses, may | inside.may
            if outcome in state.outcomes:
                joined = self._joined(state, must)
                if joined is None:
                    return None
                must = joined
        return Facts(*self.places.effect(state, outcome).after(must, may))

    def _joined(self, state: State, must: int) -> int | None:
        if isinstance(state, Stage):
            done = self.done.get(state.scope.path)
            return None if done is None else must | done[0]
        if isinstance(state, Parallel) and (state.join == "all" or state.join == len(state.branches)):
            for branch in state.branches.values():
                given = self._given(state, branch, must)
                if given is None:
                    return None
                must |= given
        return must

    def invoked(self, scope: Scope, entry: Always) -> Facts:
        """The facts with which the ``set`` of an always entry is evaluated."""
        must, may = self.roaming.get(scope.path, (ALL, ALL))
        if entry.when is not None:
            told = self.guards.told(entry.when.tree, True, scope)
            must |= told.must | self.guards.excluded(told)
        return Facts(*self.places.invoked(scope, entry).after(must, may))

    def _with_sets(self, scope: Scope, facts: Facts, sets: tuple[str, ...]) -> Facts:
        must, may = facts.must, facts.may
        for place in sets:
            must, may = self.places.set_effect(scope, place).after(must, may)
        return Facts(must, may, facts.told)

    def _lessons(self) -> dict[Lesson, int]:
        """For each condition that tells where a job is or was, the facts that were true there and stay true."""
        found: dict[Lesson, int] = {}
        lasting = ~self._ever_lost
        for scope in self.survey.scopes.values():
            owner = self.places.owner(scope)
            for name, state in scope.states.items():
                if name not in self.entering:
                    continue
                found["at", name] = self.entering[name][0] & lasting
                for outcome in dict.fromkeys(outcome for outcome, _, _ in self.survey.routes[state.name]):
                    ended = self._ended(state, outcome)
                    if ended is not None:
                        found["passed", name] = found.get(("passed", name), ALL) & ended.must & lasting
                if any(route.set for _, _, route in self.survey.routes[state.name]):
                    for way in self.ways(state):
                        self._note(found, owner, way.route, way.after.must & lasting)
            for entry in scope.always:
                if entry.set and scope.path in self.roaming:
                    facts = self._with_sets(scope, self.invoked(scope, entry), tuple(entry.set))
                    self._note(found, owner, entry, facts.must & lasting)
        return found

    def _note(self, found: dict[Lesson, int], owner: str, source: Route | Always, must: int) -> None:
        for place, expression in source.set.items():
            text, path = literal_text(expression), tuple(place.split("."))
            if text is not None and text in self.places.texts(owner, path):
                key = ("text", owner, path, text)
                found[key] = found.get(key, ALL) & must

    def at(self, point: Point, scope: Scope) -> Facts | None:
        """The facts at a point, or None when no job comes there."""
        kind, name, outcome, _ = point
        if kind == "enter":
            entered = self.entering.get(name)
            return None if entered is None else Facts(*entered)
        if kind in ("guard", "route"):
            return self._points(self.survey.states[name]).get(point)
        if kind in ("always", "invoked") and name in self.roaming:
            entry = next(one for one in scope.always if one.name == outcome)
            if kind == "invoked":
                return self.invoked(scope, entry)
            return Facts(*self.roaming[name])
        return None


def _meet(known: dict[str, tuple[int, int]], name: str, must: int, may: int) -> bool:
    """Add a way of arriving: what is sure is what all ways have in common. Whether that changed anything."""
    before = known.get(name)
    after = (must, may) if before is None else (before[0] & must, before[1] | may)
    known[name] = after
    return after != before


def _both(one: Effect, other: Effect) -> Effect:
    return Effect(0, one.loses | other.loses, one.may | other.may)
