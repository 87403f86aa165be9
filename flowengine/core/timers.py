"""A timer is due: deadlines, reminders, escalations, and what the kinds set for themselves."""

from __future__ import annotations

from datetime import datetime

from flowengine.core import always, composite, messages, promises, undo
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.deadlines import find_timer, recurs, where
from flowengine.core.draft import replace
from flowengine.core.flow import Flow
from flowengine.core.position import Position
from flowengine.core.spot import Result
from flowengine.core.values import CONVERSATION, Branch, Step, Timer
from flowengine.errors import NotAllowed
from flowengine.speech.phrases import moment_phrase, phrase


def due(position: Position, now: datetime) -> list[Timer]:
    """The timers that have to be fired before anything else happens to the job (L13), the first of them first."""
    late = position.overdue(now)
    return sorted(late, key=lambda timer: (timer.due, timer.number)) if late else late


def fire(flow: Flow, command: c.Fire) -> None:
    """A timer is due. Raises StaleCommand when it is no longer set, NotAllowed before its time, unless an operator says
    why; a promise is not late before its time, whatever he says."""
    branch, timer = find_timer(flow, command.timer)
    if flow.now < timer.due and (timer.purpose == "promise" or not command.because):
        raise NotAllowed(
            phrase(
                "the timer is not due before %(moment)s", moment=moment_phrase(timer.due, flow.compiled.process.clock)
            ),
            where=where(flow, timer.number),
        )
    if timer.purpose == "keep":
        messages.forget(flow, timer)
        return
    if timer.purpose == "attention":
        _ring(flow, branch, timer)
        return
    flow.draft.record(e.TimerDropped(branch=branch.id, timer=timer.number, fired=True))
    if timer.purpose == "cut_off":
        undo.look_again(flow, timer.detail)
    elif timer.purpose == "always":
        always.fire(flow, flow.draft.at(branch.id), *timer.detail)
    elif timer.purpose == "promise":
        promises.overdue(flow)
    elif timer.purpose == "risk":
        return  # of a time when the core looked ahead by itself
    elif branch.id == CONVERSATION:
        promises.unanswered(flow, timer)
    elif timer.purpose in ("remind", "escalate", "claim"):
        _nudge(flow, branch, timer)
    else:
        _wake(flow, branch, timer)


def _ring(flow: Flow, branch: Branch, timer: Timer) -> None:
    """What a customer waits behind takes so long that somebody has to look. It goes on as it is; the timer stays where
    it is for as long. Raises NotAllowed when it has rung already."""
    if timer.rang is not None:
        what = phrase("it has come, at %(moment)s", moment=moment_phrase(timer.rang, flow.compiled.process.clock))
        raise NotAllowed(
            what, where=where(flow, timer.number), possible=(phrase("do what it waits for"), phrase("move the job"))
        )
    flow.draft.record(e.TakesLonger(timer=replace(timer, rang=flow.now), state=branch.state))


def _nudge(flow: Flow, branch: Branch, timer: Timer) -> None:
    """Remind those whom a step waits for, or open it to others as well: to all of them alike, so that nobody who has
    claimed it and is away stands in their way; or give it back to all, where who has claimed it had it for long enough.
    A step that is closed needs none of it."""
    step = next((step for step in branch.steps if step.number == timer.step), None)
    if step is None:
        return
    if timer.purpose == "remind":
        flow.draft.record(e.Reminded(branch=branch.id, step=step.number))
        if recurs(timer):
            _again(flow, branch, timer, step)
        return
    spot = flow.spot(branch.id, flow.state_of(branch), timer.member)
    if timer.purpose == "claim":
        if step.claimed is not None:
            spot.change_step(step, "returned", claimed=None)
        return
    wider = tuple(dict.fromkeys((*step.audience, *spot.seatings(spot.escalation(timer).to))))
    spot.change_step(step, "escalated", audience=wider, claimed=None, preferred=None)


def _again(flow: Flow, branch: Branch, timer: Timer, step: Step) -> None:
    """Set a recurring reminder anew, before the deadline. Of those that were missed while no worker ran, none is made
    up for."""
    index, count = timer.detail
    reminders = flow.state_of(branch).member(timer.member).remind
    reminder = reminders[index] if index < len(reminders) else None  # the job may have been migrated
    if reminder is None or reminder.every is None or (reminder.most is not None and count >= reminder.most):
        return
    spot = flow.spot(branch.id, flow.state_of(branch), timer.member)
    next_ = spot.after(reminder.every, timer.due)
    while next_ <= flow.now:
        next_ = spot.after(reminder.every, next_)
    if step.due is None or next_ < step.due:
        number = flow.draft.next_number()
        flow.draft.record(e.TimerSet(timer=replace(timer, number=number, due=next_, detail=[index, count + 1])))


def _wake(flow: Flow, branch: Branch, timer: Timer) -> None:
    """Let the kind say what its timer means; for a race or a fork it is the deadline."""
    state = flow.state_of(branch)
    kind, spot = flow.at_work(branch.id, state, timer.member)
    if kind is None:
        result: Result | None = composite.expired(flow, branch, state)
    else:
        result = kind.fire(spot, timer)
    if result is not None:
        flow.over(branch, result, timer.member)
