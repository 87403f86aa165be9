"""Messages from outside: to whoever waits for them, else kept for a time, else refused.

A message is for one taker: of those that wait for its key, else of those that take any, the state that has waited
longest, else an ``always`` entry, outer scopes first. One for all, since its sender says so or they who wait for it
do, is taken by each state that waits, or else by each ``always`` entry of which no outer one takes it. What a job waits
for is told to the store with each command (:attr:`~flowengine.core.ground.Effects.awaited`), so that a message that
names no job finds the one that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from flowengine.core import always
from flowengine.core import events as e
from flowengine.core.commands import Deliver
from flowengine.core.draft import Draft, memory_owner, replace
from flowengine.core.fields import as_plain, check_answer
from flowengine.core.flow import Flow
from flowengine.core.machines import Compiled, Listener, keeps
from flowengine.core.position import Position
from flowengine.core.scopes import branches_in
from flowengine.core.values import ROOT, Branch, KeptMessage, Timer, Wait
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed, NotAllowed, StaleCommand
from flowengine.language.expressions import Expression
from flowengine.language.parts import Always
from flowengine.language.texts import key_text
from flowengine.speech.phrases import phrase

MOST_KEPT = 100
"""Messages of one key, or sent to one job, that are kept at most; more is a flood, not a message that came early."""


def deliver(flow: Flow, command: Deliver) -> None:
    """A message arrives. Raises StaleCommand when nobody waits for it and it is not kept, BadAnswer."""
    listeners = _possible(flow, flow.compiled.listeners.get(command.name, ()))
    found = [
        (branch, wait)
        for scope in dict.fromkeys(one.scope for one in listeners)
        for branch in branches_in(flow.draft, flow.compiled, scope)
        for wait in waits(flow, branch)
        if wait.message == command.name and wait.key in (None, command.key)
    ]
    found.sort(key=lambda one: (one[1].key is None, one[1].always != "", 0 if one[1].always else one[0].entry))
    taken: Wait | None = None
    for branch, wait in found:
        if taken is not None and not (
            _for_all(flow, branch, wait, command) and bool(wait.always) == bool(taken.always)
        ):
            continue
        if _use(flow, branch, wait, command):
            taken = wait
            if not _for_all(flow, branch, wait, command):
                return
    if taken is None:
        _keep(flow, command)


def _for_all(flow: Flow, branch: Branch, wait: Wait, command: Deliver) -> bool:
    """Whether the message is for all, as far as this one who waits for it has a say."""
    if command.everyone:
        return True
    if wait.always:
        return _entry(flow, branch, wait).for_all
    awaited = flow.compiled.states[branch.state].member(wait.member).awaited
    return awaited is not None and awaited.for_all


def _entry(flow: Flow, branch: Branch, wait: Wait) -> Always:
    return next(one for one in flow.compiled.scopes[branch.scope].always if one.name == wait.always)


def _use(flow: Flow, branch: Branch, wait: Wait, command: Deliver) -> bool:
    """Give it to one who waits. Whether he takes it."""
    if not wait.always:
        _take(flow, branch, wait, command)
        return True
    entry = _entry(flow, branch, wait)
    if flow.draft.branch(branch.id) != branch or not always.holds(flow, branch, entry):
        return False  # an outer one has moved it
    answer = check_answer(
        entry.fields, command.body or {}, entry.name, names=partial(flow.names, branch.id), world=flow.world
    )
    always.use(flow, branch, entry, answer, command.by.id)
    return True


def forget(flow: Flow, timer: Timer) -> None:
    """The time of a kept message is over."""
    flow.draft.record(e.MessageTaken(number=timer.detail, dropped=True))


def waits(flow: Flow, branch: Branch) -> Iterator[Wait]:
    """What a branch waits for from outside. A key that cannot be evaluated yet is no message's."""
    if flow.draft.head.status != "open" or branch.pending or branch.done:
        return
    if branch.state:
        for name, member in flow.state_of(branch).members.items():
            if member.awaited is not None:
                yield from _wait(flow, branch, member.awaited.key, Wait(message=member.awaited.message, member=name))
    for entry in flow.compiled.scopes[branch.scope].always:
        if entry.message:
            yield from _wait(flow, branch, entry.key, Wait(message=entry.message, always=entry.name))


def _wait(flow: Flow, branch: Branch, key: Expression | None, wait: Wait) -> Iterator[Wait]:
    try:
        yield wait if key is None else replace(wait, key=key_text(key.value(flow.names(branch.id))))
    except ExpressionFailed:
        return


