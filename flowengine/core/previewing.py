"""Looking before something is done: what a command on a job would change, computed and not carried out (L7).

What is undone first is taken to succeed, so that what comes after it can be told: each undo handler is answered as
done, and what was cut off and may still be at work as if it had taken effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance, advance
from flowengine.core.draft import settle
from flowengine.core.machines import Compiled
from flowengine.core.names import JobNames
from flowengine.core.position import MemoryPosition
from flowengine.core.usual import expected, states_ahead, usual
from flowengine.core.values import ROOT, Actor, Branch, Promise, ServiceCall, Step, Undoable, Undoing
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed
from flowengine.exact import Number
from flowengine.language.model import State
from flowengine.language.types import Service

_CODE = Actor(kind="service")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """Something that is undone: the state and the handler; ``words`` and ``costs`` as the file says them for the
    customer, empty and None where it does not, or where they cannot be told now. ``certain``: whether it took effect
    for sure."""

    undoable: Undoable
    state: State | None
    words: str
    costs: Number | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """An appointment that is free again, of the state that has booked it."""

    slot: datetime
    state: State | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a command would change. ``then`` is where the job stands once all is undone."""

    then: MemoryPosition
    redone: tuple[State, ...]
    """Where its customer was asked before, and is asked again: now, or on the usual way from there."""
    undone: tuple[TakenBack, ...]
    given_back: tuple[GivenBack, ...]
    closed: tuple[Step, ...]
    """Steps that were open, and are no more."""
    left: tuple[ServiceCall, ...]
    """Calls of other processes' jobs that are not waited for any more."""
    opened: tuple[Step, ...]
    """Steps that are open then, and were not before."""
    before: Promise | None
    after: Promise | None
    expected: tuple[datetime, datetime] | None
    """When the job comes to its end then, the soonest and the latest, as far as its file says how long things take."""


def change(
    compiled: Compiled, before: MemoryPosition, command: c.AnyCommand, done: Advance, now: datetime, world: World
) -> Change:
    """What came of a command on a position, told as a change."""
    then = _all_undone(compiled, settle(before, done.draft), now, world)
    acted = getattr(command, "step", 0)
    was, is_ = before.steps, then.steps
    gone = {number for number in was if number not in is_}
    return Change(
        then=then,
        redone=_redone(compiled, before, then, now, world),
        undone=tuple(_undone(compiled, before, done, now, world)),
        given_back=tuple(_given_back(compiled, before, done)),
        closed=tuple(was[number] for number in sorted(gone) if number != acted),
        left=tuple(done.effects.cut_off),
        opened=tuple(is_[number] for number in sorted(is_) if number not in was),
        before=before.head.promise,
        after=then.head.promise,
        expected=expected(compiled, then, now, world),
    )


def _all_undone(compiled: Compiled, position: MemoryPosition, now: datetime, world: World) -> MemoryPosition:
    """The position once everything is undone that is being undone; each round ends one call."""
    while position.head.status == "open" and (call := _undo_at_work(position)) is not None:
        finish = c.Finish(by=_CODE, call=call)
        position = settle(position, advance(compiled, position, finish, now, world).draft)
    return position


def _undo_at_work(position: MemoryPosition) -> int | None:
    for branch in position.branches.values():
        undoing = branch.inners.get("")
        if isinstance(undoing, Undoing):
            calls = [call.number for call in branch.calls if call.undo and not call.incident]
            if calls:
                return calls[0]
            if position.head.is_cut_off(undoing.waiting[0].call):
                return undoing.waiting[0].call
    return None


def _redone(
    compiled: Compiled, before: MemoryPosition, then: MemoryPosition, now: datetime, world: World
) -> tuple[State, ...]:
    way = usual(compiled, then, now, world)
    if way is None:
        return ()
    stood = JobNames(before, before.root, now, world, compiled.process)
    asked = (one for one in states_ahead(way) if any(member.answered_by_customer for member in one.members.values()))
    return tuple(one for one in asked if stood.passed(one.name))


def _undone(compiled: Compiled, before: MemoryPosition, done: Advance, now: datetime, world: World) -> list[TakenBack]:
    """What is undone, in the order in which that is done."""
    taken = {call for event in done.events if isinstance(event, e.UndoTaken) for call in event.calls}
    found: dict[int, Undoable] = {}
    for event in done.events:
        if isinstance(event, e.Kept) and isinstance(event.inner, Undoing):
            found |= {one.call: one for one in event.inner.waiting if one.call in taken}
    return [_taken_back(compiled, before, one, now, world) for _, one in sorted(found.items(), reverse=True)]


def _taken_back(
    compiled: Compiled, before: MemoryPosition, undoable: Undoable, now: datetime, world: World
) -> TakenBack:
    state = compiled.states.get(undoable.state)  # the job may have been migrated
    member = state.member(undoable.member) if state is not None else None
    words, costs = "", None
    if isinstance(member, Service):
        names = JobNames(before, _where(before, undoable.branch), now, world, compiled.process)
        try:
            words = member.undo_words.render(names, names.word) if member.undo_words is not None else ""
            costs = member.undo_costs.value(names) if member.undo_costs is not None else None
        except ExpressionFailed:  # told without them, as where the file says nothing
            words, costs = "", None
    return TakenBack(undoable=undoable, state=member, words=words, costs=costs)


def _where(before: MemoryPosition, branch: str) -> Branch:
    """The branch, or the nearest around it that is open."""
    while branch != ROOT and before.branch(branch) is None:
        branch = branch.rsplit("/", 2)[0]
    found = before.branch(branch)
    assert found is not None, "the root is always open"
    return found


def _given_back(compiled: Compiled, before: MemoryPosition, done: Advance) -> list[GivenBack]:
    taken = {(one.calendar, one.start) for one in done.events if isinstance(one, e.SlotBooked)}
    found: list[GivenBack] = []
    for event in done.events:
        if isinstance(event, e.SlotFreed) and (event.calendar, event.start) not in taken:
            branch = before.branch(event.branch)
            state = compiled.states.get(branch.state) if branch is not None else None
            found.append(GivenBack(slot=event.start, state=state))
    return found
