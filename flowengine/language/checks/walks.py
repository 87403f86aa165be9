"""All ways through a process, each with what it establishes (``questions``).

A *node* is a state together with what is known as a job enters it. From the need on, each node is followed: with each
outcome that its state can have, on each way that what is known leaves open. They are followed in breadth, so that the
first node of a state is at the end of a shortest way to it. Scopes are followed one by one: a branch begins with what is
known where its parallel is entered, without what those beside it may change; a join, and whatever else moves a job out
of a state with scopes, knows nothing of what may have changed inside.

A node that allows no more than another of its state is not followed again. There is a budget: of nodes, of nodes of one
state, and of what is looked at in conditions. Where it ends, nothing is known of the job that enters a state, so that
what is found out stays true: there may be more ways than jobs can go, never fewer. Which states these are is noted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from flowengine.language.checks.questions import FAILS, Known, Narrowed, Questions
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always, Route
from flowengine.language.types import Branch, Each, Parallel, Stage

MOST_NODES = 4_000
"""Nodes that are followed in one process."""
MOST_OF_STATE = 200
"""Nodes of one state that are followed."""

Kind: TypeAlias = Literal["way", "always", "opened"]


class Onward(NamedTuple):
    """A way from one node to another. ``kind``: by an outcome of the state, by an entry of ``always`` (the outcome is
    its name), or into a scope inside."""

    to: Node
    outcome: str
    index: int
    kind: Kind


@dataclass(eq=False, slots=True)
class Node:
    """A job enters a ``state`` with what is ``known``, from the node ``before`` by an ``outcome``, where this was
    ``found`` out. ``exact``: some job surely comes here. ``leaves``: from here its branch can come to its end."""

    state: str
    known: Known
    exact: bool
    before: Node | None = None
    outcome: str = ""
    found: Narrowed = ()
    onward: list[Onward] = field(default_factory=list)
    leaves: bool = False


class Gap(NamedTuple):
    """A node from which no way of an outcome is taken, for these answers (None: it could not be found out)."""

    node: Node
    found: Narrowed | None


class Walks:
    """All ways through a process."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.questions = Questions(survey)
        self.nodes: list[Node] = []
        self.at: dict[str, list[Node]] = {}
        self.taken: set[tuple[str, str, int]] = set()
        """The ways that are taken: state, outcome, which of its ways."""
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
        self.undecided: dict[tuple[str, str, str], None] = {}
        """Decisions that take more than their budget."""
        self._live = _live(survey, self.questions)
        self._waiting: dict[str, list[Node]] = {}
        """States with scopes whose scopes are not done yet, as far as was followed."""
        self._queue: deque[Node] = deque()
        self._around = {branch.scope.path: branch for state in survey.states.values() if isinstance(state, Parallel) for branch in state.branches.values()}
        self._follow()

    def reaches(self, state: str) -> bool:
        """Whether any way leads to a state."""
        return state in self.at

    def can_join(self, state: State) -> bool:
        """Whether a state with scopes comes to its end by what happens inside, as far as was followed."""
        if isinstance(state, Parallel):
            ended = {name for name, one in state.branches.items() if one.scope.path in self.done}
            settled = ended | {name for name in state.branches if (state.name, name) in self.skipped}
            if len(settled) == len(state.branches):
                return True
            return bool(ended) if not isinstance(state.join, int | str) else len(ended) >= _needed(state)
        return any(scope.path in self.done for scope in state.scopes) or (isinstance(state, Each) and not state.more)

    # following

    def _follow(self) -> None:
        root = self.survey.process.root
        if root.start not in root.states:
            return
        self._enter(root.start, self.questions.at_first(), True, None, "", (), -1, "way")
        while self._queue:
            self._from(self._queue.popleft())

    def _enter(
        self, name: str, known: Known, exact: bool, before: Node | None, outcome: str, found: Narrowed, index: int,
        kind: Kind,
    ) -> None:  # fmt: skip
        live = self._live.get(name, 0)
        known = tuple(pair for pair in known if live >> pair[0] & 1)
        here = self.at.setdefault(name, [])
        node = _covering(here, known)
        if node is None:
            if len(self.nodes) >= MOST_NODES or len(here) >= MOST_OF_STATE:
                self.cut[name] = None
                known, exact = (), False
            node = Node(name, known, exact, before, outcome, found)
            here.append(node)
            self.nodes.append(node)
            self._queue.append(node)
        if before is not None:
            before.onward.append(Onward(node, outcome, index, kind))

    def _from(self, node: Node) -> None:
        state = self.survey.states[node.state]
        if state.is_end:
            return
        scope = self.survey.scope_of[state.name]
        known, exact = node.known, node.exact
        if state.scopes:
            inside = 0
            for inner in state.scopes:
                inside |= self.questions.inside[inner.path]
            outside = _without(known, inside)
            exact = exact and outside == known
            self._open(node, state)
            known = outside
        if not state.is_start:
            self._always(node, scope, known, exact)
        for outcome in state.ways:
            if not (state.scopes and outcome in state.outcomes):
                self._leave(node, state, outcome, known, exact)
        if state.scopes and not isinstance(state, Stage):
            if self.can_join(state):
                self._join(node, state)
            else:
                self._waiting.setdefault(state.name, []).append(node)

    def _leave(self, node: Node, state: State, outcome: str, known: Known, exact: bool) -> None:
        """The state is left with an outcome: its answer is saved, and a way is taken."""
        questions, scope = self.questions, self.survey.scope_of[state.name]
        changes = questions.left(state, outcome)
        exact = exact and all(one.surely for one in changes)
        known = _without(questions.passed(questions.after(known, changes), state), questions.unsteady[scope.path])
        ways = state.ways[outcome]
        decision = questions.decisions.get(("leave", state.name, outcome))
        if decision is None:
            if ways:
                self._take(node, state, outcome, 0, ways[0], known, exact, ())
            return
        split = decision.split(known)
        if not split.decided:
            self.undecided["leave", state.name, outcome] = None
            exact = False
        for index, several in split.ways.items():
            if index == len(ways):
                self.gaps.setdefault((state.name, outcome), Gap(node, several[0] if split.decided else None))
            elif index != FAILS:
                for found in several:
                    after, surely = questions.narrowed(known, found, scope)
                    self._take(node, state, outcome, index, ways[index], after, exact and surely, found)

    def _take(
        self, node: Node, state: State, outcome: str, index: int, route: Route, known: Known, exact: bool,
        found: Narrowed,
    ) -> None:  # fmt: skip
        scope = self.survey.scope_of[state.name]
        self.taken.add((state.name, outcome, index))
        known = self._set(scope, route, known, state.name)
        if route.undo and self.survey.target(scope, route.to) is not Target.STATE:
            self._always(node, scope, known, exact)  # while things are undone, it may be moved again
        self._arrive(scope, route.to, known, exact, node, outcome, found, index, "way")

    def _set(self, scope: Scope, source: Route | Always, known: Known, state: str) -> Known:
        changes = self.questions.sets(scope, source, state)
        return _without(self.questions.after(known, changes), self.questions.unsteady[scope.path]) if changes else known

    def _always(self, node: Node, scope: Scope, known: Known, exact: bool) -> None:
        questions = self.questions
        for entry in scope.always:
            decision = questions.decisions.get(("always", scope.path, entry.name))
            several: tuple[Narrowed, ...] = ((),)
            if decision is not None:
                split = decision.split(known)
                if not split.decided:
                    self.undecided["always", scope.path, entry.name] = None
                several = split.ways.get(0, ())
            for found in several:
                self.used.add((scope.path, entry.name))
                after, surely = questions.narrowed(known, found, scope)
                after = self._set(scope, entry, questions.after(after, questions.invoked(scope, entry)), "")
                self._arrive(scope, entry.to, after, exact and surely, node, entry.name, found, -1, "always")

    def _arrive(
        self, scope: Scope, to: str, known: Known, exact: bool, before: Node, outcome: str, found: Narrowed, index: int,
        kind: Kind,
    ) -> None:  # fmt: skip
        target = self.survey.target(scope, to)
        if target in (Target.STATE, Target.END):
            self._enter(to, known, exact, before, outcome, found, index, kind)
        elif target is Target.DONE:
            self._done(scope, known, exact, before)
        else:
            before.leaves = True  # it leads to nothing, which is a problem of its own

    # scopes inside

    def _done(self, scope: Scope, known: Known, exact: bool, before: Node) -> None:
        owner = self.survey.owner[scope.path]
        if isinstance(owner, Stage):
            self.done.add(scope.path)
            if owner.ways.get("done"):
                self._leave(before, owner, "done", known, exact)
            else:
                before.leaves = True
            return
        before.leaves = True
        if scope.path in self.done:
            return
        self.done.add(scope.path)
        self._settled(owner)

    def _settled(self, owner: State) -> None:
        """A branch of a parallel, or an item of an each, has come to its end for the first time, or is passed over."""
        if isinstance(owner, Parallel):
            for branch in owner.branches.values():
                if branch.after:
                    for node in self.at.get(owner.name, ()):
                        self._begin(node, owner, branch)
        if self.can_join(owner):
            for node in self._waiting.pop(owner.name, ()):
                self._join(node, owner)

    def _join(self, node: Node, state: State) -> None:
        inside = 0
        for inner in state.scopes:
            inside |= self.questions.inside[inner.path]
        known = _without(node.known, inside)
        for outcome in state.outcomes:
            if state.ways.get(outcome):
                self._leave(node, state, outcome, known, node.exact and known == node.known)

    def _open(self, node: Node, state: State) -> None:
        if isinstance(state, Parallel):
            for branch in state.branches.values():
                self._begin(node, state, branch)
            return
        for scope in state.scopes:
            known = _without(node.known, self.questions.unsteady[scope.path])
            if isinstance(state, Each):
                known = self.questions.after(known, self.questions.fresh(state))
            self._enter_scope(scope, known, node.exact, node, ())

    def _begin(self, node: Node, state: Parallel, branch: Branch) -> None:
        """A branch may begin, where those that it comes after are done or passed over."""
        if (state.name, branch.name) in self.begun and branch.after and node.known == ():
            return
        known, exact = node.known, node.exact
        if branch.after:
            if not all(self._is_settled(state, name) for name in branch.after if name in state.branches):
                return
            inside = 0
            for inner in state.scopes:
                inside |= self.questions.inside[inner.path]
            known = _without(known, inside)
            exact = exact and known == node.known
        decision = self.questions.decisions.get(("begin", state.name, branch.name))
        if decision is None:
            opened: tuple[Narrowed, ...] = ((),)
        else:
            split = decision.split(known)
            if not split.decided:
                self.undecided["begin", state.name, branch.name] = None
            opened = split.ways.get(0, ())
            if 1 in split.ways and (state.name, branch.name) not in self.skipped:
                self.skipped.add((state.name, branch.name))
                self._settled(state)
        around = self.survey.scope_of[state.name]
        for found in opened:
            self.begun.add((state.name, branch.name))
            after, surely = self.questions.narrowed(known, found, around)
            after = _without(after, self.questions.unsteady[branch.scope.path])
            self._enter_scope(branch.scope, after, exact and surely, node, found)

    def _is_settled(self, state: Parallel, name: str) -> bool:
        return state.branches[name].scope.path in self.done or (state.name, name) in self.skipped

    def _enter_scope(self, scope: Scope, known: Known, exact: bool, node: Node, found: Narrowed) -> None:
        if scope.start in scope.states:
            self._enter(scope.start, known, exact, node, "", found, -1, "opened")


