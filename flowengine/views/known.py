"""What a history has told so far of steps, timers, calls and appointments, so that what follows can be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flowengine.core import events as e
from flowengine.core.values import Booking, ServiceCall, Step, Timer
from flowengine.language.model import Always, Process, Race, State
from flowengine.views import plainly


@dataclass
class Known:
    """What is known while a history is told in order. ``names`` maps ids of persons to their names.

    The process may be another version than an entry's own: what it does not know is told by its name.
    """

    process: Process | None
    names: Mapping[str, str]
    steps: dict[int, Step] = field(default_factory=dict)
    timers: dict[int, Timer] = field(default_factory=dict)
    calls: dict[int, ServiceCall] = field(default_factory=dict)
    kept: dict[int, str] = field(default_factory=dict)
    slots: dict[tuple[str, str], datetime] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states: dict[str, State] = {state.name: state for state in self.process.states()} if self.process else {}
        self.entries: dict[str, Always] = {}
        for scope in self.process.scopes() if self.process else ():
            for entry in scope.always:
                self.entries.setdefault(entry.name, entry)

    def learn(self, events: Iterable[e.AnyEvent]) -> None:
        """Take in what an entry's events say."""
        for event in events:
            match event:
                case e.StepOpened() | e.StepChanged():
                    self.steps[event.step.number] = event.step
                case e.TimerSet():
                    self.timers[event.timer.number] = event.timer
                case e.CallOpened() | e.CallChanged():
                    self.calls[event.call.number] = event.call
                case e.MessageKept():
                    self.kept[event.message.number] = event.message.name
                case e.Kept(inner=Booking(slot=datetime() as slot)):
                    self.slots[event.branch, event.member] = slot
                case e.Entered():
                    self.standing[event.branch] = event.state

    def state(self, name: str, member: str = "") -> State | None:
        """A state of the process, or the member of a race."""
        state = self.states.get(name)
        return state.of.get(member, state) if member and isinstance(state, Race) else state

    def title(self, name: str, member: str = "") -> str:
        """A state's title; its name with spaces when the process does not know it."""
        state = self.state(name, member)
        return state.title if state is not None else plainly.spoken(name)

    def entry(self, name: str) -> str:
        """The title of an always entry."""
        return self.entries[name].title if name in self.entries else plainly.spoken(name)

    def person(self, id: str) -> str:
        """A person's name, or the id."""
        return self.names.get(id) or id

    def promised(self, value: datetime) -> str:
        """A promised moment; the last instant of a day in UTC, which a promised date is, is that day everywhere."""
        whole = (value.hour, value.minute, value.second) == (23, 59, 59)
        return plainly.day(value) if whole else self.moment(value)

    def moment(self, value: datetime, state: str = "") -> str:
        """A moment in the zone of the process, or of the fitting's own calendar."""
        if self.process is None:
            return f"{value:%Y-%m-%d %H:%M} UTC"
        return plainly.moment(value, plainly.zone_of(self.process, self.states.get(state)))
