"""Which ``always`` entries a person may use: those of the scopes where the job stands that are open to him."""

from __future__ import annotations

from datetime import datetime

from flowengine.core.draft import Draft
from flowengine.core.names import JobNames
from flowengine.core.position import Position
from flowengine.core.spot import Spot
from flowengine.core.values import ROOT, Actor
from flowengine.core.world import World
from flowengine.errors import ExpressionFailed
from flowengine.language.model import Always, Process, Scope
from flowengine.people import seatings


def offers(
    process: Process, position: Position, actor: Actor, now: datetime, world: World, *, now_only: bool = True
) -> list[Always]:
    """The always entries that are open to the actor; with ``now_only`` those alone whose ``when`` holds now.

    The guard is read as the root branch sees it. One that fails there counts as not holding: what a branch alone knows
    is decided when the entry is used.
    """
    if position.head.status != "open":
        return []
    entries = [entry for scope in _standing_scopes(process, position) for entry in scope.always if entry.by]
    mine = seatings(actor)
    found = []
    for entry in entries:
        if mine.isdisjoint(_audience(process, position, entry, now, world)):
            continue
        if not now_only or _holds(position, entry, now, world):
            found.append(entry)
    return found


def _standing_scopes(process: Process, position: Position) -> list[Scope]:
    standing = position.head.standing
    return [scope for scope in process.scopes() if not scope.path or not standing.keys().isdisjoint(scope.states)]


def _audience(process: Process, position: Position, entry: Always, now: datetime, world: World) -> tuple[str, ...]:
    any_state = process.root.states[process.root.start]
    spot = Spot(process, Draft(position), ROOT, any_state, now, world)
    return spot.seatings(entry.by)


def _holds(position: Position, entry: Always, now: datetime, world: World) -> bool:
    if entry.when is None:
        return True
    root = position.branch(ROOT)
    if root is None:
        return False
    try:
        return entry.when.holds(JobNames(position, root, now, world))
    except ExpressionFailed:
        return False