def _needed(state: Parallel) -> int:
    return state.join if isinstance(state.join, int) else len(state.branches)


def _without(known: Known, bits: int) -> Known:
    """What is known but for these questions."""
    if not bits or not known:
        return known
    return tuple(pair for pair in known if not bits >> pair[0] & 1)


def _covering(nodes: list[Node], known: Known) -> Node | None:
    """The node that allows all that is known, if there is one."""
    possible = dict(known)
    for node in nodes:
        if all(possible.get(number, -1) | mask == mask for number, mask in node.known):
            return node
    return None


# which questions matter


def _live(survey: Survey, questions: Questions) -> dict[str, int]:
    """By state: the questions that may be asked of a job that enters it, before their answers are others."""
    if not questions.all:
        return {}
    return _Live(survey, questions).found


class _Live:
    """Backwards, from what is asked, until nothing changes."""

    def __init__(self, survey: Survey, questions: Questions) -> None:
        self.survey = survey
        self.questions = questions
        self.found = dict.fromkeys(survey.states, 0)
        self._ended: dict[str, int] = {}
        """By the path of a stage's scope: what is asked once it is done."""
        changed = True
        states = list(reversed(survey.states.values()))
        while changed:
            changed = False
            for state in states:
                after = self._before(state)
                if after != self.found[state.name]:
                    self.found[state.name] = after
                    changed = True

    def _before(self, state: State) -> int:
        scope, found = self.survey.scope_of[state.name], 0
        for entry in scope.always:
            found |= self._asks(("always", scope.path, entry.name)) | self._of(scope, entry.to)
        for branch in state.branches.values() if isinstance(state, Parallel) else ():
            found |= self._asks(("begin", state.name, branch.name))
        for inner in state.scopes:
            found |= self.found.get(inner.start, 0)
        for outcome in state.ways:
            found |= self._leaving(state, outcome)
        return found

    def _leaving(self, state: State, outcome: str) -> int:
        scope = self.survey.scope_of[state.name]
        found = self._asks(("leave", state.name, outcome))
        for route in state.ways[outcome]:
            found |= self._of(scope, route.to)
        if not state.scopes:
            for number, _, surely in self.questions.left(state, outcome):
                if surely:
                    found &= ~(1 << number)
        return found

    def _of(self, scope: Scope, to: str) -> int:
        target = self.survey.target(scope, to)
        if target is Target.DONE:
            owner = self.survey.owner[scope.path]
            return self._leaving(owner, "done") if isinstance(owner, Stage) and "done" in owner.ways else 0
        return self.found.get(to, 0)

    def _asks(self, key: tuple[str, str, str]) -> int:
        decision = self.questions.decisions.get(key)
        return decision.asks if decision is not None else 0


# which ways are taken


def way_to(node: Node) -> list[Node]:
    """A shortest way to a node: the nodes from the need up to it."""
    found: list[Node] = []
    one: Node | None = node
    while one is not None:
        found.append(one)
        one = one.before
    return found[::-1]


def steps(nodes: list[Node]) -> Iterator[tuple[Node, Node]]:
    """Each node of a way with the one that comes next."""
    yield from zip(nodes, nodes[1:], strict=False)
