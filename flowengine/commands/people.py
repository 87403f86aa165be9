"""People: entered, changed, found and listed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from flowengine.commands import access, claims
from flowengine.commands.interventions import check_reason
from flowengine.commands.sessions import shut_out
from flowengine.commands.shell import Shell
from flowengine.core.fields import take
from flowengine.core.seatings import person_seating, stands_for
from flowengine.core.values import Actor, Json
from flowengine.errors import Ambiguous, BadAnswer, DatabaseBusy, NotAllowed, NotFound
from flowengine.language.suggest import near
from flowengine.people.contacts import any_way
from flowengine.people.identities import PERSON_ID, By, check_person, made_id
from flowengine.people.permissions import OWN, needs
from flowengine.runtime.actors import actor_of, as_actor, nobody, refuse_erased
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.views.replies import AbsenceView, Left, PersonView

_ENDLESS = 2**40
MOST_NAMED = 6
"""Of those whom a text fits, how many are named."""

_A_KIND = {"customer": phrase("a customer"), "staff": phrase("a member of staff")}


def view(person: Person) -> PersonView:
    absences = tuple(AbsenceView(**msgspec.structs.asdict(one)) for one in person.absences)
    apart = ("same", "acting", "brought")
    said = {name: one for name, one in msgspec.structs.asdict(person).items() if name not in apart}
    return PersonView(**said | {"absences": absences})


def enter(
    shell: Shell,
    by: Actor,
    id: str,
    kind: Literal["customer", "staff"],
    name: str,
    contact: str,
    roles: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    record: Mapping[str, Json] | None = None,
    zone: str = "",
    organisation: bool | None = None,
    language: str = "",
) -> PersonView:
    """Enter a person, or change what is said of one who is there; of the rest nothing is lost. What he has claimed and
    may no longer do is given back. Without an id he is given one, which says nothing of him."""
    made = not id
    id = id or made_id(secrets.randbits(64))
    check_person(id, name, contact, zone, roles or (), groups or (), language)
    known = take(dict(record or {}), f"what is known of {id}")

    def work(tx: Transaction) -> tuple[PersonView, claims.Ending, list[claims.Held]]:
        there = tx.people.get(id)
        if there is not None and made:
            raise DatabaseBusy("the id that was made is somebody's already", possible=("ask again",), collided=True)
        if there is not None and there.kind != kind:
            raise NotAllowed(
                phrase("%(id)s is %(a_kind)s, and stays so", id=id, a_kind=_A_KIND[there.kind]),
                where=id,
                possible=(phrase("another id"),),
            )
        if there is not None:
            refuse_erased(there)
        now = shell.clock.now()
        before = there or Person(id=id, kind=kind, name="" if made else id, created=now)
        person = msgspec.structs.replace(
            before,
            name=name or before.name,
            contact=contact or before.contact,
            roles=before.roles if roles is None else tuple(roles),
            groups=before.groups if groups is None else tuple(groups),
            record=before.record | known,
            left=None,
            left_because="",
            zone=zone or before.zone,
            language=language or before.language,
            organisation=before.organisation if organisation is None else organisation,
        )
        if contact:
            change_first(tx, id, before.contact, contact, now)
        if there is None:
            tx.people.add(person)
            _note(tx, by, None, person)
            return view(person), claims.release_lost(shell, id, by, ""), []
        tx.people.update(person)
        had, has = (*there.roles, *there.groups), (*person.roles, *person.groups)
        lost = [one for one in had if one not in has]
        because = f"{person.name} is {', '.join(lost)} no longer" if lost else f"{person.name} may no longer do it"
        ending, held = claims.release_lost(shell, id, by, because), tx.steps.held(id)
        ending(tx, held[: claims.TOGETHER])
        _note(tx, by, there, person)
        return view(person), ending, held[claims.TOGETHER :]

    entered, ending, more = shell.keep(work)
    claims.rest(shell, ending, more)
    return entered


def set_name(shell: Shell, id: str, name: str, zone: str | None, language: str | None, by: By) -> PersonView:
    """Say what somebody is called, in which zone he reads moments and in which language he is spoken to; who acts for a
    party says it of that, too. Another and none answer alike (L4), and nobody is shown what the organisation keeps of
    him."""

    def work(tx: Transaction) -> PersonView:
        actor = access.asker(tx, "set_name", by)
        own, there = needs("set_name", actor) == OWN, tx.people.get(id)
        if there is None or (own and id not in stands_for(actor)):
            raise nobody(id)
        refuse_erased(there)
        check_person(id, name, "", zone or "", language=language or "")
        person = msgspec.structs.replace(
            there,
            name=name or there.name,
            zone=there.zone if zone is None else zone,
            language=there.language if language is None else language,
        )
        if person != there:
            tx.people.update(person)
            tx.note(actor, "set_name", id, name=person.name, zone=person.zone, language=person.language)
        seen = view(person)
        return msgspec.structs.replace(seen, record={}) if own else seen

    return shell.keep(work)


_PLAIN = ("roles", "groups", "organisation")
_SAID = ("name", "contact", "zone", "language", "record")
"""What is said of a person that is personal."""


def _note(tx: Transaction, by: Actor, before: Person | None, person: Person) -> None:
    """Note that somebody was entered, or what is said of him now that was said otherwise: as it was, and as it is."""
    changed = {
        name: [getattr(before, name, None), one]
        for name in (*_PLAIN, *_SAID)
        if (one := getattr(person, name)) != getattr(before, name, None) and (one or before is not None)
    }
    plain = {name: one for name, one in changed.items() if name in _PLAIN}
    said = {name: one for name, one in changed.items() if name in _SAID}
    facts = {"new": before is None, "back": before is not None and before.left is not None, "changed": plain}
    tx.note(by, f"add_{person.kind}", person.id, facts, changed=said)


def change_first(tx: Transaction, person: str, before: str, contact: str, now: datetime) -> None:
    """The contact that is said of a person as he is entered is his first, in the place of the first before."""
    there = {(one.kind, one.key): one for one in tx.contacts.of(person)}
    way, was = any_way(contact), any_way(before)
    first = there.get((was.kind, was.key))
    if (way.kind, way.key) == (was.kind, was.key) and first is not None:
        return
    if first is not None:
        tx.contacts.drop(person, was)
    if (way.kind, way.key) not in there:
        place = first.place if first is not None else min((one.place for one in there.values()), default=1) - 1
        tx.contacts.add(person, way, now, place)


def leave(shell: Shell, id: str, to: str, because: str, by: By, dry: bool) -> Left:
    """A member of staff leaves: he acts no more, his roles and tokens end, and so do his claims. Asked again, it goes
    on where it was cut short."""

    def work(tx: Transaction) -> tuple[Left, claims.Ending, list[claims.Held]]:
        actor = access.asker(tx, "leave", by)
        check_reason(because)
        person, now = tx.people.get(id), shell.clock.now()
        if person is None:
            raise nobody(id)
        if person.kind != "staff":
            own = (phrase("take the customer out of the groups"), phrase("end the jobs"))
            raise NotAllowed(phrase("%(id)s is a customer, who does not leave", id=id), where=id, possible=own)
        if to == id:
            raise NotAllowed(
                phrase("nobody takes over from himself"), where=id, possible=(phrase("somebody else"), "nobody")
            )
        if to:
            actor_of(tx, to, asks=False)
        revoked = [one.id for one in tx.tokens.held(id)]
        named = tuple(f"{row.job}.{row.step.number}" for row in tx.steps.waiting_for(person_seating(id)))
        ending, held = claims.hand_on(shell, id, to, actor, because, dry=dry), tx.steps.held(id)
        if not dry:
            gone = msgspec.structs.replace(person, left=person.left or now, left_because=because, roles=(), groups=())
            tx.people.update(gone)
            tx.acting.forget(id)
            for token in revoked:
                tx.tokens.revoke(token, now)
            shut_out(tx, id, now)
        done = ending(tx, held if dry else held[: claims.TOGETHER])
        if not dry:
            tx.note(actor, "leave", id, {"revoked": revoked, "roles": list(person.roles)}, to, because=because)
        return _left(id, done, named, tuple(revoked)), ending, [] if dry else held[claims.TOGETHER :]

    if dry:
        with shell.reading() as tx:
            return work(tx)[0]
    left, ending, more = shell.keep(work)
    shell.external.forget()
    done = claims.Claims(left.handed, left.released, left.refused) + claims.rest(shell, ending, more)
    return _left(id, done, left.named, left.revoked)


def _left(id: str, done: claims.Claims, named: tuple[str, ...], revoked: tuple[str, ...]) -> Left:
    return Left(person=id, named=tuple(dict.fromkeys(named)), revoked=revoked, **msgspec.structs.asdict(done))


def person(shell: Shell, id: str, by: By) -> PersonView:
    """A customer is shown himself as others know him, without the organisation's record of him."""
    with shell.reading() as tx:
        found, own = _person(tx, "person", id, by)
        return msgspec.structs.replace(view(found), record={}) if own else view(found)


