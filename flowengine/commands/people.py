"""People: entered, changed, found and listed."""

from __future__ import annotations

from typing import Literal

from flowengine.commands.shell import Shell
from flowengine.core.values import Actor, Json
from flowengine.runtime.actors import actor_of, find
from flowengine.store import Person, Transaction
from flowengine.views.replies import PersonView


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

    def work(tx: Transaction) -> PersonView:
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

    return shell.keep(work)


def person(shell: Shell, text: str) -> PersonView:
    with shell.reading() as tx:
        return view(find(tx, text))


def all_people(shell: Shell, kind: str | None) -> list[PersonView]:
    with shell.reading() as tx:
        return [view(one) for one in tx.people.all(kind)]


def actor(shell: Shell, id: str) -> Actor:
    with shell.reading() as tx:
        return actor_of(tx, id)
