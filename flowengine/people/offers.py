"""Which ``always`` entries a person may use: those of the scopes where the job stands that are open to him."""

from __future__ import annotations

from datetime import datetime

from flowengine.core import always
from flowengine.core.draft import Draft
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.spot import Spot
from flowengine.core.values import ROOT, Actor
from flowengine.core.world import World
from flowengine.language.parts import Always
from flowengine.people import seatings


def offers(compiled: Compiled, position: Position, actor: Actor, now: datetime, world: World) -> list[Always]:
    """The always entries that the actor may use now, each name once."""
    mine = seatings(actor)
    found: dict[str, Always] = {}
    for offer in always.offers(compiled, position, now, world):
        if not mine.isdisjoint(offer.audience):
            found.setdefault(offer.entry.name, offer.entry)
    return list(found.values())


def is_for(compiled: Compiled, position: Position, actor: Actor, name: str, now: datetime, world: World) -> bool:
    """Whether an always entry of that name is meant for the actor, now or at another time (L4)."""
    mine = seatings(actor)
    any_state = compiled.process.root.states[compiled.process.root.start]
    spot = Spot(compiled.process, Draft(position), ROOT, any_state, now, world)
    return any(not mine.isdisjoint(spot.seatings(entry.by)) for _, entry in compiled.always.get(name, ()) if entry.by)
