"""Which places of the data hold a value, at each point of a job's life.

A forward analysis over all scopes at once: the facts at a state are what all ways to it have in common. Branches of a
parallel begin with what was there before (and with what the branches in ``after`` have saved), and the join knows what
all that must be done have saved. ``always`` may happen wherever its scope is. Facts are whole numbers (see ``places``);
they only get fewer, so the analysis ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowengine.language.checks.effects import Effects
from flowengine.language.checks.guards import ALL, NOTHING_TOLD, Guards, Lesson, Told
from flowengine.language.checks.places import Places, literal_text
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.checks.uses import Point
from flowengine.language.checks.worklist import Worklist, after_done, begun
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always, Route
from flowengine.language.types import Branch, Each, Parallel, Stage

_ROUNDS = 6
"""Rounds in which facts and what literal texts tell of them are found together; then the texts tell nothing."""
_BITS_A_UNIT = 4_000
"""Places whose facts are joined in the time that following one way takes."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one branch of a job is: in a ``state``, on its way ``to`` a target, or waiting to begin (neither).

    ``own`` is the data around it besides the job's: by the path of an each's scope. ``done`` are the paths of scopes
    below it, of branches that are done.
    """

    scope: str
    state: str = ""
    to: str = ""
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    done: tuple[str, ...] = ()


class FactFlow:
    """The facts at every point of a process; or, of a job that is ``standing`` somewhere with this ``data`` and has
    ``passed`` these states, at every point that it may still come to."""

    def __init__(
        self,
        survey: Survey,
        places: Places,
        standing: Sequence[Standing] = (),
        data: Mapping[str, Any] | None = None,
        passed: frozenset[str] = frozenset(),
    ) -> None:
        self.survey = survey
        self.places = places
        self.guards = Guards(places)
        self.entering: dict[str, tuple[int, int]] = {}
        self.done: dict[str, tuple[int, int]] = {}
        self.roaming: dict[str, tuple[int, int]] = {}
        """By scope: the facts wherever a job may be in it, for ``always``."""
        self.only_stood: set[str] = set()
        """States in which the job stands, and to which no way that it may take leads back."""
        self._standing = standing
        self._passed = passed
        self._held = 0 if data is None else places.held("", data)
        self._told = () if data is None else tuple(places.told_by(data))
        self._effects = Effects(survey, places)
        self._work = Worklist(survey)
        self._branch_of = {
            branch.scope.path: (state, branch)
            for state in survey.states.values()
            if isinstance(state, Parallel)
            for branch in state.branches.values()
        }
        self._branches = {(state.name, one.name): (state, one) for state, one in self._branch_of.values()}
        self._entries = {(scope.path, one.name): one for scope in survey.scopes.values() for one in scope.always}
        self._ever_lost = self._effects.inside(survey.process.root).loses
        self._at: dict[str, dict[Point, Facts]] = {}
        self._guarded = {
            name
            for name, ways in survey.routes.items()
            if any(route.when is not None or route.set for _, _, route in ways)
        }
        """The states whose ways have conditions, or set something."""
        self._solve()

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
        size = self.places.size // _BITS_A_UNIT
        self.only_stood.clear()
        if not self._standing:
            self._arrive(root, root.start, 0, 0)
        for one in self._standing:
            self._stand(one)
        for kind, name in self._work:
            if kind == "roam":
                scope = self.survey.scopes[name]
                self.survey.spend((1 + len(scope.always)) * (1 + size), scope.place)
                self._roam(scope)
            elif kind == "begin":
                self._begin(self.survey.scopes[name], size)
            else:
                state = self.survey.states[name]
                self.survey.spend((1 + len(self.survey.routes[name]) // 4) * (1 + size), state.place)
                if kind == "enter":
                    self._enter(state)
                else:
                    self._leave(state)

    def _stand(self, one: Standing) -> None:
        """A branch of a job is there, with what the job has saved so far."""
        scope, must = self.survey.scopes[one.scope], self._held
        for owner, data in one.own.items():
            must |= self.places.held(owner, data)
        may = must
        for around in self.survey.around(scope):
            owner_state = self.survey.owner.get(around.path)
            if isinstance(owner_state, Parallel):
                beside = self._effects.beside(owner_state, around)
                must, may = must & ~beside.loses, may | beside.may
        for path in one.done:
            _meet(self.done, path, must, may)
        if one.to:
            self._arrive(scope, one.to, must, may)
        elif not one.state:
            self._work.add(("begin", scope.path))
        else:
            state = self.survey.states[one.state]
            if state.name not in self.entering:
                self.only_stood.add(state.name)
            if _meet(self.entering, state.name, must, may):
                self._stay(state)

    def _stay(self, state: State) -> None:
        """What is below a state with scopes is where it is, and is not begun again."""
        scope = self.survey.scope_of[state.name]
        if not state.scopes:
            self._work.add(("enter", state.name))
            return
        self._work.add(("leave", state.name))
        if isinstance(state, Each) and state.more:
            self._work.add(("begin", state.scope.path))
        if scope.always:
            self._wander(scope, state)

    def _arrive(self, scope: Scope, to: str, must: int, may: int) -> None:
        target = self.survey.target(scope, to)
        if target is Target.STATE:
            again = to in self.only_stood
            self.only_stood.discard(to)
            if _meet(self.entering, to, must, may) or again:
                self._work.add(("enter", to))
        elif target is Target.DONE and _meet(self.done, scope.path, must, may):
            for item in after_done(self.survey, scope):
                self._work.add(item)

    def _enter(self, state: State) -> None:
        scope = self.survey.scope_of[state.name]
        if state.scopes:
            for item in begun(state):
                self._work.add(item)
            self._work.add(("leave", state.name))
        else:
            self._leave(state)
        if scope.always and not state.is_start:
            self._wander(scope, state)

    def _wander(self, scope: Scope, state: State) -> None:
        must, may = self.entering[state.name]
        inside = self._effects.within(state)
        if _meet(self.roaming, scope.path, must & ~inside.loses, may | inside.may):
            self._work.add(("roam", scope.path))

    def _leave(self, state: State) -> None:
        if state.name not in self.entering:
            return
        scope = self.survey.scope_of[state.name]
        if state.name in self._guarded:
            for way in self.ways(state):
                self._arrive(scope, way.route.to, way.after.must, way.after.may)
            return
        ended: Facts | None = None
        for outcome, index, route in self.survey.routes[state.name]:
            if index == 0:
                ended = self._ended(state, outcome)
            if ended is not None:
                self._arrive(scope, route.to, ended.must, ended.may)

    def _roam(self, scope: Scope) -> None:
        for entry in scope.always:
            facts = self._with_sets(scope, self.invoked(scope, entry), tuple(entry.set))
            self._arrive(scope, entry.to, facts.must, facts.may)

    def _begin(self, scope: Scope, size: int) -> None:
        """Begin a branch, an each or a stage, once its state was entered."""
        owner = self.survey.owner[scope.path]
        if owner.name not in self.entering:
            return
        facts: tuple[int, int] | None = self.entering[owner.name]
        if scope.path in self._branch_of:
            state, branch = self._branch_of[scope.path]
            self.survey.spend((1 + len(branch.after) // 8) * (1 + size), branch.place)
            facts = self._begun(state, branch, *self.entering[owner.name])
        if facts is not None:
            self._arrive(scope, scope.start, *facts)

    def opened(self, scope: Scope, must: int) -> int:
        """What is sure as a scope inside a state begins, where that was so as the state was entered."""
        if scope.path not in self._branch_of:
            return must
        begun = self._begun(*self._branch_of[scope.path], must, must)
        return ALL if begun is None else begun[0]

    def roaming_in(self, state: State, must: int) -> int:
        """What is sure wherever a job is in a state and inside."""
        return must & ~self._effects.within(state).loses

    def taken(self, scope: Scope, route: Route, must: int) -> int:
        """What is sure once a way was taken."""
        if route.when is not None:
            told = self.guards.told(route.when.tree, True, scope)
            must |= told.must | self.guards.excluded(told)
        return self._with_sets(scope, Facts(must, must), tuple(route.set)).must

    def used(self, scope: Scope, entry: Always, must: int) -> int:
        """What is sure once an always entry was used."""
        if entry.when is not None:
            told = self.guards.told(entry.when.tree, True, scope)
            must |= told.must | self.guards.excluded(told)
        must, may = self.places.invoked(scope, entry).after(must, must)
        return self._with_sets(scope, Facts(must, may), tuple(entry.set)).must

    def _begun(self, state: Parallel, branch: Branch, must: int, may: int) -> tuple[int, int] | None:
        """The facts with which a branch begins, or None while those it comes after are not known to be done."""
        asked = self._asked(state, branch, must, may)
        if asked is None:
            return None
        must, may = asked if branch.after else self._beside(state, branch, *asked)
        if branch.when is not None:
            told = self.guards.told(branch.when.tree, True, self.survey.scope_of[state.name])
            must |= told.must | self.guards.excluded(told)
        return must, may

    def _asked(self, state: Parallel, branch: Branch, must: int, may: int) -> tuple[int, int] | None:
        """The facts with which it is asked whether a branch is opened: as the parallel is entered, or once those are
        done that it comes after."""
        if branch.after:
            must, may = self._beside(state, branch, must, may)
        for name in branch.after:
            before = state.branches.get(name)
            if before is not None and before is not branch:
                given = self._given(state, before, must)
                if given is None:
                    return None
                must |= given
        return must, may

    def _beside(self, state: Parallel, branch: Branch, must: int, may: int) -> tuple[int, int]:
        beside = self._effects.beside(state, branch.scope)
        return must & ~beside.loses, may | beside.may

    def _given(self, state: Parallel, branch: Branch, must: int) -> int | None:
        """What is surely set once a branch is done, or was not taken; None while it is not known to be done."""
        done = self.done.get(branch.scope.path)
        if branch.when is None:
            return done[0] if done is not None else None
        told = self.guards.told(branch.when.tree, False, self.survey.scope_of[state.name])
        skipped = must | told.must | self.guards.excluded(told)
        return skipped if done is None else skipped & done[0]

    # points

    def ways(self, state: State, entered: tuple[int, int] | None = None) -> Iterator[Way]:
        """The ways out of a state that can be taken, with their facts: where it was ``entered`` with these, else with
        what all ways to it have in common."""
        scope = self.survey.scope_of[state.name]
        outcomes: dict[str, Facts | None] = {}
        tried: dict[str, Told] = {}
        for outcome, index, route in self.survey.routes[state.name]:
            if outcome not in outcomes:
                outcomes[outcome] = self._ended(state, outcome, entered)
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
            found = self._at[state.name] = dict(self._along(state))
        return found

    def _along(self, state: State, entered: tuple[int, int] | None = None) -> Iterator[tuple[Point, Facts]]:
        scope = self.survey.scope_of[state.name]
        for way in self.ways(state, entered):
            before, when = way.before, way.route.when
            told = before.told if when is None else before.told | self.guards.told(when.tree, True, scope)
            yield ("guard", state.name, way.outcome, way.index), before
            yield ("route", state.name, way.outcome, way.index), self._known(before, told)

    def sure_at(self, point: Point, scope: Scope, must: int) -> int:
        """What is sure at a point of a state (of an always entry), where it was entered (where a job is in its scope)
        with that; all where no job comes there."""
        kind, name, more, _ = point
        if kind == "begin":
            asked = self._asked(*self._branches[name, more], must, must)
            return ALL if asked is None else asked[0]
        if kind in ("guard", "route"):
            return next(
                (facts.must for one, facts in self._along(self.survey.states[name], (must, must)) if one == point), ALL
            )
        if kind == "invoked":
            return self.places.invoked(scope, self._entries[scope.path, more]).after(must, must)[0]
        return must

    def _known(self, facts: Facts, told: Told) -> Facts:
        if told is NOTHING_TOLD:
            return facts if facts.told is told else Facts(facts.must, facts.may)
        known = told.must | self.guards.excluded(told)
        return Facts(facts.must | known, facts.may | max(known, 0), told)

    def _ended(self, state: State, outcome: str, entered: tuple[int, int] | None = None) -> Facts | None:
        """The facts after a state has ended with an outcome."""
        entered = self.entering.get(state.name) if entered is None else entered
        if entered is None:
            return None
        must, may = entered
        if state.scopes:
            inside = self._effects.within(state)
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
        for name in self._passed:
            found["passed", name] = self._held & lasting
        for told in self._told:
            found[("text", *told)] = self._held & lasting
        for name in self.survey.asked:
            if name in self.entering:
                state = self.survey.states[name]
                found["at", name] = self.entering[name][0] & lasting
                for outcome in dict.fromkeys(outcome for outcome, _, _ in self.survey.routes[name]):
                    ended = self._ended(state, outcome)
                    if ended is not None:
                        found["passed", name] = found.get(("passed", name), ALL) & ended.must & lasting
        if self.places.has_texts:
            self._texts(found, lasting)
        return found

    def _texts(self, found: dict[Lesson, int], lasting: int) -> None:
        """What follows from the literal texts that are set."""
        for scope in self.survey.scopes.values():
            owner = self.places.owner(scope)
            for name, state in scope.states.items():
                if name in self.entering and any(route.set for _, _, route in self.survey.routes[name]):
                    for way in self.ways(state):
                        self._note(found, owner, way.route, way.after.must & lasting)
            for entry in scope.always:
                if entry.set and scope.path in self.roaming:
                    facts = self._with_sets(scope, self.invoked(scope, entry), tuple(entry.set))
                    self._note(found, owner, entry, facts.must & lasting)

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
        if kind == "begin":
            state, one = self._branches[name, outcome]
            entered = self.entering.get(name)
            asked = None if entered is None else self._asked(state, one, *entered)
            return None if asked is None else Facts(*asked)
        if kind in ("guard", "route"):
            return self._points(self.survey.states[name]).get(point)
        if kind in ("always", "invoked") and name in self.roaming:
            entry = self._entries[scope.path, outcome]
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
