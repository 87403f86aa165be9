"""What no way through the process comes to: conditions that never hold there, ways that are never taken, states that
are never entered; and from where no way leads to an end.

All is decided on the ways with what they establish (``walks``). There may be more of these than jobs can go, so that
what none of them comes to no job comes to; what has no way on is told only where some job surely comes. Each is told
with a shortest way, in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.language.checks.abstraction import in_words
from flowengine.language.checks.graph import Ways, astray
from flowengine.language.checks.questions import Known
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.told_ways import Told
from flowengine.language.checks.uses import Use
from flowengine.language.checks.walks import Node, Walks
from flowengine.language.model import Scope
from flowengine.language.types import Fulfilled, Parallel
from flowengine.problem import Place

_MEND = "leave it out, or ask for something else before"
_BROKEN = frozenset({"unknown-branch", "after-circle", "impossible-join", "no-way-out"})
"""Problems of which others would be told that are none of their own."""


def check(survey: Survey) -> None:
    """Report what no way comes to, and states from which none leads to an end."""
    _gaps(survey)
    if astray(survey) or any(problem.code in _BROKEN for problem in survey.problems):
        return
    found = _Dead(survey)
    if found.misread:
        return
    found.conditions()
    found.joins()
    found.states()
    if all(problem.code != "endless-loop" for problem in survey.problems):
        found.traps()


def _gaps(survey: Survey) -> None:
    """Outcomes of which no way is taken where no condition holds; people are refused them, and may do otherwise."""
    walks = survey.once(Walks)
    for (name, outcome), gap in walks.gaps.items():
        state = survey.states[name]
        if state.refuses(outcome):
            continue
        came = f" from {outcome!r}" if outcome else ""
        message = f"{name!r} has no way on{came} when no condition holds, and would be stuck"
        if gap.found:
            message += f": for example when {in_words(gap.decision.example(gap.found))}"
        message += f", on the way {Told(walks).way(gap.node)}"
        survey.report(state.ways[outcome][-1].place, "no-fallback", message, "add a last way without 'when'")


class _Dead:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.walks = survey.once(Walks)
        self.told = Told(self.walks)
        self.ways = survey.once(Ways)
        self.uses = [use for use in survey.uses if use.gives == "boolean" and use.what.endswith(".when")]
        self.faulty = {problem.place: problem.code for problem in survey.problems}
        codes = {self.faulty[use.place] for use in self.uses if use.place in self.faulty}
        self.settled = bool(codes)
        """Whether it is told already of a condition that it decides nothing."""
        self.misread = not codes <= {"never-holds", "dead-route"}
        """Whether a condition is not what it should be."""

    # conditions

    def conditions(self) -> None:
        """Conditions that hold on no way, and ways behind others that hold on each."""
        for use in self.uses:
            if use.place in self.faulty:
                continue
            kind, name, more, index = use.point
            if kind == "guard":
                self._guard(use, name, more, index)
            elif kind == "begin" and self._is_asked(name, more) and (name, more) not in self.walks.begun:
                self._never(use, self.walks.at[name][0], ("begin", name, more))
            elif kind == "always" and (name, more) not in self.walks.used:
                scope = self.survey.scopes[name]
                node = next((self.walks.at[one][0] for one in scope.states if self._is_roamed(one)), None)
                if node is not None:
                    self._never(use, node, ("always", name, more))

    def _is_roamed(self, state: str) -> bool:
        here = self.survey.states[state]
        return self.walks.reaches(state) and not (here.is_start or here.is_end)

    def _is_asked(self, parallel: str, branch: str) -> bool:
        state = self.survey.states[parallel]
        return isinstance(state, Parallel) and self.walks.is_asked(state, state.branches[branch])

    def _guard(self, use: Use, name: str, outcome: str, index: int) -> None:
        if (name, outcome, index) in self.walks.taken:
            return
        node, known = self._asked_in(name, outcome)
        decision = self.walks.decisions.get(("leave", name, outcome))
        if node is None or decision is None:
            return
        route = self.survey.states[name].ways[outcome][index]
        where = self.told.where(node, known, decision)
        if any(decision.may_hold(index, known) for _, known in self._moments(name, outcome)):
            code, message = (
                "dead-route",
                f"this way is never taken: {where}, one before it is, and so on every other way",
            )
        else:
            code, message = "never-holds", f"the condition never holds: not {where}, nor on any other way"
        if route.to in self.survey.states and not self.walks.reaches(route.to):
            message += f"; so no job comes to {route.to!r}"
        self.survey.report(use.place, code, f"{use.what}: {message}", _MEND)

    def _asked_in(self, name: str, outcome: str) -> tuple[Node | None, Known]:
        return next(self._moments(name, outcome), (None, ()))

    def _moments(self, name: str, outcome: str) -> Iterator[tuple[Node, Known]]:
        """The nodes in which the ways of an outcome are asked, with what is known then."""
        yield from self.walks.moments.get((name, outcome), ())

    def _never(self, use: Use, node: Node, key: tuple[str, str, str]) -> None:
        where = self.told.where(node, node.known, self.walks.decisions[key])
        message = f"{use.what}: the condition never holds: not {where}, nor on any other way"
        self.survey.report(use.place, "never-holds", message, _MEND)

    # states

    def states(self) -> None:
        """States that are led to only by last ways before which a condition always holds; and whether the need is ever
        fulfilled."""
        if self.settled:
            return
        for scope in self.survey.scopes.values():
            if not scope.path or self.walks.reaches(self.survey.owner[scope.path].name):
                for name in scope.states:
                    if not self.walks.reaches(name) and name in self.ways.reached[scope.path]:
                        self._dead(scope, name)
        fulfilled = [one for one in self.survey.ends.values() if isinstance(one, Fulfilled)]
        told = any(problem.code == "no-fulfilled" for problem in self.survey.problems)
        if fulfilled and not told and not any(self.walks.reaches(one.name) for one in fulfilled):
            message = f"no job comes to {fulfilled[0].name!r}: the need is never fulfilled, whichever way it goes"
            self.survey.report(fulfilled[0].place, "no-fulfilled", message, "see the conditions on the ways to it")

    def _dead(self, scope: Scope, dead: str) -> None:
        """A state that no job comes to, unless the condition or the join is told that keeps them away."""
        leading = [
            (name, outcome, route)
            for name in scope.states
            for outcome, _, route in self.survey.routes[name]
            if route.to == dead and self.walks.reaches(name)
        ]
        if not leading or any(route.when is not None for *_, route in leading):
            return
        name, outcome, _ = leading[0]
        node, known = self._asked_in(name, outcome)
        decision = self.walks.decisions.get(("leave", name, outcome))
        if node is not None and decision is not None and not any(entry.to == dead for entry in scope.always):
            state, where = self.survey.states[dead], self.told.where(node, known, decision)
            code = "no-fulfilled" if isinstance(state, Fulfilled) else "unreachable-state"
            message = f"no job comes to {dead!r}: {where}, a condition before the last way of {name!r} holds"
            message += ", and so on every other way"
            self.survey.report(state.place, code, message, "lead another way to it, or leave it out")

    # joins

    def joins(self) -> None:
        """Parallels of which too few branches come to their end on any way."""
        for state in self.survey.states.values():
            if not isinstance(state, Parallel) or not self.walks.reaches(state.name) or self.walks.can_join(state):
                continue
            if not state.ways.get("joined") or any(one.code == "impossible-join" for one in self.survey.problems):
                continue
            for name, branch in state.branches.items():
                if branch.scope.path not in self.walks.done and (state.name, name) not in self.walks.skipped:
                    way = self.told.way(self.walks.at[state.name][0])
                    message = f"{state.name!r} never joins: on no way its branch {name!r} reaches 'done', by {way}"
                    place = branch.place if branch.place != Place() else state.place
                    self.survey.report(place, "impossible-join", message, "see the conditions in the branch")

    # traps

    def traps(self) -> None:
        """Nodes that some job surely comes to, and from which no way leads to an end, or to that of the branch."""
        leading: dict[Node, list[Node]] = {}
        for node in self.walks.nodes:
            for onward in node.onward:
                leading.setdefault(onward.to, []).append(node)
        fine = {node for node in self.walks.nodes if self._leaves(node)}
        waiting = list(fine)
        while waiting:
            for before in leading.get(waiting.pop(), ()):
                if before not in fine:
                    fine.add(before)
                    waiting.append(before)
        told = {problem.place for problem in self.survey.problems}
        for node in self.walks.nodes:
            if node in fine or not node.exact or (node.before is not None and node.before not in fine):
                continue
            if not node.state:
                continue
            state = self.survey.states[node.state]
            places = {state.place, *(route.place for _, _, route in self.survey.routes[node.state])}
            if told.isdisjoint(places) and state.name in self.ways.ending[self.survey.scope_of[state.name].path]:
                where = self.told.known(node.known)
                message = f"from {node.state!r} no way leads to an end{' where ' + where if where else ''}: "
                message += f"a job comes there by {self.told.way(node)}"
                self.survey.report(state.place, "no-way-out", message, "give it a way on that can be taken then")
                return

    def _leaves(self, node: Node) -> bool:
        """Whether a job at a node, or its branch, comes to its end there, or may be taken from around."""
        if not node.state:
            return node.leaves
        state = self.survey.states[node.state]
        return state.is_end or node.leaves or self.ways.is_taken_out(self.survey.scope_of[node.state])