def actor(shell: Shell, id: str, by: By) -> Actor:
    with shell.reading() as tx:
        return as_actor(_person(tx, "actor", id, by)[0], tx.terms.now())


def _person(tx: Transaction, verb: str, id: str, by: By) -> tuple[Person, bool]:
    """The person with that id, and whether the asker may see no other. Another and none answer alike (L4)."""
    asker = access.asker(tx, verb, by)
    own = needs(verb, asker) == OWN
    found = tx.people.get(id) if not own or asker.id == id else None
    if found is None:
        raise nobody(id)
    return found, own


def all_people(shell: Shell, kind: str | None, after: str, limit: int | None, by: By) -> list[PersonView]:
    with shell.reading() as tx:
        access.asker(tx, "people", by)
        if limit is not None and limit < 1:
            raise BadAnswer({"limit": phrase("is %(limit)s; 1 or more is possible", limit=limit)})
        if after and not PERSON_ID.fullmatch(after):
            raise BadAnswer(
                {"after": phrase("%(after)s is no id of a person", after=repr(after[:60]))},
                possible=(phrase("the id of the last one"),),
            )
        paged = bool(after) or limit is not None
        return [view(one) for one in (tx.people.page(kind, after, limit or _ENDLESS) if paged else tx.people.all(kind))]


