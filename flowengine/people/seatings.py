"""The places that an actor can take: what a step's audience is held against."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from flowengine.core.values import Actor, Seating
from flowengine.language.parts import Group, Role

_MANY = {
    "customers": "any customer",
    "staff": "any of the staff",
    "anyone": "anyone",
    "everyone": "everyone who took part",
}

OPERATOR = "operator"
"""The role that makes a member of staff an operator."""


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


def actor_key(actor: Actor) -> str:
    """The name under which an actor's request keys are kept: his id, or his kind when he has none."""
    return actor.id or actor.kind


def waits_for_words(
    seating: Seating,
    names: Mapping[str, str],
    roles: Mapping[str, Role],
    groups: Mapping[str, Group],
    asker: str = "",
) -> str:
    """Whom a seating means, in plain words. ``names`` maps ids of persons to their names."""
    kind, _, name = seating.partition(":")
    if kind == "person":
        return "you" if name == asker else names.get(name) or name
    if kind == "role":
        return roles[name].title if name in roles else name
    if kind == "group":
        return groups[name].title if name in groups else name
    return _MANY.get(kind, seating)
