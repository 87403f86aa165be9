"""People: entered, changed, found and listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.fields import take
from flowengine.core.values import Actor, Json
from flowengine.errors import Ambiguous, NotAllowed, NotFound
from flowengine.language.suggest import near
from flowengine.people.identities import check_person
from flowengine.people.permissions import OWN, needs
from flowengine.runtime.actors import as_actor, nobody
from flowengine.store import Person, Transaction
from flowengine.views.replies import PersonView

MOST_NAMED = 6
"""Of those whom a text fits, how many are named."""

_A_KIND = {"customer": "a customer", "staff": "a member of staff"}


def view(person: Person) -> PersonView:
    return PersonView(**msgspec.structs.asdict(person))


def enter(
    shell: Shell,
    id: str,
    kind: Literal["customer", "staff"],
    name: str,
    contact: str,
    roles: Sequence[str] = (),
    groups: Sequence[str] = (),
    record: Mapping[str, Json] | None = None,
) -> PersonView:
    check_person(id, name, contact)
    known = take(dict(record or {}), f"what is known of {id}")

    def work(tx: Transaction) -> PersonView:
        there = tx.people.get(id)
        if there is not None and there.kind != kind:
            raise NotAllowed(f"{id} is {_A_KIND[there.kind]}, and stays so", where=id, possible=("another id",))
        person = Person(
            id=id,
            kind=kind,
            name=name or (there.name if there else id),
            contact=contact or (there.contact if there else ""),
            roles=tuple(roles),
            groups=tuple(groups),
            record=(there.record if there else {}) | known,
            created=there.created if there else shell.clock.now(),
        )
        if there is None:
            tx.people.add(person)
        else:
            tx.people.update(person)
        return view(person)

    return shell.keep(work)


def person(shell: Shell, id: str, by: str | Actor) -> PersonView:
    """A customer is shown himself as others know him, without the organisation's record of him."""
    with shell.reading() as tx:
        found, own = _person(tx, "person", id, by)
        return msgspec.structs.replace(view(found), record={}) if own else view(found)


def actor(shell: Shell, id: str, by: str | Actor) -> Actor:
    with shell.reading() as tx:
        return as_actor(_person(tx, "actor", id, by)[0])


def _person(tx: Transaction, verb: str, id: str, by: str | Actor) -> tuple[Person, bool]:
    """The person with that id, and whether the asker may see no other. Another and none answer alike (L4)."""
    asker = access.asker(tx, verb, by)
    own = needs(verb, asker) == OWN
    found = tx.people.get(id) if not own or asker.id == id else None
    if found is None:
        raise nobody(id)
    return found, own


def all_people(shell: Shell, kind: str | None, by: str | Actor) -> list[PersonView]:
    with shell.reading() as tx:
        access.asker(tx, "people", by)
        return [view(one) for one in tx.people.all(kind)]


def find_person(shell: Shell, text: str, kind: str | None, by: str | Actor) -> PersonView:
    """What fits best comes first: an id, a contact, a name, the beginning of an id or of a name."""
    words = text.strip() if not any("\ud800" <= sign <= "\udfff" for sign in text) else ""
    with shell.reading() as tx:
        access.asker(tx, "find_person", by)
        people = tx.people
        ways = (people.with_id, people.with_contact, people.called, people.beginning) if words else ()
        for way in ways:
            found = [one for one in way(words) if kind in (None, one.kind)]
            if len(found) > 1:
                whom = [_called(one) for one in found[:MOST_NAMED]]
                raise Ambiguous(f"{text!r} fits several people", where=text, possible=whom)
            if found:
                return view(found[0])
        alike = [one for one in people.beginning(words[:1]) if kind in (None, one.kind)] if words else []
    meant = near(words, [name for one in alike for name in (one.id, one.name)])
    raise NotFound(
        f"there is nobody called {text[:200]!r}",
        possible=(meant or "an id, a contact, a name, or how one of them begins",),
    )


def _called(person: Person) -> str:
    return f"{person.id} ({person.name})" if person.name != person.id else person.id
