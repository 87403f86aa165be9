"""How branches move until each waits: a state is over, a route is taken, the target is entered, and so on.

The agenda is worked off in order. The order within one move: the answer is saved, the state is left (so that guards see
the answer, and ``passed`` and ``count`` include the state just left), the route is chosen, its ``set`` is saved,
services are undone, the target is entered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowengine.core import composite, deadlines, promises, turns, undo
from flowengine.core import events as e
from flowengine.core.fields import as_json
from flowengine.core.flow import Arrive, Flow, Over
from flowengine.core.spot import NOTHING
from flowengine.core.values import ROOT, Branch, Undoing
from flowengine.language.expressions import Expression
from flowengine.language.model import State
from flowengine.language.parts import DONE
from flowengine.language.types import End


def stabilise(flow: Flow) -> None:
    """Work off the agenda. Raises RunawayProcess, and whatever entering a state or taking a route raises."""
    agenda, process = flow.agenda, flow.compiled.process
    while agenda:
        item = agenda.popleft()
        if isinstance(item, Over):
            _take(flow, item)
        else:
            _arrive(flow, item)
    if flow.compiled.following and flow.draft.head.status == "open":
        deadlines.renew(flow)
    if process.promise is not None:
        if flow.draft.data_changed:
            promises.renew(flow)
        if process.promise_kept is not None:
            promises.settle(flow)
        promises.watch(flow)


def _take(flow: Flow, over: Over) -> None:
    """A state is over: save, leave, and go where its outcome leads.

    Raises UnknownOutcome, NotAllowed (no guard holds), ExpressionFailed.
    """
    draft = flow.draft
    branch = draft.branch(over.branch)
    if branch is None or not branch.state or branch.entry != over.entry:
        return
    state, result = flow.state_of(branch), over.result
    if flow.compiled.turns:
        turns.begun(flow, branch)
    outcome = trigger = result.outcome
    if over.member:
        outcome = f"{over.member}.{result.outcome}"
        trigger = outcome if outcome in state.on else over.member
    if result.value is not NOTHING:
        place = (state.member(over.member).saves if over.member else "") or state.saves or state.name
        draft.save(branch.id, place, result.value)
    flow.leave(branch.id, outcome, result.by)
    here = state.member(over.member)
    if here.thanks and result.by and not here.thanked_at_once:
        flow.thank(branch.id, here.thanks_for(result.outcome), outcome)
    compiled = flow.compiled
    route = compiled.certain.get((state.name, trigger)) or compiled.route(
        branch.scope, state, trigger, flow.names(branch.id, outcome=outcome)
    )
    go(flow, branch.id, route.to, route.set, undoing=route.undo, outcome=outcome, way=route.title)


def go(
    flow: Flow,
    branch: str,
    to: str,
    saves: Mapping[str, Expression],
    *,
    undoing: bool = False,
    outcome: str = "",
    way: str = "",
) -> None:
    """Send a branch that has left its state to a target. An end of the process takes the whole job with it. ``way`` is
    what the history calls the way there."""
    for place, expression in saves.items():
        value = as_json(expression.value(flow.names(branch, outcome=outcome)), str(expression))
        flow.draft.save(branch, place, value)
    if to in flow.compiled.ends:
        flow.leave(ROOT, outcome, passed=False)
        flow.cancel_children(ROOT, detached=True)
        branch = ROOT
    if isinstance(flow.draft.at(branch).inners.get(""), Undoing):
        undo.retarget(flow, branch, to, more=undoing)
    elif not undo.begin(flow, branch, to, all=undoing):
        flow.agenda.append(Arrive(branch, to, way=way))


def _arrive(flow: Flow, arrive: Arrive) -> None:
    branch = flow.draft.branch(arrive.branch)
    if branch is None or branch.state or branch.pending:
        return
    if not arrive.to:
        _end_job(flow, None, arrive.because)
    elif arrive.to in flow.compiled.ends:
        end = flow.compiled.ends[arrive.to]
        assert isinstance(end, End), f"{end.name} is no end"
        _end_job(flow, end, end.because or ("" if end.type == "fulfilled" else end.title), arrive.way)
    elif arrive.to == DONE and branch.parent is not None:
        composite.end_branch(flow, branch)
    else:
        _enter(flow, branch.id, flow.compiled.states[arrive.to], arrive.way)


def _enter(flow: Flow, branch: str, state: State, way: str) -> None:
    """A branch that stands nowhere enters a state."""
    draft = flow.draft
    flow.count(branch, state.name)
    entry = draft.next_number()
    draft.record(e.Entered(branch=branch, state=state.name, entry=entry, at=flow.now, way=way))
    begin(flow, branch, state)


def begin(flow: Flow, branch: str, state: State) -> None:
    """A branch is in a state in which nothing is open yet: what it waits for is opened, with its deadline."""
    here = flow.draft.at(branch)
    if isinstance(state, composite.TYPES):
        composite.enter(flow, here, state)
    else:
        offer(flow, here, state, tuple(state.members))
    if state.within is not None:
        _set_deadline(flow, branch, here.entry, state)
    length = flow.compiled.attention.get(state.name)
    if length is not None:
        flow.watch(branch, state, length)


def offer(flow: Flow, branch: Branch, state: State, members: Sequence[str]) -> None:
    """What waits in the state is offered. Of a race, a member that is over at once wins, and the rest is not offered
    any more."""
    for member in members:
        if _enter_kind(flow, branch, state, member):
            return
        if member and state.members[member].within is not None:
            _set_deadline(flow, branch.id, branch.entry, state, member)


def _enter_kind(flow: Flow, branch: Branch, state: State, member: str = "") -> bool:
    kind, spot = flow.at_work(branch.id, state, member)
    assert kind is not None, f"nothing is known of states of type {spot.state.type!r}"
    result = kind.enter(spot)
    if result is not None:
        flow.over(branch, result, member)
    return result is not None


def _set_deadline(flow: Flow, branch_id: str, entry: int, state: State, member: str = "") -> None:
    """The timer of ``within``, unless the kind has set its own."""
    branch = flow.draft.branch(branch_id)
    if branch is None or branch.entry != entry or not branch.state:
        return
    for timer in branch.timers:
        if timer.member == member and timer.purpose in ("expire", "close"):
            return
    spot = flow.spot(branch_id, state, member)
    due = spot.due()
    assert due is not None, f"{state.name} has no deadline"
    spot.set_timer("expire", due, since=spot.since(spot.state.within))


def _end_job(flow: Flow, end: End | None, because: str, way: str = "") -> None:
    """The job is over, in an end of its process or by an operator: everything that was open in it is closed."""
    draft, kind, name = flow.draft, end.type if end else "ended", end.name if end else ""
    flow.agenda.clear()
    if end is not None:
        flow.count(ROOT, name)
        draft.record(e.Entered(branch=ROOT, state=name, entry=draft.next_number(), at=flow.now, way=way))
    promises.close(flow, fulfilled=kind == "fulfilled")
    draft.record(e.Ended(kind=kind, state=name, because=because, at=flow.now))
