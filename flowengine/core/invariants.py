"""What must be true of every position. Only what a command touched is looked at; a breach is a bug in flowengine."""

from __future__ import annotations

from flowengine.core.draft import Draft
from flowengine.core.machines import Compiled
from flowengine.core.values import ROOT, Branch, Fork, Undoing
from flowengine.errors import InvariantBroken


def check(compiled: Compiled, draft: Draft) -> None:
    """Raises InvariantBroken. Proves for each touched branch that it stands where it can, and that it waits (L1)."""
    for branch in draft.effects.branches.values():
        if branch.id != ROOT or draft.head.status == "open":
            _branch(compiled, draft, branch)
    if draft.head.status != "open":
        _over(compiled, draft)
    if any(count < 1 for count in draft.head.standing.values()):
        raise InvariantBroken("a state is counted less than once", where=draft.head.job)


def _branch(compiled: Compiled, draft: Draft, branch: Branch) -> None:
    where = f"{draft.head.job}, branch {branch.id}"
    if branch.id != ROOT and (branch.parent is None or draft.branch(branch.parent) is None):
        raise InvariantBroken("a branch has outlived the branch above it", where=where)
    inner = branch.inners.get("")
    if branch.pending or branch.done:
        if branch.state or branch.steps or branch.timers or branch.calls or branch.inners:
            raise InvariantBroken("a branch that does not run holds something open", where=where)
    elif isinstance(inner, Undoing):
        if branch.state or not any(call.undo for call in branch.calls):
            raise InvariantBroken("a branch that is undoing waits for no undo call", where=where)
    elif branch.state not in compiled.scopes[branch.scope].states or branch.state in compiled.ends:
        raise InvariantBroken(f"a branch stands in {branch.state or 'no state'!r}, outside its scope", where=where)
    elif not _waits(compiled, branch):
        raise InvariantBroken(f"a branch stands in {branch.state!r} and waits for nothing", where=where)
    if isinstance(inner, Fork) and not (inner.open >= 0 and inner.done >= 0 and inner.open + inner.done <= inner.total):
        raise InvariantBroken(f"a fork does not add up: {inner}", where=where)
    for step in branch.steps:
        if step.branch != branch.id or step.state != branch.state or step.number > draft.head.serial:
            raise InvariantBroken(f"step {step.number} is not of its branch", where=where)
        if step.claimed is not None and step.claimed in step.excluded:
            raise InvariantBroken(f"step {step.number} is claimed by one who may not do it", where=where)


def _waits(compiled: Compiled, branch: Branch) -> bool:
    """Whether something can still happen: a step, a timer, a call, a branch below, or a message."""
    if branch.steps or branch.timers or branch.calls:
        return True
    state = compiled.states[branch.state]
    if state.scopes:
        return isinstance(branch.inners.get(""), Fork)
    return any(member.awaited is not None for member in state.members.values())


def _over(compiled: Compiled, draft: Draft) -> None:
    """A job that is over stands in exactly one end, and nothing is open in it (L1)."""
    root, head = draft.at(ROOT), draft.head
    if root.state not in compiled.ends or root.state != head.end:
        raise InvariantBroken(f"the job is {head.status} and stands in {root.state!r}", where=head.job)
    if head.branches or root.steps or root.timers or root.calls or head.standing != {root.state: 1}:
        raise InvariantBroken("the job is over and something is still open in it", where=head.job)
