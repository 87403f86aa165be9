"""What may still come for a job's customer, in the order of the flow from where the job stands now.

The likely path comes first: of each state the outcome that one hopes for, and where that has guards, the one that holds
now, else the shortest way to the end. What other usual outcomes lead to follows, unless the job was there before: what
is over is told again only where it is likely to come again. What only a missed deadline, a failure
or a refusal leads to is told only when there is nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

from flowengine.core.machines import Compiled
from flowengine.core.names import JobNames
from flowengine.core.position import Position
from flowengine.core.values import ROOT, Branch, Fork
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE, Route
from flowengine.language.types import Each, Fulfilled, Parallel

MOST = 20
"""How much is told."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look ahead. The words are gathered by how likely they are."""

    compiled: Compiled
    position: Position
    names: JobNames
    likely: dict[str, None] = field(default_factory=dict)
    usual: dict[str, None] = field(default_factory=dict)
    rare: dict[str, None] = field(default_factory=dict)

    def holds(self, guard: Expression | None) -> bool | None:
        """Whether a guard would hold now; None when that cannot be said yet."""
        try:
            return True if guard is None else guard.holds(self.names)
        except ExpressionFailed:
            return None


def ahead(compiled: Compiled, position: Position, now: datetime, world: World, here: Iterable[str]) -> tuple[str, ...]:
    """Phases, and the customer's own steps, each once; those in ``here`` are where the job stands already."""
    root = position.branch(ROOT)
    if root is None or position.head.status != "open":
        return ()
    process = compiled.process
    look = _Look(compiled, position, JobNames(position, root, now, world, process))
    _from_branch(look, root)
    stands = set(here)
    told = [word for word in look.likely | look.usual if word not in stands]
    return tuple(told or [word for word in look.rare if word not in stands])[:MOST]


def _from_branch(look: _Look, branch: Branch) -> None:
    """What comes after where a branch stands: what is below it first, then the rest of its scope."""
    state = look.compiled.states.get(branch.state)
    scope = look.compiled.scopes[branch.scope]
    if state is None:
        if branch.pending and scope.start in scope.states:
            _walk(look, scope, scope.start)
        return
    if isinstance(state, Each):
        _from_items(look, state)
    elif state.scopes:
        fork = branch.inners.get("")
        done = (*fork.finished, *fork.skipped) if isinstance(fork, Fork) else ()
        for child in look.position.children(branch.id):
            if child.name not in done and not child.detached:
                _from_branch(look, child)
    _walk(look, scope, _next(look, scope, state), passed=state.name)


def _from_items(look: _Look, state: Each) -> None:
    """Of an each, whose branches may be many, only the states where any of them stands are looked at."""
    for inner in state.scope.states.values():
        if inner.name in look.position.head.standing:
            _walk(look, state.scope, _next(look, state.scope, inner), passed=inner.name)


def _walk(look: _Look, scope: Scope, begin: str, passed: str = "") -> None:
    """The likely path through a scope from ``begin`` on; then all that usual outcomes lead to, then the rest.

    ``passed`` is the state before it, whose other outcomes count as well.
    """
    path: dict[str, None] = {}
    while begin in scope.states and begin not in path:
        path[begin] = None
        begin = _next(look, scope, scope.states[begin])
    for name in path:
        _tell(look, scope.states[name], look.likely)
    seen = dict.fromkeys([passed] if passed else []) | path
    _spread(look, scope, seen, look.usual, rare=False)
    _spread(look, scope, seen, look.rare, rare=True)


def _spread(look: _Look, scope: Scope, seen: dict[str, None], words: dict[str, None], *, rare: bool) -> None:
    """Tell what can be reached from the states that were seen, the near before the far, and note it as seen."""
    waiting = list(seen)
    while waiting:
        for target in _targets(scope.states[waiting.pop(0)], rare=rare):
            if target in scope.states and target not in seen:
                seen[target] = None
                waiting.append(target)
                _tell(look, scope.states[target], words)


def _tell(look: _Look, state: State, words: dict[str, None]) -> None:
    """The word for a state, and for what is inside it."""
    if words is not look.likely and look.names.passed(state.name):
        return  # it is over, and comes again only if something goes otherwise than one hopes
    if word := state.customers_word:
        words.setdefault(word)
    inside = replace(look, likely=words, usual=look.usual if words is look.likely else words)
    if isinstance(state, Parallel):
        for branch in state.branches.values():
            if look.holds(branch.when) is not False:
                _walk(inside, branch.scope, branch.scope.start)
    else:
        for scope in state.scopes:
            _walk(inside, scope, scope.start)


# ways on


def _next(look: _Look, scope: Scope, state: State) -> str:
    """Where a state most likely leads; empty where nobody knows."""
    ways = state.ways
    hoped = [outcome for outcome in (*state.outcomes[:1], *ways) if outcome in ways and state.is_usual(outcome)]
    likely = ways[hoped[0]] if hoped else next(iter(ways.values()), ())
    unsure: list[Route] = []
    for route in likely:
        holds = look.holds(route.when)
        if holds is None:
            unsure.append(route)
        elif holds and not unsure:
            return route.to
        elif holds:
            unsure.append(route)
            break
    return min((route.to for route in unsure), key=lambda target: _length(scope, target), default="")


def _length(scope: Scope, target: str) -> float:
    """How many states there are from a target to the good end of its scope, by usual outcomes."""
    seen, edge, steps = {target}, [target], 0
    while edge:
        if any(_is_good_end(scope, name) for name in edge):
            return steps
        reached = (to for name in edge if name in scope.states for to in _targets(scope.states[name], rare=False))
        edge = list(dict.fromkeys(to for to in reached if to not in seen))
        seen.update(edge)
        steps += 1
    return inf


def _is_good_end(scope: Scope, name: str) -> bool:
    return name == DONE if scope.path else isinstance(scope.states.get(name), Fulfilled)


def _targets(state: State, *, rare: bool) -> Iterator[str]:
    """Where a state may lead: by usual outcomes, or by all."""
    for outcome, ways in state.ways.items():
        if rare or state.is_usual(outcome):
            yield from (route.to for route in ways)
