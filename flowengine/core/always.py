"""What may happen at any time inside a scope: a change of mind, a withdrawal, a message, a clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flowengine.core import events as e
from flowengine.core import moves, turns
from flowengine.core.commands import Invoke
from flowengine.core.draft import Draft
from flowengine.core.fields import check_answer
from flowengine.core.flow import Flow
from flowengine.core.forms import FormField, questions
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.reasons import why_not
from flowengine.core.scopes import branches_in
from flowengine.core.seatings import seatings
from flowengine.core.spot import Spot
from flowengine.core.values import ROOT, Actor, Branch, Json, Seating
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed, NotAllowed, NotFound
from flowengine.language.parts import Always
from flowengine.speech.phrases import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An always entry that a person may use now, on which branch, and whom it is for."""

    entry: Always
    branch: str
    audience: tuple[Seating, ...]


def offers(compiled: Compiled, position: Position, now: datetime, world: World) -> list[Offer]:
    """The always entries that people may use now: their guards hold. Outer scopes come first."""
    if position.head.status != "open" or position.head.suspended is not None:
        return []
    flow = Flow(compiled, Draft(position), now, world)
    return [
        Offer(entry=entry, branch=branch.id, audience=_spot(flow, branch).seatings(entry.by))
        for entries in compiled.always.values()
        for path, entry in entries
        if entry.by
        for branch in branches_in(flow.draft, compiled, path)
        if _open(flow, branch, entry)
    ]


def open_to(compiled: Compiled, position: Position, actor: Actor, now: datetime, world: World) -> list[Always]:
    """The always entries that the actor may use now, each name once."""
    mine, found = seatings(actor), dict[str, Always]()
    for offer in offers(compiled, position, now, world):
        if not mine.isdisjoint(offer.audience):
            found.setdefault(offer.entry.name, offer.entry)
    return list(found.values())


def meant_for(compiled: Compiled, position: Position, actor: Actor, name: str, now: datetime, world: World) -> bool:
    """Whether an always entry of that name is meant for the actor, now or at another time (L4)."""
    mine, flow = seatings(actor), Flow(compiled, Draft(position), now, world)
    spot = flow.spot(ROOT, compiled.process.root.states[compiled.process.root.start])
    return any(not mine.isdisjoint(spot.seatings(entry.by)) for _, entry in compiled.always.get(name, ()) if entry.by)


def asked(compiled: Compiled, position: Position, name: str, now: datetime, world: World) -> tuple[FormField, ...]:
    """What an always entry asks of who uses it."""
    flow = Flow(compiled, Draft(position), now, world)
    branch = next((branch.id for branch, entry in _everywhere(flow, name) if entry.by), ROOT)
    return questions(compiled.always[name][0][1].fields, world=world, names=partial(flow.names, branch))


def closed_to(
    compiled: Compiled, position: Position, actor: Actor, now: datetime, world: World
) -> list[tuple[Always, str]]:
    """The always entries that are meant for the actor, and that he cannot use now, each name once, with the reason."""
    if position.head.status != "open" or position.head.suspended is not None:
        return []
    opened = {entry.name for entry in open_to(compiled, position, actor, now, world)}
    flow = Flow(compiled, Draft(position), now, world)
    found: list[tuple[Always, str]] = []
    for name, entries in compiled.always.items():
        if name not in opened and meant_for(compiled, position, actor, name, now, world):
            there = [(branch, entry) for branch, entry in _everywhere(flow, name) if entry.by]
            found.append((entries[0][1], _why(flow, [entry for _, entry in entries], there)))
    return found


def _why(flow: Flow, entries: list[Always], there: list[tuple[Branch, Always]]) -> str:
    """Why none of the entries of a name can be used; ``there`` are the branches that would be moved by them."""
    for branch, entry in there:
        if entry.when is not None:
            return why_not(entry.when, entry.otherwise, flow.names(branch.id), flow.compiled.states)
    said = next((entry.otherwise for entry in entries if entry.otherwise), "")
    return said or phrase("it belongs to a part in which the job is not now")


def _open(flow: Flow, branch: Branch, entry: Always) -> bool:
    """Whether the entry can be used; a guard that cannot be evaluated yet does not hold."""
    try:
        return holds(flow, branch, entry)
    except ExpressionFailed:
        return False


def invoke(flow: Flow, command: Invoke) -> None:
    """Use an always entry. Raises NotFound, NotAllowed (not now, or several branches offer it), BadAnswer."""
    entries = flow.compiled.always.get(command.name, ())
    found = [(branch, entry) for branch, entry in _everywhere(flow, command.name) if entry.by]
    if command.branch:
        found = [(branch, entry) for branch, entry in found if branch.id == command.branch]
    if not any(entry.by for _, entry in entries):
        people = tuple(name for name, them in flow.compiled.always.items() if any(entry.by for _, entry in them))
        raise NotFound(
            phrase("%(name)s is not something that can be done at any time", name=repr(command.name)), possible=people
        )
    if len(found) > 1:
        found = [one for one in found if _open(flow, *one)]
    if len(found) > 1:
        ids = tuple(branch.id for branch, _ in found)
        raise NotAllowed(
            phrase("%(name)s can be done on several branches; name one", name=repr(command.name)), possible=ids
        )
    if not found or not holds(flow, *found[0]):
        now = open_to(flow.compiled, flow.draft, command.by, flow.now, flow.world)
        what = phrase(
            "%(title)s cannot be done now: %(why)s",
            title=entries[0][1].title,
            why=_why(flow, [entry for _, entry in entries], found),
        )
        raise NotAllowed(what, where=flow.draft.head.job, possible=[entry.name for entry in now])
    branch, entry = found[0]
    answer = check_answer(
        entry.fields, command.answer, entry.name, names=partial(flow.names, branch.id), world=flow.world
    )
    use(flow, branch, entry, answer, command.by.id)


def use(flow: Flow, branch: Branch, entry: Always, answer: Json, by: str = "") -> None:
    """Move the branch as the entry says: what was open in it is cut short."""
    flow.acted = entry.name
    flow.draft.record(e.Invoked(branch=branch.id, name=entry.name, by=by))
    if entry.fields:
        flow.draft.save(branch.id, entry.name, answer)
    turns.begun(flow, branch)
    flow.leave(branch.id, entry.name, by, passed=False)
    flow.cancel_children(branch.id, detached=True)
    moves.go(flow, branch.id, entry.to, entry.set, undoing=entry.undo, outcome=entry.name)


def holds(flow: Flow, branch: Branch, entry: Always) -> bool:
    """Whether the entry's guard holds on a branch."""
    return entry.when is None or entry.when.holds(flow.names(branch.id))


def fire(flow: Flow, branch: Branch, path: str, name: str) -> None:
    """The clock of an always entry: it moves the branch when its guard holds, else nothing happens."""
    entry = next(entry for scope, entry in flow.compiled.always[name] if scope == path)
    if holds(flow, branch, entry):
        use(flow, branch, entry, {})


def _everywhere(flow: Flow, name: str) -> Iterator[tuple[Branch, Always]]:
    for path, entry in flow.compiled.always.get(name, ()):
        for branch in branches_in(flow.draft, flow.compiled, path):
            yield branch, entry


def _spot(flow: Flow, branch: Branch) -> Spot:
    """Audiences are resolved on the start of the scope when the branch stands nowhere: they only see names."""
    state = branch.state or flow.compiled.scopes[branch.scope].start
    return flow.spot(branch.id, flow.compiled.states[state])
