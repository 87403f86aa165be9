"""History in plain words: what a person would say that a command did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.language.model import Process

SAYINGS = {
    "note": "noted",
    "wish": "wished",
    "concern": "was concerned",
    "expectation": "expects",
    "question": "asked",
    "answer": "answered",
}
"""How each kind of words is told."""


def title(process: Process | None, state: str) -> str:
    """A state's title; its name with spaces when the process does not know it."""
    if process is not None:
        for scope in process.scopes():
            if state in scope.states:
                return scope.states[state].title
    return state.replace("_", " ")


def what(process: Process | None, command: c.AnyCommand, events: Sequence[e.AnyEvent], names: Mapping[str, str]) -> str:
    """One command in plain words."""
    told = _asked(process, command, events, names)
    ended = next((event for event in events if isinstance(event, e.Ended)), None)
    if ended is None:
        return told
    end = "the job is fulfilled" if ended.kind == "fulfilled" else f"the job ended: {ended.because or ended.state}"
    return f"{told}; {end}" if told else end


def _asked(
    process: Process | None, command: c.AnyCommand, events: Sequence[e.AnyEvent], names: Mapping[str, str]
) -> str:
    match command:
        case c.Start():
            return "stated the need" if not command.parent else "was begun for another job"
        case c.Act():
            return _acted(process, events)
        case c.Claim() | c.Release() | c.Assign():
            return _step_changed(command, events, names)
        case c.Fire():
            return _fired(process, events)
        case c.Finish():
            return _left(process, events) or f"a service call ended: {command.outcome}"
        case c.Fail():
            return f"a service call gave up: {command.error}"
        case c.Retry():
            return "a service call is tried again"
        case c.Deliver():
            return f"the message {command.name} came"
        case c.Invoke():
            return _invoked(process, command.name)
        case c.Add():
            return f"added {len(command.items)} to {title(process, command.state)}"
        case c.Say():
            return f"{SAYINGS[command.kind]}: {command.text}"
        case c.Migrate():
            return f"moved to version {command.version}"


def _acted(process: Process | None, events: Sequence[e.AnyEvent]) -> str:
    for event in events:
        if isinstance(event, e.Moved):
            return f"{event.move} in a step"
        if isinstance(event, e.SeatAnswered):
            return "answered as one of several"
        if isinstance(event, e.Left):
            break
    return _left(process, events) or "acted on a step"


def _left(process: Process | None, events: Sequence[e.AnyEvent]) -> str:
    left = next((event for event in events if isinstance(event, e.Left)), None)
    return f"{title(process, left.state)}: {left.outcome.replace('_', ' ')}" if left else ""


def _step_changed(
    command: c.Claim | c.Release | c.Assign, events: Sequence[e.AnyEvent], names: Mapping[str, str]
) -> str:
    changed = next((event for event in events if isinstance(event, e.StepChanged)), None)
    step = changed.step.title if changed else "a step"
    if isinstance(command, c.Assign):
        return f"handed over to {names.get(command.person, command.person)}: {step}"
    return f"{'took' if isinstance(command, c.Claim) else 'gave back'}: {step}"


def _fired(process: Process | None, events: Sequence[e.AnyEvent]) -> str:
    if any(isinstance(event, e.Reminded) for event in events):
        return "reminded"
    changed = next((event for event in events if isinstance(event, e.StepChanged)), None)
    if changed is not None:
        return f"{changed.why}: {changed.step.title}"
    return _left(process, events) or "the time had come"


def _invoked(process: Process | None, name: str) -> str:
    entries = [entry for scope in process.scopes() for entry in scope.always] if process else []
    return next((entry.title for entry in entries if entry.name == name), name.replace("_", " "))
