"""A position being changed: what each event means for it, and that it remembers what has to be written.

``advance`` records events through a draft while it computes, and ``rebuild`` folds a history with it, so both agree by
construction (L5). An event is applied alone: it holds all that is needed, so that a history can be folded without the
process file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from flowengine import exact
from flowengine.core import events as e
from flowengine.core.contents import ERASED
from flowengine.core.ground import Effects, Ground, gone, memory_owner, replace
from flowengine.core.position import MemoryPosition, Position
from flowengine.core.renaming import Renaming
from flowengine.core.values import (
    CONVERSATION,
    ROOT,
    Branch,
    Json,
    Memory,
    Poll,
    ServiceCall,
    Step,
    Tally,
    Timer,
    Undoable,
    Undoing,
)
from flowengine.errors import BadAnswer
from flowengine.language.parts import DONE
from flowengine.speech.phrases import phrase

__all__ = ["Draft", "Effects", "memory_owner", "moment_text", "rebuild", "replace", "settle"]


def _started(ground: Ground, event: e.Started) -> None:
    ground.head = event.head


def _branch_opened(ground: Ground, event: e.BranchOpened) -> None:
    branch = event.branch
    ground.put(branch)
    if branch.parent is not None:
        ground.head = replace(ground.head, branches=ground.head.branches + 1)
        ground.add_child(branch.parent, branch.id)


def _branch_woken(ground: Ground, event: e.BranchWoken) -> None:
    ground.put(replace(ground.at(event.branch), pending=False))


def _branch_rested(ground: Ground, event: e.BranchRested) -> None:
    branch = ground.at(event.branch)
    ground.clear(branch)
    ground.stand(branch.state, -1)
    ground.put(replace(branch, state="", pending=True, steps=(), timers=(), calls=(), inners={}))


def _branch_done(ground: Ground, event: e.BranchDone) -> None:
    branch = ground.at(event.branch)
    ground.clear(branch)
    ground.put(replace(branch, done=True, timers=(), memory=Memory()))


def _branch_detached(ground: Ground, event: e.BranchDetached) -> None:
    branch = ground.at(event.branch)
    ground.put(replace(branch, detached=True))
    _count_rest(ground, branch, 1)


def _count_rest(ground: Ground, branch: Branch, by: int) -> None:
    assert branch.parent is not None, "the root branch has nothing to be detached from"
    parent = ground.at(branch.parent)
    ground.put(replace(parent, rest=parent.rest + by))


def _branch_closed(ground: Ground, event: e.BranchClosed) -> None:
    branch = ground.at(event.branch)
    ground.clear(branch)
    ground.stand(branch.state, -1)
    if branch.parent is not None:
        ground.head = replace(ground.head, branches=ground.head.branches - 1)
    if branch.detached:
        _count_rest(ground, branch, -1)
    if branch.undoable and branch.parent is not None:
        owner = memory_owner(ground, ground.at(branch.parent))
        ground.put(replace(owner, undoable=owner.undoable + branch.undoable))
    ground.close(branch.id)


def _entered(ground: Ground, event: e.Entered) -> None:
    ground.serial = max(ground.serial, event.entry)
    ground.put(replace(ground.at(event.branch), state=event.state, entry=event.entry, since=event.at))
    ground.stand(event.state, 1)


def _left(ground: Ground, event: e.Left) -> None:
    branch = ground.at(event.branch)
    timers = ground.clear(branch, scope=False)
    ground.stand(branch.state, -1)
    bare = replace(branch, state="", steps=(), timers=timers, calls=(), inners={})
    own = branch.own or branch.parent is None
    owner = bare if own else memory_owner(ground, branch)
    memory = owner.memory if not event.passed else _passed(owner.memory, event)
    if not own:
        ground.put(bare)
    memory = replace(memory, entered=memory.entered | {event.state: branch.entry})
    ground.put(replace(owner, memory=memory))
    if event.passed and owner.parent is not None:
        _tell_above(ground, owner, event)


def _passed(memory: Memory, event: e.Left) -> Memory:
    passed = memory.passed | {event.state: memory.passed.get(event.state, 0) + 1}
    by = memory.by | {event.state: event.by} if event.by else memory.by
    outcome = memory.outcome | {event.state: event.outcome} if event.recalled else memory.outcome
    return replace(memory, passed=passed, by=by, outcome=outcome)


def _tell_above(ground: Ground, owner: Branch, event: e.Left) -> None:
    """What an item has passed is known around its each too, apart from what was passed there."""
    while owner.parent is not None:
        above = memory_owner(ground, ground.at(owner.parent))
        memory = _passed(above.memory.inside.get(owner.scope, Memory()), event)
        memory = replace(above.memory, inside=above.memory.inside | {owner.scope: memory})
        ground.put(replace(above, memory=memory))
        owner = above


def _saved(ground: Ground, event: e.Saved) -> None:
    owner = memory_owner(ground, ground.at(event.branch))
    if owner.id == ROOT:
        _set(ground.data, event.place, event.value)
        ground.data_changed = True
    else:
        data = dict(owner.data)
        _set(data, event.place, event.value)
        ground.put(replace(owner, data=data))


def _set(data: dict[str, Json], place: str, value: Json) -> None:
    *path, last = place.split(".")
    for key in path:
        inner = data.get(key)
        data[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        data = inner
    data[last] = value


def _counted(ground: Ground, event: e.Counted) -> None:
    branch = ground.at(event.branch)
    poll = branch.inners[event.member]
    assert isinstance(poll, Poll), f"{branch.state} is no vote"
    counted = replace(
        poll,
        cast=event.cast,
        cast_weight=event.cast_weight,
        abstained=event.abstained,
        abstained_weight=event.abstained_weight,
        tally=poll.tally | event.tally,
    )
    if event.shows:
        now = Tally(cast=counted.cast, abstained=counted.abstained, tally=counted.tally)
        counted = replace(counted, shown=poll.coming, coming=now)
    ground.put(replace(branch, inners=branch.inners | {event.member: counted}))


def _box_closed(ground: Ground, event: e.BoxClosed) -> None:
    branch = ground.at(event.branch)
    poll = branch.inners[event.member]
    assert isinstance(poll, Poll), f"{branch.state} is no vote"
    counted = replace(
        poll,
        cast=event.cast,
        cast_weight=event.cast_weight,
        abstained=event.abstained,
        abstained_weight=event.abstained_weight,
        tally=event.tally,
    )
    ground.put(replace(branch, inners=branch.inners | {event.member: counted}))


def _kept(ground: Ground, event: e.Kept) -> None:
    branch = ground.at(event.branch)
    inners = dict(branch.inners)
    if event.inner is None:
        inners.pop(event.member, None)
    else:
        inners[event.member] = event.inner
    ground.put(replace(branch, inners=inners))


def _step_opened(ground: Ground, event: e.StepOpened) -> None:
    step = event.step
    ground.serial = max(ground.serial, step.number)
    branch = ground.at(step.branch)
    ground.put(replace(branch, steps=(*branch.steps, step)))
    ground.step_branch[step.number] = step.branch
    ground.effects.steps[step.number] = step
    ground.effects.opened_steps.append(step.number)
    if step.is_asked:
        ground.head = replace(ground.head, unanswered=ground.head.unanswered + 1)
    if event.seats:
        ground.effects.seats[step.number] = {seat.audience: seat for seat in event.seats}


def _step_changed(ground: Ground, event: e.StepChanged) -> None:
    branch = ground.at(event.step.branch)
    steps = tuple(event.step if step.number == event.step.number else step for step in branch.steps)
    ground.put(replace(branch, steps=steps))
    ground.effects.steps[event.step.number] = event.step


def _step_closed(ground: Ground, event: e.StepClosed) -> None:
    branch = ground.at(event.branch)
    ground.put(replace(branch, steps=tuple(step for step in branch.steps if step.number != event.step)))
    for step in branch.steps:
        if step.number == event.step:
            ground.drop_step(step)
    if event.branch == CONVERSATION:
        ground.head = replace(ground.head, unanswered=ground.head.unanswered - 1)


def _seat_answered(ground: Ground, event: e.SeatAnswered) -> None:
    ground.effects.seats.setdefault(event.seat.step, {})[event.seat.audience] = event.seat


def _timer_set(ground: Ground, event: e.TimerSet) -> None:
    timer = event.timer
    ground.serial = max(ground.serial, timer.number)
    branch = ground.at(timer.branch)
    ground.put(replace(branch, timers=(*branch.timers, timer)))
    ground.timer_branch[timer.number] = timer.branch
    ground.effects.timers[timer.number] = timer
    if timer.purpose == "promise":
        promise = ground.head.promise
        assert promise is not None, "a promise is made before its timer is set"
        ground.head = replace(ground.head, promise=replace(promise, timer=timer.number))


def _timer_dropped(ground: Ground, event: e.TimerDropped) -> None:
    branch = ground.at(event.branch)
    ground.put(replace(branch, timers=tuple(timer for timer in branch.timers if timer.number != event.timer)))
    gone(event.timer, ground.effects.timers, ground.timer_branch, ground.effects.dropped_timers)
    if any(timer.number == event.timer and timer.holds_up for timer in branch.timers):
        ground.head = replace(ground.head, late=ground.head.late - 1)


def _takes_longer(ground: Ground, event: e.TakesLonger) -> None:
    rung = event.timer
    branch = ground.at(rung.branch)
    timers = tuple(rung if timer.number == rung.number else timer for timer in branch.timers)
    ground.put(replace(branch, timers=timers))
    ground.effects.timers[rung.number] = rung
    ground.effects.late.append(event)
    if rung.holds_up:
        ground.head = replace(ground.head, late=ground.head.late + 1)


def _call_opened(ground: Ground, event: e.CallOpened) -> None:
    call = event.call
    ground.serial = max(ground.serial, call.number)
    branch = ground.at(call.branch)
    ground.put(replace(branch, calls=(*branch.calls, call)))
    ground.call_branch[call.number] = call.branch
    ground.effects.calls[call.number] = call


def _call_changed(ground: Ground, event: e.CallChanged) -> None:
    _put_call(ground, event.call.branch, event.call)
    ground.effects.calls[event.call.number] = event.call


def _heard(ground: Ground, event: e.Heard) -> None:
    for call in _called(ground, event.branch, event.call):
        answered = tuple(one for one in call.answered if one != event.took)
        _note_heard(ground, event.branch, replace(call, heard=max(call.heard, event.seq), answered=answered))


def _answered_partner(ground: Ground, event: e.AnsweredPartner) -> None:
    for call in _called(ground, event.branch, event.call):
        _note_heard(ground, event.branch, replace(call, answered=(*call.answered, event.foreign)))
    ground.effects.answered.append(event)


def _called(ground: Ground, branch: str, number: int) -> list[ServiceCall]:
    return [call for call in ground.at(branch).calls if call.number == number]


def _note_heard(ground: Ground, branch: str, changed: ServiceCall) -> None:
    _put_call(ground, branch, changed)
    ground.effects.calls[changed.number] = changed
    ground.effects.heard.add(changed.number)


def _put_call(ground: Ground, branch: str, changed: ServiceCall) -> None:
    here = ground.at(branch)
    ground.put(replace(here, calls=tuple(changed if one.number == changed.number else one for one in here.calls)))


def _call_closed(ground: Ground, event: e.CallClosed) -> None:
    branch = ground.at(event.branch)
    ground.put(replace(branch, calls=tuple(call for call in branch.calls if call.number != event.call)))
    gone(event.call, ground.effects.calls, ground.call_branch, ground.effects.closed_calls)


def _cut_off(ground: Ground, event: e.CutOff) -> None:
    ground.head = replace(ground.head, cut_off=(*ground.head.cut_off, event.call))
    ground.effects.calls[event.call.number] = event.call


def _late_result(ground: Ground, event: e.LateResult) -> None:
    _drop_cut_off(ground, event.call)
    if not event.outcome:
        return
    branch = ground.at(event.branch)
    undoing = branch.inners.get("")
    if isinstance(undoing, Undoing):
        waiting = tuple(_known(undoing.waiting, event))
        branch = replace(branch, inners={"": replace(undoing, waiting=waiting)} if waiting else {})
    ground.put(replace(branch, undoable=tuple(_known(branch.undoable, event))))


def _known(undoables: Iterable[Undoable], event: e.LateResult) -> Iterator[Undoable]:
    """What is to be undone once it is known how that call ended: only one that is done has had an effect."""
    for one in undoables:
        if one.call != event.call:
            yield one
        elif event.outcome == DONE:
            yield replace(one, result=event.result, certain=True)


def _drop_cut_off(ground: Ground, *calls: int) -> None:
    """Nobody waits any more for what comes of these."""
    ground.head = replace(ground.head, cut_off=tuple(c for c in ground.head.cut_off if c.number not in calls))
    for timer in ground.at(ROOT).timers:
        if timer.purpose == "cut_off" and timer.detail in calls:
            _timer_dropped(ground, e.TimerDropped(branch=ROOT, timer=timer.number))
    for call in calls:
        ground.effects.calls.pop(call, None)
        ground.effects.closed_calls.add(call)


def _undo_noted(ground: Ground, event: e.UndoNoted) -> None:
    owner = memory_owner(ground, ground.at(event.branch))
    ground.put(replace(owner, undoable=(*owner.undoable, event.undoable)))


def _undo_taken(ground: Ground, event: e.UndoTaken) -> None:
    owner = memory_owner(ground, ground.at(event.branch))
    left = tuple(entry for entry in owner.undoable if entry.call not in event.calls)
    ground.put(replace(owner, undoable=left))


def _undone(ground: Ground, event: e.Undone) -> None:
    branch = ground.at(event.branch)
    undoing = branch.inners.get("")
    assert isinstance(undoing, Undoing), f"branch {branch.id} is not undoing"
    waiting = tuple(undoable for undoable in undoing.waiting if undoable.call != event.call)
    ground.put(replace(branch, inners={"": replace(undoing, waiting=waiting)} if waiting else {}))


def _slot_booked(ground: Ground, event: e.SlotBooked) -> None:
    ground.effects.booked.append(event)


def _slot_freed(ground: Ground, event: e.SlotFreed) -> None:
    ground.effects.freed.append(event)


def _appointment_changed(ground: Ground, event: e.AppointmentChanged) -> None:
    ground.effects.appointments.append(event)


def _message_kept(ground: Ground, event: e.MessageKept) -> None:
    ground.serial = max(ground.serial, event.message.number)
    ground.head = replace(ground.head, kept=(*ground.head.kept, event.message))


def _message_taken(ground: Ground, event: e.MessageTaken) -> None:
    if event.message is not None:
        ground.effects.taken.append(event.message)
        return
    ground.head = replace(ground.head, kept=tuple(kept for kept in ground.head.kept if kept.number != event.number))
    timers = ground.at(ROOT).timers
    for timer in timers:
        if timer.purpose == "keep" and timer.detail == event.number:
            _timer_dropped(ground, e.TimerDropped(branch=ROOT, timer=timer.number))


def _reminded(ground: Ground, event: e.Reminded) -> None:
    ground.effects.reminded.append(event.step)


def _said(ground: Ground, event: e.Said) -> None:
    if event.to:
        ground.effects.answers.append(event)
    elif event.kind == "message" and not event.number:
        ground.effects.messages.append(event)


def _told(ground: Ground, event: e.Told) -> None:
    ground.effects.told.append(event)


def _referred(ground: Ground, event: e.Referred) -> None:
    ground.effects.referred.append(event)


def _promised(ground: Ground, event: e.Promised) -> None:
    ground.head = replace(ground.head, promise=event.promise)


def _promise_asked(ground: Ground, event: e.PromiseAsked) -> None:
    promise = ground.head.promise
    assert promise is not None, "a new date is asked for what is promised"
    ground.head = replace(ground.head, promise=replace(promise, asked=event.to))


def _promise_at_risk(ground: Ground, event: e.PromiseAtRisk) -> None:
    promise = ground.head.promise
    assert promise is not None, "what is promised is at risk"
    ground.head = replace(ground.head, promise=replace(promise, risk=(event.soonest, event.latest)))
    ground.effects.at_risk = event


def _promise_overdue(ground: Ground, event: e.PromiseOverdue) -> None:
    ground.effects.overdue = event


def _suspended(ground: Ground, event: e.Suspended) -> None:
    ground.head = replace(ground.head, suspended=event.suspension)
    ground.effects.suspended = True


HELD = frozenset({"expire", "remind", "escalate", "claim", "close", "attention"})
"""Purposes of the timers that are for what others do in time: they do not run while a job is suspended. A promised day
stays the day that was promised."""


def _resumed(ground: Ground, event: e.Resumed) -> None:
    suspension = ground.head.suspended
    assert suspension is not None, "only what is suspended is resumed"
    ground.head = replace(ground.head, suspended=None)
    ground.effects.suspended = False
    waiting = [ROOT, CONVERSATION] if ground.head.unanswered else [ROOT]
    while waiting:
        branch = ground.at(waiting.pop())
        if ground.head.branches:
            waiting.extend(child.id for child in ground.children(branch.id))
        opened = {step.number: step.opened for step in branch.steps}
        timers: list[Timer] = []
        for timer in branch.timers:
            if timer.purpose in HELD:
                since = max(suspension.since, opened.get(timer.step) or branch.since or suspension.since)
                pause = event.at - since
                counted = timer.since and timer.since + pause  # a length that is computed anew leaves it out as well
                timer = replace(timer, due=timer.due + pause, since=counted)
            timers.append(timer)
            ground.effects.timers[timer.number] = timer
        steps: list[Step] = []
        for step in branch.steps:
            if step.due is not None:
                step = replace(step, due=step.due + (event.at - max(suspension.since, step.opened)))
                ground.effects.steps[step.number] = step
            steps.append(step)
        if timers or steps:
            ground.put(replace(branch, timers=tuple(timers), steps=tuple(steps)))


def _migrated(ground: Ground, event: e.Migrated) -> None:
    ground.head = replace(ground.head, version=event.version)
    if event.states or event.scopes or event.items:
        Renaming(event.states, event.scopes, event.items).apply(ground)


def _ended(ground: Ground, event: e.Ended) -> None:
    status: Any = event.kind
    _drop_cut_off(ground, *(call.number for call in ground.head.cut_off))
    ground.head = replace(ground.head, status=status, end=event.state, because=event.because, kept=(), suspended=None)
    root = ground.at(ROOT)
    ground.clear(root)
    ground.put(replace(root, steps=(), timers=(), calls=(), inners={}))
    ground.effects.ended = event


def _erased(ground: Ground, event: e.Erased) -> None:
    """Entries that are erased in part change nothing here: what the job itself holds of them is taken out where it is
    stored, for only what they said tells where it stands."""
    if event.whole:
        because = ERASED if ground.head.because else ""
        ground.head = replace(ground.head, erased=event.at, because=because, kept=())
        root = ground.at(ROOT)
        ground.put(replace(root, undoable=()))
        ground.data.clear()
        ground.data_changed = True


def _nothing(ground: Ground, event: e.AnyEvent) -> None:
    """A fact for the reader of the history; the position does not change."""


_APPLY: dict[type, Callable[[Ground, Any], None]] = {
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
    e.Counted: _counted,
    e.BoxClosed: _box_closed,
    e.Moved: _nothing,
    e.TimerSet: _timer_set,
    e.TimerDropped: _timer_dropped,
    e.DeadlineMoved: _nothing,
    e.TakesLonger: _takes_longer,
    e.CallOpened: _call_opened,
    e.CallChanged: _call_changed,
    e.CallClosed: _call_closed,
    e.CutOff: _cut_off,
    e.LateResult: _late_result,
    e.Heard: _heard,
    e.AnsweredPartner: _answered_partner,
    e.UndoNoted: _undo_noted,
    e.UndoTaken: _undo_taken,
    e.Undone: _undone,
    e.SlotBooked: _slot_booked,
    e.SlotFreed: _slot_freed,
    e.AppointmentChanged: _appointment_changed,
    e.MessageKept: _message_kept,
    e.MessageTaken: _message_taken,
    e.Invoked: _nothing,
    e.Reminded: _reminded,
    e.Said: _said,
    e.Told: _told,
    e.Thanked: _nothing,
    e.Referred: _referred,
    e.Promised: _promised,
    e.PromiseAsked: _promise_asked,
    e.PromiseAtRisk: _promise_at_risk,
    e.PromiseOverdue: _promise_overdue,
    e.Suspended: _suspended,
    e.Resumed: _resumed,
    e.Migrated: _migrated,
    e.Ended: _ended,
    e.Erased: _erased,
}
"""How each type of event changes a position."""


LARGEST_DATA = 1_000_000
"""Bytes that the data of a job may have as JSON, and those of each item of an each, where nothing else is said."""


class Draft(Ground):
    """A position with changes on top, and the events that made them."""

    def __init__(self, base: Position | None = None, largest_data: int = LARGEST_DATA) -> None:
        super().__init__(base)
        self.largest_data = largest_data

    def save(self, branch: str, place: str, value: Json) -> None:
        """Save a value in the data of the branch. Raises BadAnswer where they become larger than data may be."""
        self.record(e.Saved(branch=branch, place=place, value=value))
        owner = memory_owner(self, self.at(branch))
        size = len(exact.encode(self.data if owner.id == ROOT else owner.data))
        if size > self.largest_data:
            what = phrase(
                "makes the data %(size)s bytes large; at most %(largest)s are kept",
                size=size,
                largest=self.largest_data,
            )
            raise BadAnswer(
                {place: what}, where=f"data.{place}", possible=(phrase("keep it elsewhere, and say where it is"),)
            )

    def record(self, event: e.AnyEvent) -> None:
        """Apply an event, and note it for the history."""
        _APPLY[type(event)](self, event)
        self.events.append(event)


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
            draft.record(event)
        position = settle(position, draft)
    assert position is not None, "a history begins with Started"
    return position


def moment_text(moment: datetime) -> str:
    """A moment as the core writes it into data: ISO 8601 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")
