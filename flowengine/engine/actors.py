"""Who asks, as an actor; and the world that a process may read: both from the database, inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from flowengine.core.values import Actor
from flowengine.core.world import Member
from flowengine.people.seatings import OPERATOR
from flowengine.store import Person, Transaction


def actor_of(tx: Transaction, by: str | Actor) -> Actor:
    """The actor that asks. An :class:`Actor` is taken as it is: the application vouches for it."""
    if isinstance(by, Actor):
        return by
    return as_actor(find(tx, by))


def as_actor(person: Person) -> Actor:
    """A person as an actor. Staff with the role ``operator`` act as operators, and keep their other roles."""
    kind: Literal["customer", "staff", "operator"] = "customer" if person.kind == "customer" else "staff"
    if kind == "staff" and OPERATOR in person.roles:
        kind = "operator"
    return Actor(kind=kind, id=person.id, roles=tuple(person.roles), groups=tuple(person.groups))


def find(tx: Transaction, text: str) -> Person:
    """A person by id, contact or unique name. Raises NotFound, Ambiguous."""
    found: Person = tx.people.find(text)
    return found


def name_of(tx: Transaction, id: str) -> str:
    """A person's name, or the id of somebody who has none."""
    found = tx.people.get(id)
    return found.name or id if found else id


class StoreWorld:
    """The world of one job, read from the database only when a process asks for it (L7)."""

    __slots__ = ("_customer", "_customer_id", "_tx")

    def __init__(self, tx: Transaction, customer: str) -> None:
        self._tx = tx
        self._customer_id = customer
        self._customer: dict[str, Any] | None = None

    @property
    def customer(self) -> Mapping[str, Any]:
        if self._customer is None:
            found = self._tx.people.get(self._customer_id)
            plain = {"id": self._customer_id, "name": found.name if found else "", "contact": "", "groups": []}
            if found:
                plain |= {"contact": found.contact, "groups": list(found.groups)}
            self._customer = (dict(found.record) if found else {}) | plain
        return self._customer

    def group(self, name: str) -> Sequence[Member]:
        return [
            Member(id=row.id, record=dict(row.record) | {"id": row.id, "name": row.name})
            for row in self._tx.people.members(name)
        ]
