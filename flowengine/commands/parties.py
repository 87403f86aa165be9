"""Parties: the ways to each, and who acts for whom.

That Ada may act for Lund, and Lund for somebody else, does not let Ada act for that one: it is not handed on, so that a
circle harms nobody.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from flowengine.commands import access, claims
from flowengine.commands.interventions import LONGEST_REASON
from flowengine.commands.people import view
from flowengine.commands.shell import Shell
from flowengine.core.seatings import himself, stands_for
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.people import contacts as ways
from flowengine.people.identities import By, on_one_line
from flowengine.people.permissions import LOOKS, OWN, PROGRAM, needs
from flowengine.runtime.actors import as_actor, name_of, nobody, refuse_erased
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.store.parties import Acting, Contact
from flowengine.views.parties import ActingEnded, ActingView, ContactView
from flowengine.views.replies import PersonView

MAY = ("see", "act", "sign")
MOST_PARTIES = 100
"""Parties for which one person may act: an inbox asks the database for each."""
MOST_ACTING = 1_000
"""Persons who may act for one party."""
MOST_CONTACTS = 20
"""Contacts of one person."""

CONTACT = "contact"


# who acts for whom


def let_act(
    shell: Shell,
    person: str,
    party: str,
    may: str,
    since: datetime | None,
    until: datetime | None,
    because: str,
    by: By,
) -> ActingView:
    _check(may, since, until, because)

    def work(tx: Transaction) -> tuple[ActingView, claims.Ending, list[claims.Held]]:
        asker, now = access.asker(tx, "let_act", by), tx.terms.now()
        if needs("let_act", asker) == OWN and not himself(asker, party):
            raise nobody(party)
        if until is not None and until <= now:
            raise BadAnswer(
                {"until": phrase("is over")}, possible=(phrase("a later moment"), phrase("none: until it is ended"))
            )
        _check_pair(tx, person, party)
        said = Acting(
            person=person,
            party=party,
            may=may,  # type: ignore[arg-type]  # it was checked
            since=since,
            until=until,
            because=because,
            by=asker.id or asker.kind,
            made=now,
        )
        tx.acting.let(said)
        found = tx.people.get(person)
        name = found.name or person if found else person
        ending = claims.release_lost(shell, person, asker, f"{name} may only look for {name_of(tx, party)}")
        held = tx.steps.held(person) if may == "see" else []
        ending(tx, held[: claims.TOGETHER])
        facts = {"may": may, "since": _written(since), "until": _written(until)}
        tx.note(asker, "let_act", party, facts, person, because=because)
        return _acting_view(tx, said, now), ending, held[claims.TOGETHER :]

    said, ending, more = shell.keep(work)
    claims.rest(shell, ending, more)
    return said


def _check(may: str, since: datetime | None, until: datetime | None, because: str) -> None:
    """Raises BadAnswer with all that is wrong with how it is said."""
    problems = {
        name: phrase("has no time zone") for name, one in (("since", since), ("until", until)) if one and not one.tzinfo
    }
    possible = ["2030-01-01T00:00:00Z"] if problems else []
    if may not in MAY:
        problems["may"] = phrase("%(may)s is none", may=repr(may[:60]))
        possible.extend(MAY)
    if len(because) > LONGEST_REASON or not on_one_line(because):
        problems["because"] = phrase(
            "must be one line of at most %(longest_reason)s characters", longest_reason=LONGEST_REASON
        )
        possible.append(phrase("a reason in a few words"))
    if not problems and since is not None and until is not None and until <= since:
        problems["until"] = phrase("is not after since")
        possible.append(phrase("a later moment"))
    if problems:
        raise BadAnswer(problems, possible=possible)


def _check_pair(tx: Transaction, person: str, party: str) -> None:
    """Raises NotFound for who is not there, NotAllowed for two of whom the one cannot act for the other."""
    if person == party:
        raise NotAllowed(
            phrase("everybody acts for himself already"), where=person, possible=(phrase("another person"),)
        )
    who, whom = tx.people.get(person), tx.people.get(party)
    if whom is None:
        raise nobody(party)
    if who is None:
        raise nobody(person)
    refuse_erased(whom)
    as_actor(who, tx.terms.now())  # who has left or was erased is refused
    if whom.kind != "customer":
        raise NotAllowed(
            phrase("%(party)s is staff, for whom nobody acts", party=party),
            where=party,
            possible=(phrase("assign it"), "hand_over"),
        )
    if who.organisation:
        what = phrase("%(person)s is an organisation, which acts by its persons", person=person)
        raise NotAllowed(what, where=person, possible=(phrase("a person"),))
    if len([one for one in who.acting if one.party != party]) >= MOST_PARTIES:
        what = phrase(
            "%(person)s may act for %(most_parties)s parties, and no more", person=person, most_parties=MOST_PARTIES
        )
        raise NotAllowed(what, where=person, possible=(phrase("end what is over"), phrase("another person")))
    if len([one for one in tx.acting.for_party(party) if one.person != person]) >= MOST_ACTING:
        what = phrase(
            "%(most_acting)s persons may act for %(party)s, and no more", most_acting=MOST_ACTING, party=party
        )
        raise NotAllowed(what, where=party, possible=(phrase("end what is over"),))


def end_acting(shell: Shell, person: str, party: str, by: By) -> ActingEnded:
    """Asked again, it goes on giving back where it was cut short."""

    def work(tx: Transaction) -> tuple[ActingEnded, claims.Ending, list[claims.Held]]:
        asker = access.asker(tx, "end_acting", by)
        if needs("end_acting", asker) == OWN and not (himself(asker, party) or himself(asker, person)):
            raise _no_acting(person, party)
        if not tx.acting.end(person, party):
            raise _no_acting(person, party)
        now, name = tx.terms.now(), name_of(tx, person)
        others = [one for one in tx.acting.for_party(party) if one.may != "see" and one.holds(now)]
        ending = claims.release_lost(shell, person, asker, f"{name} acts for {name_of(tx, party)} no more")
        held = tx.steps.held(person)
        done = ending(tx, held[: claims.TOGETHER])
        ended = ActingEnded(person=person, party=party, released=done.released, others=len(others))
        tx.note(asker, "end_acting", party, also=person)
        return ended, ending, held[claims.TOGETHER :]

    ended, ending, more = shell.keep(work)
    return replace(ended, released=ended.released + claims.rest(shell, ending, more).released)


def _written(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _no_acting(person: str, party: str) -> NotFound:
    what = phrase(
        "%(person)s does not act for %(party)s, or it is not for you",
        person=repr(person[:200]),
        party=repr(party[:200]),
    )
    return NotFound(what, where=person[:200], possible=(phrase("acting tells who acts for whom"),))


def acting(shell: Shell, person: str, by: By) -> list[ActingView]:
    with shell.reading() as tx:
        asker = access.asker(tx, "acting", by)
        _own_or_any(tx, "acting", asker, person)
        now = tx.terms.now()
        return [_acting_view(tx, one, now) for one in (*tx.acting.by(person), *tx.acting.for_party(person))]


def _acting_view(tx: Transaction, one: Acting, now: datetime) -> ActingView:
    return ActingView(
        person=one.person,
        person_name=name_of(tx, one.person),
        party=one.party,
        party_name=name_of(tx, one.party),
        may=one.may,
        since=one.since,
        until=one.until,
        now=one.holds(now),
        because=one.because,
        by=one.by,
        made=one.made,
    )


# contacts


def contacts(shell: Shell, person: str, by: By) -> list[ContactView]:
    with shell.reading() as tx:
        _own_or_any(tx, "contacts", access.asker(tx, "contacts", by), person)
        return list(map(_contact_view, tx.contacts.of(person)))


def add_contact(shell: Shell, person: str, address: str, kind: str, by: By) -> ContactView:
    way = _way(address, kind)

    def work(tx: Transaction) -> ContactView:
        asker = access.asker(tx, "add_contact", by)
        found = _own_or_any(tx, "add_contact", asker, person)
        refuse_erased(found)
        there = tx.contacts.of(person)
        for one in there:
            if (one.kind, one.key) == (way.kind, way.key):
                return _contact_view(one)
        if len(there) >= MOST_CONTACTS:
            what = phrase(
                "%(person)s has %(most_contacts)s contacts, and can have no more",
                person=person,
                most_contacts=MOST_CONTACTS,
            )
            raise NotAllowed(what, where=person, possible=("remove_contact",))
        now = tx.terms.now()
        tx.contacts.add(person, way, now, 1 + max((one.place for one in there), default=0))
        if not found.contact:
            tx.people.update(replace(found, contact=way.address))
        tx.note(asker, "add_contact", person, {"kind": way.kind}, address=way.address)
        return ContactView(person=person, kind=way.kind, address=way.address, added=now)

    return shell.keep(work)


def remove_contact(shell: Shell, person: str, address: str, kind: str, by: By) -> ContactView:
    way = ways.way(kind, address) if kind else ways.any_way(address)

    def work(tx: Transaction) -> ContactView:
        asker = access.asker(tx, "remove_contact", by)
        found = _own_or_any(tx, "remove_contact", asker, person)
        there = tx.contacts.of(person)
        gone = _meant(there, way, person)
        tx.contacts.drop(person, way)
        left = sorted((one for one in there if one is not gone), key=lambda one: one.place)
        if ways.any_way(found.contact).key == gone.key:
            tx.people.update(replace(found, contact=left[0].address if left else ""))
        tx.note(asker, "remove_contact", person, {"kind": gone.kind}, address=gone.address)
        return _contact_view(gone)

    return shell.keep(work)


def confirm_contact(shell: Shell, person: str, address: str, kind: str, how: str) -> ContactView:
    way = _way(address, kind)
    if len(how) > LONGEST_REASON or not on_one_line(how):
        raise BadAnswer(
            {"how": phrase("must be one line of at most %(longest_reason)s characters", longest_reason=LONGEST_REASON)},
            possible=("code",),
        )

    def work(tx: Transaction) -> ContactView:
        found = _meant(tx.contacts.of(person), way, person)
        now = tx.terms.now()
        tx.contacts.confirm(person, way, how, now)
        tx.note(PROGRAM, "confirm_contact", person, {"kind": way.kind}, address=way.address, how=how)
        return replace(_contact_view(found), verified=now, how=how)

    return shell.keep(work)


def with_contact(shell: Shell, address: str, kind: str) -> list[PersonView]:
    way = _way(address, kind)
    with shell.reading() as tx:
        return [view(one) for one in tx.people.with_contact(way.kind, way.key)]


def _way(address: str, kind: str) -> ways.Way:
    """The way that is meant: of the kind that is named, else of that of which it looks to be. Raises BadAnswer."""
    if kind:
        return ways.way(kind, address)
    found = ways.any_way(address)
    if found.kind == ways.OTHER:
        what = phrase("%(address)s is no mail address, telephone number or URL", address=repr(address.strip()[:60]))
        raise BadAnswer({"address": what}, possible=ways.examples())
    return ways.way(found.kind, address)


def _meant(there: list[Contact], way: ways.Way, person: str) -> Contact:
    for one in there:
        if (one.kind, one.key) == (way.kind, way.key):
            return one
    what = phrase("%(person)s has no such contact", person=repr(person[:200]))
    raise NotFound(what, where=way.address[:200], possible=[one.address for one in there])


def _contact_view(one: Contact) -> ContactView:
    known = {"added": one.added, "verified": one.verified}
    return ContactView(person=one.person, kind=one.kind, address=one.address, how=one.how, **known)  # type: ignore[arg-type]


def _own_or_any(tx: Transaction, verb: str, asker: Actor, person: str) -> Person:
    """The person, of whom the asker may know that: he himself, one for whom he acts, be it to look only where it is
    looked, or anybody for those inside. Another and none answer alike (L4)."""
    theirs = needs(verb, asker) != OWN or person in stands_for(asker, looking=verb in LOOKS)
    found = tx.people.get(person) if theirs else None
    if found is None:
        raise nobody(person)
    return found
