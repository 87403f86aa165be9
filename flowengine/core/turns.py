"""Branches that take turns (``one_at_a_time``): what can be begun is offered, and who begins is alone until it is done.

A branch that begins by waiting for people or for a message can be offered together with others, for nothing has
happened in it yet; once one of them begins, the others rest. A branch that begins with anything else begins at once.
"""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.draft import replace
from flowengine.core.flow import Flow
from flowengine.core.values import Branch, Fork
from flowengine.language.types import Parallel


def next_turn(state: Parallel, ready: list[str]) -> tuple[list[str], str]:
    """Which of the branches that are ready to open, and which of them begins with that, if one does."""
    if not ready:
        return [], ""
    if not offered(state, ready[0]):
        return ready[:1], ready[0]
    return [name for name in ready if offered(state, name)], ""


def begun(flow: Flow, branch: Branch) -> None:
    """A branch does something for the first time: the others that were offered with it rest."""
    if branch.scope not in flow.compiled.turns or branch.parent is None or branch.detached:
        return
    parent = flow.draft.at(branch.parent)
    fork = parent.inners.get("")
    if not isinstance(fork, Fork) or fork.begun:
        return
    flow.draft.record(e.Kept(branch=parent.id, inner=replace(fork, open=1, begun=branch.name)))
    for other in list(flow.draft.children(parent.id)):
        if other.id != branch.id and not other.pending and not other.detached:
            flow.vacate(other)
            flow.draft.record(e.BranchRested(branch=other.id))


def offered(state: Parallel, name: str) -> bool:
    """Whether a branch can be offered together with others."""
    scope = state.branches[name].scope
    return all(one.only_waits for one in scope.states[scope.start].members.values())
