"""Messages from outside: to whoever waits for them, else kept for a time, else refused.

A message is for one taker: the state that has waited longest for its name and key, else an ``always`` entry, outer
scopes first.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.core import always
from flowengine.core import events as e
from flowengine.core.commands import Deliver
from flowengine.core.fields import check_answer
from flowengine.core.flow import Flow
from flowengine.core.machines import Listener, keeps
from flowengine.core.scopes import branches_in
from flowengine.core.values import ROOT, Branch, KeptMessage, Timer
from flowengine.errors import NotAllowed, StaleCommand
from flowengine.language.expressions import Expression
from flowengine.language.texts import plain

MOST_KEPT = 100
"""Messages that a job keeps at most; more than that is a flood, not a message that came early."""


def deliver(flow: Flow, command: Deliver) -> None:
    """A message arrives. Raises StaleCommand when nobody waits for it and it is not kept, BadAnswer."""
    listeners = flow.compiled.listeners.get(command.name, ())
    waiting = sorted(_waiting(flow, listeners, command.key), key=lambda one: one[0].entry)
    if waiting:
        _take(flow, *waiting[0], command)
        return
    for listener in listeners:
        entry = listener.always
        if entry is None:
            continue
        for branch in branches_in(flow.draft, flow.compiled, listener.scope):
            if _fits(flow, branch, entry.key, command.key) and always.holds(flow, branch, entry):
                answer = check_answer(entry.fields, command.body or {}, entry.name)
                always.use(flow, branch, entry, answer, command.by.id)
                return
    _keep(flow, command)


def forget(flow: Flow, timer: Timer) -> None:
    """The time of a kept message is over."""
    flow.draft.record(e.MessageTaken(number=timer.detail, dropped=True))


def _waiting(flow: Flow, listeners: tuple[Listener, ...], key: str) -> Iterator[tuple[Branch, Listener]]:
    """The branches that stand in a state that waits for the message; those that cannot are not read."""
    standing = flow.draft.head.standing
    for listener in listeners:
        state = listener.state
        if state is None or not standing.get(state.name):
            continue
        awaited = state.member(listener.member).awaited
        assert awaited is not None, f"{state.name} waits for no message"
        for branch in branches_in(flow.draft, flow.compiled, listener.scope):
            if branch.state == state.name and _fits(flow, branch, awaited.key, key):
                yield branch, listener


def _fits(flow: Flow, branch: Branch, key: Expression | None, given: str) -> bool:
    return key is None or plain(key.value(flow.names(branch.id))) == given


def _take(flow: Flow, branch: Branch, listener: Listener, command: Deliver) -> None:
    assert listener.state is not None, "only states wait"
    kind, spot = flow.at_work(branch.id, listener.state, listener.member)
    assert kind is not None, f"nothing is known of states of type {spot.state.type!r}"
    flow.acted = branch.state
    message = KeptMessage(
        number=0, name=command.name, key=command.key, body=command.body, came=flow.now, until=flow.now
    )
    result = kind.deliver(spot, message)
    if result is not None:
        flow.over(branch, result, listener.member)


def _keep(flow: Flow, command: Deliver) -> None:
    durations = keeps(flow.compiled, command.name)
    draft = flow.draft
    if not durations:
        raise StaleCommand(f"nobody waits for message {command.name!r}", where=draft.head.job, possible=_awaited(flow))
    if len(draft.head.kept) >= MOST_KEPT:
        raise NotAllowed(f"the job keeps {MOST_KEPT} messages already", where=draft.head.job)
    until = max(duration.after(flow.now) for duration in durations)
    number = draft.next_number()
    message = KeptMessage(
        number=number, name=command.name, key=command.key, body=command.body, came=flow.now, until=until
    )
    draft.record(e.MessageKept(message=message))
    timer = Timer(number=draft.next_number(), branch=ROOT, purpose="keep", due=until, detail=number)
    draft.record(e.TimerSet(timer=timer))


def _awaited(flow: Flow) -> tuple[str, ...]:
    """The names of the messages that the job waits for now."""
    standing = flow.draft.head.standing
    return tuple(
        name
        for name, listeners in flow.compiled.listeners.items()
        if any(one.always or (one.state and standing.get(one.state.name)) for one in listeners)
    )
