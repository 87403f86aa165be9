"""A position being changed: events are applied to it one by one, and it remembers what has to be written.

``apply`` is the one place that says what an event means. ``advance`` records events through it while it computes, and
``rebuild`` folds a history with it, so both agree by construction (L5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from flowengine.core import events as e
from flowengine.core.position import MemoryPosition, Position
from flowengine.core.values import ROOT, Branch, Head, Json, Memory, Seat, ServiceCall, Step, Timer

replace = msgspec.structs.replace

SCOPE_TIMERS = frozenset({"always", "keep"})
"""Purposes of the timers that belong to a branch's scope and not to the state it stands in."""


@dataclass
class Effects:
    """What the shell must write and do, beside the head, the data and the history.

    A thing that came and went within one command is in none of the lists.
    """

    branches: dict[str, Branch] = field(default_factory=dict)
    """New and changed branches, by id."""
    closed_branches: set[str] = field(default_factory=set)
    steps: dict[int, Step] = field(default_factory=dict)
    """New and changed steps."""
    seats: dict[int, dict[str, Seat]] = field(default_factory=dict)
    """New and changed seats, by step and audience."""
    closed_steps: set[int] = field(default_factory=set)
    timers: dict[int, Timer] = field(default_factory=dict)
    dropped_timers: set[int] = field(default_factory=set)
    calls: dict[int, ServiceCall] = field(default_factory=dict)
    closed_calls: set[int] = field(default_factory=set)
    booked: list[e.SlotBooked] = field(default_factory=list)
    freed: list[e.SlotFreed] = field(default_factory=list)
    opened_steps: list[int] = field(default_factory=list)
    """The steps that were opened by this command and are still open, for notices."""
    reminded: list[int] = field(default_factory=list)
    referred: list[e.Referred] = field(default_factory=list)
    ended: e.Ended | None = None


class Draft:
    """A position with changes on top. It is itself a :class:`~flowengine.core.position.Position`."""

    def __init__(self, base: Position | None = None) -> None:
        self._base = base
        self._head = base.head if base else None
        self._data: dict[str, Json] | None = None
        self._branches: dict[str, Branch | None] = {}
        self._new_children: dict[str, list[str]] = {}
        self._step_branch: dict[int, str] = {}
        self._timer_branch: dict[int, str] = {}
        self._call_branch: dict[int, str] = {}
        self._existed: set[str] = set()
        self.events: list[e.AnyEvent] = []
        self.effects = Effects()
        self.data_changed = False

    # reading

    @property
    def head(self) -> Head:
        assert self._head is not None, "a job begins with Started"
        return self._head

    @property
    def data(self) -> dict[str, Json]:
        if self._data is None:
            self._data = dict(self._base.data) if self._base else {}
        return self._data

    def branch(self, branch: str) -> Branch | None:
        if branch in self._branches:
            return self._branches[branch]
        found = self._base.branch(branch) if self._base else None
        if found is not None:
            self._branches[branch] = found
            self._existed.add(branch)
        return found

    def at(self, branch: str) -> Branch:
        """The branch of that id, which must exist."""
        found = self.branch(branch)
        assert found is not None, f"branch {branch} is not open"
        return found

    def children(self, branch: str) -> Iterator[Branch]:
        if self._base:
            for child in self._base.children(branch):
                current = self.branch(child.id)
                if current is not None:
                    yield current
        for name in list(self._new_children.get(branch, ())):
            child_now = self._branches.get(name)
            if child_now is not None:
                yield child_now

    def branch_of_step(self, step: int) -> str | None:
        return self._owner(step, self._step_branch, self.effects.closed_steps, "branch_of_step")

    def branch_of_timer(self, timer: int) -> str | None:
        return self._owner(timer, self._timer_branch, self.effects.dropped_timers, "branch_of_timer")

    def branch_of_call(self, call: int) -> str | None:
        return self._owner(call, self._call_branch, self.effects.closed_calls, "branch_of_call")

    def _owner(self, number: int, new: dict[int, str], gone: set[int], reader: str) -> str | None:
        if number in new:
            return new[number]
        if number in gone or self._base is None:
            return None
        found: str | None = getattr(self._base, reader)(number)
        return found

    def seat(self, step: int, audience: str) -> Seat | None:
        changed = self.effects.seats.get(step, {}).get(audience)
        return changed or (self._base.seat(step, audience) if self._base else None)

    def seats(self, step: int) -> list[Seat]:
        found = {seat.audience: seat for seat in self._base.seats(step)} if self._base else {}
        return list((found | self.effects.seats.get(step, {})).values())

    def next_number(self) -> int:
        """A fresh number for a step, timer, call or entry. The head counts on with the event that uses it."""
        self._head = replace(self.head, serial=self.head.serial + 1)
        return self._head.serial

    @property
    def touched(self) -> frozenset[str]:
        """The ids of the branches that were read or changed."""
        return frozenset(self._branches)

    # changing

    def record(self, event: e.AnyEvent) -> None:
        """Apply an event and keep it for the history."""
        self.apply(event)
        self.events.append(event)

    def apply(self, event: e.AnyEvent) -> None:
        """Say what an event means for the position."""
        _APPLY[type(event)](self, event)

    def _put(self, branch: Branch) -> None:
        self._branches[branch.id] = branch
        self.effects.branches[branch.id] = branch

    def _seen(self, number: int) -> None:
        if number > self.head.serial:
            self._head = replace(self.head, serial=number)

    def _stand(self, state: str, by: int) -> None:
        if not state:
            return
        standing = dict(self.head.standing)
        count = standing.get(state, 0) + by
        if count:
            standing[state] = count
        else:
            standing.pop(state, None)
        self._head = replace(self.head, standing=standing)

    def _clear(self, branch: Branch, *, scope: bool = True) -> tuple[Timer, ...]:
        """Everything that is open on the branch is gone; without ``scope``, but for the timers of its scope."""
        for step in branch.steps:
            self._drop_step(step.number)
        stay: list[Timer] = []
        for timer in branch.timers:
            if not scope and timer.purpose in SCOPE_TIMERS:
                stay.append(timer)
            else:
                _gone(timer.number, self.effects.timers, self._timer_branch, self.effects.dropped_timers)
        for call in branch.calls:
            _gone(call.number, self.effects.calls, self._call_branch, self.effects.closed_calls)
        return tuple(stay)

    def _drop_step(self, number: int) -> None:
        _gone(number, self.effects.steps, self._step_branch, self.effects.closed_steps)
        self.effects.seats.pop(number, None)
        if number in self.effects.opened_steps:
            self.effects.opened_steps.remove(number)


