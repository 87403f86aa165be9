"""One command at work: the draft, what still has to happen, and the ways a branch is left or cancelled.

The agenda holds what the states' ends and the openings of branches lead to; ``moves.stabilise`` works it off until each
branch waits. Everything here only records events and adds to the agenda, so that no depth of nesting and no length of
a round is a depth of Python's stack.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Any

import msgspec

from flowengine.core import events as e
from flowengine.core.draft import Draft, replace
from flowengine.core.kinds import KINDS
from flowengine.core.machines import Compiled
from flowengine.core.names import JobNames
from flowengine.core.spot import Kind, Result, Spot
from flowengine.core.values import ROOT, Branch, Fork, Timer, Undoable, Undoing
from flowengine.core.world import World
from flowengine.errors import RunawayProcess
from flowengine.language.durations import Duration, Length
from flowengine.language.expressions import later
from flowengine.language.model import State
from flowengine.language.texts import Text
from flowengine.language.types import Service

MARGIN = timedelta(seconds=10)
"""So long after its lease and its limit are over, an attempt has ended: as long as a worker of ours holds a call
without a sign of life."""

BUDGET = 1_000
"""States that one branch may enter in one command."""


class Arrive(msgspec.Struct, frozen=True):
    """A branch is on its way to a target: a state, an end, ``done``; or, where ``to`` is empty, to the end that an
    operator makes, ``because`` of what he said."""

    branch: str
    to: str
    because: str = ""
    way: str = ""
    """The title of the way that was taken."""


class Over(msgspec.Struct, frozen=True):
    """The state in which a branch stood since ``entry`` is over."""

    branch: str
    entry: int
    result: Result
    member: str = ""


class Flow:
    """One command at work on one job."""

    __slots__ = ("_rounds", "_trail", "acted", "agenda", "compiled", "draft", "micro_steps", "now", "world")

    def __init__(self, compiled: Compiled, draft: Draft, now: datetime, world: World) -> None:
        self.compiled = compiled
        self.draft = draft
        self.now = now
        self.world = world
        self.agenda: deque[Arrive | Over] = deque()
        self.micro_steps = 0
        self.acted = ""
        self._rounds: dict[str, int] = {}
        self._trail: deque[str] = deque(maxlen=50)

    # looking

    def names(self, branch: str, **more: Any) -> JobNames:
        process = self.compiled.process
        return JobNames(self.draft, self.draft.at(branch), self.now, self.world, process, more)

    def spot(self, branch: str, state: State, member: str = "") -> Spot:
        """The spot of a state, or of one member of a race (``state`` is the race)."""
        here = state.member(member) if member else state
        return Spot(self.compiled.process, self.draft, branch, here, self.now, self.world, member)

    def at_work(self, branch: str, state: State, member: str = "") -> tuple[Kind | None, Spot]:
        """The kind of a state (of one member of a race) and the spot it works on; None for the types that only move
        branches (decision, parallel, ends …)."""
        spot = self.spot(branch, state, member)
        return KINDS.get(spot.state.type), spot

    def state_of(self, branch: Branch) -> State:
        """The state in which the branch stands."""
        return self.compiled.states[branch.state]

    # telling

    def thank(self, branch: str, words: Text | None, outcome: str) -> None:
        """Tell who acted what the process says to it, if it says anything. Raises ExpressionFailed."""
        if words is not None:
            names = self.names(branch, outcome=outcome)
            others = {}
            for language, process in self.compiled.process.others.items():
                theirs = replace(names, process=process)
                others[language] = Text(process.said(words.source)).render(theirs, theirs.word)
            said = words.render(names, names.word)
            self.draft.record(e.Thanked(branch=branch, words=said, others=others))

    # planning

    def count(self, branch: str, state: str) -> None:
        """One more micro step. Raises RunawayProcess when the branch has had its budget."""
        self.micro_steps += 1
        self._trail.append(state)
        rounds = self._rounds[branch] = self._rounds.get(branch, 0) + 1
        if rounds > BUDGET:
            going_round = ", ".join(dict.fromkeys(self._trail))
            raise RunawayProcess(
                f"entered {BUDGET} states without ever waiting, going round {going_round}",
                where=f"{self.compiled.process.name}, branch {branch}",
            )

    def over(self, branch: Branch, result: Result, member: str = "") -> None:
        """The state in which a branch stands has ended; what follows goes to the agenda."""
        self.agenda.append(Over(branch.id, branch.entry, result, member))

    def begin(self, branch: str) -> None:
        """A branch that was just opened or woken enters its scope: its clocks start, its first state comes next."""
        scope = self.compiled.scopes[self.draft.at(branch).scope]
        for entry in scope.always:
            if entry.within is not None:
                spot = self.spot(branch, scope.states[scope.start])
                due, since = spot.at_time(entry.within), spot.since(entry.within)
                spot.set_timer("always", due, detail=[scope.path, entry.name], since=since)
        self.agenda.append(Arrive(branch, scope.start))

    def watch(self, branch: str, state: State, length: Length) -> None:
        """Somebody has to look if the branch waits for that long, in a state or for the undo of what was done there
        (L8)."""
        if isinstance(length, Duration):  # as the spot would count it, which each act need not make for this
            due = later(self.now, length, self.compiled.process.clock)
        else:
            due = self.spot(branch, state).after(length)
        timer = Timer(number=self.draft.next_number(), branch=branch, purpose="attention", due=due)
        self.draft.record(e.TimerSet(timer=timer))

    # leaving

    def leave(self, branch_id: str, outcome: str, by: str = "", *, passed: bool = True) -> None:
        """Leave the state: its children are cancelled, what it holds outside is freed, its steps are closed."""
        branch = self.draft.at(branch_id)
        if not branch.state:
            return
        if isinstance(branch.inners.get(""), Fork):
            self.cancel_children(branch_id)
            branch = self.draft.at(branch_id)
        self.vacate(branch)
        recalled = passed and bool(outcome)
        self.draft.record(
            e.Left(branch=branch_id, state=branch.state, outcome=outcome, by=by, passed=passed, recalled=recalled)
        )

    def cancel_children(self, branch_id: str, *, detached: bool = False) -> None:
        """Cancel all branches below; the detached ones only when it is said so."""
        branch = self.draft.at(branch_id)
        if isinstance(branch.inners.get(""), Fork) or (detached and branch.rest):
            for child in list(self.draft.children(branch_id)):
                if detached or not child.detached:
                    self.cancel(child)

    def cancel(self, branch: Branch) -> None:
        """Close a branch and all below it, wherever they stand."""
        self.cancel_children(branch.id, detached=True)
        self.vacate(self.draft.at(branch.id))
        self.draft.record(e.BranchClosed(branch=branch.id, why="cancelled"))

    def vacate(self, branch: Branch) -> None:
        """Free what the branch holds outside, and note what it has begun and might have to undo."""
        undoing = branch.inners.get("")
        if isinstance(undoing, Undoing):
            for undoable in undoing.waiting:
                self.draft.record(e.UndoNoted(branch=branch.id, undoable=undoable))
        elif branch.state:
            state = self.state_of(branch)
            for member in state.members:
                kind, spot = self.at_work(branch.id, state, member)
                if kind is not None:
                    kind.leave(spot)
            if branch.calls:
                self._cut_off(branch, state)

    def _cut_off(self, branch: Branch, state: State) -> None:
        """A service that has not answered may have done its work, unless nobody has begun it: it can be undone like one
        that has. While an attempt of it may be running it is not closed: it is undone only once that is over (L14)."""
        for call in branch.calls:
            service = state.member(call.member)
            if not isinstance(service, Service) or not service.undo or call.undo:
                continue
            attempt = self.world.attempt(call.number)
            if attempt is None:
                continue
            undoable = Undoable(
                call=call.number,
                state=state.name,
                member=call.member,
                handler=service.undo,
                branch=branch.id,
                input=call.input,
                certain=False,
            )
            self.draft.record(e.UndoNoted(branch=branch.id, undoable=undoable))
            if attempt.until is not None:
                self.draft.record(e.CutOff(call=replace(call, cut_off=True)))
                limit = self.now + timedelta(seconds=service.limit.seconds)
                self.await_end(call.number, max(attempt.until, limit))

    def await_end(self, call: int, until: datetime) -> None:
        """Look again, some time after ``until``, whether the attempt of a call that was cut off can still end."""
        timer = Timer(number=self.draft.next_number(), branch=ROOT, purpose="cut_off", due=until + MARGIN, detail=call)
        self.draft.record(e.TimerSet(timer=timer))