def find_person(shell: Shell, text: str, kind: str | None, by: By) -> PersonView:
    """What fits best comes first: an id, a contact, a name, the beginning of an id or of a name."""
    words = text.strip() if not any("\ud800" <= sign <= "\udfff" for sign in text) else ""
    with shell.reading() as tx:
        access.asker(tx, "find_person", by)
        people = tx.people
        ways = (people.with_id, _with_contact(tx), people.called, people.beginning) if words else ()
        for way in ways:
            found = _one_each(tx, [one for one in way(words) if kind in (None, one.kind)])
            if len(found) > 1:
                whom = [_called(one) for one in found[:MOST_NAMED]]
                raise Ambiguous(phrase("%(text)s fits several people", text=repr(text)), where=text, possible=whom)
            if found:
                return view(found[0])
        alike = [one for one in people.beginning(words[:1]) if kind in (None, one.kind)] if words else []
    meant = near(words, [name for one in alike for name in (one.id, one.name)])
    raise NotFound(
        phrase("there is nobody called %(text)s", text=repr(text[:200])),
        possible=(meant or phrase("an id, a contact, a name, or how one of them begins"),),
    )


def _one_each(tx: Transaction, found: list[Person]) -> list[Person]:
    """Those who are found, each person once: of several ids that were merged, the one that stands for them, or else the
    first."""
    if len(found) < 2:
        return found
    by_root: dict[str, Person] = {}
    for one in found:
        root = tx.aliases.root(one.id)
        if root not in by_root or one.id == root:
            by_root[root] = one
    return list(by_root.values())


def _with_contact(tx: Transaction) -> Callable[[str], list[Person]]:
    def found(words: str) -> list[Person]:
        way = any_way(words)
        return tx.people.with_contact(way.kind, way.key)

    return found


def _called(person: Person) -> str:
    return f"{person.id} ({person.name})" if person.name != person.id else person.id
