"""Undoing services, newest first, one call after another, before a branch enters its target.

Which: those whose call was made since the branch last entered the target; all of them when the target is an end,
``done``, or was never entered. A branch that is not the root undoes only its own and those below it. An undo handler is
given ``{"call": <the key of the call to undo>, "input": …, "result": …}``; ``result`` is null when it was cut off.
"""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.draft import memory_owner
from flowengine.core.flow import Arrive, Flow
from flowengine.core.values import ROOT, ServiceCall, Undoable, Undoing


def begin(flow: Flow, branch: str, to: str) -> bool:
    """Start undoing on a branch that has left its state; False when there is nothing to undo."""
    waiting = _take(flow, branch, to)
    if not waiting:
        return False
    flow.draft.record(e.Kept(branch=branch, inner=Undoing(to=to, waiting=waiting)))
    _call(flow, branch, waiting[0])
    return True


def go_on(flow: Flow, branch: str, call: int) -> None:
    """An undo call is done: the next one, or on to the target."""
    undoing = flow.draft.at(branch).inners.get("")
    assert isinstance(undoing, Undoing), f"branch {branch} has an undo call but is not undoing"
    flow.draft.record(e.CallClosed(branch=branch, call=call, outcome="done"))
    flow.draft.record(e.Undone(branch=branch, call=undoing.waiting[0].call))
    if len(undoing.waiting) > 1:
        _call(flow, branch, undoing.waiting[1])
    else:
        flow.agenda.append(Arrive(branch, undoing.to))


def retarget(flow: Flow, branch: str, to: str, *, more: bool) -> None:
    """Another target for a branch that is undoing already; with ``more``, undo what that target asks for as well."""
    undoing = flow.draft.at(branch).inners.get("")
    assert isinstance(undoing, Undoing), f"branch {branch} is not undoing"
    now, *rest = undoing.waiting
    added = _take(flow, branch, to) if more else ()
    waiting = (now, *sorted((*rest, *added), key=lambda undoable: -undoable.call))
    flow.draft.record(e.Kept(branch=branch, inner=Undoing(to=to, waiting=waiting)))


def _take(flow: Flow, branch: str, to: str) -> tuple[Undoable, ...]:
    owner = memory_owner(flow.draft, flow.draft.at(branch))
    since = 0 if to in flow.compiled.ends else owner.memory.entered.get(to, 0)
    found = [
        undoable
        for undoable in owner.undoable
        if undoable.call > since and (branch == ROOT or f"{undoable.branch}/".startswith(f"{branch}/"))
    ]
    if found:
        flow.draft.record(e.UndoTaken(branch=branch, calls=tuple(undoable.call for undoable in found)))
    return tuple(sorted(found, key=lambda undoable: -undoable.call))


def _call(flow: Flow, branch: str, undoable: Undoable) -> None:
    key = f"{flow.draft.head.job}.{undoable.call}"
    url = undoable.handler.startswith(("http:", "https:"))  # the language takes no handler with such a name
    call = ServiceCall(
        number=flow.draft.next_number(),
        branch=branch,
        state=undoable.state,
        member=undoable.member,
        handler="" if url else undoable.handler,
        http=undoable.handler if url else "",
        input={"call": key, "input": undoable.input, "result": undoable.result},
        undo=True,
        opened=flow.now,
    )
    flow.draft.record(e.CallOpened(call=call))
