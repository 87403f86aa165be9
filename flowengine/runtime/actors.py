"""Who asks, as an actor; and the world that a process may read: both from the database, inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from flowengine.core.ballots import parts, weighing
from flowengine.core.boxes import Box, Electorate
from flowengine.core.seatings import himself
from flowengine.core.values import Actor, KeptMessage, Seating, Standing
from flowengine.core.world import Appointment, Attempt, Filler, Member, Upload, Worker
from flowengine.errors import NotAllowed, NotFound
from flowengine.exact import Number
from flowengine.language.parser.calendars import read_hours
from flowengine.people.identities import By, Identity, person_of
from flowengine.runtime.shown import confirm
from flowengine.speech.phrases import phrase
from flowengine.speech.readers import words_for
from flowengine.speech.words import Words
from flowengine.store import Person, Transaction
from flowengine.store.files import REFUSED

OPERATOR = "operator"
"""The role that makes a member of staff an operator."""


def actor_of(tx: Transaction, by: By, *, asks: bool = True) -> Actor:
    """The actor that asks: a person by his exact id (L15), as strongly known as his identity says; or an
    :class:`Actor`, for which the application vouches. To him is told what is read from then on; not to one who is only
    named, and does not ask (``asks``).

    Raises NotFound, and NotAllowed for one who has left, and for one who asks for a party for which he may not act;
    BadToken for what he has shown and is not valid any more.
    """
    found = by if isinstance(by, Actor) else _known_by(tx, by)
    if asks:
        tx.outside = found.kind == "customer"
    return found


def _known_by(tx: Transaction, by: str | Identity) -> Actor:
    id, now = person_of(by), tx.terms.now()
    if isinstance(by, Identity) and by.shown:
        tx.tokens.expect_speaker(by.shown, now)
        found = tx.people.get(id)
        confirm(tx, by, now)
    else:
        found = tx.people.get(id)
    if found is None:
        raise nobody(id)
    actor = as_actor(found, now)
    if tx.terms.language and not actor.language:
        actor = replace(actor, language=tx.terms.language)
    return actor if isinstance(by, str) else known_as(actor, by)


def known_as(actor: Actor, by: Identity) -> Actor:
    """The actor as strongly known as a door has made sure, for what, and for whom he asks. Raises NotAllowed."""
    if by.party and by.party not in (actor.id, *actor.acting):
        what = phrase("%(id)s may not act for %(party)s", id=actor.id, party=repr(by.party[:200]))
        raise NotAllowed(what, where=actor.id, possible=(*actor.acting, phrase("ask for yourself")))
    return replace(
        actor,
        strength="" if by.strength == "host" else by.strength,
        job=by.job,
        scopes=by.scopes,
        party=by.party if by.party != actor.id else "",
        language=by.language or actor.language,
    )


def nobody(id: str) -> NotFound:
    """For an id that nobody has."""
    return NotFound(
        phrase("there is nobody with the id %(id)s", id=repr(id[:200])),
        possible=(phrase("an exact id: find_person finds people"),),
    )


def refuse_erased(person: Person) -> None:
    """Raises NotAllowed for a customer who was erased: his id is nobody's any more."""
    if person.erased is not None:
        raise NotAllowed(
            phrase("%(id)s was erased, and the id stays nobody's", id=person.id),
            where=person.id,
            possible=(phrase("another id"),),
        )


def as_actor(person: Person, now: datetime) -> Actor:
    """A person as an actor at a moment, on which depends for whom he may act. Staff with the role ``operator`` act as
    operators, and keep their other roles.

    Raises NotAllowed for one who has left or was erased: he is nobody who acts, or whom a step may wait for.
    """
    refuse_erased(person)
    if person.left is not None:
        raise NotAllowed(
            phrase("%(id)s has left", id=person.id),
            where=person.id,
            possible=(phrase("enter him again as a member of staff"),),
        )
    kind: Literal["customer", "staff", "operator"] = "customer" if person.kind == "customer" else "staff"
    if kind == "staff" and OPERATOR in person.roles:
        kind = "operator"
    actor = Actor(
        kind=kind, id=person.id, roles=tuple(person.roles), groups=tuple(person.groups), same=person.same,
        brought=person.brought, language=person.language,
    )  # fmt: skip
    return _with_parties(actor, person, now) if person.acting else actor


def _with_parties(actor: Actor, person: Person, now: datetime) -> Actor:
    held = [one for one in person.acting if one.holds(now)]
    return replace(
        actor,
        acting=tuple(one.party for one in held if one.may != "see"),
        signing=tuple(one.party for one in held if one.may == "sign"),
        seeing=tuple(one.party for one in held if one.may == "see"),
        member_of=tuple((one.party, group) for one in held if one.may != "see" for group in one.groups),
    )


def name_of(tx: Transaction, id: str) -> str:
    """A person's name, or the id of somebody who has none; to customers, of staff, what the installation has them read
    in the place of it."""
    return called(tx, tx.people.get(id), id)


def called(tx: Transaction, person: Person | None, id: str) -> str:
    """As :func:`name_of`, of somebody who was looked up already."""
    if tx.outside and hides(tx, person):
        return tx.terms.staff_as
    return person.name or id if person else id


def id_of(tx: Transaction, id: str) -> str:
    """A person's id; to customers, of staff whose names they are not to know, nothing."""
    return "" if tx.outside and hides(tx, tx.people.get(id) if id else None) else id


def hides(tx: Transaction, person: Person | None) -> bool:
    """Whether customers are not to know who that is."""
    return bool(tx.terms.staff_as) and person is not None and person.kind == "staff"


