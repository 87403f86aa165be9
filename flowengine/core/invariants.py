"""What must be true of every position. Only what a command touched is looked at; a breach is a bug in flowengine."""

from __future__ import annotations

from flowengine.core.draft import Draft
from flowengine.core.machines import Compiled
from flowengine.core.values import CONVERSATION, ROOT, Branch, Fork, Head, Undoing
from flowengine.errors import InvariantBroken


def check(compiled: Compiled, draft: Draft) -> None:
    """Raises InvariantBroken. Proves for each touched branch that it stands where it can, and that it waits (L1)."""
    head = draft.head
    for branch in draft.effects.branches.values():
        if branch.id == CONVERSATION:
            _conversation(head, branch)
        elif branch.id != ROOT or head.status == "open":
            _branch(compiled, draft, head, branch)
    if head.status != "open":
        _over(compiled, draft)
    if min(head.standing.values(), default=1) < 1:
        raise InvariantBroken("a state is counted less than once", where=head.job)
    if CONVERSATION in draft.effects.closed_branches and head.unanswered:
        raise InvariantBroken("what was asked is forgotten", where=head.job)
    if not 0 <= head.late <= head.branches + 1:
        raise InvariantBroken("more branches are late than there are", where=head.job)


def _branch(compiled: Compiled, draft: Draft, head: Head, branch: Branch) -> None:
    if branch.id != ROOT and (branch.parent is None or draft.branch(branch.parent) is None):
        raise _broken("a branch has outlived the branch above it", head, branch)
    inner = branch.inners.get("")
    if branch.pending or branch.done:
        if branch.state or branch.steps or branch.timers or branch.calls or branch.inners:
            raise _broken("a branch that does not run holds something open", head, branch)
    elif isinstance(inner, Undoing):
        awaited = head.is_cut_off(inner.waiting[0].call)
        if branch.state or awaited == any(call.undo for call in branch.calls):
            raise _broken("a branch that is undoing waits for nothing, or undoes what may still happen", head, branch)
    elif branch.state not in compiled.scopes[branch.scope].states or branch.state in compiled.ends:
        raise _broken(f"a branch stands in {branch.state or 'no state'!r}, outside its scope", head, branch)
    elif not (branch.steps or branch.calls or _waits(compiled, branch) or _clocked(branch)):
        raise _broken(f"a branch stands in {branch.state!r} and waits for nothing", head, branch)
    if isinstance(inner, Fork) and not (inner.open >= 0 and inner.done >= 0 and inner.open + inner.done <= inner.total):
        raise _broken(f"a fork does not add up: {inner}", head, branch)
    for step in branch.steps:
        if step.branch != branch.id or step.state != branch.state or step.number > head.serial:
            raise _broken(f"step {step.number} is not of its branch", head, branch)
        if step.claimed is not None and step.claimed in step.excluded:
            raise _broken(f"step {step.number} is claimed by one who may not do it", head, branch)


def _conversation(head: Head, branch: Branch) -> None:
    """What was asked and is not answered: each waits for somebody, and for a time when others have to look."""
    asked, watched = [step.number for step in branch.steps], sorted(timer.step for timer in branch.timers)
    if len(asked) != head.unanswered or watched != asked:
        raise _broken("what was asked does not wait for an answer", head, branch)
    if branch.state or branch.calls or branch.inners or any(step.branch != branch.id for step in branch.steps):
        raise _broken("what was asked is no part of any state", head, branch)


def _broken(what: str, head: Head, branch: Branch) -> InvariantBroken:
    return InvariantBroken(what, where=f"{head.job}, branch {branch.id}")


def _clocked(branch: Branch) -> bool:
    """Whether a clock moves it on; that somebody has to look after some time, or that a promise is at risk or late,
    moves nothing."""
    return any(timer.purpose not in ("attention", "promise", "risk") for timer in branch.timers)


def _waits(compiled: Compiled, branch: Branch) -> bool:
    """Whether something can still happen where nothing is open: a branch below, or a message."""
    state = compiled.states[branch.state]
    if state.scopes:
        return isinstance(branch.inners.get(""), Fork)
    return any(member.awaited is not None for member in state.members.values())


def _over(compiled: Compiled, draft: Draft) -> None:
    """A job that is over stands in one end, or in none where an operator ended it; nothing is open in it (L1)."""
    root, head = draft.at(ROOT), draft.head
    by_hand = not head.end and head.status == "ended"
    if root.state != head.end or (root.state not in compiled.ends and not by_hand):
        raise InvariantBroken(f"the job is {head.status} and stands in {root.state!r}", where=head.job)
    standing = {root.state: 1} if root.state else {}
    if head.branches or root.steps or root.timers or root.calls or head.standing != standing or head.late:
        raise InvariantBroken("the job is over and something is still open in it", where=head.job)
