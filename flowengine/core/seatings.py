"""The places that an actor can take: what a step's audience is held against (L4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import islice

from msgspec.structs import replace

from flowengine.core.values import Actor, Seat, Seating, Step

SeatLookup = Callable[[int, Seating], Seat | None]
"""Finds the seat of a step for a seating; :meth:`flowengine.core.position.Position.seat`."""

Fillers = Callable[[Seating], Collection[str] | None]
"""The ids of those who fill a seating; None where nobody can count them, so that there may be somebody."""


def person_seating(person: str) -> Seating:
    """The seating of one person."""
    return f"person:{person}"


@lru_cache(maxsize=4096)
def seatings(actor: Actor) -> frozenset[Seating]:
    """All seatings that an actor fills.

    Customers and staff fill their own (under each id that they have), ``anyone``, and those of their groups or roles;
    and those of the parties for which they may act, which are customers: or of the one for which they ask alone. An
    operator with an id is a member of staff too. Services, the clock, and an operator without an id fill none: they act
    on no step.
    """
    if not actor.id or actor.kind in ("service", "clock"):
        return frozenset()
    parties = (actor.party,) if actor.party else actor.acting
    filled = {"anyone", *map(person_seating, parties)}
    if parties:
        filled |= {"customers"} | {f"group:{group}" for party, group in actor.member_of if party in parties}
    if actor.party:
        return frozenset(filled)
    filled |= {person_seating(one) for one in (actor.id, *actor.same)}
    if actor.kind == "customer":
        return frozenset(filled | {"customers"} | {f"group:{name}" for name in actor.groups})
    return frozenset(filled | {"staff"} | {f"role:{name}" for name in actor.roles})


def himself(actor: Actor, id: str) -> bool:
    """Whether that is an id of the actor himself."""
    return bool(id) and (id == actor.id or id in actor.same)


def stands_for(actor: Actor, *, looking: bool = False) -> tuple[str, ...]:
    """The ids of all whose part the actor may take: his own, and those of the parties for which he may act; ``looking``
    also those at whose jobs he may only look. The one for which he asks, where he has said so."""
    if actor.party:
        return (actor.party,)
    if not actor.id:
        return ()
    return (actor.id, *actor.same, *actor.acting, *(actor.seeing if looking else ()))


def in_his_name(actor: Actor, by: Actor) -> bool:
    """Whether what ``by`` has done was done by the actor, or in the name of one at whose jobs he may look: that one
    himself, or who acted for him. What a service has done, which may be called as he is, was not."""
    if by.kind in ("service", "clock"):
        return False

    return himself(actor, by.id) or not {by.id, by.party}.isdisjoint(stands_for(actor, looking=True))


def as_himself(actor: Actor) -> Actor:
    """The actor without those for whom he may act."""
    return replace(actor, acting=(), signing=(), member_of=(), party="") if actor.acting else actor


def in_one_part(actor: Actor, wanted: Callable[[Actor], bool]) -> Actor:
    """The actor in the one part in which he acts: as himself where ``wanted`` says that this is enough, else as the
    first party for which it is, those for which he may sign before the others. Who has said for whom he asks, asks for
    that one."""
    if actor.party or not actor.acting:
        return actor
    own = as_himself(actor)
    if wanted(own):
        return own
    for party in dict.fromkeys((*actor.signing, *actor.acting)):
        for_party = replace(actor, party=party)
        if wanted(for_party):
            return for_party
    return own


def waits_for(actor: Actor, step: Step, seat: SeatLookup) -> bool:
    """Whether the step waits for this actor: through its audience, or through one of its seats.

    Where a step is kept for one person first (``prefer``), the others of its audience may still take it: nobody's
    absence may stop a flow. It is only listed first, and marked, for the one preferred.
    """
    mine = seatings(actor)
    if not mine.isdisjoint(step.audience):
        return True
    asked = (one for one in mine if one.startswith("person:")) if step.box else mine  # only persons vote
    return step.seats > 0 and any(seat(step.number, seating) is not None for seating in asked)


# whether anybody can


def nobody_may(step: Step, fillers: Fillers) -> bool:
    """Whether there is nobody who may act on a step without seats: who has claimed it, or any of its audience, but for
    those whom it excludes."""
    for seating in step.audience:
        found = fillers(seating)
        if found is None:
            return False
        if (step.claimed in found) if step.claimed else any(one not in step.excluded for one in found):
            return False
    return True


def fillable(seats: Sequence[Seat], wider: Sequence[Seating], fillers: Fillers) -> int:
    """How many of the seats of an approval have an answer or can have one, when nobody answers twice: the size of a
    maximum matching of seats and people, by augmenting paths (H. W. Kuhn, *The Hungarian method*, 1955).

    ``wider`` are those to whom the step was opened later: they may answer for any seat.
    """
    spoken = {seat.by: (seat.audience, *seat.may) for seat in seats if seat.by is not None}
    choices: list[list[str]] = []
    for seat in seats:
        found = [fillers(seating) for seating in (seat.audience, *wider)]
        fresh = [one for some in found if some is not None for one in islice(some, len(seats) + len(spoken))]
        if None in found:
            fresh = [f"anybody for {seat.number}"]
        movable = [one for one, may in spoken.items() if seat.audience in may]
        choices.append([*movable, *(one for one in fresh if one not in spoken)])
    sits: dict[str, int] = {seat.by: place for place, seat in enumerate(seats) if seat.by is not None}

    def seated(place: int, seen: set[str]) -> bool:
        for one in choices[place]:
            if one not in seen:
                seen.add(one)
                if one not in sits or seated(sits[one], seen):
                    sits[one] = place
                    return True
        return False

    return len(sits) + sum(seated(place, set()) for place, seat in enumerate(seats) if seat.by is None)