def note_awaited(flow: Flow, before: Position | None) -> None:
    """Note where a command has changed what branches wait for: they stand elsewhere, or a key is made of new data."""
    if not flow.compiled.listeners:
        return
    effects = flow.draft.effects
    ids = dict.fromkeys((*effects.branches, *effects.closed_branches, *_keyed_anew(flow)))
    if before is None:
        effects.awaited.update({id: _waits_at(flow, id) for id in ids})
        return
    listening = [id for id in ids if _listens(flow, flow.draft.branch(id)) or _listens(flow, before.branch(id))]
    was = Flow(flow.compiled, Draft(before), flow.now, flow.world) if listening else flow
    for id in listening:
        now = _waits_at(flow, id)
        if now != _waits_at(was, id):
            effects.awaited[id] = now


def _listens(flow: Flow, branch: Branch | None) -> bool:
    """Whether a branch stands where a message may be waited for."""
    listening = flow.compiled.listening
    return branch is not None and ((branch.scope, branch.state) in listening or (branch.scope, "") in listening)


def all_awaited(compiled: Compiled, draft: Draft, now: datetime, world: World) -> dict[str, tuple[Wait, ...]]:
    """What each branch of a job waits for: all of them, read one by one."""
    flow = Flow(compiled, draft, now, world)
    found: dict[str, tuple[Wait, ...]] = {}
    ids = [ROOT]
    while ids:
        id = ids.pop()
        found[id] = _waits_at(flow, id)
        ids += [child.id for child in draft.children(id)]
    return found


def _waits_at(flow: Flow, id: str) -> tuple[Wait, ...]:
    branch = flow.draft.branch(id)
    return () if branch is None else tuple(waits(flow, branch))


def _keyed_anew(flow: Flow) -> Iterator[str]:
    """The branches whose keys may be others now, since data that they are made of was saved."""
    saved = {event.place.partition(".")[0] for event in flow.draft.events if isinstance(event, e.Saved)}
    if not saved:
        return
    everywhere = flow.draft.data_changed
    for listeners in flow.compiled.listeners.values():
        reading = [one for one in _possible(flow, listeners) if _reads(_key_of(one), saved)]
        for scope in dict.fromkeys(one.scope for one in reading):
            for branch in branches_in(flow.draft, flow.compiled, scope):
                if everywhere or memory_owner(flow.draft, branch).id in flow.draft.effects.branches:
                    yield branch.id


def _possible(flow: Flow, listeners: Iterable[Listener]) -> list[Listener]:
    """Those that may be waiting: somebody stands in their state, or they are always entries."""
    standing = flow.draft.head.standing
    return [one for one in listeners if one.state is None or standing.get(one.state.name)]


def _key_of(listener: Listener) -> Expression | None:
    if listener.always is not None:
        return listener.always.key
    awaited = listener.state.member(listener.member).awaited if listener.state else None
    return awaited.key if awaited else None


def _reads(key: Expression | None, saved: set[str]) -> bool:
    if key is None or "data" not in key.variables:
        return False
    members = key.variables["data"]
    return members is None or not members.isdisjoint(saved)


def _take(flow: Flow, branch: Branch, wait: Wait, command: Deliver) -> None:
    kind, spot = flow.at_work(branch.id, flow.state_of(branch), wait.member)
    assert kind is not None, f"nothing is known of states of type {spot.state.type!r}"
    flow.acted = branch.state
    message = KeptMessage(name=command.name, key=command.key, body=command.body, came=flow.now, until=flow.now)
    result = kind.deliver(spot, message)
    if result is not None:
        flow.over(branch, result, wait.member)


def _keep(flow: Flow, command: Deliver) -> None:
    durations = keeps(flow.compiled, command.name)
    draft = flow.draft
    if not durations:
        raise StaleCommand(
            phrase("nobody waits for message %(message)s", message=repr(command.name)),
            where=draft.head.job,
            possible=_awaited(flow),
        )
    if len(draft.head.kept) >= MOST_KEPT:
        raise NotAllowed(phrase("the job keeps %(most)s messages already", most=MOST_KEPT), where=draft.head.job)
    body = as_plain(command.body, f"message {command.name}")
    until = max(duration.after(flow.now, flow.compiled.process.clock) for duration in durations)
    number = draft.next_number()
    message = KeptMessage(number=number, name=command.name, key=command.key, body=body, came=flow.now, until=until)
    draft.record(e.MessageKept(message=message))
    timer = Timer(number=draft.next_number(), branch=ROOT, purpose="keep", due=until, detail=number)
    draft.record(e.TimerSet(timer=timer))


def _awaited(flow: Flow) -> tuple[str, ...]:
    """The names of the messages that the job waits for now."""
    return tuple(name for name, listeners in flow.compiled.listeners.items() if _possible(flow, listeners))
