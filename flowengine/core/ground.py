"""The ground of a draft: a position with changes on top, and the few ways to change it.

What is changed is noted in :class:`Effects`, for the store to write. What an event means is said in
:mod:`flowengine.core.draft`, in these terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from flowengine.core import events as e
from flowengine.core.position import Position
from flowengine.core.values import Branch, Head, Json, KeptMessage, Seat, ServiceCall, Step, Timer, Wait

replace = msgspec.structs.replace

SCOPE_TIMERS = frozenset({"always", "keep", "cut_off", "promise", "risk"})
"""Purposes of the timers that belong to a branch's scope, or to the job, and not to the state it stands in."""


class Effects(msgspec.Struct):
    """What the shell must write and do, beside the head, the data and the history.

    A thing that came and went within one command is in none of the lists.
    """

    branches: dict[str, Branch] = {}
    """New and changed branches, by id."""
    closed_branches: set[str] = set()
    steps: dict[int, Step] = {}
    """New and changed steps."""
    seats: dict[int, dict[str, Seat]] = {}
    """New and changed seats, by step and audience."""
    closed_steps: set[int] = set()
    closed_boxes: set[int] = set()
    """The steps whose ballot boxes take nothing any more."""
    timers: dict[int, Timer] = {}
    dropped_timers: set[int] = set()
    calls: dict[int, ServiceCall] = {}
    heard: set[int] = set()
    """Calls at partners that are only known better: what was heard, or answered."""
    closed_calls: set[int] = set()
    cut_off: list[ServiceCall] = []
    """Calls of other processes' jobs that were still awaited when what made them was left."""
    booked: list[e.SlotBooked] = []
    freed: list[e.SlotFreed] = []
    appointments: list[e.AppointmentChanged] = []
    opened_steps: list[int] = []
    """The steps that were opened by this command and are still open, for notices."""
    reminded: list[int] = []
    told: list[e.Told] = []
    late: list[e.TakesLonger] = []
    answers: list[e.Said] = []
    """Answers to what somebody had asked."""
    messages: list[e.Said] = []
    """What those inside wrote to the job's customer."""
    overdue: e.PromiseOverdue | None = None
    at_risk: e.PromiseAtRisk | None = None
    referred: list[e.Referred] = []
    answered: list[e.AnsweredPartner] = []
    """Answers to what partners ask of us."""
    awaited: dict[str, tuple[Wait, ...]] = {}
    """What branches wait for from outside, where that has changed; nothing for those that wait no more."""
    taken: list[KeptMessage] = []
    """Messages that lay outside of all jobs and are this one's now."""
    suspended: bool | None = None
    """Whether the job was suspended (True) or resumed (False) by this command."""
    ended: e.Ended | None = None