def reader_zone(tx: Transaction, actor: Actor) -> tzinfo | None:
    """The zone in which who asks reads moments; None where it is not known."""
    found = tx.people.get(actor.id) if actor.id else None
    return found.clock if found else None


def reader_words(tx: Transaction, actor: Actor) -> Words:
    """The words of who asks: in his language, and in his zone, where that is known."""
    return words_for(actor.language, reader_zone(tx, actor))


def language_of(tx: Transaction, person: Person) -> str:
    """The language in which somebody is written to: his own, else that of the installation; empty: each process's."""
    return person.language or tx.terms.language


def person_words(tx: Transaction, person: Person) -> Words:
    """The words in which somebody is written to."""
    return words_for(language_of(tx, person), person.clock)


def customer_of(id: str, person: Person | None) -> dict[str, Any]:
    """What processes and handlers know of a customer: what is kept of him, and who he is. For an application's own
    customers, who are not kept, there is the id alone."""
    plain = {"id": id, "name": person.name if person else "", "contact": "", "groups": []}
    if person:
        plain |= {"contact": person.contact, "groups": list(person.groups)}
    return (dict(person.record) if person else {}) | plain


class StoreWorld(msgspec.Struct):
    """The world of one job, read from the database only when a process asks for it (L7)."""

    tx: Transaction
    customer_id: str
    job: str = ""
    locks: bool = True
    """Whether what is asked stays as it is until the transaction ends: not where it is only looked what would be."""
    asker: Actor | None = None
    """Who asks, whose uploads may be used."""
    used: list[str] = []
    """The files that were found to be his to use."""
    known: dict[str, Any] | None = None
    secret: str = ""
    """The installation's secret for ballots."""

    @property
    def customer(self) -> Mapping[str, Any]:
        if self.known is None:
            self.known = customer_of(self.customer_id, self.tx.people.get(self.customer_id))
        return self.known

    def group(self, name: str) -> Sequence[Member]:
        return [
            Member(id=row.id, record=dict(row.record) | {"id": row.id, "name": row.name})
            for row in self.tx.people.members(name)
        ]

    def person(self, id: str) -> Actor | None:
        found = self.tx.people.get(id)
        return as_actor(found, self.tx.terms.now()) if found else None

    def name(self, id: str) -> str:
        found = self.tx.people.get(id)  # what a process says is kept as it is: perhaps a customer reads it
        return self.tx.terms.staff_as if hides(self.tx, found) else name_of(self.tx, id)

    def fillers(self, seating: Seating, most: int) -> Sequence[Filler]:
        kind, _, name = seating.partition(":")
        if kind == "group":
            found = self.tx.people.members(name)
        else:
            found = [one for one in self.tx.people.all("staff") if name in one.roles and one.left is None]
        return [Filler(id=one.id, name=one.name or one.id) for one in found[:most]]

    def upload(self, id: str) -> Upload | None:
        found = self.tx.files.get(id) if self.asker is not None else None
        if found is None or self.asker is None or not himself(self.asker, found.author) or found.erased is not None:
            return None
        if found.party or found.job not in ("", self.job) or (found.used and found.job != self.job):
            return None
        self.used.append(id)
        return Upload(found.kind, found.name, found.state == REFUSED)

    def attempt(self, call: int) -> Attempt | None:
        return self.tx.calls.attempt(self.job, call, lock=self.locks)

    def freeze(self, step: int, voters: str | Sequence[tuple[str, Number]], *, secret: bool) -> Electorate | None:
        if self.locks and not self.tx.reads_only:
            return self.tx.ballots.open(self.job, step, voters, self.secret, secret=secret)
        weights = [1 for _ in self.group(voters)] if isinstance(voters, str) else [weight for _, weight in voters]
        return Electorate(len(weights), weighing(sum(map(parts, weights))))

    def standing(self, step: int) -> Standing:
        return self.tx.ballots.standing(self.job, step)

    def box(self, step: int) -> Box:
        return self.tx.ballots.count(self.job, step, seal=self.locks and not self.tx.reads_only)

    def kept(self, name: str, key: str | None) -> Sequence[KeptMessage]:
        return self.tx.messages.kept(name, key)

    def workers(self, seatings: Sequence[Seating]) -> Sequence[Worker]:
        roles = {name for kind, _, name in (one.partition(":") for one in seatings) if kind == "role"}
        ids = {name for kind, _, name in (one.partition(":") for one in seatings) if kind == "person"}
        everybody = "staff" in seatings
        staff = self.tx.people.all("staff") if roles or everybody else ()
        found = {one.id: one for one in staff if everybody or not roles.isdisjoint(one.roles)}
        for id in sorted(ids - found.keys()):
            person = self.tx.people.get(id)
            if person is not None:
                found[id] = person
        return [_worker(found[id]) for id in sorted(found) if found[id].left is None]

    def booked(
        self, whose: Sequence[str], start: datetime, end: datetime, now: datetime, *, alone: bool = False
    ) -> Mapping[str, Sequence[Appointment]]:
        if alone and not self.tx.reads_only:
            self.tx.bookings.guard(whose)
        return self.tx.bookings.of(whose, start, end, now)


def _worker(person: Person) -> Worker:
    hours = read_hours(person.hours) if person.hours else None
    away = tuple((one.start, one.end) for one in person.absences)
    zone = person.hours_zone or (person.zone if person.clock else "")
    return Worker(id=person.id, hours=hours, zone=zone, away=away)
