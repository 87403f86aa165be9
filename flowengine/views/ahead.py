"""What may still come for a job's customer, in the order of the flow from where the job stands now.

The likely path comes first: of each state the outcome that one hopes for, and where that has guards, the one that holds
now, else the shortest way to the end. What other usual outcomes lead to follows, unless the job was there before: what
is over is told again only where it is likely to come again. What only a missed deadline, a failure
or a refusal leads to is told only when there is nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.usual import Usual, targets, usual
from flowengine.core.values import ROOT, Branch, Fork
from flowengine.core.world import World
from flowengine.language.model import Scope, State
from flowengine.language.types import Each

MOST = 20
"""How much is told."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look ahead. The words are gathered by how likely they are."""

    way: Usual
    likely: dict[str, None] = field(default_factory=dict)
    usual: dict[str, None] = field(default_factory=dict)
    rare: dict[str, None] = field(default_factory=dict)


def ahead(compiled: Compiled, position: Position, now: datetime, world: World, here: Iterable[str]) -> tuple[str, ...]:
    """Phases, and the customer's own steps, each once; those in ``here`` are where the job stands already."""
    way, root = usual(compiled, position, now, world), position.branch(ROOT)
    if way is None or root is None:
        return ()
    look = _Look(way)
    _from_branch(look, root)
    stands = set(here)
    told = [word for word in look.likely | look.usual if word not in stands]
    return tuple(told or [word for word in look.rare if word not in stands])[:MOST]


def _from_branch(look: _Look, branch: Branch) -> None:
    """What comes after where a branch stands: what is below it first, then the rest of its scope."""
    state = look.way.compiled.states.get(branch.state)
    scope = look.way.compiled.scopes[branch.scope]
    if state is None:
        if branch.pending and scope.start in scope.states:
            _walk(look, scope, scope.start)
        return
    if isinstance(state, Each):
        _from_items(look, state)
    elif state.scopes:
        fork = branch.inners.get("")
        done = (*fork.finished, *fork.skipped) if isinstance(fork, Fork) else ()
        for child in look.way.position.children(branch.id):
            if child.name not in done and not child.detached:
                _from_branch(look, child)
    _walk(look, scope, look.way.next(scope, state), passed=state.name)


def _from_items(look: _Look, state: Each) -> None:
    """Of an each, whose branches may be many, only the states where any of them stands are looked at."""
    for inner in state.scope.states.values():
        if inner.name in look.way.position.head.standing:
            _walk(look, state.scope, look.way.next(state.scope, inner), passed=inner.name)


def _walk(look: _Look, scope: Scope, begin: str, passed: str = "") -> None:
    """The likely path through a scope from ``begin`` on; then all that usual outcomes lead to, then the rest.

    ``passed`` is the state before it, whose other outcomes count as well.
    """
    path = {state.name: None for state in look.way.path(scope, begin)}
    for name in path:
        _tell(look, scope.states[name], look.likely)
    seen = dict.fromkeys([passed] if passed else []) | path
    _spread(look, scope, seen, look.usual, rare=False)
    _spread(look, scope, seen, look.rare, rare=True)


def _spread(look: _Look, scope: Scope, seen: dict[str, None], words: dict[str, None], *, rare: bool) -> None:
    """Tell what can be reached from the states that were seen, the near before the far, and note it as seen."""
    waiting = list(seen)
    while waiting:
        for target in targets(scope.states[waiting.pop(0)], rare=rare):
            if target in scope.states and target not in seen:
                seen[target] = None
                waiting.append(target)
                _tell(look, scope.states[target], words)


def _tell(look: _Look, state: State, words: dict[str, None]) -> None:
    """The word for a state, and for what is inside it."""
    if words is not look.likely and look.way.names.passed(state.name):
        return  # it is over, and comes again only if something goes otherwise than one hopes
    if word := state.customers_word:
        words.setdefault(word)
    inside = replace(look, likely=words, usual=look.usual if words is look.likely else words)
    for scope in look.way.opens(state):
        _walk(inside, scope, scope.start)