def _gone(number: int, made: dict[int, Any], owners: dict[int, str], gone: set[int]) -> None:
    new = owners.pop(number, None) is not None
    made.pop(number, None)
    if not new:
        gone.add(number)


def _started(draft: Draft, event: e.Started) -> None:
    draft._head = event.head


def _branch_opened(draft: Draft, event: e.BranchOpened) -> None:
    branch = event.branch
    draft._put(branch)
    if branch.parent is not None:
        draft._head = replace(draft.head, branches=draft.head.branches + 1)
        draft._new_children.setdefault(branch.parent, []).append(branch.id)


def _branch_woken(draft: Draft, event: e.BranchWoken) -> None:
    draft._put(replace(draft.at(event.branch), pending=False))


def _branch_rested(draft: Draft, event: e.BranchRested) -> None:
    branch = draft.at(event.branch)
    draft._clear(branch)
    draft._stand(branch.state, -1)
    draft._put(replace(branch, state="", pending=True, steps=(), timers=(), calls=(), inners={}))


def _branch_done(draft: Draft, event: e.BranchDone) -> None:
    branch = draft.at(event.branch)
    draft._clear(branch)
    draft._put(replace(branch, done=True, timers=(), memory=Memory()))


def _branch_detached(draft: Draft, event: e.BranchDetached) -> None:
    branch = draft.at(event.branch)
    draft._put(replace(branch, detached=True))
    _count_rest(draft, branch, 1)


def _count_rest(draft: Draft, branch: Branch, by: int) -> None:
    assert branch.parent is not None, "the root branch has nothing to be detached from"
    parent = draft.at(branch.parent)
    draft._put(replace(parent, rest=parent.rest + by))


def _branch_closed(draft: Draft, event: e.BranchClosed) -> None:
    branch = draft.at(event.branch)
    draft._clear(branch)
    draft._stand(branch.state, -1)
    draft._head = replace(draft.head, branches=draft.head.branches - 1)
    if branch.detached:
        _count_rest(draft, branch, -1)
    if branch.undoable and branch.parent is not None:
        owner = memory_owner(draft, draft.at(branch.parent))
        draft._put(replace(owner, undoable=owner.undoable + branch.undoable))
    draft._branches[branch.id] = None
    draft.effects.branches.pop(branch.id, None)
    if branch.id in draft._existed:
        draft.effects.closed_branches.add(branch.id)


def _entered(draft: Draft, event: e.Entered) -> None:
    draft._seen(event.entry)
    draft._put(replace(draft.at(event.branch), state=event.state, entry=event.entry, since=event.at))
    draft._stand(event.state, 1)


