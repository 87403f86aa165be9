"""Permissions. To those who may not, the thing does not exist: the caller answers with NotFound (L4).

Where a step is kept for one person first (``prefer``), the others of its audience may still take it: nobody's absence
may stop a flow. It is only listed first, and marked, for the one preferred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flowengine.core.values import Actor, Seat, Seating, Step
from flowengine.people.seatings import seatings

SeatLookup = Callable[[int, Seating], Seat | None]
"""Finds the seat of a step for a seating; :meth:`flowengine.core.position.Position.seat`."""


def may_act(actor: Actor, step: Step, seat: SeatLookup) -> bool:
    """Whether the step waits for this actor: through its audience, or through one of its seats."""
    mine = seatings(actor)
    if step.seats:
        return any(seat(step.number, seating) is not None for seating in mine)
    return not mine.isdisjoint(step.audience)


def may_see(actor: Actor, customer: str, waiting: Iterable[Seating] = ()) -> bool:
    """Whether the actor may look at a job.

    Staff and operators see all jobs: every part of the organisation may read and add. A customer sees his own, and
    those in which an open step waits for him (``waiting`` lists the seatings of the job's open steps).
    """
    if actor.kind != "customer":
        return True
    return actor.id == customer or not seatings(actor).isdisjoint(waiting)


def may_operate(actor: Actor) -> bool:
    """Whether the actor may clear incidents, migrate jobs and hand over other people's steps."""
    return actor.kind == "operator"
