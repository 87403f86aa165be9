"""Commands on an open step: act, claim, release, assign; and what is offered to somebody on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import turns
from flowengine.core.draft import Draft, replace
from flowengine.core.flow import Flow
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.seatings import himself, person_seating, waits_for
from flowengine.core.spot import Kind, Spot
from flowengine.core.values import Actor, Branch, Step
from flowengine.core.world import World
from flowengine.errors import AlreadyClaimed, NotAllowed, Refused, StaleCommand
from flowengine.speech.phrases import moment_phrase, phrase


def act(flow: Flow, command: c.Act) -> None:
    """Somebody acts on a step: its kind says how the state ends, if it does."""
    branch, step = find(flow, command.step)
    not_kept_from(flow, step, command.by)
    if flow.compiled.turns:
        turns.begun(flow, branch)
    kind, spot = at_work(flow, step)
    before = len(flow.draft.events)
    result = kind.act(spot, step, command)
    if spot.state.thanks and spot.state.thanked_at_once:
        said = _said(flow.draft.events[before:], command.by.id) or (result.outcome if result is not None else "")
        flow.thank(branch.id, spot.state.thanks_for(said), said)
    if result is not None:
        flow.over(branch, result, step.member)


def _said(events: list[e.AnyEvent], by: str) -> str:
    """What somebody has answered among several, or the move that he has made; empty where he ends the state."""
    for event in reversed(events):
        if isinstance(event, e.Moved):
            return event.move
        if isinstance(event, e.SeatAnswered) and event.seat.by == by and isinstance(event.seat.answer, Mapping):
            return str(event.seat.answer.get("outcome", ""))
    return ""


def possible(compiled: Compiled, position: Position, step: Step, now: datetime, world: World) -> tuple[str, ...]:
    """What can be done on an open step now: outcomes and moves."""
    kind, spot = at_work(Flow(compiled, Draft(position), now, world), step)
    return kind.possible(spot, step)


def offered(
    compiled: Compiled, position: Position, step: Step, now: datetime, world: World, actor: Actor
) -> tuple[str, ...]:
    """What somebody can do on an open step now: exactly what :func:`act` takes from him, as far as it is his to act.

    Nothing for those whom the step does not wait for (L4), for those who have done their part in it, once its time is
    over (L13), and while the job is suspended.
    """
    held = position.head.suspended is not None and not step.is_asked
    over = step.is_over(now) and position.head.suspended is None  # a suspended job's deadlines are moved on
    if held or over or not waits_for(actor, step, position.seat):
        return ()
    flow = Flow(compiled, Draft(position), now, world)
    try:
        not_kept_from(flow, step, actor)
        kind, spot = at_work(flow, step)
        kind.admit(spot, step, actor)
    except Refused:
        return ()
    return kind.possible(spot, step)


def claim(flow: Flow, command: c.Claim) -> None:
    """Take a step for oneself. Claiming it again changes nothing."""
    _, step = find(flow, command.step)
    if step.claimed is not None and himself(command.by, step.claimed):
        return
    if step.claimed is not None:
        raise _claimed(flow, step)
    _give(flow, step, command.by.id, "claimed", command.by)


def release(flow: Flow, command: c.Release) -> None:
    """Give a claimed step back to all it waits for. Where there is a reason, its holder has lost the right to it."""
    _, step = find(flow, command.step)
    if step.claimed is None:
        raise NotAllowed(phrase("nobody has claimed the step"), where=_where(flow, step), possible=("claim",))
    if not himself(command.by, step.claimed) and command.by.kind != "operator" and not command.because:
        raise _claimed(flow, step)
    flow.draft.record(e.StepChanged(step=replace(step, claimed=None), why="released", by=command.by.id))
    at_work(flow, step)[1].drop_timers("claim")


def assign(flow: Flow, command: c.Assign) -> None:
    """Hand a step to a person. One for whom it waits has it while it does; another is asked by name from now on."""
    _, step = find(flow, command.step)
    if step.claimed is not None and not himself(command.by, step.claimed) and command.by.kind != "operator":
        raise _claimed(flow, step)
    person, seating = flow.world.person(command.person), person_seating(command.person)
    if seating not in step.audience and (person is None or not waits_for(person, step, flow.draft.seat)):
        step = replace(step, audience=(*step.audience, seating))
    _give(flow, step, command.person, "assigned", command.by)


def find(flow: Flow, number: int) -> tuple[Branch, Step]:
    """The open step of that number and its branch. Raises StaleCommand, which says what is open; also where the time of
    the step is over, and what has to come of that could not be carried out yet (L13)."""
    draft = flow.draft
    branch_id = draft.branch_of_step(number)
    if branch_id is not None:
        branch = draft.at(branch_id)
        for step in branch.steps:
            if step.number == number:
                flow.acted = step.state
                if step.is_over(flow.now) and draft.head.suspended is None:
                    raise _over(flow, step)
                return branch, step
    raise StaleCommand(
        phrase("the step is no longer open"), where=f"{draft.head.job}.{number}", possible=standing(flow)
    )


def _over(flow: Flow, step: Step) -> StaleCommand:
    assert step.due is not None, "only a step with a deadline is over before it is closed"
    over = phrase("its time was over on %(moment)s", moment=moment_phrase(step.due, flow.compiled.process.clock))
    return StaleCommand(over, where=_where(flow, step), possible=(phrase("ask an operator to move its deadline"),))


def standing(flow: Flow) -> tuple[str, ...]:
    """Where the job stands: the states' names."""
    return tuple(flow.draft.head.standing)


def at_work(flow: Flow, step: Step) -> tuple[Kind, Spot]:
    kind, spot = flow.at_work(step.branch, flow.compiled.at(step), step.member)
    assert kind is not None, f"{step.state} has no steps"
    return kind, spot


def not_kept_from(flow: Flow, step: Step, actor: Actor) -> None:
    """Raises AlreadyClaimed where somebody else has claimed the step, NotAllowed for whom it excludes, under any id of
    his and as whoever he acts."""
    if step.claimed is not None and not himself(actor, step.claimed):
        raise _claimed(flow, step)
    if step.excluded:
        for one in (actor.id, *actor.same, actor.party):
            _not_excluded(flow, step, one)


def _give(flow: Flow, step: Step, person: str, why: str, by: Actor) -> None:
    if step.seats:
        raise NotAllowed(phrase("each of those asked answers for himself"), where=_where(flow, step))
    _not_excluded(flow, step, person)
    turns.begun(flow, flow.draft.at(step.branch))
    kind, spot = at_work(flow, step)
    if step.appointment is not None:
        step = kind.handed(spot, step, person)
    flow.draft.record(e.StepChanged(step=replace(step, claimed=person), why=why, by=by.id))
    spot.limit_claim(step)


def _not_excluded(flow: Flow, step: Step, person: str) -> None:
    if person in step.excluded:
        raise NotAllowed(
            phrase("%(person)s did a part that must be done by another", person=person),
            where=_where(flow, step),
            possible=(phrase("another person"),),
        )


def _claimed(flow: Flow, step: Step) -> AlreadyClaimed:
    return AlreadyClaimed(
        phrase("%(claimed)s has claimed the step", claimed=step.claimed),
        where=_where(flow, step),
        possible=("release",),
    )


def _where(flow: Flow, step: Step) -> str:
    return f"{step.title or step.state} ({flow.draft.head.job}.{step.number})"
