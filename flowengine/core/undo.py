"""Undoing services, newest first, one call after another, before a branch enters its target.

Which: those whose call was made since the branch last entered the target; all of them when the target is an end,
``done``, or was never entered. A branch that is not the root undoes only its own and those below it. An undo handler is
given ``{"call": <the key of the call to undo>, "input": …, "result": …, "certain": …}``.

Nothing is undone that can still happen (L14). A call of which an attempt may be running when the job goes on without it
is *cut off*: it changes the position no more, and its undo waits for its turn until that attempt has ended or can no
longer end. What it came to then says whether there is something to undo. An end of the job waits for such calls in any
case, for a job that is over undoes nothing any more.
"""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.draft import memory_owner
from flowengine.core.flow import MARGIN, Arrive, Flow
from flowengine.core.values import ROOT, Branch, Json, ServiceCall, Undoable, Undoing


def begin(flow: Flow, branch: str, to: str, *, all: bool, because: str = "") -> bool:
    """Start undoing on a branch that has left its state; False when there is nothing to undo. Without ``all`` it is an
    end's turn to have undone what was cut off, and nothing else."""
    if not all and not (_ends(flow, to) and flow.draft.head.cut_off):
        return False
    waiting = _take(flow, branch, to, all=all)
    if not waiting:
        return False
    flow.draft.record(e.Kept(branch=branch, inner=Undoing(to=to, because=because, waiting=waiting)))
    flow.watch(branch, flow.compiled.states[waiting[0].state], flow.compiled.process.attention)
    _next(flow, branch, to, because)
    return True


def go_on(flow: Flow, branch: str, call: int) -> None:
    """An undo call is done: the next one, or on to the target."""
    undoing = flow.draft.at(branch).inners.get("")
    assert isinstance(undoing, Undoing), f"branch {branch} has an undo call but is not undoing"
    flow.draft.record(e.CallClosed(branch=branch, call=call, outcome="done"))
    flow.draft.record(e.Undone(branch=branch, call=undoing.waiting[0].call))
    _next(flow, branch, undoing.to, undoing.because)


def _next(flow: Flow, branch: str, to: str, because: str) -> None:
    """Undo what comes first now, unless that was cut off and may still happen; then it has its turn later."""
    undoing = flow.draft.at(branch).inners.get("")
    if not isinstance(undoing, Undoing):
        for timer in flow.draft.at(branch).timers:
            if timer.purpose == "attention":
                flow.draft.record(e.TimerDropped(branch=branch, timer=timer.number))
        flow.agenda.append(Arrive(branch, to, because))
    elif not flow.draft.head.is_cut_off(undoing.waiting[0].call):
        _call(flow, branch, undoing.waiting[0])


# what was cut off


def late(flow: Flow, number: int, outcome: str, result: Json = None) -> bool:
    """The attempt of a call that was cut off has ended, or, without an outcome, can no longer end: it is undone, if it
    is its turn, or needs no undo. False for any other call."""
    call = next((one for one in flow.draft.head.cut_off if one.number == number), None)
    if call is None:
        return False
    flow.acted = call.state
    holder = _holder(flow, call)
    undoing = holder.inners.get("")
    flow.draft.record(e.LateResult(branch=holder.id, call=number, outcome=outcome, result=result))
    if isinstance(undoing, Undoing) and undoing.waiting[0].call == number:
        _next(flow, holder.id, undoing.to, undoing.because)
    return True


def look_again(flow: Flow, number: int) -> None:
    """It is time to ask whether the attempt of a call that was cut off can still end."""
    attempt = flow.world.attempt(number)
    if attempt is not None and attempt.until is not None and attempt.until + MARGIN > flow.now:
        flow.await_end(number, attempt.until)
    else:
        late(flow, number, "")


def _holder(flow: Flow, call: ServiceCall) -> Branch:
    """The branch that has the call to undo: the one on which it was made, or one above it."""
    id = call.branch
    while True:
        branch = flow.draft.branch(id)
        if branch is not None:
            undoing = branch.inners.get("")
            waiting = undoing.waiting if isinstance(undoing, Undoing) else ()
            if id == ROOT or any(one.call == call.number for one in (*branch.undoable, *waiting)):
                return branch
        id = id.rsplit("/", 2)[0]


# which, and how


def retarget(flow: Flow, branch: str, to: str, *, more: bool, because: str = "") -> None:
    """Another target for a branch that is undoing already; with ``more``, undo what that target asks for as well."""
    undoing = flow.draft.at(branch).inners.get("")
    assert isinstance(undoing, Undoing), f"branch {branch} is not undoing"
    now, *rest = undoing.waiting
    added = _take(flow, branch, to, all=more)
    waiting = (now, *sorted((*rest, *added), key=lambda undoable: -undoable.call))
    flow.draft.record(e.Kept(branch=branch, inner=Undoing(to=to, because=because, waiting=waiting)))


def _ends(flow: Flow, to: str) -> bool:
    """Whether the target is an end of the job, by its process or by an operator."""
    return not to or to in flow.compiled.ends


def _take(flow: Flow, branch: str, to: str, *, all: bool) -> tuple[Undoable, ...]:
    owner = memory_owner(flow.draft, flow.draft.at(branch))
    since = 0 if _ends(flow, to) else owner.memory.entered.get(to, 0)
    found = [
        undoable
        for undoable in owner.undoable
        if (all or (_ends(flow, to) and flow.draft.head.is_cut_off(undoable.call)))
        and undoable.call > since
        and (branch == ROOT or f"{undoable.branch}/".startswith(f"{branch}/"))
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
        input={"call": key, "input": undoable.input, "result": undoable.result, "certain": undoable.certain},
        undo=True,
        opened=flow.now,
    )
    flow.draft.record(e.CallOpened(call=call))
