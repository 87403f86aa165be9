"""Referrals: who was named by a customer is entered and invited, and once he begins something the sender is thanked.

A customer never learns of another whether he is one: who is known already, or has brought the sender himself, is
noticed for those inside, and looks to the sender as somebody who has not come yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from flowengine.commands import outgoing
from flowengine.core import events as e
from flowengine.people.contacts import any_way
from flowengine.people.identities import made_id
from flowengine.runtime.handlers import Handlers
from flowengine.runtime.wanted import Wanted
from flowengine.store import Person, Transaction
from flowengine.store.referrals import Referral, Standing

REFERRAL = "referral:"
"""Stands before the id of a referral in the place of a job, in the outbox."""

INVITED, CAME = "invited", "came"
"""Why word of one is left: for whom it names, and for the sender."""

LONGEST_CHAIN = 64
"""People who brought one another, that are followed."""


def enter(
    tx: Transaction, handlers: Handlers, wanted: Wanted, said: Referral, name: str, contact: str, now: datetime
) -> None:
    """Keep that a customer has named somebody, once, and enter and invite whom nobody knows. ``said`` is the referral
    as it was said, in which the person is not known yet."""
    if tx.referrals.get(said.id) is not None:
        return
    way = any_way(contact)
    there = tx.people.with_contact(way.kind, way.key)
    if there:
        tx.referrals.add(replace(said, person=there[0].id, standing=_standing(tx, said.sender, there)))
        return
    id = made_id(int.from_bytes(sha256(said.id.encode()).digest()[:8]))
    if tx.people.get(id) is not None:
        return  # by code of the revision before, which kept no row of it
    if way.key:
        tx.contacts.add(id, way, now, 1)
    record = {"referred_by": said.sender, "referred_in": said.job}
    tx.people.add(
        Person(id=id, kind="customer", name=name, contact=contact, record=record, created=now, brought=said.id)
    )
    tx.referrals.add(replace(said, person=id))
    outgoing.leave_word(tx, handlers, wanted, f"{REFERRAL}{said.id}", 1, INVITED, now)


def _standing(tx: Transaction, sender: str, there: list[Person]) -> Standing:
    """What somebody is to the sender who is known already: himself, one who has brought him, or any other customer."""
    named = {id for one in there for id in ids_of(tx, one.id)}
    if not named.isdisjoint(ids_of(tx, sender)):
        return "own"
    if any(not named.isdisjoint(ids_of(tx, one.sender)) for one in chain(tx, sender)):
        return "ring"
    return "known"


def ids_of(tx: Transaction, person: str) -> tuple[str, ...]:
    """All ids of somebody, that one first."""
    found = tx.people.get(person)
    return (person, *found.same) if found is not None else (person,)


def chain(tx: Transaction, person: str) -> Iterator[Referral]:
    """How somebody came: the referral that brought him, that which brought its sender, and so on."""
    seen: set[str] = set()
    while len(seen) < LONGEST_CHAIN:
        found = tx.referrals.brought(ids_of(tx, person))
        if found is None or found.id in seen:
            return
        yield found
        seen.add(found.id)
        person = found.sender


def come(tx: Transaction, handlers: Handlers, wanted: Wanted, id: str, job: str, now: datetime) -> None:
    """Who came by a referral has begun his first job: that is kept with it, and its sender hears of it."""
    one = tx.referrals.get(id)
    if one is None or not tx.referrals.come(id, job, now):
        return
    person = tx.people.get(one.person)
    if person is not None:
        tx.people.update(replace(person, brought=""))
    outgoing.leave_word(tx, handlers, wanted, f"{REFERRAL}{id}", 2, CAME, now)


def name_given(tx: Transaction, one: Referral) -> str:
    """What the sender called whom he named; empty where it was erased, or is archived."""
    entry = next(iter(tx.history.of(one.job, one.seq - 1, 1)), None)
    there = entry is not None and entry.seq == one.seq and not entry.erased
    events = entry.events if entry is not None and there else ()
    return next((event.name for event in events if isinstance(event, e.Referred)), "")