def _left(draft: Draft, event: e.Left) -> None:
    branch = draft.at(event.branch)
    timers = draft._clear(branch, scope=False)
    draft._stand(branch.state, -1)
    bare = replace(branch, state="", steps=(), timers=timers, calls=(), inners={})
    own = branch.own or branch.parent is None
    owner = bare if own else memory_owner(draft, branch)
    remembering = replace(owner, memory=_remember(owner.memory, event, branch.entry))
    if not own:
        draft._put(bare)
    draft._put(remembering)


def _remember(memory: Memory, event: e.Left, entry: int) -> Memory:
    state = event.state
    entered = memory.entered | {state: entry}
    if not event.passed:
        return replace(memory, entered=entered)
    passed = memory.passed | {state: memory.passed.get(state, 0) + 1}
    by = memory.by | {state: event.by} if event.by else memory.by
    return Memory(passed=passed, by=by, entered=entered)


def memory_owner(position: Position, branch: Branch) -> Branch:
    """The branch that keeps data and memory for this one: the nearest branch of an each, or the root."""
    while not branch.own and branch.parent is not None:
        above = position.branch(branch.parent)
        assert above is not None, f"the parent of {branch.id} is not open"
        branch = above
    return branch


def _saved(draft: Draft, event: e.Saved) -> None:
    owner = memory_owner(draft, draft.at(event.branch))
    if owner.id == ROOT:
        _set(draft.data, event.place, event.value)
        draft.data_changed = True
    else:
        data = dict(owner.data)
        _set(data, event.place, event.value)
        draft._put(replace(owner, data=data))


