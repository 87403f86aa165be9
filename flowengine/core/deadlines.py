"""Deadlines that move: they follow the data of which they are made, and people move them by hand.

A timer that an expression has set keeps the moment from which it counts (``since``), so that a length of time is
counted from there again, and ``now`` in its expression is that moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft, memory_owner, replace
from flowengine.core.flow import Flow
from flowengine.core.kinds.fitting import HOLD
from flowengine.core.machines import Compiled, Following
from flowengine.core.position import Position
from flowengine.core.scopes import branches_in
from flowengine.core.values import Branch, Seating, Step, Timer
from flowengine.core.world import World
from flowengine.errors import BadAnswer, NotAllowed, StaleCommand
from flowengine.speech.phrases import moment_phrase, phrase

ENDING = ("expire", "close", "elapse", "always")
"""The purposes of timers that are deadlines: when they are due, the job moves on."""

NUDGING = ("remind", "escalate")
"""The purposes of those that come before the deadline of a step."""

DROPPABLE = (*NUDGING, "claim")
"""The purposes of those without which the job waits as it did."""

MOVABLE = (*ENDING, "attention")
"""The purposes of those that operators may move."""


def renew(flow: Flow) -> None:
    """Set anew the deadlines and waits whose expressions mention data that was saved now. One that would be over by
    then is due at once. Raises ExpressionFailed where one cannot be computed."""
    saved = {event.place.partition(".")[0] for event in flow.draft.events if isinstance(event, e.Saved)}
    standing, everywhere = flow.draft.head.standing, flow.draft.data_changed
    for one in flow.compiled.following:
        if one.reads.isdisjoint(saved) if one.reads is not None else not saved:
            continue
        if one.state is not None and not standing.get(one.state.name):
            continue
        for branch in list(branches_in(flow.draft, flow.compiled, one.scope)):
            if everywhere or memory_owner(flow.draft, branch).id in flow.draft.effects.branches:
                _follow(flow, branch, one)


def _follow(flow: Flow, branch: Branch, one: Following) -> None:
    """Compute the timers anew that the expression has set on a branch."""
    for timer in branch.timers:
        if timer.purpose not in ENDING or not _is_of(timer, branch, one):
            continue
        since = timer.since or (branch.since if one.state is not None else flow.draft.head.started)
        state = one.state or flow.compiled.scopes[branch.scope].states[flow.compiled.scopes[branch.scope].start]
        spot = replace(flow.spot(branch.id, state, timer.member), now=since or flow.now)
        due = spot.at_time(one.when)
        if any(step.number == timer.step and step.purpose == HOLD for step in branch.steps):
            due = max(due, spot.now)  # nobody is late for an appointment that is not over
        if due != timer.due:
            _set(flow, branch, timer, due)


def _is_of(timer: Timer, branch: Branch, one: Following) -> bool:
    if one.state is None:
        return timer.purpose == "always" and timer.detail == [one.scope, one.always]
    return timer.purpose != "always" and branch.state == one.state.name and timer.member == one.member


def move(flow: Flow, command: c.MoveDeadline) -> None:
    """Somebody moves a deadline: of a step, or that of a timer. What reminds of it and has not come yet keeps its
    distance. Raises StaleCommand, NotAllowed, BadAnswer."""
    branch, timer = find(flow, command)
    step = next((one for one in branch.steps if one.number == timer.step), None)
    if timer.purpose in ("promise", "risk"):
        raise _promised(flow, timer)
    if timer.purpose not in MOVABLE:
        raise NotAllowed(
            phrase("it is no deadline"),
            where=where(flow, timer.number),
            possible=(phrase("fire it"), phrase("drop it")),
        )
    if timer.rang is not None:
        raise NotAllowed(
            phrase("it has come already"), where=where(flow, timer.number), possible=(phrase("do what it waits for"),)
        )
    if command.to <= flow.now:
        problem = {
            "to": phrase("is over; now it is %(moment)s", moment=moment_phrase(flow.now, flow.compiled.process.clock))
        }
        raise BadAnswer(problem, possible=(phrase("a moment that is still to come"),))
    _set(flow, branch, timer, command.to, command.by.id or command.by.kind)
    if step is not None:
        _keep_distance(flow, branch.id, step, command.to - timer.due)


def drop(flow: Flow, command: c.DropTimer) -> None:
    """An operator has a reminder or an escalation not come, or a claim not end. What a job waits for cannot be dropped
    (L8)."""
    branch, timer = find_timer(flow, command.timer)
    flow.acted = branch.state
    if timer.purpose in ("promise", "risk"):
        raise _promised(flow, timer)
    if timer.purpose not in DROPPABLE:
        possible = (phrase("move it"),) if timer.purpose in MOVABLE else ()
        raise NotAllowed(
            phrase("without it the job could wait for ever"),
            where=where(flow, timer.number),
            possible=(*possible, phrase("fire it")),
        )
    flow.draft.record(e.TimerDropped(branch=branch.id, timer=timer.number))


def _promised(flow: Flow, timer: Timer) -> NotAllowed:
    what = phrase("a promise follows the data of which it is made")
    return NotAllowed(what, where=where(flow, timer.number), possible=(phrase("set the data to what is promised now"),))


def find(flow: Flow, command: c.MoveDeadline) -> tuple[Branch, Timer]:
    """The deadline that is meant, and its branch: that of the step, or the timer itself. Raises StaleCommand,
    NotAllowed."""
    branch_id = flow.draft.branch_of_step(command.number)
    branch = flow.draft.at(branch_id) if branch_id is not None else None
    if branch is None:
        branch, timer = find_timer(flow, command.number)
        flow.acted = branch.state
        return branch, timer
    flow.acted = branch.state
    for timer in branch.timers:
        if timer.step == command.number and timer.purpose in MOVABLE:  # of what was asked, when to look
            return branch, timer
    others = tuple(where(flow, timer.number) for timer in branch.timers if timer.purpose in ENDING)
    step = f"{flow.draft.head.job}.{command.number}"
    raise NotAllowed(phrase("the step has no deadline of its own"), where=step, possible=others)


def movers(
    compiled: Compiled, position: Position, command: c.MoveDeadline, now: datetime, world: World
) -> tuple[Seating, ...]:
    """Who may move a deadline, beside operators: as its state says. Raises StaleCommand, NotAllowed."""
    flow = Flow(compiled, Draft(position), now, world)
    branch, timer = find(flow, command)
    if timer.purpose in ("always", "attention", "promise", "risk") or not branch.state:
        return ()
    spot = flow.spot(branch.id, flow.state_of(branch), timer.member)
    return spot.seatings(spot.state.deadline_moved_by)


def _set(flow: Flow, branch: Branch, timer: Timer, due: datetime, by: str = "") -> None:
    """The deadline is another from now on, and so is what its step says of it."""
    draft = flow.draft
    draft.record(e.TimerDropped(branch=branch.id, timer=timer.number))
    made = replace(timer, number=draft.next_number(), due=due)
    draft.record(e.TimerSet(timer=made))
    step = next((one for one in branch.steps if one.number == timer.step), None)
    if step is not None:
        draft.record(e.StepChanged(step=replace(step, due=due), why="due", by=by))
    moved = e.DeadlineMoved(branch=branch.id, timer=made.number, step=timer.step, was=timer.due, to=due, by=by)
    draft.record(moved)


def _keep_distance(flow: Flow, branch: str, step: Step, by: timedelta) -> None:
    """Reminders and escalations of the step that have not come yet go with its deadline; one that would be over by then
    is dropped."""
    for timer in flow.draft.at(branch).timers:
        if timer.step == step.number and timer.purpose in NUDGING and not recurs(timer):
            flow.draft.record(e.TimerDropped(branch=branch, timer=timer.number))
            if timer.due + by > flow.now:
                again = replace(timer, number=flow.draft.next_number(), due=timer.due + by)
                flow.draft.record(e.TimerSet(timer=again))


def find_timer(flow: Flow, number: int) -> tuple[Branch, Timer]:
    """The timer of that number, which is set, and its branch. Raises StaleCommand."""
    branch_id = flow.draft.branch_of_timer(number)
    branch = flow.draft.branch(branch_id) if branch_id is not None else None
    if branch is not None:
        for timer in branch.timers:
            if timer.number == number:
                return branch, timer
    raise StaleCommand(phrase("the timer is no longer set"), where=where(flow, number))


def where(flow: Flow, number: int) -> str:
    """A timer, as people name it."""
    return f"timer {flow.draft.head.job}.{number}"


def recurs(timer: Timer) -> bool:
    """Whether it is a reminder that comes again."""
    return timer.purpose == "remind" and timer.detail is not None
