"""The heart: a command on a position gives events, effects and a new position. Pure (L7).

Find the branch and step that the command names, let the state's kind say how it ends, take the transition, stabilise
until each branch waits, and check the position's own invariants. Nothing that is given is changed; when an error is
raised, nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from flowengine.core import (
    always,
    conversation,
    deadlines,
    interventions,
    invariants,
    promises,
    saying,
    steps,
    suspension,
    timers,
)
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.calls import fail, finish, hear, retry, skip
from flowengine.core.draft import LARGEST_DATA, Draft, Effects, settle
from flowengine.core.fields import check_answer
from flowengine.core.flow import Flow
from flowengine.core.items import add
from flowengine.core.machines import Compiled, compile_process
from flowengine.core.messages import deliver, note_awaited
from flowengine.core.moves import stabilise
from flowengine.core.position import MemoryPosition, Position
from flowengine.core.spot import Result
from flowengine.core.steps import offered, possible
from flowengine.core.values import CLOCK, ROOT, Branch, Head
from flowengine.core.world import World
from flowengine.errors import BadAnswer, ExpressionFailed, FlowError, NotAllowed, RunawayProcess, StaleCommand
from flowengine.speech.phrases import phrase

__all__ = ["Advance", "Compiled", "advance", "caught_up", "compile_process", "offered", "possible", "start"]


class Advance(msgspec.Struct, frozen=True):
    """What came of a command. ``draft`` is the new position; ``micro_steps`` counts the states that were entered;
    ``acted`` is the state, or the always entry, that the command was about."""

    draft: Draft
    events: list[e.AnyEvent]
    effects: Effects
    micro_steps: int
    acted: str = ""


def start(
    compiled: Compiled, job: str, customer: str, command: c.Start, now: datetime, world: World, *,
    largest_data: int = LARGEST_DATA,
) -> Advance:  # fmt: skip
    """Begin a job with the need that was stated (L1). Raises BadAnswer, and what advancing raises."""
    process = compiled.process
    need = compiled.states[process.root.start]
    draft = Draft(None, largest_data)
    head = Head(
        job=job,
        process=process.name,
        version=process.version,
        customer=customer,
        started=now,
        parent=command.parent,
        depth=command.depth,
    )
    draft.record(e.Started(head=head))
    draft.record(e.BranchOpened(branch=Branch(id=ROOT)))
    flow = Flow(compiled, draft, now, world)
    flow.acted = need.name
    answer = check_answer(need.fields, command.answer, need.name, names=lambda: flow.names(ROOT), world=world)
    flow.begin(ROOT)
    flow.agenda.clear()
    flow.count(ROOT, need.name)
    draft.record(e.Entered(branch=ROOT, state=need.name, entry=draft.next_number(), at=now))
    flow.over(draft.at(ROOT), Result("stated", answer, command.by.id))
    return _settled(flow, None)


def advance(
    compiled: Compiled, position: Position, command: c.AnyCommand, now: datetime, world: World, *,
    largest_data: int = LARGEST_DATA,
) -> Advance:  # fmt: skip
    """Do what a command asks of a job.

    Raises StaleCommand, UnknownOutcome, BadAnswer, NotAllowed, NotFound, AlreadyClaimed, SlotTaken, ExpressionFailed,
    RunawayProcess. Who may ask is not the core's to say (L4): the caller has checked it. Where a call's end leads to
    one of the last three or to BadAnswer, the call becomes an incident instead, unless an operator ends it.
    """
    head = position.head
    if head.status != "open" and not (isinstance(command, c.Erase) or conversation.about(position, command)):
        raise StaleCommand(phrase("the job is over: %(status)s", status=head.status), where=head.job)
    if head.suspended is not None:
        suspension.check(position, command)
    flow = Flow(compiled, Draft(position, largest_data), now, world)
    try:
        _COMMANDS[type(command)](flow, command)
        return _settled(flow, position)
    except (BadAnswer, ExpressionFailed, RunawayProcess) as error:
        if not isinstance(command, c.Finish | c.Fail) or command.by.kind == "operator":
            raise
        return _incident(Flow(compiled, Draft(position), now, world), position, command, error)


def caught_up(
    compiled: Compiled, position: MemoryPosition, now: datetime, world: World, *, most: int, largest_data: int
) -> MemoryPosition:
    """The position after what is due at ``now`` (L13), of which at most so many timers are fired. One that cannot be
    carried out changes nothing."""
    failed: set[int] = set()
    for _ in range(most):
        timer = next((one for one in timers.due(position, now) if one.number not in failed), None)
        if timer is None:
            break
        try:
            fire = c.Fire(by=CLOCK, timer=timer.number)
            done = advance(compiled, position, fire, now, world, largest_data=largest_data)
        except FlowError:
            failed.add(timer.number)
        else:
            position = settle(position, done.draft)
    return position


def _incident(flow: Flow, before: Position, command: c.Finish | c.Fail, error: FlowError) -> Advance:
    """The process cannot go on from how a call ended. Code cannot answer otherwise, so an operator has to look."""
    why = f"it ended with {command.outcome!r}" if isinstance(command, c.Finish) else f"it gave up ({command.error})"
    fail(flow, c.Fail(by=command.by, call=command.call, error=f"{why}, which was refused: {error}", stuck=True))
    return _settled(flow, before)


def _settled(flow: Flow, before: Position | None) -> Advance:
    stabilise(flow)
    invariants.check(flow.compiled, flow.draft)
    note_awaited(flow, before)
    return Advance(flow.draft, flow.draft.events, flow.draft.effects, flow.micro_steps, flow.acted)


def _erase(flow: Flow, command: c.Erase) -> None:
    """What was asked, and is erased before anybody has answered it, waits no more."""
    head, draft = flow.draft.head, flow.draft
    if head.status == "open":
        raise NotAllowed(
            phrase("the job is open, and needs what it holds"), where=head.job, possible=(phrase("wait until it ends"),)
        )
    for step in conversation.unanswered(draft):
        if command.whole or step.asked_by == command.whose:
            conversation.close(draft, step, conversation.TAKEN_BACK, command.by.id)
    draft.record(e.Erased(entries=command.entries, whole=command.whole, at=flow.now))


_COMMANDS: dict[type, Callable[[Flow, Any], None]] = {
    c.Act: steps.act,
    c.Claim: steps.claim,
    c.Release: steps.release,
    c.Assign: steps.assign,
    c.Fire: timers.fire,
    c.Finish: finish,
    c.Fail: fail,
    c.Hear: hear,
    c.Retry: retry,
    c.Deliver: deliver,
    c.Invoke: always.invoke,
    c.Add: add,
    c.Say: saying.say,
    c.TakeBack: saying.take_back,
    c.Skip: skip,
    c.AskPromise: promises.ask,
    c.Expect: promises.expect,
    c.ActFor: interventions.act_for,
    c.SetData: interventions.set_data,
    c.Move: interventions.move,
    c.End: interventions.end,
    c.Suspend: suspension.suspend,
    c.Resume: suspension.resume,
    c.MoveDeadline: deadlines.move,
    c.DropTimer: deadlines.drop,
    c.Erase: _erase,
}