def _set(data: dict[str, Json], place: str, value: Json) -> None:
    *path, last = place.split(".")
    for key in path:
        inner = data.get(key)
        data[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        data = inner
    data[last] = value


def _kept(draft: Draft, event: e.Kept) -> None:
    branch = draft.at(event.branch)
    inners = dict(branch.inners)
    if event.inner is None:
        inners.pop(event.member, None)
    else:
        inners[event.member] = event.inner
    draft._put(replace(branch, inners=inners))


def _step_opened(draft: Draft, event: e.StepOpened) -> None:
    step = event.step
    draft._seen(step.number)
    branch = draft.at(step.branch)
    draft._put(replace(branch, steps=(*branch.steps, step)))
    draft._step_branch[step.number] = step.branch
    draft.effects.steps[step.number] = step
    draft.effects.opened_steps.append(step.number)
    if event.seats:
        draft.effects.seats[step.number] = {seat.audience: seat for seat in event.seats}


def _step_changed(draft: Draft, event: e.StepChanged) -> None:
    branch = draft.at(event.step.branch)
    steps = tuple(event.step if step.number == event.step.number else step for step in branch.steps)
    draft._put(replace(branch, steps=steps))
    draft.effects.steps[event.step.number] = event.step


def _step_closed(draft: Draft, event: e.StepClosed) -> None:
    branch = draft.at(event.branch)
    draft._put(replace(branch, steps=tuple(step for step in branch.steps if step.number != event.step)))
    draft._drop_step(event.step)


def _seat_answered(draft: Draft, event: e.SeatAnswered) -> None:
    draft.effects.seats.setdefault(event.seat.step, {})[event.seat.audience] = event.seat


def _timer_set(draft: Draft, event: e.TimerSet) -> None:
    timer = event.timer
    draft._seen(timer.number)
    branch = draft.at(timer.branch)
    draft._put(replace(branch, timers=(*branch.timers, timer)))
    draft._timer_branch[timer.number] = timer.branch
    draft.effects.timers[timer.number] = timer


def _timer_dropped(draft: Draft, event: e.TimerDropped) -> None:
    branch = draft.at(event.branch)
    draft._put(replace(branch, timers=tuple(timer for timer in branch.timers if timer.number != event.timer)))
    _gone(event.timer, draft.effects.timers, draft._timer_branch, draft.effects.dropped_timers)


def _call_opened(draft: Draft, event: e.CallOpened) -> None:
    call = event.call
    draft._seen(call.number)
    branch = draft.at(call.branch)
    draft._put(replace(branch, calls=(*branch.calls, call)))
    draft._call_branch[call.number] = call.branch
    draft.effects.calls[call.number] = call


def _call_changed(draft: Draft, event: e.CallChanged) -> None:
    branch = draft.at(event.call.branch)
    calls = tuple(event.call if call.number == event.call.number else call for call in branch.calls)
    draft._put(replace(branch, calls=calls))
    draft.effects.calls[event.call.number] = event.call


def _call_closed(draft: Draft, event: e.CallClosed) -> None:
    branch = draft.at(event.branch)
    draft._put(replace(branch, calls=tuple(call for call in branch.calls if call.number != event.call)))
    _gone(event.call, draft.effects.calls, draft._call_branch, draft.effects.closed_calls)


def _undo_noted(draft: Draft, event: e.UndoNoted) -> None:
    owner = memory_owner(draft, draft.at(event.undoable.branch))
    draft._put(replace(owner, undoable=(*owner.undoable, event.undoable)))


def _undo_taken(draft: Draft, event: e.UndoTaken) -> None:
    owner = memory_owner(draft, draft.at(event.branch))
    left = tuple(entry for entry in owner.undoable if entry.call not in event.calls)
    draft._put(replace(owner, undoable=left))


def _slot_booked(draft: Draft, event: e.SlotBooked) -> None:
    draft.effects.booked.append(event)


def _slot_freed(draft: Draft, event: e.SlotFreed) -> None:
    draft.effects.freed.append(event)


def _message_kept(draft: Draft, event: e.MessageKept) -> None:
    draft._seen(event.message.number)
    draft._head = replace(draft.head, kept=(*draft.head.kept, event.message))


def _message_taken(draft: Draft, event: e.MessageTaken) -> None:
    draft._head = replace(draft.head, kept=tuple(kept for kept in draft.head.kept if kept.number != event.number))
    timers = draft.at(ROOT).timers
    for timer in timers:
        if timer.purpose == "keep" and timer.detail == event.number:
            _timer_dropped(draft, e.TimerDropped(branch=ROOT, timer=timer.number))


def _reminded(draft: Draft, event: e.Reminded) -> None:
    draft.effects.reminded.append(event.step)


def _referred(draft: Draft, event: e.Referred) -> None:
    draft.effects.referred.append(event)


def _promised(draft: Draft, event: e.Promised) -> None:
    draft._head = replace(draft.head, promise=event.promise)


def _migrated(draft: Draft, event: e.Migrated) -> None:
    draft._head = replace(draft.head, version=event.version)


def _ended(draft: Draft, event: e.Ended) -> None:
    status: Any = event.kind
    draft._head = replace(draft.head, status=status, end=event.state, because=event.because, kept=())
    root = draft.at(ROOT)
    draft._clear(root)
    draft._put(replace(root, steps=(), timers=(), calls=(), inners={}))
    draft.effects.ended = event


def _nothing(draft: Draft, event: e.AnyEvent) -> None:
    """A fact for the reader of the history; the position does not change."""


_APPLY: dict[type, Callable[[Draft, Any], None]] = {
    e.Started: _started,
    e.BranchOpened: _branch_opened,
    e.BranchWoken: _branch_woken,
    e.BranchRested: _branch_rested,
    e.BranchDone: _branch_done,
    e.BranchDetached: _branch_detached,
    e.BranchClosed: _branch_closed,
    e.Entered: _entered,
    e.Left: _left,
    e.Saved: _saved,
    e.Kept: _kept,
    e.StepOpened: _step_opened,
    e.StepChanged: _step_changed,
    e.StepClosed: _step_closed,
    e.SeatAnswered: _seat_answered,
    e.Moved: _nothing,
    e.TimerSet: _timer_set,
    e.TimerDropped: _timer_dropped,
    e.CallOpened: _call_opened,
    e.CallChanged: _call_changed,
    e.CallClosed: _call_closed,
    e.UndoNoted: _undo_noted,
    e.UndoTaken: _undo_taken,
    e.SlotBooked: _slot_booked,
    e.SlotFreed: _slot_freed,
    e.MessageKept: _message_kept,
    e.MessageTaken: _message_taken,
    e.Invoked: _nothing,
    e.Reminded: _reminded,
    e.Said: _nothing,
    e.Referred: _referred,
    e.Promised: _promised,
    e.Migrated: _migrated,
    e.Ended: _ended,
}


def settle(base: MemoryPosition | None, draft: Draft) -> MemoryPosition:
    """The position with the draft's changes, in memory. ``base`` is not changed."""
    effects = draft.effects
    branches = {name: b for name, b in (base.branches if base else {}).items() if name not in effects.closed_branches}
    seated = {step: seats for step, seats in (base.seated if base else {}).items() if step not in effects.closed_steps}
    for step, seats in effects.seats.items():
        seated[step] = seated.get(step, {}) | seats
    return MemoryPosition(draft.head, dict(draft.data), branches | effects.branches, seated)


def rebuild(history: Iterable[Iterable[e.AnyEvent]]) -> MemoryPosition:
    """The position that a job's history amounts to (L5): its events in order, one inner iterable per command."""
    position: MemoryPosition | None = None
    for events in history:
        draft = Draft(position)
        for event in events:
            draft.apply(event)
        position = settle(position, draft)
    assert position is not None, "a history begins with Started"
    return position


def moment_text(moment: datetime) -> str:
    """A moment as the core writes it into data: ISO 8601 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")
