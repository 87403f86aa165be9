"""The places that an actor can take: what a step's audience is held against (L4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from flowengine.core.values import Actor, Seat, Seating, Step

SeatLookup = Callable[[int, Seating], Seat | None]
"""Finds the seat of a step for a seating; :meth:`flowengine.core.position.Position.seat`."""


def person_seating(person: str) -> Seating:
    """The seating of one person."""
    return f"person:{person}"


@lru_cache(maxsize=4096)
def seatings(actor: Actor) -> frozenset[Seating]:
    """All seatings that an actor fills.

    Customers and staff fill their own, ``anyone``, and those of their groups or roles. An operator with an id is a
    member of staff too. Services, the clock, and an operator without an id fill none: they act on no step.
    """
    if not actor.id or actor.kind in ("service", "clock"):
        return frozenset()
    own = {person_seating(actor.id), "anyone"}
    if actor.kind == "customer":
        return frozenset(own | {"customers"} | {f"group:{name}" for name in actor.groups})
    return frozenset(own | {"staff"} | {f"role:{name}" for name in actor.roles})


def waits_for(actor: Actor, step: Step, seat: SeatLookup) -> bool:
    """Whether the step waits for this actor: through its audience, or through one of its seats.

    Where a step is kept for one person first (``prefer``), the others of its audience may still take it: nobody's
    absence may stop a flow. It is only listed first, and marked, for the one preferred.
    """
    mine = seatings(actor)
    if not mine.isdisjoint(step.audience):
        return True
    return step.seats > 0 and any(seat(step.number, seating) is not None for seating in mine)
