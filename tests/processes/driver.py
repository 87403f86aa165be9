"""Drives one job of a process through the real engine in simulated time, so that a scenario reads like a story."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flowengine import Actor, Engine, SimulatedClock
from flowengine.views.replies import InboxItem, JobRow, Receipt, StaffTrack, Track

_OF_A_PROGRAM = re.compile(r"_|[{}]|\b[0-9a-f]{8}-[0-9a-f]{4}-")
"""Names of states and outcomes, expressions, and whole ids."""

PASSES = 50
"""Passes of due work after which a job that is still busy at one moment is taken to be running in circles."""


class Story:
    """One job. Every method that changes something lets all due work be done afterwards.

    ``after`` is called when that is done: for what the world outside does by itself, such as a mill's deliveries. It
    says whether it did anything.
    """

    def __init__(self, engine: Engine, clock: SimulatedClock, after: Callable[[], bool] = lambda: False) -> None:
        self.engine, self.clock, self.after = engine, clock, after
        self.job = ""
        self.said: list[str] = []
        """What those who acted were told had come of it."""

    def start(self, process: str, by: str, **need: Any) -> Story:
        """Begin the job."""
        self.job = self.engine.start(process, by=by, need=need).job
        self.settle()
        return self

    # looking

    @property
    def row(self) -> JobRow:
        """The job as it is listed."""
        return next(row for row in self.engine.jobs(limit=1000) if row.id == self.job)

    @property
    def at(self) -> set[str]:
        """The states where the job stands."""
        return set(self.row.states)

    @property
    def status(self) -> str:
        """``open``, ``fulfilled`` or ``ended``."""
        return self.row.status

    @property
    def because(self) -> str:
        """Why it ended."""
        return self.row.because

    def track(self, by: str) -> Track:
        """The job as this person sees it."""
        return self.engine.track(self.job, by)

    def waiting(self, who: str) -> dict[str, InboxItem]:
        """This person's open steps of this job, by state."""
        states = self._states()
        return {states[item.id]: item for item in self.engine.inbox(who, limit=1000) if item.job == self.job}

    def step(self, who: str, state: str) -> str:
        """The id of the step of a state that waits for this person, or that he has booked and may still move."""
        items = self.engine.inbox(who, limit=1000, everything=True)
        states = self._states()
        found = {states[item.id]: item.id for item in items if item.job == self.job}
        assert state in found, f"{who} has {sorted(found)} to do, the job is {self.status} at {sorted(self.at)}"
        return found[state]

    def _states(self) -> dict[str, str]:
        """The states of the open steps, by the steps' ids: what an operator sees, and a customer does not (L9)."""
        seen = self.engine.track(self.job, Actor(kind="operator", id="operator"))
        assert isinstance(seen, StaffTrack)
        return {waiting.id: waiting.state for waiting in seen.waiting}

    def id_of(self, state: str) -> str:
        """The id of the step that a state opened last, whoever it waits for."""
        numbers = [
            event["step"]["number"]
            for line in self.engine.history(self.job)
            for event in line.events
            if event["event"] == "StepOpened" and event["step"]["state"] == state
        ]
        return f"{self.job}.{numbers[-1]}"

    def shown(self, who: str, state: str) -> dict[str, str]:
        """The lines that this person is shown at a step."""
        return dict(self.engine.step(self.step(who, state), who).shown)

    def outcomes(self) -> list[str]:
        """The states left so far with their outcomes, as ``state:outcome``, the oldest first."""
        return [
            f"{event['state']}:{event['outcome']}"
            for line in self.engine.history(self.job)
            for event in line.events
            if event["event"] == "Left"
        ]

    # doing

    def do(self, who: str, state: str, outcome: str = "", **answer: Any) -> Receipt:
        """Act on the step of a state."""
        receipt = self.engine.act(self.step(who, state), outcome, answer, by=who)
        self._told_plainly(receipt, who)
        self.settle()
        return receipt

    def book(self, who: str, state: str, index: int = 0) -> datetime:
        """Book one of the free slots, and return it."""
        slot = self.engine.step(self.step(who, state), who).slots[index]
        self.do(who, state, "book", slot=slot.isoformat())
        return slot

    def use(self, who: str, name: str, **answer: Any) -> Receipt:
        """Use an ``always`` entry."""
        receipt = self.engine.invoke(self.job, name, answer, by=who)
        self._told_plainly(receipt, who)
        self.settle()
        return receipt

    def _told_plainly(self, receipt: Receipt, who: str) -> None:
        """What came of it is told in words that stand in no program."""
        found = self.engine.answered(receipt.job, receipt.seq, who)
        for words in (found.said, found.over, *(one.words for one in found.next)):
            assert not _OF_A_PROGRAM.search(words), words
        assert found.said.endswith((".", "?", "!", "”")), found.said
        self.said.append(found.said)

    def vote(self, state: str, ballots: Mapping[str, Any]) -> None:
        """Cast ballots, or change them, one member after another, as long as the vote is open."""
        step, before = self.id_of(state), ()
        for who, choice in ballots.items():
            now = self.engine.act(step, "vote", {"for": choice}, by=who).states
            if before not in ((), now):
                break
            before = now
        self.settle()

    # time

    def settle(self) -> None:
        """Do all that is due at this moment."""
        for _ in range(PASSES):
            if not self.engine.run_due().anything and not self.after():
                return
        raise AssertionError(f"the job is still busy after {PASSES} passes, at {sorted(self.at)}")

    def until(self, moment: datetime) -> None:
        """Let time go by to a moment, stopping at each timer and each midnight on the way."""
        while self.clock.now() < moment:
            due = self.engine.next_due()
            stop = min(moment, self._midnight(), due if due and due > self.clock.now() else moment)
            self.clock.set(stop)
            if self.after() or (due is not None and due <= stop):
                self.settle()

    def later(self, **span: float) -> None:
        """Let a span of time go by: ``later(days=3)``."""
        self.until(self.clock.now() + timedelta(**span))

    def _midnight(self) -> datetime:
        return self.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
