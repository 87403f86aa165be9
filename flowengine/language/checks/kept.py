"""Rounds that a job is kept in, because what leads out of them cannot happen any more, and nothing on the way round
changes that.

Moments stay over once they are (``moments``): a state that has one can be left in no other way then, and what it would
have saved is in none of the results of an each around it. And of a list that has few items there are never more
results. So a round is never left again that only other outcomes lead out of, or conditions on results that are not to
come; and one that waits for nothing else spins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from flowengine.language.checks.beside import Beside, changed, used
from flowengine.language.checks.graph import Ways, circles
from flowengine.language.checks.moments import Moments, Timed
from flowengine.language.checks.results import Few, Results
from flowengine.language.checks.rounds import bounds, changed_alone
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.model import Scope
from flowengine.language.parts import Route
from flowengine.language.types import Each

_READ = 3
"""Moments of a round that are named, and what is missing then."""

Onward = Mapping[str, list[Route]]
"""By state of a scope: the ways on that are left."""


class _Start(NamedTuple):
    """A state from which a round is gone, with the ways that are left then by state: once it is ``over`` in these, or
    ``inside`` the state, in whose results something is ``missing`` then; or while the list of an each has ``few``
    items. ``results``: the place of its results."""

    name: str
    onward: Onward
    over: Mapping[str, tuple[Timed, ...]] = {}
    inside: tuple[Timed, ...] = ()
    missing: tuple[str, ...] = ()
    few: Few | None = None
    results: str = ""


def check(survey: Survey) -> None:
    """Report rounds that a job is kept in by moments that are over, or by lists that are short."""
    kept = _Kept(survey)
    for scope in survey.scopes.values():
        kept.spinning(scope)
        if scope.path in kept.ways.entered and not kept.is_ended(scope):
            kept.rounds(scope)


class _Kept:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.ways = survey.once(Ways)
        self.moments = survey.once(Moments)
        self.beside = survey.once(Beside)
        self.results = Results(survey)
        self._over_in: dict[str, dict[str, tuple[Timed, ...]]] = {}

    # rounds that wait for nothing else

    def spinning(self, scope: Scope) -> None:
        """Report rounds that wait for nothing but moments which they do not move: once these are over, they never wait.

        No clock is asked: it is so whatever day it is now.
        """
        onward = {name: list(self._unasked(scope, name)) for name in scope.states}
        for circle in circles({name: [route.to for _, route in ways] for name, ways in onward.items()}):
            alone = set(changed_alone(scope.states[name] for name in circle))
            still = {
                name: [
                    route.to
                    for timed, route in onward[name]
                    if (timed is None or (timed.stays and alone.isdisjoint(timed.reads)))
                    and not (route.when is not None and bounds(route.when, set(circle), alone, uncounted=True))
                ]
                for name in circle
            }
            for endless in circles(still):
                names = self._in_order(scope, endless)
                moments = [one.when for name in names for one, route in onward[name] if one and route.to in endless]
                if moments:
                    message = f"once {moments[0]} is over, a job goes round for ever without waiting: "
                    message += ", ".join(names)
                    advice = "lead out of it, or wait for a length, for example for: P1D"
                    self.survey.report(scope.states[names[0]].place, "endless-loop", message, advice)

    def _unasked(self, scope: Scope, name: str) -> Iterator[tuple[Timed | None, Route]]:
        """The ways on that are taken though nobody and no code does anything: at once, or at a moment."""
        state = scope.states[name]
        if state.passes:
            yield from ((None, route) for _, _, route in state.routes)
        for timed in self.moments.of(scope, state):
            yield from ((timed, route) for route in timed.ways)

    # rounds that are never left

    def is_ended(self, scope: Scope) -> bool:
        """Whether what goes on in a scope is ended by what may be done at any time, or from around it."""
        return any(self._is_out(scope, entry.to) for entry in scope.always) or self.ways.is_taken_out(scope)

    def rounds(self, scope: Scope) -> None:
        """Report the rounds of a scope that are never left, each once."""
        told = {problem.place for problem in self.survey.problems if problem.code == "endless-loop"}
        for start in (*self._over(scope), *self._thinner(scope), *self._short(scope)):
            if scope.states[start.name].place not in told:
                told |= {scope.states[name].place for name in self._report(scope, start)}

    def _over(self, scope: Scope) -> Iterator[_Start]:
        """States whose moment is over."""
        over = self._all_over(scope)
        if over:
            onward = self._once_over(scope, over)
            left = self._left(scope, onward)
            for name in self._in_order(scope, over.keys() & self.ways.reached[scope.path]):
                if name not in left:
                    yield _Start(name, onward, over)

    def _thinner(self, scope: Scope) -> Iterator[_Start]:
        """Each of which less is saved once moments inside are over."""
        for each in self._eachs(scope):
            inside = self._all_over(each.scope)
            reached = self._reached_inside(each, self._once_over(each.scope, inside)) if inside else set()
            saved = changed(self.survey, (each.scope.states[name] for name in reached if name in each.scope.states))
            saved |= {place for entry in each.scope.always for place in used(entry)}
            missing = self.results.saved_inside(each) - saved
            timed = tuple(one for name in self._in_order(each.scope, inside.keys() & reached) for one in inside[name])
            if timed and missing and all(one.when.variables.keys() <= {"data", "job"} for one in timed):
                over = self._all_over(scope)
                fewer = self.results.ways(each, None, missing)
                onward = fewer | self._once_over(scope, over, but=fewer)
                if fewer and each.name not in self._left(scope, onward):
                    lacking = tuple(sorted(missing))
                    yield _Start(each.name, onward, over, timed, lacking, results=self.results.place(each))

    def _short(self, scope: Scope) -> Iterator[_Start]:
        """Each of a list that may have few items."""
        for each in self._eachs(scope):
            few = self.results.fewest(each)
            if few is not None and not self.beside.moves(scope, few.place):
                fewer = self.results.ways(each, few.items)
                onward = fewer | self._once_over(scope, {}, but=fewer)
                if fewer and each.name not in self._left(scope, onward):
                    yield _Start(each.name, onward, few=few, results=self.results.place(each))

    def _eachs(self, scope: Scope) -> Iterator[Each]:
        """Each whose results a condition beside it asks about, and which is left by its join alone, with results that
        are new and that nobody else saves meanwhile."""
        for name in self._in_order(scope, self.ways.reached[scope.path]):
            state = scope.states[name]
            if not isinstance(state, Each) or not state.ways.keys() <= set(state.outcomes):
                continue
            if self.results.asking(state) and not self.beside.moves(scope, self.results.place(state)):
                yield state

    def _all_over(self, scope: Scope) -> dict[str, tuple[Timed, ...]]:
        """The states of a scope that have a moment which stays, whatever happens beside them, and are left by it."""
        if scope.path not in self._over_in:
            self._over_in[scope.path] = {
                name: several
                for name, state in scope.states.items()
                if (several := self.moments.of(scope, state))
                and not self.moments.may_be_left_before(state)
                and not any(self.beside.moves(scope, place) for one in several if one.stays for place in one.reads)
            }
        return self._over_in[scope.path]

    def _once_over(
        self, scope: Scope, over: Mapping[str, tuple[Timed, ...]], but: Iterable[str] = ()
    ) -> dict[str, list[Route]]:
        """The ways on of all states of a scope once these moments are over, ``but`` for those of some others."""
        found = {name: [route for _, _, route in self.survey.routes[name]] for name in scope.states.keys() - set(but)}
        return found | {name: [route for one in several for route in one.ways] for name, several in over.items()}

    def _reached_inside(self, each: Each, onward: Onward) -> set[str]:
        starts = [each.scope.start, *(entry.to for entry in each.scope.always)]
        return _reached(starts, {name: [route.to for route in ways] for name, ways in onward.items()})

    def _left(self, scope: Scope, onward: Onward) -> set[str]:
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
        self.survey.spend(len(onward) / 100, self.survey.process.root.place)
        return _reached(out, before)

    def _after(self, scope: Scope, first: str, onward: Onward) -> set[str]:
        """All that a state, and what may be done at any time there, leads to."""
        ways = {name: [route.to for route in routes] for name, routes in onward.items()}
        self.survey.spend(len(ways) / 100, scope.states[first].place)
        return _reached([first, *(entry.to for entry in scope.always)], ways)

    def _is_out(self, scope: Scope, to: str) -> bool:
        return self.survey.target(scope, to) is not Target.STATE

    def _in_order(self, scope: Scope, names: Iterable[str]) -> list[str]:
        return sorted((name for name in names if name in scope.states), key=lambda name: scope.states[name].place)

    def _report(self, scope: Scope, start: _Start) -> set[str]:
        """Report a round that leads from a state back to it, where the states that it leads to are never left; these
        states."""
        found = self._after(scope, start.name, start.onward)
        late = [name for name in self._in_order(scope, found) if name in start.over]
        timed = [one for one in (*start.inside, *(one for name in late for one in start.over[name])) if one.stays]
        stays = {place for one in timed for place in one.reads}
        if start.few is not None:
            stays.add(start.few.place)
        others = changed(self.survey, (scope.states[name] for name in found - set(late) - {start.name}))
        others |= {place.split(".")[0] for name in late for route in start.onward[name] for place in route.set}
        own = set() if start.name in start.over else changed(self.survey, [scope.states[start.name]])
        again = start.name in {route.to for one in found for route in start.onward[one]}
        if again and stays.isdisjoint(others | own) and start.results not in others:
            known, mend = _in_words(start, timed)
            message = f"{known}, no way leads out any more: {', '.join(self._in_order(scope, found))}"
            self.survey.report(scope.states[start.name].place, "no-way-out", message, mend)
        return found


def _in_words(start: _Start, timed: Iterable[Timed]) -> tuple[str, str]:
    """How it is in the round, and what may be done."""
    few = start.few
    if few is not None:
        items = {0: "no item", 1: "1 item"}.get(few.items, f"{few.items} items")
        mend = f"lead out of it then, ask for more of {few.source} (minItems), or set data.{few.place} anew in it"
        return f"where {few.source} has {items}, by {few.way}, so that {start.name!r} has no more results", mend
    moments = list(dict.fromkeys(one.when.source for one in timed))
    places = " or ".join(f"data.{name}" for name in sorted({name for one in timed for name in one.reads}))
    mend = f"lead out of the round when the time is over{f', or set {places} anew in it' if places else ''}"
    known = f"once {', '.join(moments[:_READ])} is over"
    if start.missing:
        known += f", so that no result of {start.name!r} has {' or '.join(start.missing[:_READ])}"
    return known, mend


def _reached(starts: Iterable[str], onward: Mapping[str, Iterable[str]]) -> set[str]:
    found = set(starts)
    waiting = list(found)
    while waiting:
        for name in onward.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
