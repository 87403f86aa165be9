"""All ways through a process, each with what it establishes (``questions``).

A *node* is a state together with what is known as a job enters it. From the need on, each node is followed: with each
outcome that its state can have, on each way that what is known leaves open. They are followed in breadth, so that the
first node of a state is at the end of a shortest way to it. Scopes are followed one by one: a branch begins with what
is known where its parallel is entered, without what those beside it may change; a join, and whatever else moves a job
out of a state with scopes, knows nothing of what may have changed inside.

There is a budget: of nodes, of nodes of one state, and of what is looked at in conditions. Where it ends, nothing is
known of the job that enters a state, so that what is found out stays true: there may be more ways than jobs can go,
never fewer. Which states these are is noted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from flowengine.language.checks.changes import Changes
from flowengine.language.checks.decisions import CERTAIN, FAILS, Asked, Decision, Decisions, Narrowed, Split
from flowengine.language.checks.live import Live
from flowengine.language.checks.questions import Known, Questions
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE, Always, Route
from flowengine.language.types import Branch, Each, Parallel, Stage

MOST_NODES = 4_000
"""Nodes that are followed in one process."""
MOST_OF_STATE = 200
"""Nodes of one state that are followed."""

MOST_WORK = 24_000
"""Units of work that are spent on it, of some 20 µs each: a node, a way, and what is known there."""

Kind: TypeAlias = Literal["way", "always", "roam", "opened"]
Way: TypeAlias = tuple[str, str, int]
"""A way on: the state, the outcome, which of its ways."""


class Onward(NamedTuple):
    """A way from one node to another, which begins with an outcome of its state (``by``), with an entry of ``always``
    (``by`` is its name), or with a scope inside that is opened. ``way`` is the way of a state that is taken then: of
    its own, or of the stage that is done by it. To where entries of always are used, it leads by ``roam``."""

    to: Node
    by: str
    way: Way | None
    kind: Kind


@dataclass(eq=False, slots=True)
class Node:
    """A job enters a ``state`` with what is ``known``, from the node ``before``, ``by`` an outcome and on a ``way`` (as
    in :class:`Onward`). ``exact``: some job surely comes here. ``leaves``: from here its branch can come to its end.
    Without a state, it is anywhere in a ``scope``, where an entry of always may be used."""

    state: str
    known: Known
    exact: bool
    before: Node | None = None
    by: str = ""
    way: Way | None = None
    kind: Kind = "way"
    scope: str = ""
    onward: list[Onward] = field(default_factory=list)
    leaves: bool = False


class Gap(NamedTuple):
    """A node from which no way of an outcome is taken, for these answers (None: it could not be found out)."""

    node: Node
    decision: Decision
    found: Narrowed | None


class Walks:
    """All ways through a process."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.questions = Questions(survey)
        self.decisions = Decisions(self.questions).all
        self.changes = Changes(self.questions)
        self.nodes: list[Node] = []
        self.at: dict[str, list[Node]] = {}
        self.taken: set[tuple[str, str, int]] = set()
        """The ways that are taken: state, outcome, which of its ways."""
        self.moments: dict[tuple[str, str], list[tuple[Node, Known]]] = {}
        """By state and outcome that have conditions: the nodes in which they are asked, with what is known then."""
        self.gaps: dict[tuple[str, str], Gap] = {}
        """By state and outcome: where no way is taken."""
        self.done: set[str] = set()
        """The paths of scopes that come to ``done``."""
        self.begun: set[tuple[str, str]] = set()
        """Branches that are opened, by parallel."""
        self.skipped: set[tuple[str, str]] = set()
        """Branches that are passed over because their ``when`` does not hold."""
        self.used: set[tuple[str, str]] = set()
        """The entries of always that are used, by the path of their scope."""
        self.cut: dict[str, None] = {}
        """States of which not all that is known on the ways to them was followed."""
        self.undecided: dict[Asked, None] = {}
        """Decisions that take more than their budget."""
        self._nodes: dict[str, dict[Known, Node]] = {}
        """By the name of a state, or of a scope for always: its nodes by what is known."""
        self._live = Live(survey, self.decisions, self.changes)
        self._left = MOST_WORK
        self._waiting: dict[str, list[Node]] = {}
        """States with scopes whose scopes are not done yet, as far as was followed."""
        self._queue: deque[Node] = deque()
        parallels = [state for state in survey.states.values() if isinstance(state, Parallel)]
        self._ended: dict[str, set[str]] = {state.name: set() for state in parallels}
        """By parallel: its branches that come to their end."""
        self._settled: dict[str, set[str]] = {state.name: set() for state in parallels}
        """By parallel: those, and the ones that are passed over."""
        self._branches = {one.scope.path: (state, one) for state in parallels for one in state.branches.values()}
        self._settling: deque[tuple[Parallel, Branch]] = deque()
        self._missing = {
            (state.name, name): sum(one in state.branches for one in branch.after)
            for state in parallels
            for name, branch in state.branches.items()
        }
        """How many of those are not settled yet that a branch comes after."""
        self._follow()

    def reaches(self, state: str) -> bool:
        """Whether any way leads to a state."""
        return state in self.at

    def can_join(self, state: State) -> bool:
        """Whether a state with scopes comes to its end by what happens inside, as far as was followed."""
        if isinstance(state, Parallel):
            ended, settled = len(self._ended[state.name]), len(self._settled[state.name])
            if settled == len(state.branches):
                return True
            return state.join != "all" and ended >= (state.join if isinstance(state.join, int) else 1)
        return any(scope.path in self.done for scope in state.scopes) or (isinstance(state, Each) and not state.more)

    def is_asked(self, state: Parallel, branch: Branch) -> bool:
        """Whether it is asked if a branch is opened: all that it comes after come to their end, or are passed over."""
        return self.reaches(state.name) and not self._missing.get((state.name, branch.name))

    def counts(self, states: Iterable[str], nodes: Iterable[Node]) -> bool:
        """Whether it is known in all these nodes how often states were passed, as far as a condition asks."""
        if self.undecided or self.cut:
            return False
        asked = self.questions.counting(states)
        if asked is None:
            return False
        return all(asked <= {number for number, _ in node.known} for node in nodes if node.state)

    # following

    def _follow(self) -> None:
        root = self.survey.process.root
        if root.start not in root.states:
            return
        self._enter(root.start, self.questions.at_first(), True, _Step(None, "", "way"), None)
        while self._queue:
            self._from(self._queue.popleft())

    def _enter(self, name: str, known: Known, exact: bool, step: _Step, way: Way | None) -> None:
        live = self._live.entered[name]
        known = tuple(pair for pair in known if live >> pair[0] & 1)
        node, known = self._same(name, known, name)
        if node is None:
            exact = exact and name not in self.cut
            node = Node(name, known, exact, step.node, step.by, way, step.kind)
            self._add(name, node)
            self.at.setdefault(name, []).append(node)
            self._queue.append(node)
        if step.node is not None:
            step.node.onward.append(Onward(node, step.by, way, step.kind))

    def _same(self, key: str, known: Known, state: str) -> tuple[Node | None, Known]:
        """The node in which that is known, if there is one; else what is known in the one that is to be made: nothing,
        where the budget ends.

        One that allows more is another node: a round through it need not be one that a job can go for ever.
        """
        nodes = self._nodes.setdefault(key, {})
        self._left -= 1 + len(known) // 8
        if known not in nodes and (self._left < 0 or len(self.nodes) >= MOST_NODES or len(nodes) >= MOST_OF_STATE):
            self.cut[state] = None
            known = ()
        return nodes.get(known), known

    def _add(self, key: str, node: Node) -> None:
        self._nodes[key][node.known] = node
        self.nodes.append(node)

    def _from(self, node: Node) -> None:
        state = self.survey.states[node.state]
        if state.is_end:
            return
        scope = self.survey.scope_of[state.name]
        known, exact = node.known, node.exact
        if state.scopes:
            known = _without(known, self._inside(state))
            exact = exact and known == node.known
            self._open(node, state)
        if not state.is_start:
            self._always(node, scope, known, exact)
        for outcome in state.ways:
            if not (state.scopes and outcome in state.outcomes):
                self._leave(_Step(node, outcome, "way"), state, outcome, known, exact)
        if state.scopes and not isinstance(state, Stage):
            if self.can_join(state):
                self._join(node, state)
            else:
                self._waiting.setdefault(state.name, []).append(node)

    def _leave(self, step: _Step, state: State, outcome: str, known: Known, exact: bool) -> None:
        """The state is left with an outcome: its answer is saved, and a way is taken."""
        scope = self.survey.scope_of[state.name]
        changes = self.changes.left(state, outcome)
        exact = exact and all(one.surely for one in changes)
        known = self.changes.passed(self.changes.after(known, changes), state)
        known = _without(known, self.changes.unsteady[scope.path])
        ways = state.ways[outcome]
        split = self._split(("leave", state.name, outcome), known)
        if split is not CERTAIN and step.node is not None:
            self.moments.setdefault((state.name, outcome), []).append((step.node, known))
        for index, several in split.ways.items():
            if index == len(ways):
                if step.node is not None:
                    gap = Gap(
                        step.node,
                        self.decisions["leave", state.name, outcome],
                        several[0] if split.decided else None,
                    )
                    self.gaps.setdefault((state.name, outcome), gap)
            elif index != FAILS:
                way = (state.name, outcome, index)
                self.taken.add(way)
                for found in several:
                    after, surely = self.changes.narrowed(known, found, scope)
                    surely = surely and split.decided and index not in split.switched
                    self._take(step, way, ways[index], after, exact and surely)

    def _split(self, key: Asked, known: Known) -> Split:
        decision = self.decisions.get(key)
        if decision is None:
            return CERTAIN
        split = decision.split(known)
        if not split.decided:
            self.undecided[key] = None
        return split

    def _take(self, step: _Step, way: Way, route: Route, known: Known, exact: bool) -> None:
        scope = self.survey.scope_of[way[0]]
        known = self._set(scope, route, known, way[0])
        if route.undo and step.node is not None and self.survey.target(scope, route.to) is not Target.STATE:
            self._always(step.node, scope, known, exact)  # while things are undone, it may be moved again
        self._arrive(scope, route.to, known, exact, step, way)

    def _set(self, scope: Scope, source: Route | Always, known: Known, state: str) -> Known:
        changes = self.changes.sets(scope, source, state)
        return _without(self.changes.after(known, changes), self.changes.unsteady[scope.path]) if changes else known

    def _always(self, node: Node, scope: Scope, known: Known, exact: bool) -> None:
        """Wherever a job is in a scope, the entries of its always may be used: once for what is known there."""
        if not scope.always:
            return
        live = self._live.roaming[scope.path]
        known = tuple(pair for pair in known if live >> pair[0] & 1)
        key = f"{scope.path}/"  # which no state is called
        roam, known = self._same(key, known, node.state)
        if roam is None:
            roam = Node("", known, exact and node.state not in self.cut, node, kind="roam", scope=scope.path)
            self._add(key, roam)
            self._use(roam, scope)
        node.onward.append(Onward(roam, "", None, "roam"))

    def _use(self, node: Node, scope: Scope) -> None:
        for entry in scope.always:
            split = self._split(("always", scope.path, entry.name), node.known)
            for found in split.ways.get(0, ()):
                self.used.add((scope.path, entry.name))
                after, surely = self.changes.narrowed(node.known, found, scope)
                after = self.changes.after(after, self.changes.invoked(scope, entry))
                after = self._set(scope, entry, after, "")
                self._arrive(scope, entry.to, after, node.exact and surely, _Step(node, entry.name, "always"), None)

    def _arrive(self, scope: Scope, to: str, known: Known, exact: bool, step: _Step, way: Way | None) -> None:
        target = self.survey.target(scope, to)
        if target in (Target.STATE, Target.END):
            self._enter(to, known, exact, step, way)
        elif target is Target.DONE:
            self._done(scope, known, exact, step)
        elif step.node is not None:
            step.node.leaves = True  # it leads to nothing, which is a problem of its own

    # scopes inside

    def _done(self, scope: Scope, known: Known, exact: bool, step: _Step) -> None:
        owner = self.survey.owner[scope.path]
        first = scope.path not in self.done
        self.done.add(scope.path)
        if isinstance(owner, Stage) and owner.ways.get(DONE):
            self._leave(step, owner, DONE, known, exact)
            return
        if step.node is not None:
            step.node.leaves = True
        if first and scope.path in self._branches:
            parallel, branch = self._branches[scope.path]
            self._ended[parallel.name].add(branch.name)
            self._settle(parallel, branch)
        elif first:
            self._join_those_waiting(owner)

    def _settle(self, parallel: Parallel, branch: Branch) -> None:
        """A branch comes to its end, or is passed over, as was not known before; and so do others because of it."""
        self._settling.append((parallel, branch))
        if len(self._settling) > 1:
            return  # its turn comes below, where the first of them is worked off
        while self._settling:
            parallel, branch = self._settling[0]
            settled = self._settled[parallel.name]
            if branch.name not in settled:
                settled.add(branch.name)
                self._begin_those_after(parallel, branch)
                self._join_those_waiting(parallel)
            self._settling.popleft()

    def _begin_those_after(self, parallel: Parallel, branch: Branch) -> None:
        for path in self.survey.followers(parallel).get(branch.scope.path, ()):
            _, follower = self._branches[path]
            self._missing[parallel.name, follower.name] -= 1
            if not self._missing[parallel.name, follower.name]:
                for node in list(self.at.get(parallel.name, ())):
                    self._begin(node, parallel, follower)

    def _join_those_waiting(self, owner: State) -> None:
        if self.can_join(owner):
            for node in self._waiting.pop(owner.name, ()):
                self._join(node, owner)

    def _join(self, node: Node, state: State) -> None:
        known = _without(node.known, self._inside(state))
        for outcome in state.outcomes:
            if state.ways.get(outcome):
                step = _Step(node, outcome, "way")
                self._leave(step, state, outcome, known, node.exact and known == node.known)

    def _inside(self, state: State) -> int:
        """The questions whose answers may change in the scopes of a state."""
        found = 0
        for inner in state.scopes:
            found |= self.changes.inside[inner.path]
        return found

    def _open(self, node: Node, state: State) -> None:
        if isinstance(state, Parallel):
            for branch in state.branches.values():
                self._begin(node, state, branch)
            return
        for scope in state.scopes:
            known = _without(node.known, self.changes.unsteady[scope.path])
            if isinstance(state, Each):
                known = self.changes.after(known, self.changes.fresh(state))
            self._start(scope, known, node.exact, node)

    def _begin(self, node: Node, state: Parallel, branch: Branch) -> None:
        """A branch may begin, where those that it comes after are done or passed over."""
        known = node.known
        if branch.after:
            if self._missing[state.name, branch.name]:
                return
            known = _without(known, self._inside(state))
        exact = node.exact and known == node.known
        split = self._split(("begin", state.name, branch.name), known)
        if 1 in split.ways and (state.name, branch.name) not in self.skipped:
            self.skipped.add((state.name, branch.name))
            self._settle(state, branch)
        around = self.survey.scope_of[state.name]
        for found in split.ways.get(0, ()):
            self.begun.add((state.name, branch.name))
            after, surely = self.changes.narrowed(known, found, around)
            after = _without(after, self.changes.unsteady[branch.scope.path])
            self._start(branch.scope, after, exact and surely, node)

    def _start(self, scope: Scope, known: Known, exact: bool, node: Node) -> None:
        if scope.start in scope.states:
            self._enter(scope.start, known, exact, _Step(node, "", "opened"), None)


class _Step(NamedTuple):
    """What a job does next: from a node, by an outcome or an entry."""

    node: Node | None
    by: str
    kind: Kind


def _without(known: Known, bits: int) -> Known:
    """What is known but for these questions."""
    if not bits or not known:
        return known
    return tuple(pair for pair in known if not bits >> pair[0] & 1)
