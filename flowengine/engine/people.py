"""People as the engine sees them: entered, found, and turned into actors; and the world that a process may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from flowengine.core.values import Actor, Json
from flowengine.core.world import Member
from flowengine.engine.views import PersonView
from flowengine.people.seatings import OPERATOR
from flowengine.store import Person, Transaction

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell


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


def view(person: Person) -> PersonView:
    return PersonView(
        id=person.id,
        kind=person.kind,
        name=person.name,
        contact=person.contact,
        roles=tuple(person.roles),
        groups=tuple(person.groups),
        record=dict(person.record),
        created=person.created,
    )


def add_customer(
    shell: Shell, id: str, name: str, contact: str, groups: tuple[str, ...], record: dict[str, Json]
) -> PersonView:
    return _enter(shell, id, "customer", name, contact, (), groups, record)


def add_staff(shell: Shell, id: str, name: str, contact: str, roles: tuple[str, ...]) -> PersonView:
    return _enter(shell, id, "staff", name, contact, roles, (), {})


def _enter(
    shell: Shell,
    id: str,
    kind: Literal["customer", "staff"],
    name: str,
    contact: str,
    roles: tuple[str, ...],
    groups: tuple[str, ...],
    record: dict[str, Json],
) -> PersonView:
    with shell.writing() as tx:
        there = tx.people.get(id)
        person = Person(
            id=id,
            kind=kind,
            name=name or (there.name if there else id),
            contact=contact or (there.contact if there else ""),
            roles=roles,
            groups=groups,
            record=(there.record | record) if there else record,
            created=there.created if there else shell.clock.now(),
        )
        if there is None:
            tx.people.add(person)
        else:
            tx.people.update(person)
    return view(person)


def person(shell: Shell, text: str) -> PersonView:
    with shell.reading() as tx:
        return view(find(tx, text))


def all_people(shell: Shell, kind: str | None) -> list[PersonView]:
    with shell.reading() as tx:
        return [view(one) for one in tx.people.all(kind)]


def actor(shell: Shell, id: str) -> Actor:
    with shell.reading() as tx:
        return actor_of(tx, id)


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
