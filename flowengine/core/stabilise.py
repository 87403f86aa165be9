"""Working off the agenda: states are entered and left until each branch waits, or the job is over."""

from __future__ import annotations

from flowengine.core import composite, moves, promises
from flowengine.core import events as e
from flowengine.core.flow import Arrive, Flow, Over, kind_of
from flowengine.core.values import ROOT, Branch
from flowengine.language.model import State
from flowengine.language.parts import DONE
from flowengine.language.types import End


def stabilise(flow: Flow) -> None:
    """Work off the agenda. Raises RunawayProcess, and whatever entering a state or taking a route raises."""
    agenda = flow.agenda
    while agenda:
        item = agenda.popleft()
        if isinstance(item, Over):
            moves.take(flow, item)
        else:
            _arrive(flow, item)
    if flow.draft.data_changed:
        promises.renew(flow)
    promises.settle(flow)


def _arrive(flow: Flow, arrive: Arrive) -> None:
    branch = flow.draft.branch(arrive.branch)
    if branch is None or branch.state or branch.pending:
        return
    if arrive.to in flow.compiled.ends:
        _end_job(flow, flow.compiled.ends[arrive.to])
    elif arrive.to == DONE and branch.parent is not None:
        composite.end_branch(flow, branch)
    else:
        enter(flow, branch.id, flow.compiled.state(arrive.to))


def enter(flow: Flow, branch: str, state: State) -> None:
    """A branch that stands nowhere enters a state."""
    flow.count(branch, state.name)
    entry = flow.draft.next_number()
    flow.draft.record(e.Entered(branch=branch, state=state.name, entry=entry, at=flow.now))
    here = flow.draft.at(branch)
    if isinstance(state, composite.TYPES):
        composite.enter(flow, here, state)
    else:
        _offer(flow, here, state)
    if state.within is not None:
        _set_deadline(flow, branch, entry, state)


def _offer(flow: Flow, branch: Branch, state: State) -> None:
    """What waits in the state is offered. Of a race, a member that is over at once wins, and the rest is not offered
    any more."""
    for member, one in state.members.items():
        if _enter_kind(flow, branch, state, member):
            return
        if member and one.within is not None:
            _set_deadline(flow, branch.id, branch.entry, state, member)


def _enter_kind(flow: Flow, branch: Branch, state: State, member: str = "") -> bool:
    spot = flow.spot(branch.id, state, member)
    kind = kind_of(spot.state)
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
    if any(timer.member == member and timer.purpose in ("expire", "close") for timer in branch.timers):
        return
    spot = flow.spot(branch_id, state, member)
    due = spot.due()
    assert due is not None, f"{state.name} has no deadline"
    spot.set_timer("expire", due)


def _end_job(flow: Flow, end: State) -> None:
    """The job is over: everything that was open in it is closed."""
    assert isinstance(end, End), f"{end.name} is no end"
    fulfilled = end.type == "fulfilled"
    draft = flow.draft
    flow.agenda.clear()
    flow.count(ROOT, end.name)
    draft.record(e.Entered(branch=ROOT, state=end.name, entry=draft.next_number(), at=flow.now))
    promises.close(flow, fulfilled=fulfilled)
    because = end.because or ("" if fulfilled else end.title)
    draft.record(e.Ended(kind=end.type, state=end.name, because=because, at=flow.now))
