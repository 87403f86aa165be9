"""A history in plain words: what a person would say that each command did.

Entries are told in order, for a later one names only the numbers of the steps, timers and calls that it is about.
Moments are in the zone of the process's calendar, or UTC, which is then said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import ServiceCall, Step
from flowengine.language.model import Process
from flowengine.language.texts import plain
from flowengine.people import waits_for_words
from flowengine.store import shown
from flowengine.views import plainly
from flowengine.views.doings import acted
from flowengine.views.known import Known

SAYINGS = {
    "note": "noted",
    "wish": "wished",
    "concern": "was concerned",
    "expectation": "expects",
    "question": "asked",
    "answer": "answered",
}
"""How each kind of words is told."""


class Teller:
    """Tells a history, entry by entry in order. ``names`` maps ids of persons to their names."""

    def __init__(self, process: Process | None, names: Mapping[str, str]) -> None:
        self.known = Known(process, names)

    def what(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """One entry in plain words."""
        told = "; ".join(filter(None, (self._asked(command, events), *self._besides(events))))
        self.known.learn(events)
        return told

    def _asked(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        match command:
            case c.Start():
                begun = f"began, for the job {shown(command.parent.rpartition('.')[0])}"
                return begun if command.parent else "stated the need"
            case c.Act():
                return acted(self.known, command, events)
            case c.Claim() | c.Release() | c.Assign():
                return self._handed(command, events)
            case c.Fire():
                told = self._fired(command, events)
                return told if command.by.kind == "clock" else f"had it done again: {told}"
            case c.Finish() | c.Fail():
                return self._ended(command, events)
            case c.Retry():
                return f"had it tried again: {self._call(self.known.calls.get(command.call))}"
            case c.Deliver():
                return self._delivered(command, events)
            case c.Invoke():
                return self._invoked(command)
            case c.Add():
                return f"added to {self.known.title(command.state)}: {plain(command.items)}"
            case c.Say():
                return f"{SAYINGS[command.kind]}: {command.text}"
            case c.Migrate():
                return f"moved the job to version {command.version} of its process"

    def _handed(self, command: c.Claim | c.Release | c.Assign, events: Sequence[e.AnyEvent]) -> str:
        before = self.known.steps.get(command.step)
        changed = next((event.step for event in events if isinstance(event, e.StepChanged)), before)
        what = changed.title if changed else f"step {command.step}"
        if isinstance(command, c.Assign):
            return f"handed over to {self.known.person(command.person)}: {what}"
        if isinstance(command, c.Claim):
            return f"took: {what}"
        holder = before.claimed if before else None
        return f"gave back{f' for {self.known.person(holder)}' if holder and holder != command.by.id else ''}: {what}"

    # the clock

    def _fired(self, command: c.Fire, events: Sequence[e.AnyEvent]) -> str:
        known, timer = self.known, self.known.timers.get(command.timer)
        if timer is None:
            return "a moment came that the history does not know"
        step = known.steps.get(timer.step)
        what = step.title if step and step.title else known.title(known.standing.get(timer.branch, ""), timer.member)
        match timer.purpose:
            case "expire":
                return f"the deadline passed: {what}"
            case "remind":
                return f"reminded {self._whom(step)}of: {what}"
            case "escalate":
                return self._escalated(step, what, events)
            case "elapse":
                return f"the wait is over: {what}"
            case "hold":
                slot = known.slots.get((timer.branch, timer.member))
                at = f" of {known.moment(slot, known.standing.get(timer.branch, ''))}" if slot else ""
                return f"the appointment{at} was kept for long enough and is free again: {what}"
            case "close":
                left = next((event for event in events if isinstance(event, e.Left)), None)
                return f"the vote closed: {what}" + (f": {plainly.spoken(left.outcome)}" if left else "")
            case "keep":
                return f"the message {plainly.spoken(known.kept.get(timer.detail, ''))} was kept in vain"
            case "always":
                used = any(isinstance(event, e.Invoked) for event in events)
                entry = known.entry(str(timer.detail[1]))
                return f"the time had come: {entry}" if used else f"the time came, and nothing was to be done: {entry}"

    def _whom(self, step: Step | None) -> str:
        return f"{self._names(step.audience)} " if step and step.audience else ""

    def _escalated(self, step: Step | None, what: str, events: Sequence[e.AnyEvent]) -> str:
        changed = next((event.step for event in events if isinstance(event, e.StepChanged)), None)
        if changed is None:
            return f"nobody else is to be asked: {what}"
        more = [whom for whom in changed.audience if step is None or whom not in step.audience]
        return f"it took too long; {self._names(more)} may do it as well: {what}"

    def _names(self, audience: Sequence[str]) -> str:
        process = self.known.process
        roles, groups = (process.roles, process.groups) if process else ({}, {})
        return ", ".join(waits_for_words(one, self.known.names, roles, groups) for one in audience)

    # code, other jobs, the outside

    def _call(self, call: ServiceCall | None) -> str:
        if call is None:
            return "a call that the history does not know"
        what = self.known.title(call.state, call.member)
        return f"undoing {what}" if call.undo else what

    def _ended(self, command: c.Finish | c.Fail, events: Sequence[e.AnyEvent]) -> str:
        call = self.known.calls.get(command.call)
        what = self._call(call)
        incident = next((event.call.incident for event in events if isinstance(event, e.CallChanged)), "")
        if incident:
            return f"{what}: gave up and waits for an operator: {incident}"
        if isinstance(command, c.Fail):
            return f"{what}: gave up: {command.error}"
        if call is not None and call.undo:
            return f"undone: {self.known.title(call.state, call.member)}"
        if call is not None and call.process and isinstance(command.result, Mapping):
            child, because = str(command.result.get("job", "")), command.result.get("because")
            ended = f"the job {shown(child)} of {plainly.spoken(call.process)} is {command.outcome}"
            return f"{what}: {ended}" + (f": {because}" if because else "")
        return f"{what}: {plainly.spoken(command.outcome)}"

    def _delivered(self, command: c.Deliver, events: Sequence[e.AnyEvent]) -> str:
        came = f"the message {plainly.spoken(command.name)}" + (f" ({command.key})" if command.key else "") + " came"
        for event in events:
            match event:
                case e.MessageKept():
                    return f"{came} before anybody waited for it, and is kept"
                case e.Invoked():
                    return f"{came}: {self.known.entry(event.name)}"
                case e.Left():
                    return f"{came}: {self.known.title(event.state)}"
        return came

    def _invoked(self, command: c.Invoke) -> str:
        entry = self.known.entries.get(command.name)
        given = command.answer if isinstance(command.answer, Mapping) else {}
        asked = {field.name: field.title for field in entry.fields} if entry else {}
        said = [f"{asked.get(name, name)}: {plain(value)}" for name, value in given.items() if value not in ("", None)]
        return self.known.entry(command.name) + (f" ({'; '.join(said)})" if said else "")

    # what came of it

    def _besides(self, events: Sequence[e.AnyEvent]) -> Iterator[str]:
        """What is worth a word beside what was asked: what is undone, who was brought, promises, the end."""
        for event in events:
            match event:
                case e.UndoTaken():
                    calls = [self.known.calls.get(number) for number in event.calls]
                    yield f"to be undone: {', '.join(self.known.title(call.state) for call in calls if call)}"
                case e.Referred():
                    yield f"brings {event.name}"
                case e.Promised():
                    kept, by = event.promise.kept, self.known.promised(event.promise.by)
                    promised = {None: f"promised for {by}", True: "the promise is kept", False: "the promise is broken"}
                    yield promised[kept]
                case e.Ended():
                    end = f"the job ended: {event.because or plainly.spoken(event.state)}"
                    yield "the job is fulfilled" if event.kind == "fulfilled" else end