class Ground:
    """A position with changes on top. It is itself a :class:`~flowengine.core.position.Position`."""

    def __init__(self, base: Position | None = None) -> None:
        self._base = base
        self._head = base.head if base else None
        self.serial = self._head.serial if self._head else 0
        """The highest number that is used by now."""
        self._data: dict[str, Json] | None = None
        self._branches: dict[str, Branch | None] = {}
        self._new_children: dict[str, list[str]] = {}
        self.step_branch: dict[int, str] = {}
        self.timer_branch: dict[int, str] = {}
        self.call_branch: dict[int, str] = {}
        self._existed: set[str] = set()
        self.events: list[e.AnyEvent] = []
        self.effects = Effects()
        self.data_changed = False

    # reading

    @property
    def head(self) -> Head:
        head = self._head
        assert head is not None, "a job begins with Started"
        if head.serial != self.serial:
            self._head = head = replace(head, serial=self.serial)
        return head

    @head.setter
    def head(self, head: Head) -> None:
        self._head = head
        self.serial = max(self.serial, head.serial)

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
        found = self._branches.get(branch) or self.branch(branch)
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
        if self._base is None or step in self.effects.closed_steps:
            return self.step_branch.get(step)
        return self.step_branch.get(step) or self._base.branch_of_step(step)

    def branch_of_timer(self, timer: int) -> str | None:
        if self._base is None or timer in self.effects.dropped_timers:
            return self.timer_branch.get(timer)
        return self.timer_branch.get(timer) or self._base.branch_of_timer(timer)

    def branch_of_call(self, call: int) -> str | None:
        if self._base is None or call in self.effects.closed_calls:
            return self.call_branch.get(call)
        return self.call_branch.get(call) or self._base.branch_of_call(call)

    def overdue(self, now: datetime) -> list[Timer]:
        if self.head.suspended is not None:
            return []
        before = self._base.overdue(now) if self._base else []
        gone, new = self.effects.dropped_timers, self.effects.timers
        stay = [timer for timer in before if timer.number not in gone and timer.number not in new]
        return stay + [timer for timer in new.values() if timer.is_due(now)]

    def seat(self, step: int, audience: str) -> Seat | None:
        changed = self.effects.seats.get(step, {}).get(audience)
        return changed or (self._base.seat(step, audience) if self._base else None)

    def seats(self, step: int) -> list[Seat]:
        found = {seat.audience: seat for seat in self._base.seats(step)} if self._base else {}
        return list((found | self.effects.seats.get(step, {})).values())

    def next_number(self) -> int:
        """A fresh number for a step, timer, call or entry."""
        self.serial += 1
        return self.serial

    @property
    def touched(self) -> frozenset[str]:
        """The ids of the branches that were read or changed."""
        return frozenset(self._branches)

    # changing

    def put(self, branch: Branch) -> None:
        """The branch is like this now."""
        self._branches[branch.id] = branch
        self.effects.branches[branch.id] = branch

    def add_child(self, parent: str, child: str) -> None:
        """A branch was opened below another."""
        self._new_children.setdefault(parent, []).append(child)

    def close(self, branch: str) -> None:
        """The branch is no more."""
        self._branches[branch] = None
        self.effects.branches.pop(branch, None)
        if branch in self._existed:
            self.effects.closed_branches.add(branch)

    def stand(self, state: str, by: int) -> None:
        """So many branches more, or fewer, stand in a state."""
        head = self._head
        if not state or head is None:
            return
        standing = dict(head.standing)
        count = standing.get(state, 0) + by
        if count:
            standing[state] = count
        else:
            standing.pop(state, None)
        self._head = replace(head, standing=standing)

    def clear(self, branch: Branch, *, scope: bool = True) -> tuple[Timer, ...]:
        """Everything that is open on the branch is gone; without ``scope``, but for the timers of its scope."""
        for step in branch.steps:
            self.drop_step(step)
        stay: list[Timer] = []
        late = 0
        for timer in branch.timers:
            if not scope and timer.purpose in SCOPE_TIMERS:
                stay.append(timer)
            else:
                gone(timer.number, self.effects.timers, self.timer_branch, self.effects.dropped_timers)
                late += timer.holds_up
        if late:
            self.head = replace(self.head, late=self.head.late - late)
        cut_off = {call.number for call in self.head.cut_off} if branch.calls else ()
        for call in branch.calls:
            if call.number in cut_off:
                continue  # its row stays, for whoever is at work on it
            gone(call.number, self.effects.calls, self.call_branch, self.effects.closed_calls)
            if call.process and call.number in self.effects.closed_calls:
                self.effects.cut_off.append(call)
        return tuple(stay)

    def drop_step(self, step: Step) -> None:
        """The step is no longer open, its seats are gone, and its ballot box is closed."""
        effects, number = self.effects, step.number
        if step.box:
            effects.closed_boxes.add(number)
        gone(number, effects.steps, self.step_branch, effects.closed_steps)
        effects.seats.pop(number, None)
        if number in effects.opened_steps:
            effects.opened_steps.remove(number)


def gone(number: int, made: dict[int, Any], owners: dict[int, str], closed: set[int]) -> None:
    """A step, timer or call is no more: forgotten when it was made by this command, else noted as closed."""
    new = owners.pop(number, None) is not None
    made.pop(number, None)
    if not new:
        closed.add(number)


def memory_owner(position: Position, branch: Branch) -> Branch:
    """The branch that keeps data and memory for this one: the nearest branch of an each, or the root."""
    while not branch.own and branch.parent is not None:
        above = position.branch(branch.parent)
        assert above is not None, f"the parent of {branch.id} is not open"
        branch = above
    return branch
